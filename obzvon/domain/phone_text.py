"""Find every phone number in a text that somebody wrote, with its extension code and the words beside it. Pure.

A cell of a list holds "8 916 111-11-11 (жена), раб. 8 495 111-11-11 доб. 12" as often as one bare number.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from obzvon.domain.number_endings import find_endings
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phone_words import collect_words, kind_and_words, split_gap

#: A country code and a number have 15 digits at most; before them the prefix of a call abroad.
_MAX_DIGITS = 18
_MAX_GROUPS = 12
#: A number of one's own country with a digit too few or too many.
_MISTYPED_DIGITS = range(10, 13)
_MIN_LOCAL_DIGITS = 5
_MIN_FOREIGN_DIGITS = 11

_GROUP = re.compile(r"\d+")
#: Text between two groups of digits of one number. A slash between spaces divides two numbers.
_JOINT = re.compile(r"(?! / )[ ()\[\].\-_*~/\u2010-\u2015\u2212]{0,5}|,")
_OPENING = re.compile(r"[+\uff0b(\[][ (+]*$")
_PLUS = re.compile(r"[+\uff0b] ?\(? ?$")
#: What a spreadsheet made of a number. The plan refuses it with the reason.
_SPREADSHEET = re.compile(r"\s*(?:\d[\d.,]*[eEеЕ][-+]?\d+|\d{5,}[.,]\d{1,8})\s*")
#: A date with the year in full.
DATE = re.compile(
    r"(?<![\d.\-/])(?:(?:0?[1-9]|[12]\d|3[01])([./\-])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d"
    r"|(?:19|20)\d\d([.\-/])(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01]))(?![\d\-/])"
)
#: A number within a town: 2-22-33, 22-33-44, 222-33-44, 222-3344.
_LOCAL = re.compile(r"\(?\d{1,3}[-.\u2010-\u2015]\d{2}[-.\u2010-\u2015]\d{2}|\d{3}[-\u2010-\u2015]\d{4}")
_NOT_A_PHONE = re.compile(
    r"(?<!\w)(?:инн|кпп|огрн(?:ип)?|окпо|оквэд|бик|р/с|к/с|сч[её]т|снилс|паспорт|серия|договор|vin|iban|inn|vat)"
    r"[\s.:№#-]*$",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?<!\w)(?:т|тел|телефон\w*|моб\w*|сот\w*|раб\w*|факс|tel|phone|mobile|cell|fax)[\s.:№-]*$", re.IGNORECASE
)
_LOOK_BACK = 24
_CODE = re.compile(
    r"""[\s,;.]*[(\[]?[\s,]*
    (?:(?:доб|доп|вн|внутр|добав\w*|дополн\w*|внутренн\w*|донабор\w*|тон|тональн\w*|код|ext|extn|extension|x|х)
       [\s.:=№#]*(?:(?:ном|номер|код|тел)[\s.:№]*)?
      |,{2,}[\s,]*|;[ ]?ext=|[*pwPW]+|[ ]?\#+[ ]?)
    (?P<code>\d(?:[\d*\#w]|[-\u2010-\u2015](?=\d))*(?:[ ]\d{1,3}(?![\d]))*)\s?[)\]]?""",
    re.IGNORECASE | re.VERBOSE,
)
_MAX_CODE = 8
#: What surrounds the number of a link or an account: https://wa.me/7…, viber://chat?number=%2B7…, sip:8…@host.
_LINK = re.compile(
    r"\b[a-z]{2,10}://\S*?(?:%2B)?(?=\+?\d{10})|\b(?:sips?|callto):(?=\+?\d{10})|(?<=\d{10})@[\w.:-]+", re.IGNORECASE
)


class PhoneText(msgspec.Struct, frozen=True):
    """A phone number of a text, as it is written there without what surrounds it.

    `kind` has the words for the kind of phone ("моб", "WhatsApp"), `words` the others beside it ("Иван", "жена"). Of
    a shortened further number, such as the 54 of "201-00-53, 54", `whole` is what it may be in full.
    """

    number: str
    code: str = ""
    kind: str = ""
    words: str = ""
    whole: str = ""


class TextPhones(msgspec.Struct, frozen=True):
    """The phone numbers of a text in order, and the words that belong to none of them."""

    phones: tuple[PhoneText, ...] = ()
    rest: str = ""


class _Group(msgspec.Struct):
    """Digits in a row."""

    start: int
    end: int
    digits: str


class _Span(msgspec.Struct):
    """The place of a number in the text with what follows it as its extension code."""

    start: int
    end: int
    number: str = ""
    code: str = ""
    whole: str = ""


def find_phones(text: str, plan: NumberingPlan) -> TextPhones:
    """Return every phone number of the text, of any country's plan, and also numbers with a mistake.

    A number with a mistake can only be meant as a phone number: 8 916 111-11, 77-77-78, 8,91612E+10. The plan refuses
    it with the reason. Without a phone number, `rest` has all words of the text.
    """
    text = clean_text(text)
    bare = text.strip()
    is_number = plan.recognizes(bare) and not DATE.search(bare)
    if is_number or plan.is_internal(bare) or _SPREADSHEET.fullmatch(bare):
        return TextPhones((PhoneText(bare),))
    if sum(map(str.isdigit, text)) < _MIN_LOCAL_DIGITS:
        return TextPhones(rest=" ".join(text.split()))
    if ":" in text or "@" in text:
        text = _LINK.sub(" ", text)
    groups = _digit_groups(text)
    spans = _recognized(text, groups, plan)
    _take_codes(text, spans)
    free = _outside(groups, spans)
    if mistyped := _mistyped(text, free, plan):
        spans = sorted([*spans, *mistyped], key=lambda span: span.start)
        _take_codes(text, spans)
    return _with_words(text, _with_endings(text, spans))


def clean_text(text: str) -> str:
    """Return the text without invisible characters, with ordinary spaces and line breaks."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def extension_code_end(text: str, start: int) -> int:
    """Return the end of the extension code that follows a number; `start`, the end of the number, if there is none."""
    found = _CODE.match(text, start)
    return found.end() if found and sum(map(str.isdigit, found["code"])) <= _MAX_CODE else start


def _visible(char: str) -> str:
    if char in "\u2028\u2029":
        return "\n"
    kind = unicodedata.category(char)
    if kind in ("Zs", "Cc"):
        return " " if kind == "Zs" or char == "\t" else "\n"
    return "" if kind == "Cf" else char


def _digit_groups(text: str) -> list[_Group]:
    """Return the groups of digits, without dates and without numbers that a word calls something else."""
    found = [_Group(*match.span(), _digits(match[0])) for match in _GROUP.finditer(text)]
    if len(found) > 2:  # day, month and year
        dates = [date.span() for date in DATE.finditer(text)]
        found = [group for group in found if not any(start <= group.start < end for start, end in dates)]
    return [group for group in found if not _NOT_A_PHONE.search(_before(text, group.start))]


def _before(text: str, place: int) -> str:
    return text[max(0, place - _LOOK_BACK) : place]


def _outside(groups: list[_Group], spans: list[_Span]) -> list[_Group]:
    """Return the groups that are in none of the spans; both are in order."""
    free: list[_Group] = []
    left = iter(spans)
    span = next(left, None)
    for group in groups:
        while span is not None and span.end <= group.start:
            span = next(left, None)
        if span is None or group.start < span.start:
            free.append(group)
    return free


def _recognized(text: str, groups: list[_Group], plan: NumberingPlan) -> list[_Span]:
    """Return the numbers that exist; of those that begin at the same digit, the longest."""
    spans: list[_Span] = []
    at = 0
    while at < len(groups):
        plus = "+" if _PLUS.search(_before(text, groups[at].start)) else ""
        best = at - 1
        for last, digits in _joined(text, groups, at):
            if plan.recognizes(plus + digits):
                best = last
        if best >= at:
            spans.append(_Span(groups[at].start, groups[best].end))
        at = max(best, at) + 1
    return [_widened(text, span) for span in spans]


def _joined(text: str, groups: list[_Group], first: int) -> Iterator[tuple[int, str]]:
    """Yield the last group and the digits of each number that may begin with the first group."""
    digits = groups[first].digits
    for last in range(first, min(first + _MAX_GROUPS, len(groups))):
        if last > first:
            if not _JOINT.fullmatch(text, groups[last - 1].end, groups[last].start):
                return
            digits += groups[last].digits
        if len(digits) > _MAX_DIGITS:
            return
        yield last, digits


def _mistyped(text: str, groups: list[_Group], plan: NumberingPlan) -> list[_Span]:
    """Return the numbers that do not exist and can only be meant as phone numbers."""
    spans: list[_Span] = []
    at = 0
    run_end = -1
    while at < len(groups):
        candidates = list(_joined(text, groups, at))
        if candidates and at > run_end:
            run_end = candidates[-1][0]
            if _is_foreign(candidates[-1][1], plan):
                spans.append(_Span(groups[at].start, groups[run_end].end))
                at = run_end + 1
                continue
        is_marked = _is_marked(_before(text, groups[at].start))
        for last, digits in reversed(candidates):
            if len(digits) < _MIN_LOCAL_DIGITS:
                break
            written = text[groups[at].start : groups[last].end]
            if is_marked or _LOCAL.fullmatch(written) or _is_mistyped(digits, plan):
                spans.append(_Span(groups[at].start, groups[last].end))
                at = last
                break
        at += 1
    return [_widened(text, span) for span in spans]


def _is_marked(before: str) -> bool:
    """Return whether the text before digits says that they are a phone number."""
    return bool(_PLUS.search(before) or _LABELLED.search(before))


def _is_mistyped(digits: str, plan: NumberingPlan) -> bool:
    """Return whether the digits begin as a number of the plan does and are hardly more or fewer."""
    return len(digits) in _MISTYPED_DIGITS and plan.begins_like_a_number(digits)


def _is_foreign(digits: str, plan: NumberingPlan) -> bool:
    """Return whether the digits are a number of another country without its plus."""
    return len(digits) >= _MIN_FOREIGN_DIGITS and plan.recognizes("+" + digits.removeprefix("00"))


def _digits(text: str) -> str:
    if text.isascii():
        return text if text.isdecimal() else "".join(filter(str.isdecimal, text))
    return "".join(str(unicodedata.digit(char)) for char in text if char.isdigit())


def _widened(text: str, span: _Span) -> _Span:
    """Return the span with the plus and the brackets of the number."""
    if opening := _OPENING.search(text, max(0, span.start - 4), span.start):
        span.start = opening.start()
    number = text[span.start : span.end]
    if number.count("(") > number.count(")") and text.startswith((")", " )"), span.end):
        span.end = text.index(")", span.end) + 1
        number = text[span.start : span.end]
    if number.startswith("(") and number.endswith(")") and number.count("(") == 1:
        number = number[1:-1]
    number = re.sub(r"[\u2010-\u2015\u2212]", "-", number.replace("\uff0b", "+"))
    span.number = " ".join(re.sub(r"[_*~,\[\]]+", " ", number).split())
    return span


def _take_codes(text: str, spans: list[_Span]) -> None:
    """Give each number the extension code that follows it."""
    for place, span in enumerate(spans):
        following = spans[place + 1].start if place + 1 < len(spans) else len(text)
        found = _CODE.match(text, span.end, following)
        if span.code or not found:
            continue
        code = re.sub(r"[^\d*#w]", "", found["code"], flags=re.IGNORECASE).lower()
        is_local = _LOCAL.fullmatch(found["code"]) and len(code) > _MAX_CODE - 2
        if len(code) <= _MAX_CODE and code.isascii() and not is_local:
            span.code, span.end = code, found.end()


def _with_endings(text: str, spans: list[_Span]) -> list[_Span]:
    """Return the numbers with the shortened ones behind them, in order."""
    found: list[_Span] = []
    for place, span in enumerate(spans):
        found.append(span)
        if not span.code:
            stop = spans[place + 1].start if place + 1 < len(spans) else len(text)
            found += [
                _Span(ending.start, ending.end, ending.digits, whole=ending.whole)
                for ending in find_endings(text, span.number, span.end, stop)
            ]
    return found


def _with_words(text: str, spans: list[_Span]) -> TextPhones:
    """Return the numbers with the words beside them."""
    if not spans:
        return TextPhones(rest=" ".join(text.split()))
    bounds = [0, *(bound for span in spans for bound in (span.start, span.end)), len(text)]
    gaps = [text[start:end] for start, end in list(pairwise(bounds))[::2]]
    before: list[list[str]] = [[] for _ in spans]
    rest: list[str] = []
    leading = any(char.isalpha() for char in gaps[0])
    for place, gap in enumerate(gaps):
        left, middle, right = split_gap(gap, is_first=place == 0, is_last=place == len(spans), leading=leading)
        if left:
            before[place - 1].append(left)
        if right:
            before[place].append(right)
        rest += middle
    phones = []
    for span, words in zip(spans, before, strict=True):
        kind, others = kind_and_words(words)
        phones.append(PhoneText(span.number, span.code, kind, others, span.whole))
    return TextPhones(tuple(phones), collect_words(rest))

"""Sort the words between the phone numbers of a text: whose they are, and which only say "telephone". Pure."""

import re
from collections.abc import Iterable

#: A mark between two people or two phones.
_BREAK = re.compile(r"[\n;,|\\/&]|:::|(?<!\S)(?:и|или|and|or)(?!\S)")
#: The number of an entry: 1. or 2)
_ORDINAL = re.compile(r"\s*\d{1,4}[.)]\s*")
#: The number of an entry before its name, and the one before the next entry's phone number.
_ORDINAL_OF_NAME = re.compile(r"\A[\s.,;]*\d{1,3}[.)]\s*(?=[^\W\d_])")
_ORDINAL_OF_NEXT = re.compile(r"(?<=\s)\d{1,3}[.)]\s*\Z")
_INITIAL = re.compile(r"(?<!\w)[^\W\d_]\.\Z")
_BRACKETED = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
#: Words that say no more than that a phone number follows.
_PHONE_WORD = (
    r"(?:конт|контакт\w*|телефон\w*|номер\w*|тлф|тел|ном|т|sms|смс|tel|tlf|phone|telephone|number|callto|no)"
    r"(?:[.:]|(?!\w))|№"
)
_KIND_WORD = (
    r"(?:м\.\s?т\.?|т/ф|моб\w*|сот\w*|раб|рабочий|дом|домашний|гор|городской|личный|служебный|служ|основной|осн|"
    r"дополнительный|доп|факс|what'?s\s?app|wa|ват+сап|вотсап|вацап|viber|вайбер|telegram|телеграмм?|тг|tg|"
    r"mobile|mob|cell|work|home|office|fax|main)(?:\.|(?!\w))"
)
#: At the beginning or the end of a text, where it belongs to the number; "дом 5" is an address.
_LABEL = re.compile(
    rf"\A(?P<kind>{_KIND_WORD})(?!\s*\d)|\A(?:{_PHONE_WORD})(?!\s*\d)|(?<!\w)(?P<last>{_KIND_WORD})\Z|"
    rf"(?<!\w)(?:{_PHONE_WORD})\Z",
    re.IGNORECASE,
)
_EDGES = " \t\n.,;:/|\\-\u2010\u2011\u2012\u2013\u2014\u2015=_*&+#~<>\u260e\u260f\u2706\U0001f4de\U0001f4f1"
_BRACKETS = "()[]{}"


def split_gap(gap: str, *, is_first: bool, is_last: bool, leading: bool) -> tuple[str, list[str], str]:
    """Return what of the text between two numbers belongs to the left one, to neither, and to the right one.

    `leading`: the text begins with words, so words stand before their number.
    """
    parts = _BREAK.split(gap)
    if is_first:
        return "", parts[:-1], parts[-1]
    if is_last:
        return parts[0], parts[1:], ""
    if len(parts) > 1:
        return parts[0], parts[1:-1], parts[-1]
    if _ORDINAL.fullmatch(gap):
        return "", [], gap
    bracketed = _BRACKETED.match(gap)
    end = bracketed.end() if bracketed else 0
    return (gap[:end], [], gap[end:]) if leading else (_ORDINAL_OF_NEXT.sub("", gap), [], "")


def kind_and_words(texts: Iterable[str]) -> tuple[str, str]:
    """Return the words for the kind of phone, and the other words, of the texts beside a number."""
    kinds: list[str] = []
    words: list[str] = []
    for text in texts:
        rest = "" if _ORDINAL.fullmatch(text) else _trimmed(_ORDINAL_OF_NAME.sub("", text.lstrip(), count=1))
        while found := _LABEL.search(rest):
            if kind := found["kind"] or found["last"]:
                kinds.append(kind.rstrip("."))
            rest = _trimmed(rest[: found.start()] + " " + rest[found.end() :])
        if rest:
            words.append(rest)
    return " ".join(kinds), " ".join(words)


def collect_words(texts: Iterable[str]) -> str:
    """Return the words of the texts as one line, without what only says that a number follows."""
    return ", ".join(words for text in texts if (words := kind_and_words([text])[1]))


def _trimmed(text: str) -> str:
    text = " ".join(text.split()).lstrip(_EDGES)
    text = text.rstrip(_EDGES) + "." * bool(_INITIAL.search(text.rstrip(_EDGES.replace(".", ""))))
    while text and (
        (text[0] in _BRACKETS and text[-1] in _BRACKETS)
        or (text[0] in _BRACKETS and not _is_closed(text))
        or (text[-1] in _BRACKETS and not _is_closed(text))
    ):
        text = (text[1:] if text[0] in _BRACKETS else text[:-1]).strip(_EDGES)
    return text if any(map(str.isalnum, text)) else ""


def _is_closed(text: str) -> bool:
    return all(text.count(opening) == text.count(closing) for opening, closing in ("()", "[]", "{}"))

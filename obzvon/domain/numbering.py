"""Numbering plan: which numbers may be called, and what Asterisk dials for them. Pure.

The facts of each country's numbering plan are the metadata of Google's libphonenumber (package `phonenumbers`). Its
parser handles 50,000 numbers a second; the patterns of one's own country are therefore compiled once into one, and
the parser sees only what that does not match.
"""

import re
from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberFormat, PhoneMetadata, PhoneNumberType

from obzvon.common.errors import ObzvonError
from obzvon.common.i18n import Message, say
from obzvon.domain.costly_numbers import KNOWN_EMERGENCY, LISTED_ONLY, abroad_reason, emergency_reason, is_emergency

_COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}

_KINDS_OF_NUMBERS = (
    "mobile",
    "fixed_line",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)

_PUNCTUATION = dict.fromkeys(
    [
        *map(ord, " \t\u00a0\u2007\u2009\u202f()-.\u2010\u2011\u2012\u2013\u2212/"),
        # Invisible characters that come along when a number is copied from contacts or a web page.
        0x200B,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        0x2060,
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
_DIGITS = re.compile(r"\+?[0-9]+", re.ASCII)
#: A number that lost its end, or got extra digits: 8.91612E+10, 8916123456.0, 8916123456.5.
_SPREADSHEET = re.compile(r"[0-9.,]+[eEеЕ][-+]?[0-9]+|[0-9]+[.,]0+|[0-9]{5,}[.,][0-9]+", re.ASCII)
_DIALLED = re.compile(r"[0-9]+", re.ASCII)
_INTERNAL = re.compile(r"[0-9*]{1,32}", re.ASCII)
#: What SendDTMF knows of a code: keys, and w, a pause of half a second. Pauses alone are no code.
_CODE = re.compile(r"(?=w*[0-9*#])[0-9*#w]{1,32}", re.ASCII)


class InvalidNumberError(ObzvonError):
    """A number or an extension code that cannot be called, with the reason for the operator."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return str(self.reason)


class NumberingPlan:
    """Rules for numbers dialled from one country. Any usual notation becomes the national one (RU: 8 and ten digits).

    `internal` is a regular expression for the switchboard's own numbers, which are dialled as they stand. Foreign and
    premium-rate numbers are refused unless allowed, and emergency numbers always; `foreign` = True or the countries,
    as `costly_numbers.abroad_reason` takes them.
    """

    def __init__(
        self,
        region: str = "RU",
        *,
        foreign: bool | Collection[str] = False,
        premium: bool = False,
        internal: str = "",
    ) -> None:
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None:
            raise ValueError(f"no numbering plan for region {region!r}")
        self._region = region
        self._foreign = foreign
        self._premium = premium
        self._internal = re.compile(internal, re.ASCII) if internal else None
        #: Extensions of the office that are emergency numbers elsewhere.
        self._extensions = LISTED_ONLY.intersection(internal.split("|"))
        self._country_code = str(metadata.country_code)
        self._trunk_prefix = metadata.national_prefix or ""
        self._international_prefix = _international_prefix(metadata)
        self._written = any(_written_prefix(form) not in ("", self._trunk_prefix) for form in metadata.number_format)
        described = metadata.mobile or metadata.general_desc
        self._lengths = frozenset(described.possible_length if described else ())
        national = f"((?:{'|'.join(_ordinary_patterns(metadata))}))"
        prefixes = "|".join(re.escape(prefix) for prefix in (f"+{self._country_code}", self._trunk_prefix) if prefix)
        begins = "|".join(re.escape(prefix) for prefix in (self._country_code, self._trunk_prefix) if prefix)
        existing, lengths = _existing_numbers(metadata.country_code or 0)
        self._existing = re.compile(f"(?:\\+?(?:{begins}))?(?:{existing})", re.ASCII)
        longest = 1 + max(len(self._country_code), len(self._trunk_prefix))
        self._existing_lengths = range(min(lengths), max(lengths) + longest + 1)
        # Numbers that begin like a call abroad are for the parser (RU: 810 84… is Vietnam and looks like 8108…).
        self._ordinary = re.compile(
            f"(?!{metadata.international_prefix or '[^0-9+]'})"
            f"(?:(?:{prefixes})?{national}|{self._country_code}{national})",
            re.ASCII,
        )

    def normalize(self, number: str) -> str:
        """Return what Asterisk dials for `number`. Raises `InvalidNumberError`."""
        text = number if number.isdecimal() and number.isascii() else self._read(number)
        self._refuse_emergency(text)
        if self._internal and self._internal.fullmatch(text):
            return _only_dialable(text)
        if ordinary := self._ordinary.fullmatch(text):
            if text.startswith(self._country_code):
                self._refuse_two_readings(text, ordinary)
            return self._dialled(ordinary[1] or ordinary[2])
        if not _DIGITS.fullmatch(text):
            raise InvalidNumberError(_why_not_digits(number, text))
        return self._dial_rare(text)

    def _read(self, number: str) -> str:
        """Return the number without spaces and punctuation. Raises `InvalidNumberError`."""
        if _SPREADSHEET.fullmatch(number.strip()):
            raise InvalidNumberError(
                say(
                    "“{number}” is what a spreadsheet made of a number; format the column as text and paste it again",
                    number=_shown(number),
                )
            )
        return self._without_stray_plus(number.strip().translate(_PUNCTUATION))

    def is_dialled_form(self, number: str) -> bool:
        """Return whether this very text is what `normalize` makes of some number. Raises `InvalidNumberError`."""
        try:
            dialled = self.normalize(number)
        except InvalidNumberError:
            if not any(self._dials(written, number) for written in self._ways_to_write(number)):
                raise
            return True
        return dialled == number or any(self._dials(written, number) for written in self._ways_to_write(number))

    def _ways_to_write(self, dialled: str) -> list[str]:
        """Return how numbers may have been written that read differently as they are dialled, here and abroad."""
        if not _DIALLED.fullmatch(dialled):
            return []
        within = f"+{self._country_code}{dialled.removeprefix(self._trunk_prefix)}"
        return [within] if self._international_prefix else [within, f"+{dialled}"]

    def _dials(self, written: str, dialled: str) -> bool:
        try:
            return self.normalize(written) == dialled
        except InvalidNumberError:
            return False

    def _without_stray_plus(self, text: str) -> str:
        """Return +8 and the number within the country as 8 and the number: no country code is meant (RU).

        Raises `InvalidNumberError` if calls abroad are allowed and +8… is a number there too: +84 95… is in Vietnam.
        """
        trunk, abroad = self._trunk_prefix, "+" + self._country_code
        if (
            not (trunk and text.startswith(f"+{trunk}"))
            or text.startswith(abroad)
            or not self._existing.fullmatch(text)
        ):
            return text
        if self._is_allowed_abroad(text):
            raise InvalidNumberError(
                say(
                    "+{trunk} begins a number abroad, and {trunk} one within the country; write it with {code}, or "
                    "with {prefix} if it is abroad",
                    trunk=trunk,
                    code=abroad,
                    prefix=self._international_prefix or "+",
                )
            )
        return text[1:]

    def recognizes(self, number: str) -> bool:
        """Return whether the text is an existing number of this or another country, allowed or not.

        Without a plus or the prefix of a call abroad only numbers of this country code are recognized.
        """
        number = number.translate(_PUNCTUATION)
        if len(number) in self._existing_lengths and self._existing.fullmatch(number):
            return True
        abroad = self._international_prefix
        if not _DIGITS.fullmatch(number) or not (number[0] == "+" or (abroad and number.startswith(abroad))):
            return False
        return _is_valid(self._with_plus(number), self._region)

    def is_internal(self, number: str) -> bool:
        """Return whether the text is a number of the switchboard itself."""
        number = number.translate(_PUNCTUATION)
        return bool(self._internal and self._internal.fullmatch(number)) and not self._is_emergency(number)

    def emergency_internals(self) -> list[str]:
        """Return the emergency numbers that the pattern of internal numbers matches, and that are not called."""
        internal = self._internal
        return [one for one in KNOWN_EMERGENCY if internal and internal.fullmatch(one) and self._is_emergency(one)]

    def begins_like_a_number(self, digits: str) -> bool:
        """Return whether the digits begin with the trunk prefix or the country code."""
        return digits.startswith(tuple(filter(None, (self._trunk_prefix, self._country_code))))

    def _with_plus(self, text: str) -> str:
        """Return the number with a plus for the prefix of a call abroad."""
        if self._international_prefix and text.startswith(self._international_prefix):
            return "+" + text[len(self._international_prefix) :]
        return text

    def _dial_rare(self, text: str) -> str:
        """Return what is dialled for a number that the compiled patterns do not match: premium, foreign or wrong."""
        text = self._with_plus(text)
        try:
            parsed = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException:
            raise InvalidNumberError(self._why_wrong(text)) from None
        if not phonenumbers.is_valid_number(parsed):
            raise InvalidNumberError(self._why_wrong(text))
        national = phonenumbers.national_significant_number(parsed)
        if phonenumbers.number_type(parsed) in _COSTLY and not self._premium:
            raise InvalidNumberError(say("a premium-rate number; such numbers are not allowed"))
        if phonenumbers.is_valid_number_for_region(parsed, self._region):
            return self._dialled(national)
        if reason := abroad_reason(parsed, self._foreign):
            raise InvalidNumberError(reason)
        return f"{self._international_prefix}{parsed.country_code}{national}"

    def _is_allowed_abroad(self, text: str) -> bool:
        if not self._foreign:
            return False
        try:
            parsed = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException:
            return False
        return phonenumbers.is_valid_number(parsed) and abroad_reason(parsed, self._foreign) is None

    def _is_emergency(self, text: str) -> bool:
        return is_emergency(text, self._region) and text not in self._extensions

    def _refuse_emergency(self, text: str) -> None:
        """Raise `InvalidNumberError` for an emergency number, whatever the administrator's pattern lets through."""
        if self._is_emergency(text):
            raise InvalidNumberError(emergency_reason(text))

    def _refuse_two_readings(self, text: str, ordinary: re.Match[str]) -> None:
        """Raise `InvalidNumberError` if the number can be read in two ways.

        Germany's 4915123456789 is a mobile number after the country code, and a number in the town of Leer.
        """
        other = self._ordinary.fullmatch("+" + text)
        if ordinary[1] and other and other[1] != ordinary[1]:
            raise InvalidNumberError(
                say(
                    "it can be read with and without the country code; write it with +{code}, or as it is "
                    "dialled within the country",
                    code=self._country_code,
                )
            )

    def _dialled(self, national: str) -> str:
        if self._written:  # Belarus: 8 0 before most numbers, 8 before some
            number = phonenumbers.PhoneNumber(int(self._country_code), int(national))
            written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            return re.sub(r"\D", "", written, flags=re.ASCII)
        return self._trunk_prefix + national

    def _why_wrong(self, text: str) -> Message:
        wanted = max(self._lengths, default=0) + len(self._trunk_prefix)
        given = len(text)
        prefixed = text.startswith((self._trunk_prefix, self._country_code))
        if text[0] == "+" or given == wanted or (given == wanted - 1 and not prefixed):
            return say("there is no such number in the numbering plan")
        if given < wanted:
            return say("too short: {given} digits where {wanted} are expected", given=given, wanted=wanted)
        return say("too long: {given} digits where {wanted} are expected", given=given, wanted=wanted)


def parse_extension_code(code: str) -> str:
    """Return the keys to send after the answer, or "". Raises `InvalidNumberError`."""
    text = code.strip()
    if text and not _CODE.fullmatch(text):
        raise InvalidNumberError(
            say(
                "the extension code may hold only the digits 0–9, *, # and w for a pause, 32 at most, not “{code}”",
                code=_shown(code),
            )
        )
    return text


def _is_valid(number: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _ordinary_patterns(metadata: PhoneMetadata) -> list[str]:
    """Return the patterns of a country's numbers that cost what calls usually cost."""
    kinds = [
        metadata.mobile,
        metadata.fixed_line,
        metadata.toll_free,
        metadata.voip,
        metadata.uan,
        metadata.personal_number,
    ]
    return [described.national_number_pattern for described in kinds if described and described.national_number_pattern]


def _existing_numbers(country_code: int) -> tuple[str, set[int]]:
    """Return the pattern and the lengths of all numbers behind a country code, which some countries share (RU, KZ)."""
    patterns: list[str] = []
    lengths: set[int] = set()
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]:
        metadata = PhoneMetadata.metadata_for_region(region)
        for name in _KINDS_OF_NUMBERS if metadata else ():
            described = getattr(metadata, name)
            if described and described.national_number_pattern:
                patterns.append(described.national_number_pattern)
                lengths.update(described.possible_length)
    return "|".join(patterns), {length for length in lengths if length > 0}


def _international_prefix(metadata: PhoneMetadata) -> str:
    """Return the prefix before a country code; "" where the caller's carrier decides (Israel, Brazil)."""
    preferred = metadata.preferred_international_prefix or metadata.international_prefix or ""
    digits = preferred.replace("~", "")
    return digits if digits.isdecimal() else ""


def _written_prefix(form: NumberFormat) -> str:
    rule = form.national_prefix_formatting_rule or ""
    return re.sub(r"\D", "", rule.partition("\\1")[0], flags=re.ASCII)


def _only_dialable(text: str) -> str:
    """Return an internal number if it is digits and *, whatever the administrator's pattern lets through."""
    if not _INTERNAL.fullmatch(text):
        raise InvalidNumberError(say("an internal number may hold only the digits 0–9 and *, 32 at most"))
    return text


def _why_not_digits(number: str, text: str) -> Message:
    if not text:
        return say("no number")
    if any(char.isdigit() and not char.isascii() for char in text):
        return say("digits of another script in “{number}”; type it again with the digits 0–9", number=_shown(number))
    return say("“{number}” is not a phone number", number=_shown(number))


def _shown(text: str) -> str:
    """Return a value of any kind in a form that can be shown to an operator."""
    shown = "".join(char if char.isprintable() else "�" for char in text)
    return shown if len(shown) <= 40 else shown[:39] + "…"

"""Numbering plan: which numbers may be called, and what Asterisk dials for them. Pure.

The facts of each country's numbering plan are the metadata of Google's libphonenumber (package `phonenumbers`). Its
parser handles 50,000 numbers a second; the patterns of one's own country are therefore compiled once into one, and
the parser sees only what that does not match.
"""

import re

import phonenumbers
from phonenumbers import NumberFormat, PhoneMetadata, PhoneNumberType

from obzvon.common.errors import ObzvonError
from obzvon.common.i18n import Message, say

_COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}

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
_CODE = re.compile(r"[0-9*]{1,32}", re.ASCII)


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
    premium-rate numbers are refused unless allowed.
    """

    def __init__(self, region: str = "RU", *, foreign: bool = False, premium: bool = False, internal: str = "") -> None:
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None:
            raise ValueError(f"no numbering plan for region {region!r}")
        self._region = region
        self._foreign = foreign
        self._premium = premium
        self._internal = re.compile(internal, re.ASCII) if internal else None
        self._country_code = str(metadata.country_code)
        self._trunk_prefix = metadata.national_prefix or ""
        self._international_prefix = _international_prefix(metadata)
        self._written = any(_written_prefix(form) not in ("", self._trunk_prefix) for form in metadata.number_format)
        described = metadata.mobile or metadata.general_desc
        self._lengths = frozenset(described.possible_length if described else ())
        ordinary = [
            metadata.mobile,
            metadata.fixed_line,
            metadata.toll_free,
            metadata.voip,
            metadata.uan,
            metadata.personal_number,
        ]
        patterns = [desc.national_number_pattern for desc in ordinary if desc and desc.national_number_pattern]
        national = f"((?:{'|'.join(patterns)}))"
        prefixes = "|".join(re.escape(prefix) for prefix in (f"+{self._country_code}", self._trunk_prefix) if prefix)
        # Numbers that begin like a call abroad are for the parser (RU: 810 84… is Vietnam and looks like 8108…).
        self._ordinary = re.compile(
            f"(?!{metadata.international_prefix or '[^0-9+]'})"
            f"(?:(?:{prefixes})?{national}|{self._country_code}{national})",
            re.ASCII,
        )

    def normalize(self, number: str) -> str:
        """Return what Asterisk dials for `number`. Raises `InvalidNumberError`."""
        if _SPREADSHEET.fullmatch(number.strip()):
            raise InvalidNumberError(
                say(
                    "“{number}” is what a spreadsheet made of a number; format the column as text and paste it again",
                    number=_shown(number),
                )
            )
        text = number.strip().translate(_PUNCTUATION)
        if self._internal and self._internal.fullmatch(text):
            return _only_dialable(text)
        if ordinary := self._ordinary.fullmatch(text):
            if text.startswith(self._country_code):
                self._refuse_two_readings(text, ordinary)
            return self._dialled(ordinary[1] or ordinary[2])
        if not _DIGITS.fullmatch(text):
            raise InvalidNumberError(_why_not_digits(number, text))
        return self._dial_rare(text)

    def _dial_rare(self, text: str) -> str:
        """Return what is dialled for a number that the compiled patterns do not match: premium, foreign or wrong."""
        if self._international_prefix and text.startswith(self._international_prefix):
            text = "+" + text[len(self._international_prefix) :]
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
        if not self._foreign:
            raise InvalidNumberError(say("a foreign number; such numbers are not allowed"))
        return f"{self._international_prefix}{parsed.country_code}{national}"

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
    """Return the digits to send after the answer, or "". Raises `InvalidNumberError`."""
    text = code.strip()
    if text and not _CODE.fullmatch(text):
        raise InvalidNumberError(
            say("the extension code may hold only the digits 0–9 and *, 32 at most, not “{code}”", code=_shown(code))
        )
    return text


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
    if not _CODE.fullmatch(text):
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

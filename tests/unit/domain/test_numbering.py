"""Numbering plan: the number that is dialled, and the reason for a refusal."""

import random
import re
from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code
from tests.support.profile import thinned

RUSSIA = NumberingPlan("RU")
EVERYTHING = NumberingPlan("RU", foreign=True, premium=True, internal=r"[1-9]\d{2}|\*\d{2}")
KAZAKHSTAN = NumberingPlan("KZ")

FOREIGN = "a foreign number; such numbers are not allowed"
PREMIUM = "a premium-rate number; such numbers are not allowed"
UNKNOWN = "there is no such number in the numbering plan"
SPREADSHEET = "what a spreadsheet made of a number"


def refusal(number: str, plan: NumberingPlan = RUSSIA) -> str:
    with pytest.raises(InvalidNumberError) as caught:
        plan.normalize(number)
    return str(caught.value)


def why_not(read: Callable[[str], str], written: str) -> str:
    """The reason of a refusal, '' if there is none."""
    try:
        read(written)
    except InvalidNumberError as refused:
        return str(refused)
    return ""


def dialled(plan: NumberingPlan, number: str) -> str | None:
    try:
        return plan.normalize(number)
    except InvalidNumberError:
        return None


@pytest.mark.parametrize(
    "written",
    [
        "89161234567",
        "79161234567",
        "9161234567",
        "+79161234567",
        "+7 916 123-45-67",
        "8 (916) 123-45-67",
        "8-916-123-45-67",
        "8.916.123.45.67",
        "8/916/1234567",
        "(916)1234567",
        "8\N{NO-BREAK SPACE}916\N{NO-BREAK SPACE}123\N{NO-BREAK SPACE}45\N{NO-BREAK SPACE}67",
        "+7\N{NARROW NO-BREAK SPACE}916\N{THIN SPACE}123\N{FIGURE SPACE}45\N{EN DASH}67",
        "8\N{HYPHEN}916\N{NON-BREAKING HYPHEN}1234567",
        "8\t9161234567",
        "  89161234567  ",
        "89161234567\n",
        "\r\n+7 916 1234567\r\n",
        "\N{NO-BREAK SPACE}89161234567",
        "+7 8 916 1234567",
        "8 10 7 916 123 45 67",
    ],
)
def test_every_usual_notation_is_dialled_as_eight_and_ten_digits(written: str) -> None:
    assert RUSSIA.normalize(written) == "89161234567"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+7 (495) 123-45-67", "84951234567"),
        ("8 800 555-35-35", "88005553535"),
        ("7 804 333 00 00", "88043330000"),
        ("+7 978 000 00 00", "89780000000"),
    ],
)
def test_landlines_and_freephone_numbers_are_ordinary_ones(written: str, number: str) -> None:
    assert RUSSIA.normalize(written) == number


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no number"),
        (" \n", "no number"),
        ("--", "no number"),
        ("777", "too short: 3 digits where 11 are expected"),
        ("7916838933", "too short: 10 digits where 11 are expected"),
        ("8916123456", "too short: 10 digits where 11 are expected"),
        ("113", "too short: 3 digits where 11 are expected"),
        ("891612345678", "too long: 12 digits where 11 are expected"),
        ("89161234567 89161234568", "too long: 22 digits where 11 are expected"),
        ("5" * 5000, "too long: 5000 digits where 11 are expected"),
        ("80000000000", UNKNOWN),
        ("1234567890", UNKNOWN),
        ("+7", UNKNOWN),
        ("+7 916 123 45 6", UNKNOWN),
        ("+8 916 123 45", UNKNOWN),
        ("+", "“+” is not a phone number"),
        ("++79161234567", "“++79161234567” is not a phone number"),
        ("context 22", "“context 22” is not a phone number"),
        ("tel:+79161234567", "“tel:+79161234567” is not a phone number"),
        ("8916123456O", "“8916123456O” is not a phone number"),
        ("8916123456О", "“8916123456О” is not a phone number"),
        ("89161234567 доб. 12", "“89161234567 доб. 12” is not a phone number"),
        ("89161234567,,12", "“89161234567,,12” is not a phone number"),
        ("76@other/n", "“76@other/n” is not a phone number"),
        ("89161234567;5", "“89161234567;5” is not a phone number"),
        ("*100#", "“*100#” is not a phone number"),
        ("8916\0001234567", "“8916�1234567” is not a phone number"),
        ("\00089161234567", "“�89161234567” is not a phone number"),
        ("8916\n1234567", "“8916�1234567” is not a phone number"),
        ("89161234567\nApplication: System", "is not a phone number"),
        ("\ud800", "“�” is not a phone number"),
        ("ж" * 100, "“" + "ж" * 39 + "…” is not a phone number"),
        ("٨٩١٦١٢٣٤٥٦٧", "digits of another script"),
        ("८९१६१२३४५६७", "digits of another script"),
        ("８９１６１２３４５６７", "digits of another script"),
        ("8916123456７", "digits of another script"),
        ("8916123456²", "digits of another script"),
        ("8.9161234567E+10", SPREADSHEET),
        ("8,91612E+10", SPREADSHEET),
        ("8.91612e10", SPREADSHEET),
        ("8,91612Е+10", SPREADSHEET),
        ("89161234567.0", SPREADSHEET),
        ("89161234567,00", SPREADSHEET),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(written: str, reason: str) -> None:
    assert reason in refusal(written)
    assert reason in refusal(written, NumberingPlan(foreign=True, premium=True))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+8 916 123-45-67", "89161234567"),
        ("+8(495)3333333", "84953333333"),  # +84 953333333 is in Vietnam
        ("+8 (863) 333-33-33", "88633333333"),  # +86 is China
        ("+8 800 555-35-35", "88005553535"),
    ],
)
def test_a_plus_before_the_trunk_prefix_makes_no_foreign_number(written: str, number: str) -> None:
    assert dialled(RUSSIA, written) == number
    for plan in (EVERYTHING, NumberingPlan("KZ", foreign=True)):
        assert not (dialled(plan, written) or "").startswith("8108")


def test_where_calls_abroad_are_allowed_a_number_with_two_readings_is_refused() -> None:
    assert "write it with +7, or with 810 if it is abroad" in refusal("+8(495)3333333", EVERYTHING)
    assert EVERYTHING.normalize("+8 916 123-45-67") == "89161234567"
    assert EVERYTHING.normalize("8 10 84 95 333 33 33") == "81084953333333"
    assert EVERYTHING.normalize("+81 3 3224 9999") == "81081332249999"
    assert NumberingPlan("UA", foreign=True).normalize("+067 123 45 67") == "0671234567"
    assert NumberingPlan("US", foreign=True).normalize("+1 212 555 0123") == "12125550123"


@pytest.mark.parametrize(
    "written",
    [
        "8916123456.0",
        "7916123456.0",
        "8916123456,0",
        "8916123456.5",
        "7916123456,25",
        "891612345.67",
        "89161.234567",
        "8.9161234567E-5",
        " 8916123456.5\n",
    ],
)
def test_what_stands_behind_a_spreadsheets_point_is_no_digit_of_the_number(written: str) -> None:
    assert SPREADSHEET in refusal(written)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("8 809 123-45-67", "88091234567"),
        ("8 803 123 45 67", "88031234567"),
        ("+78091234567", "88091234567"),
    ],
)
def test_premium_numbers_are_refused_unless_allowed(written: str, number: str) -> None:
    assert refusal(written) == PREMIUM
    assert NumberingPlan(premium=True).normalize(written) == number
    assert refusal(written, NumberingPlan(foreign=True)) == PREMIUM


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+7 701 123 45 67", "81077011234567"),
        ("8 701 123 45 67", "81077011234567"),
        ("77011234567", "81077011234567"),
        ("7011234567", "81077011234567"),
        ("+380 44 123 45 67", "810380441234567"),
        ("8 10 380 44 123 45 67", "810380441234567"),
        ("810380441234567", "810380441234567"),
        ("+375 29 491-19-11", "810375294911911"),
        ("+44 20 7946 0958", "810442079460958"),
        ("+800 1234 5678", "81080012345678"),
    ],
)
def test_foreign_numbers_are_refused_unless_allowed(written: str, number: str) -> None:
    assert refusal(written) == FOREIGN
    assert refusal(written, NumberingPlan(premium=True)) == FOREIGN
    assert NumberingPlan(foreign=True).normalize(written) == number


def test_a_foreign_premium_number_wants_both() -> None:
    premium = "+44 909 879 0000"
    assert refusal(premium, NumberingPlan(foreign=True)) == PREMIUM
    assert refusal(premium, NumberingPlan(premium=True)) == FOREIGN
    assert EVERYTHING.normalize(premium) == "810449098790000"


@pytest.mark.parametrize("written", ["810 84 165 682 265", "810 81 3 1234 5678", "810 82 2 1234 567", "81084912345678"])
def test_a_call_abroad_is_not_taken_for_a_freephone_number(written: str) -> None:
    """Russia's plan has freephone numbers 8108 and ten digits; Vietnam, Japan and Korea are 810 8…"""
    assert refusal(written) in (FOREIGN, UNKNOWN) or "too long" in refusal(written)


def test_internal_numbers_are_dialled_as_they_stand() -> None:
    plan = NumberingPlan(internal=r"[1-9]\d{2}|\*\d{2}")
    assert plan.normalize("203") == "203"
    assert plan.normalize(" 2-03 ") == "203"
    assert plan.normalize("*21") == "*21"
    assert plan.normalize("89161234567") == "89161234567"
    assert "too short" in refusal("2030", plan)
    assert "digits of another script" in refusal("٢٠٣", plan)
    assert SPREADSHEET in refusal("20.0", plan)


@pytest.mark.parametrize("written", ["76@other/n", "5\0", "abc", "1" * 33, "7;8"])
def test_an_internal_pattern_that_lets_anything_through_does_not(written: str) -> None:
    plan = NumberingPlan(internal=r"(?s).*")
    assert refusal(written, plan) == "an internal number may hold only the digits 0–9 and *, 32 at most"


_written = st.one_of(
    st.text(),
    st.text(alphabet="0123456789+-()8 7.*#;@/\n\0\N{NO-BREAK SPACE}", max_size=20),
    st.from_regex(r"\A(\+7|8|7)? ?\(?[3489][0-9]{2}\)? ?[0-9]{3}-?[0-9]{2}-?[0-9]{2}\s?\Z"),
)


@given(_written)
@example("８９１６１２３４５６７")
@example("89161234567\n")
def test_whatever_is_written_only_digits_are_dialled(written: str) -> None:
    for plan in (RUSSIA, EVERYTHING, KAZAKHSTAN):
        number = dialled(plan, written)
        assert number is None or re.fullmatch("[0-9*]{1,32}", number, re.ASCII)


@given(_written)
def test_a_refusal_can_be_shown(written: str) -> None:
    reason = why_not(RUSSIA.normalize, written)
    assert reason.isprintable()
    assert len(reason) < 200


@given(_written)
def test_what_is_dialled_is_a_number_that_is_dialled_the_same(written: str) -> None:
    """So a number may be stored as it is dialled and read again."""
    number = dialled(RUSSIA, written)
    assert number is None or RUSSIA.normalize(number) == number


def _parsed(written: str, region: str) -> str | None:
    """What phonenumbers' own parser says: the digits within the country of an ordinary number."""
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    costly = phonenumbers.number_type(number) in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
    if costly or not phonenumbers.is_valid_number_for_region(number, region):
        return None
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.sub(r"\D", "", national)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("region", "starts", "length"),
    [
        ("RU", ["", "9", "4", "8", "80"], 10),
        ("KZ", ["", "7", "701", "80"], 10),
        ("BY", ["", "29", "15", "800"], 9),
        ("UA", ["", "50", "44", "800"], 9),
    ],
)
def test_the_compiled_pattern_says_what_the_parser_says(region: str, starts: list[str], length: int) -> None:
    """Of random numbers, most of the usual length and some with a digit more or less."""
    plan = NumberingPlan(region)
    chance = random.Random(20260105)
    code = str(phonenumbers.country_code_for_region(region))
    differing = {}
    good = 0
    for _ in range(4_000):
        start = chance.choice(starts)
        digits = chance.choices("0123456789", k=length - len(start) + chance.choice([0, 0, 0, 0, -1, 1, 4]))
        written = chance.choice(["", "8", "0", "810", code, f"+{code}"]) + start + "".join(digits)
        number = dialled(plan, written)
        good += number is not None
        if number != _parsed(written, region):
            differing[written] = number, _parsed(written, region)
    assert differing == {}
    assert good > 300


@pytest.mark.parametrize("start", ["916", "495", "800", "809", "803", "701", "777", "978", "300", "600", "200"])
@pytest.mark.parametrize("prefix", ["", "7", "8", "+7"])
def test_the_compiled_pattern_agrees_with_the_parser_in_every_range(prefix: str, start: str) -> None:
    for rest in ("0000000", "1234567", "9999999", "123456", "12345678"):
        assert dialled(RUSSIA, prefix + start + rest) == _parsed(prefix + start + rest, "RU")


@pytest.mark.parametrize(
    ("region", "written", "number"),
    [
        ("KZ", "+7 701 123 45 67", "87011234567"),
        ("KZ", "8 (701) 123-45-67", "87011234567"),
        ("KZ", "7011234567", "87011234567"),
        ("BY", "+375 29 491-19-11", "80294911911"),
        ("BY", "8 029 491-19-11", "80294911911"),
        ("BY", "375294911911", "80294911911"),
        ("BY", "8 0152 45-09-11", "80152450911"),
        ("UA", "+380 50 123 45 67", "0501234567"),
        ("UA", "050 123 45 67", "0501234567"),
        ("DE", "+49 1512 3456789", "015123456789"),
        ("DE", "01512 3456789", "015123456789"),
        ("DE", "0049 30 123456", "030123456"),
        ("IT", "+39 02 1234 5678", "0212345678"),
        ("US", "(201) 555-0123", "12015550123"),
        ("US", "+1 201 555 0123", "12015550123"),
    ],
)
def test_other_countries_numbers_are_dialled_as_they_are_there(region: str, written: str, number: str) -> None:
    assert NumberingPlan(region).normalize(written) == number


@pytest.mark.parametrize(
    ("region", "written", "number"),
    [
        ("KZ", "+7 916 123 45 67", "81079161234567"),
        ("DE", "+7 916 123 45 67", "0079161234567"),
        ("US", "+7 916 123 45 67", "01179161234567"),
        ("IL", "+7 916 123 45 67", "79161234567"),
    ],
)
def test_abroad_a_russian_number_is_a_foreign_one(region: str, written: str, number: str) -> None:
    assert refusal(written, NumberingPlan(region)) == FOREIGN
    assert NumberingPlan(region, foreign=True).normalize(written) == number


def test_every_countrys_own_mobile_numbers_are_ordinary_ones() -> None:
    for region in thinned(sorted(phonenumbers.SUPPORTED_REGIONS), 5):
        if number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE):
            international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            national = phonenumbers.national_significant_number(number)
            assert NumberingPlan(region).normalize(international).endswith(national), region


def test_digits_that_are_two_numbers_are_refused() -> None:
    germany = NumberingPlan("DE")
    assert "with and without the country code; write it with +49" in refusal("4915123456789", germany)
    assert germany.normalize("+4915123456789") == "015123456789"
    assert germany.normalize("04915123456") == "04915123456"


def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no numbering plan for region 'XX'"):
        NumberingPlan("XX")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", ""),
        ("  ", ""),
        ("1", "1"),
        (" 1\n", "1"),
        ("0", "0"),
        ("*12", "*12"),
        ("0" * 32, "0" * 32),
        ("205#", "205#"),
        (" 1w2 ", "1w2"),
        ("ww123", "ww123"),
        ("#", "#"),
    ],
)
def test_an_extension_code_is_keys_and_pauses(written: str, code: str) -> None:
    assert parse_extension_code(written) == code


@pytest.mark.parametrize(
    "written",
    [
        "context 22",
        "1,2",
        "1;2",
        "１",
        "1\n2",
        "1\0",
        "+1",
        "1.0",
        "w",
        "www",
        "1W2",
        "1 #",
        "0" * 33,
    ],
)
def test_any_other_extension_code_is_refused(written: str) -> None:
    with pytest.raises(InvalidNumberError, match=r"may hold only the digits 0–9, \*, # and w"):
        parse_extension_code(written)


@given(st.text())
def test_whatever_is_written_only_keys_are_sent_after_the_answer(written: str) -> None:
    reason = why_not(parse_extension_code, written)
    assert reason.isprintable()
    assert reason or re.fullmatch("[0-9*#w]{0,32}", parse_extension_code(written), re.ASCII)


# Gabon's example is of a plan that ended in 2019.
@pytest.mark.parametrize("region", thinned(sorted(phonenumbers.SUPPORTED_REGIONS - {"GA"}), 5))
def test_what_is_dialled_is_known_for_it_again(region: str) -> None:
    """Here and abroad, also where the carrier decides on the prefix before a country code."""
    plan = NumberingPlan(region, foreign=True, premium=True)
    for other in (region, "US", "VN"):
        example_number = phonenumbers.example_number(other)
        assert example_number is not None
        written = phonenumbers.format_number(example_number, phonenumbers.PhoneNumberFormat.E164)
        if number := dialled(plan, written):
            assert plan.is_dialled_form(number), (written, number)


@pytest.mark.parametrize("text", ["+79161234567", "79161234567", "89161234567\n", "8 916 123-45-67"])
def test_what_is_written_otherwise_is_not_dialled_as_it_stands(text: str) -> None:
    assert not RUSSIA.is_dialled_form(text)
    assert RUSSIA.is_dialled_form(RUSSIA.normalize(text))


@pytest.mark.parametrize("text", ["112", "+8821612345678", "8108821612345678", "88091234567", "1", "", "76@other/n"])
def test_what_may_not_be_called_is_refused_as_it_stands_too(text: str) -> None:
    with pytest.raises(InvalidNumberError):
        RUSSIA.is_dialled_form(text)


def test_a_pattern_of_internal_numbers_names_the_emergency_numbers_that_it_matches() -> None:
    assert NumberingPlan("RU", internal="[1-7][0-9]{2}").emergency_internals() == ["101", "102", "103", "104", "112"]
    assert NumberingPlan("RU", internal="101|[2-7][0-9]{2}").emergency_internals() == []
    assert RUSSIA.emergency_internals() == []

"""Numbers that are never called, or only where the settings name them."""

import pytest

from obzvon.domain.numbering import InvalidNumberError, NumberingPlan

README_PATTERN = r"[1-7][0-9]{2}"
ANYTHING = r"[0-9*]+"


def refusal(number: str, plan: NumberingPlan) -> str:
    with pytest.raises(InvalidNumberError) as caught:
        plan.normalize(number)
    return str(caught.value)


@pytest.mark.parametrize("number", ["112", "1-1-2", "911", "01", "02", "03", "04"])
@pytest.mark.parametrize("internal", ["", README_PATTERN, ANYTHING, "112|911|01|02|03|04"])
def test_an_emergency_number_is_never_called_whatever_is_internal(number: str, internal: str) -> None:
    plan = NumberingPlan(internal=internal, foreign=True, premium=True)
    assert "is an emergency number, which is never called" in refusal(number, plan)
    assert not plan.is_internal(number)


@pytest.mark.parametrize(
    ("region", "number"),
    [("DE", "110"), ("GB", "999"), ("US", "911"), ("UA", "112"), ("AU", "000"), ("JP", "119"), ("BR", "190")],
)
def test_each_country_has_its_own(region: str, number: str) -> None:
    assert "never called" in refusal(number, NumberingPlan(region, internal=ANYTHING))


@pytest.mark.parametrize("number", ["101", "102", "103", "104"])
def test_an_extension_that_is_an_emergency_number_elsewhere_has_to_be_named_itself(number: str) -> None:
    for internal in ("", README_PATTERN, ANYTHING, r"10[1-4]"):
        reason = refusal(number, NumberingPlan(internal=internal))
        assert f"`internal` in [Numbers] has to name it itself, for example {number}|[2-7][0-9]{{2}}" in reason
    plan = NumberingPlan(internal=f"{number}|[2-7][0-9]{{2}}")
    assert plan.normalize(number) == number
    assert plan.is_internal(number)


def test_other_extensions_are_called_as_before() -> None:
    plan = NumberingPlan(internal=README_PATTERN)
    for number in ("100", "105", "110", "113", "203", "777"):
        assert plan.normalize(number) == number
    assert NumberingPlan("DE", internal=README_PATTERN).normalize("101") == "101"


@pytest.mark.parametrize(
    ("number", "code"),
    [("+870 773 111 632", 870), ("+881 6 1234 5678", 881), ("+882 16 1234567", 882), ("+883 5100 12345", 883)],
)
@pytest.mark.parametrize("premium", [False, True])
def test_a_satellite_is_called_only_where_its_code_is_named(number: str, code: int, premium: bool) -> None:
    everywhere = NumberingPlan(foreign=True, premium=premium)
    assert f"satellite or of an international network, +{code}" in refusal(number, everywhere)
    assert "does not name" in refusal(number, NumberingPlan(foreign={"KZ"}, premium=premium))
    named = NumberingPlan(foreign={"KZ", f"+{code}"}, premium=premium)
    assert named.normalize(number).startswith(f"810{code}")


@pytest.mark.parametrize(
    ("number", "country"), [("+53 5 1234567", "CU"), ("+1 876-210-1234", "JM"), ("+252 61 5123456", "SO")]
)
def test_a_country_to_which_frauds_lead_calls_has_to_be_named(number: str, country: str) -> None:
    assert f"`foreign` in [Numbers] has to name {country}" in refusal(number, NumberingPlan(foreign=True))
    assert NumberingPlan(foreign={country}).normalize(number).startswith("810")


def test_only_the_countries_that_are_named_are_called() -> None:
    plan = NumberingPlan(foreign={"KZ", "BY", "+995"})
    assert plan.normalize("+7 701 123 45 67") == "810" + "77011234567"
    assert plan.normalize("+375 29 123 45 67") == "810375291234567"
    assert plan.normalize("+995 555 12 34 56") == "810995555123456"
    assert "a number of another country, DE" in refusal("+49 151 23456789", plan)
    assert plan.normalize("8 916 123 45 67") == "89161234567"


def test_a_plus_that_is_none_is_read_by_the_countries_that_are_named() -> None:
    assert NumberingPlan(foreign={"KZ"}).normalize("+8(495)3333333") == "84953333333"
    assert "begins a number abroad" in refusal("+8(495)3333333", NumberingPlan(foreign={"VN"}))

"""The result of every final SIP code, by how the trunk's dialling ended, its cause and whether a phone rang."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from obzvon.asterisk.ami.outcomes import Leg, TrackedCall, determine_disposition
from obzvon.domain.results import RETRYABLE, Disposition
from tests.support.final_codes import CLASSES, CODES, class_of, differences, expand_codes

ROOT = Path(__file__).parents[3]
_ROW = re.compile(r"\| [3-6]\d\d")
NINE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
AT_ONCE = timedelta(milliseconds=50)


def call(trunk: Leg, first: str, *, forwarded: bool = False) -> TrackedCall:
    """A call that dialled one trunk, and is over."""
    legs = {
        "1.1": Leg("1.1", "Local/89161111111@avtoobzvon-00000001;1", NINE, status=first, ended=NINE),
        "1.2": Leg("1.2", "Local/89161111111@avtoobzvon-00000001;2", NINE, ended=NINE),
        "1.3": trunk,
    }
    if forwarded:
        legs["1.4"] = Leg("1.4", "Local/8999@default-00000002;1", NINE, ended=NINE)
    return TrackedCall("1.1", NINE, legs, number="89161111111", context="avtoobzvon")


def trunk_leg(status: str, cause: int, lasted: timedelta = AT_ONCE, *, name: str = "PJSIP/carrier-1") -> Leg:
    return Leg("1.3", name, NINE, status=status, dialled_by="1.2", ended=NINE + lasted, cause=cause)


def measured(code: int, *, has_rung: bool, names_code: bool) -> str:
    found = class_of(code)
    trunk = trunk_leg(found.trunk, found.cause)
    if has_rung:
        trunk.rang, trunk.spoke = NINE, True
    trunk.sip_code = code if names_code else 0
    return determine_disposition(call(trunk, found.first, forwarded=code < 400)).value


def test_every_code_is_in_one_class() -> None:
    assert sorted(code for one in CLASSES for code in expand_codes(one.codes)) == list(CODES)


@pytest.mark.parametrize("names_code", [True, False], ids=["code", "cause"])
@pytest.mark.parametrize("has_rung", [True, False], ids=["ringing", "at once"])
def test_every_code_has_the_result_of_the_table(has_rung: bool, names_code: bool) -> None:
    results = {code: measured(code, has_rung=has_rung, names_code=names_code) for code in CODES}
    assert not list(differences(results, has_rung=has_rung, names_code=names_code))


@pytest.mark.parametrize("names_code", [True, False], ids=["code", "cause"])
def test_nobody_is_said_not_to_answer_whose_phone_never_rang(names_code: bool) -> None:
    codes = "400 402 405 406 413-416 421 423 481 482 488 491 493 500-502 504 505 606-608"
    for code in expand_codes(codes):
        assert measured(code, has_rung=False, names_code=names_code) in ("congestion", "failed", "refused"), code


def test_another_attempt_is_made_where_the_carrier_was_at_fault_and_not_where_the_call_was() -> None:
    retried = {code for code in CODES if measured(code, has_rung=False, names_code=True) in RETRYABLE}
    assert retried == set(expand_codes("408 409 480 486 487 500-504 506-600"))


@pytest.mark.parametrize("cause", [0, 16, 18, 19])
def test_no_answer_is_what_a_trunk_says_with_these_causes(cause: int) -> None:
    trunk = trunk_leg("NOANSWER", cause, timedelta(seconds=3))
    assert determine_disposition(call(trunk, "NOANSWER")) is Disposition.NO_ANSWER


# -- a trunk that says nothing


@pytest.mark.parametrize(
    ("status", "cause", "seconds", "result"),
    [
        ("NOANSWER", 0, 6, "unreachable trunk"),
        ("NOANSWER", 0, 30, "unreachable trunk"),
        ("CANCEL", 19, 20, "unreachable trunk"),
        ("CANCEL", 16, 20, "unreachable trunk"),
        ("NOANSWER", 0, 60, "no answer"),  # SIP gives up a silent trunk after 32 s: this one has said something
        ("CANCEL", 19, 60, "no answer"),
        ("CANCEL", 19, 2, "no answer"),  # somebody hung up before it could say anything
        ("NOANSWER", 19, 20, "no answer"),  # it answered with 480
        ("NOANSWER", 18, 32, "unreachable trunk"),
        ("NOANSWER", 18, 5, "no answer"),  # it answered with 408
    ],
)
def test_a_trunk_from_which_nothing_was_heard_is_unreachable(
    status: str, cause: int, seconds: int, result: str
) -> None:
    trunk = trunk_leg(status, cause, timedelta(seconds=seconds))
    assert determine_disposition(call(trunk, "NOANSWER")) == result
    trunk.spoke = True
    assert determine_disposition(call(trunk, "NOANSWER")) is Disposition.NO_ANSWER


def test_only_sip_tells_a_silent_trunk_by_its_time() -> None:
    trunk = trunk_leg("NOANSWER", 0, timedelta(seconds=20), name="DAHDI/i1/89161111111-1")
    assert determine_disposition(call(trunk, "NOANSWER")) is Disposition.NO_ANSWER


# -- moved


def test_a_call_that_is_sent_elsewhere_is_moved_and_a_congestion_is_not() -> None:
    assert determine_disposition(call(trunk_leg("CONGESTION", 0), "CONGESTION", forwarded=True)) == "moved"
    assert determine_disposition(call(trunk_leg("CONGESTION", 0), "CONGESTION")) == "congestion"
    assert determine_disposition(call(trunk_leg("CONGESTION", 23), "CONGESTION")) == "moved"
    assert Disposition.MOVED not in RETRYABLE


# -- gaps


@pytest.mark.parametrize(
    ("status", "cause", "seconds"),
    [("NOANSWER", 127, 1), ("NOANSWER", 38, 1), ("NOANSWER", 0, 20), ("CONGESTION", 0, 1)],
)
def test_what_depends_on_events_that_were_missed_is_unknown(status: str, cause: int, seconds: int) -> None:
    trunk = trunk_leg(status, cause, timedelta(seconds=seconds))
    missed = call(trunk, "NOANSWER")
    missed.gap = NINE
    assert determine_disposition(missed) is Disposition.UNKNOWN
    missed.gap = None
    assert determine_disposition(missed) is not Disposition.UNKNOWN


# -- the documentation


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_documentation_has_the_same_table(language: str) -> None:
    text = (ROOT / "docs" / language / "reference" / "results.md").read_text()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if _ROW.match(line)]
    table = [[row[0].replace(",", "").replace("–", "-"), *(_word(cell) for cell in row[2:])] for row in cells]
    assert table == [
        [one.codes, f"{one.trunk} {one.cause}", one.result, one.by_cause, one.after_ringing] for one in CLASSES
    ]


def _word(cell: str) -> str:
    return "" if cell == "–" else cell.strip("`")

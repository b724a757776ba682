"""The question after the message, its keys and the operator, as the snippet asks them, and what AMI tells of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from obzvon.asterisk.ami.call_tracker import LineCounts
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.domain.results import Disposition
from tests.asterisk.ami import ami_of, linked, outcomes
from tests.asterisk.call_files import ordinary
from tests.asterisk.manager import Manager
from tests.asterisk.rig import QUESTION, Rig
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk

ASKED = "w" * 24
"""In half seconds, from the answer to the middle of the question: a second of quiet, and the message of 7 s."""
AGAIN = "w" * 8
"""From there to the middle of the next time."""


@pytest.fixture(scope="module")
def asking_rig(asterisk_root: Path) -> Iterator[Rig]:
    """A rig that asks, and whose operator is a phone at the carrier; the message is as long as the question."""
    with Rig(
        asterisk_root,
        message=QUESTION,
        OBZVON_QUESTION="HOME/question",
        OBZVON_ANSWER_WAIT=3,
        OBZVON_OPERATOR="PJSIP/89990000001@carrier",
    ) as rig:
        yield rig


@pytest.fixture
def asking(asking_rig: Rig) -> Rig:
    """The same, without what earlier tests left in its ledger and log."""
    asking_rig.carrier.forget()
    asking_rig.pbx.forget_log()
    return asking_rig


def keys_of(rig: Rig, pressed: dict[str, str]) -> dict[str, AttemptOutcome]:
    """Rings the numbers, whose people press that, and returns their outcomes."""
    rig.carrier.set_keys(pressed)
    with linked(ami_of(rig.pbx)) as link:
        for number in pressed:
            rig.pbx.put(number, ordinary(number))
        return {one.number: one for one in outcomes(link, len(pressed))}


def was_asked(rig: Rig, number: str) -> bool:
    return re.search(rf'Executing .* Read\("Local/{number}@', rig.pbx.new_log()) is not None


def test_the_key_is_asked_for_once_more_after_any_other(asking: Rig) -> None:
    pressed = {
        "89161110001": f"{ASKED}1", "89161110011": f"{ASKED}9", "89161110021": f"{ASKED}5{AGAIN}1",
        "89161110031": f"{ASKED}5{AGAIN}7", "89161110041": f"{ASKED}#{AGAIN}9", "89161110051": "w",
        "89161110061": "w1",
    }  # fmt: skip
    expected = {"89161110001": "1", "89161110011": "9", "89161110021": "1", "89161110031": "7", "89161110041": "9",
                "89161110051": "", "89161110061": ""}  # fmt: skip
    told = keys_of(asking, pressed)
    assert {number: one.key for number, one in told.items()} == expected
    assert {one.disposition for one in told.values()} == {Disposition.ANSWERED}
    once, twice = (told[number].listened or 0 for number in ("89161110001", "89161110031"))
    assert once + 3 < twice < told["89161110051"].listened  # type: ignore[operator]
    assert asking.pbx.problem_lines() == []


def test_the_answer_is_one_event(asking: Rig) -> None:
    number = "89161110071"
    asking.carrier.set_keys({number: f"{ASKED}5{AGAIN}1"})
    with Manager(asking.pbx.ami_port) as manager:
        manager.login(asking.pbx.ami_user, asking.pbx.ami_secret, events=True)
        asking.pbx.put(number, ordinary(number))
        until(lambda: manager.action("Ping") and not any(asking.pbx.outgoing.iterdir()), "it is over")
        [event] = [fields for _, fields in manager.seen if fields.get("UserEvent") == "ObzvonAnswer"]
    assert event["Key"] == "1"
    assert was_asked(asking, number)
    assert event["Channel"].startswith(f"Local/{number}@avtoobzvon-")
    assert event["Linkedid"] == event["Uniqueid"]


def test_0_leads_to_the_operator_and_the_call_counts_until_they_have_talked(asking: Rig) -> None:
    number, operator = "89161110081", "89990000001"
    asking.carrier.set_keys({number: f"{ASKED}0"})
    asking.carrier.set_talk({operator: 6})
    with linked(ami_of(asking.pbx)) as link:
        asking.pbx.put(number, ordinary(number))
        until(lambda: any(entry.answered for entry in asking.carrier.calls_to(operator)), "the operator answers")
        until(lambda: link.calls.lines_in_use() == LineCounts(2, 0, 4), "the call and the operator are up")
        until(
            lambda: (
                any(entry.ended for entry in asking.carrier.calls_to(operator))
                or not any(asking.pbx.outgoing.iterdir())
            ),
            "one of them ends",
        )
        assert [entry.ended is None for entry in asking.carrier.calls_to(operator)] == [False]
        [one] = outcomes(link, 1)
    assert (one.key, one.disposition) == ("0", Disposition.ANSWERED)
    assert one.answered
    assert one.ended
    # The operator's six seconds, and not the forty for which the operator may ring.
    assert 6 <= (one.ended - one.answered).total_seconds() - (one.listened or 0) < 30
    assert asking.pbx.problem_lines() == []


def test_without_an_operator_0_is_a_key_like_any_other(asking: Rig) -> None:
    asking.pbx.cli('dialplan set global OBZVON_OPERATOR ""')
    try:
        told = keys_of(asking, {"89161110091": f"{ASKED}0{AGAIN}0"})
        assert [one.key for one in told.values()] == ["0"]
    finally:
        asking.pbx.cli("dialplan set global OBZVON_OPERATOR PJSIP/89990000001@carrier")


def test_nothing_is_asked_unless_it_is_switched_on(rig: Rig) -> None:
    number = "89161112101"
    rig.carrier.set_keys({number: "w" * 16 + "1"})
    with linked(ami_of(rig.pbx)) as link:
        rig.pbx.put(number, ordinary(number))
        [one] = outcomes(link, 1)
    assert (one.key, one.disposition) == ("", Disposition.ANSWERED)
    assert one.listened
    assert not was_asked(rig, number)


def test_the_calls_over_the_trunk_are_a_group_with_other_peoples(rig: Rig) -> None:
    with linked(ami_of(rig.pbx, trunk="", group="trunk@obzvon")) as link:
        for number in ("89161113101", "89161113111"):
            rig.pbx.put(number, ordinary(number))
        until(lambda: link.calls.lines_in_use() == LineCounts(2, 0, 6), "two lines are in use")
        rig.pbx.put("other", "Channel: Local/89161113121@obzvon-numbers\nApplication: Wait\nData: 4\n")
        until(lambda: link.calls.lines_in_use() == LineCounts(2, 1, 9), "and somebody else's")
        until(lambda: link.calls.lines_in_use() == LineCounts(0, 0, 0), "all have hung up")

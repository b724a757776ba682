"""Outcomes by the manager events that real Asterisks sent about calls: ami_events/, recorded by
tests/asterisk/record.py."""

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obzvon.asterisk.ami.call_tracker import SETTLE_DELAY, CallTracker, LineCounts, is_trunk_channel
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.domain.results import Disposition
from tests.support.profile import often, thinned
from tests.support.recorded_events import RECORDED, Timed, channels, entry, talking

NINE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
CONTEXTS = {"avtoobzvon", "avtoobzvon-ivr", "nowhere"}
LATER = timedelta(minutes=2)


EXPECTED = {
    "answered": Disposition.ANSWERED,
    "they hang up": Disposition.ANSWERED,
    "with a code": Disposition.ANSWERED,
    "answered through routes": Disposition.ANSWERED,
    "busy": Disposition.BUSY,
    "busy through routes": Disposition.BUSY,
    "declined": Disposition.NO_ANSWER,
    "wait time over": Disposition.NO_ANSWER,
    "dial timeout": Disposition.NO_ANSWER,
    "no answer through routes": Disposition.NO_ANSWER,
    "congestion": Disposition.CONGESTION,
    "no such number": Disposition.NO_SUCH_NUMBER,
    "no such number through routes": Disposition.NO_SUCH_NUMBER,
    "refused": Disposition.REFUSED,
    "no endpoint": Disposition.NO_TRUNK,
    "trunk does not answer": Disposition.NO_TRUNK,
    "no context": Disposition.WRONG_DIALPLAN,
    "no pattern": Disposition.WRONG_DIALPLAN,
    "refused by the dialplan": Disposition.WRONG_DIALPLAN,
}
ANSWERED = [kind for kind, disposition in EXPECTED.items() if disposition is Disposition.ANSWERED]
CASES = [(version, kind) for version in RECORDED for kind in EXPECTED]

both = pytest.mark.parametrize("version", RECORDED)
every = pytest.mark.parametrize(("version", "kind"), CASES)


def moment(milliseconds: int) -> datetime:
    return NINE + timedelta(milliseconds=milliseconds)


def feed(calls: CallTracker, events: Iterable[Timed]) -> None:
    for at, fields in events:
        calls.feed(fields, moment(at))


def outcomes(events: Iterable[Timed]) -> list[AttemptOutcome]:
    """Return the outcomes, once nothing more comes."""
    calls = CallTracker(CONTEXTS)
    feed(calls, events)
    ended = calls.take_outcomes(NINE + LATER)
    assert calls.take_outcomes(NINE + LATER) == []
    assert calls.count_lines() == LineCounts(0, 0, 0)
    assert len(calls) == 0
    return ended


def the_outcome(events: Iterable[Timed]) -> AttemptOutcome:
    [ended] = outcomes(events)
    return ended


def leg(fields: dict[str, str]) -> str:
    """The channel in whose thread an event arises."""
    return fields.get("Uniqueid") or fields["DestUniqueid"]


def other_people(events: Iterable[Timed]) -> list[Timed]:
    """The same calls in a context that is none of ours."""
    text = json.dumps(list(events)).replace("@avtoobzvon", "@from-internal").replace("@nowhere", "@from-internal")
    return [(at, fields) for at, fields in json.loads(text)]


def elsewhere(events: Iterable[Timed], call: int) -> list[Timed]:
    """The same call as another one, with a number and channels of its own."""
    text = json.dumps(list(events)).replace('id": "', f'id": "{call}').replace("Local/8", f"Local/{call}8")
    return [(at, fields) for at, fields in json.loads(text)]


# -- the table


def test_both_versions_have_every_kind() -> None:
    assert set(RECORDED) == {"asterisk-16", "asterisk-22"}
    for kinds in RECORDED.values():
        assert set(EXPECTED) | {"retried"} <= set(kinds)


@every
def test_each_kind_of_call_ends_as_the_table_says(version: str, kind: str) -> None:
    ended = the_outcome(RECORDED[version][kind])
    assert ended.disposition is EXPECTED[kind]
    assert ended.complete
    assert (ended.context == "avtoobzvon-ivr") == (kind == "with a code")
    assert ended.begun <= (ended.rang or ended.begun) <= (ended.answered or ended.ended or ended.begun)
    assert ended.ended
    assert bool(ended.answered) == (ended.listened is not None) == (kind in ANSWERED)


@both
@pytest.mark.parametrize(
    ("causes", "disposition"), [([], Disposition.WRONG_DIALPLAN), (["4"], Disposition.NO_ANSWER)], ids=["", "stops"]
)
def test_a_call_that_a_stopping_asterisk_hangs_up_is_no_fault_of_the_dialplan(
    version: str, causes: list[str], disposition: Disposition
) -> None:
    """Recorded while it stopped: a SoftHangupRequest with cause 4 for each channel, and then its Hangup."""
    begun = list(itertools.takewhile(lambda event: "PJSIP/" not in json.dumps(event[1]), RECORDED[version]["answered"]))
    channels_up = {leg(fields): fields for _, fields in begun if fields["Event"] == "Newchannel"}.values()
    stops = [(900, {**one, "Event": "SoftHangupRequest", "Cause": cause}) for one in channels_up for cause in causes]
    ends = [(950, {**one, "Event": "Hangup", "Cause": "0"}) for one in channels_up]
    assert the_outcome([*begun, *stops, *ends]).disposition is disposition


@both
def test_what_the_other_side_said_before_asterisk_stops_counts(version: str) -> None:
    events = RECORDED[version]["busy"]
    first = events[0][1]
    stops = {**first, "Event": "SoftHangupRequest", "Cause": "4"}
    end = next(place for place, (_, fields) in enumerate(events) if fields["Event"] == "Hangup")
    at = events[end][0]
    assert the_outcome([*events[:end], (at, stops), *events[end:]]).disposition is Disposition.BUSY


@both
def test_number_moments_and_cause_are_told(version: str) -> None:
    ended = the_outcome(RECORDED[version]["they hang up"])
    assert (ended.number, ended.context, ended.key) == ("89161100104", "avtoobzvon", "")
    assert ended.begun == NINE
    assert ended.rang
    assert ended.answered
    assert ended.rang < ended.answered < NINE + timedelta(seconds=1)
    assert ended.listened == pytest.approx(3, abs=0.6)
    assert ended.cause == 16
    assert the_outcome(RECORDED[version]["no such number"]).cause == 1
    assert the_outcome(RECORDED[version]["refused"]).cause == 21
    assert the_outcome(RECORDED[version]["busy"]).rang is None


@both
def test_each_attempt_of_a_call_that_asterisk_retries_is_an_outcome(version: str) -> None:
    first, second = outcomes(RECORDED[version]["retried"])
    assert (first.disposition, second.disposition) == (Disposition.BUSY, Disposition.BUSY)
    assert first.number == second.number
    assert first.begun < second.begun


@both
def test_of_two_trunks_the_last_one_tells(version: str) -> None:
    """As where an outbound route tries a second trunk."""
    tried = RECORDED[version]["busy"]
    [trunk] = [fields["Uniqueid"] for fields in channels(tried) if fields["Channel"].startswith("PJSIP")]
    refused = json.loads(
        json.dumps(tried)
        .replace(f'"{trunk}"', f'"{trunk}9"')
        .replace("BUSY", "CONGESTION")
        .replace('"Cause": "17"', '"Cause": "34"')
    )
    second = [(at, fields) for at, fields in refused if f"{trunk}9" in fields.values()]
    assert the_outcome([*tried[:-1], *second, tried[-1]]).disposition is Disposition.BUSY  # towards L1
    without_l1 = [(at, fields) for at, fields in tried if fields.get("DialStatus") != "BUSY"]
    assert the_outcome([*without_l1[:-1], *second, without_l1[-1]]).disposition is Disposition.CONGESTION


# -- order, repetition, strangers


@settings(max_examples=often(commit=20, long=300))
@given(st.data())
def test_the_order_of_the_legs_changes_nothing(data: st.DataObject) -> None:
    version, kind = data.draw(st.sampled_from(CASES))
    events = RECORDED[version][kind]
    legs: dict[str, list[Timed]] = {}
    for event in events:
        legs.setdefault(leg(event[1]), []).append(event)
    order = data.draw(st.permutations([name for name, own in legs.items() for _ in own]))
    shuffled = [legs_of.pop(0) for legs_of in map({name: own.copy() for name, own in legs.items()}.__getitem__, order)]
    assert sorted(map(str, shuffled)) == sorted(map(str, events))
    assert the_outcome(shuffled) == the_outcome(events)


@settings(max_examples=often(commit=20, long=300))
@given(st.data())
def test_repeated_and_late_events_change_nothing_twice(data: st.DataObject) -> None:
    version, kind = data.draw(st.sampled_from(CASES))
    events = RECORDED[version][kind]
    repeated = list(events)
    for place in data.draw(st.lists(st.integers(0, len(events) - 1), max_size=10)):
        repeated.insert(data.draw(st.integers(place + 1, len(repeated))), events[place])
    calls = CallTracker(CONTEXTS)
    feed(calls, repeated)
    [ended] = calls.take_outcomes(NINE + LATER)
    plain = the_outcome(events)
    assert (ended.disposition, ended.number, ended.cause) == (plain.disposition, plain.number, plain.cause)
    feed(calls, events)
    assert calls.take_outcomes(NINE + 2 * LATER) == []
    assert calls.count_lines() == LineCounts(0, 0, 0)


@every
def test_an_outcome_is_told_when_all_legs_are_hung_up_and_not_before(version: str, kind: str) -> None:
    events = RECORDED[version][kind]
    last = max(place for place, (_, fields) in enumerate(events) if fields["Event"] == "Hangup")
    calls = CallTracker(CONTEXTS)
    feed(calls, events[:last])
    assert calls.take_outcomes(NINE + LATER) == []
    feed(calls, events[last:])
    end = moment(events[-1][0])
    assert calls.take_outcomes(end) == []  # a leg that nobody has heard of yet would be announced now
    assert calls.has_ending_calls
    assert len(calls.take_outcomes(end + SETTLE_DELAY)) == 1
    assert not calls.has_ending_calls


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    calls = CallTracker(CONTEXTS)
    feed(calls, RECORDED["asterisk-22"]["busy"])
    assert len(calls.take_outcomes(NINE - LATER)) == 1


@every
def test_other_peoples_calls_have_no_outcome_and_are_forgotten(version: str, kind: str) -> None:
    assert outcomes(other_people(RECORDED[version][kind])) == []


@both
def test_calls_at_the_same_time_are_kept_apart(version: str) -> None:
    calls = [elsewhere(RECORDED[version][kind], 100 + place) for place, kind in enumerate(EXPECTED)]
    together = sorted(itertools.chain(*calls, other_people(RECORDED[version]["answered"])), key=lambda event: event[0])
    ended = {one.number: one.disposition for one in outcomes(together) if one.number[0] == "1"}
    for place, (kind, disposition) in enumerate(EXPECTED.items()):
        if (number := f"{100 + place}{the_outcome(RECORDED[version][kind]).number}") in ended:
            assert ended[number] is disposition
    assert len(outcomes(together)) == len(EXPECTED)


@settings(max_examples=often(commit=20, long=200))
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "Event",
                    "Channel",
                    "Uniqueid",
                    "Linkedid",
                    "DestUniqueid",
                    "DestLinkedid",
                    "DestChannel",
                    "Cause",
                    "DialStatus",
                    "UserEvent",
                    "Key",
                    "ChannelStateDesc",
                ]
            ),
            st.one_of(
                st.sampled_from(
                    [
                        "Newchannel",
                        "Newstate",
                        "DialBegin",
                        "DialEnd",
                        "Hangup",
                        "Rename",
                        "UserEvent",
                        "1.1",
                        "ObzvonAnswer",
                        "1.2",
                        "Local/8@avtoobzvon-00000001;1",
                        "ANSWER",
                        "Up",
                        "9" * 99,
                        "\0",
                    ]
                ),
                st.text(max_size=5),
                st.lists(st.text(max_size=3), max_size=2),
            ),
        )
    )
)
def test_no_event_makes_a_traceback(events: list[dict[str, object]]) -> None:
    calls = CallTracker(CONTEXTS)
    for event in events:
        calls.feed(event, NINE)
        calls.take_outcomes(NINE)
    calls.reconcile(events, calls.channels_up(), NINE, is_first=True)
    calls.take_outcomes(NINE + LATER)
    calls.count_lines("PJSIP/a")


# -- keys


def answer(events: Sequence[Timed], **fields: str) -> Timed:
    """A UserEvent in L1 just before its end."""
    first = events[0][1]
    at = max(at for at, event in events if event.get("Uniqueid") == first["Uniqueid"]) - 1
    return at, {
        "Event": "UserEvent",
        "UserEvent": "ObzvonAnswer",
        "Channel": first["Channel"],
        "Uniqueid": first["Uniqueid"],
        "Linkedid": first["Linkedid"],
        **fields,
    }


@pytest.mark.parametrize(
    ("written", "key"),
    [("1", "1"), ("9", "9"), ("0", "0"), ("*", "*"), ("", ""), ("1;x", ""), ("1" * 9, ""), ("١", "")],
)
def test_the_key_that_was_pressed_comes_with_the_outcome(written: str, key: str) -> None:
    events = RECORDED["asterisk-22"]["answered"]
    assert the_outcome([*events, answer(events, Key=written)]).key == key


def test_a_second_answer_and_other_events_of_users_change_nothing() -> None:
    events = RECORDED["asterisk-22"]["answered"]
    answers = [answer(events, UserEvent="Other", Key="3"), answer(events, Key="1"), answer(events, Key="9")]
    assert the_outcome([*events, *answers]).key == "1"


@pytest.mark.parametrize("version", RECORDED)
def test_an_answered_call_whose_message_could_not_be_played_is_not_answered_but_that(version: str) -> None:
    events = RECORDED[version]["answered"]
    outcome = the_outcome([*events, answer(events, UserEvent="ObzvonNotPlayed")])
    assert outcome.disposition is Disposition.NOT_PLAYED
    assert outcome.answered
    assert the_outcome(events).disposition is Disposition.ANSWERED


# -- gaps


def cut_at(version: str, kind: str, place: int, comes_back: int) -> AttemptOutcome:
    """The outcome of a call of whose events those from `place` to `comes_back` were missed."""
    events = RECORDED[version][kind]
    calls = CallTracker(CONTEXTS)
    feed(calls, events[:place])
    now = moment(events[place][0])
    calls.mark_gap(now)
    missed = events[:comes_back]
    hung_up = {leg(fields) for _, fields in missed if fields["Event"] == "Hangup"}
    states = {leg(fields): fields["ChannelStateDesc"] for _, fields in missed if "ChannelStateDesc" in fields}
    up = [
        entry(fields, state=states[fields["Uniqueid"]])
        for fields in channels(missed)
        if fields["Uniqueid"] not in hung_up
    ]
    calls.reconcile(up, calls.channels_up(), now, is_first=True)
    feed(calls, [(at + 1, fields) for at, fields in events[comes_back:]])
    taken = calls.take_outcomes(NINE + LATER)
    assert len(calls) == 0
    if not taken:  # it began and ended in the gap
        assert len(channels(events[:place])) == 0
        return the_outcome(RECORDED[version]["answered"])
    [ended] = taken
    return ended


@every
def test_a_gap_makes_no_disposition_wrong(version: str, kind: str) -> None:
    count = len(RECORDED[version][kind])
    for place, comes_back in thinned(list(itertools.combinations(range(1, count + 1), 2)), 5):
        if place < count:
            ended = cut_at(version, kind, place, comes_back)
            assert ended.disposition in (EXPECTED[kind], Disposition.UNKNOWN), (place, comes_back)
            assert not ended.complete


@every
def test_events_that_come_before_the_list_of_a_new_connection_make_no_disposition_wrong(
    version: str, kind: str
) -> None:
    events = RECORDED[version][kind]
    places = list(itertools.combinations(range(1, len(events) + 1), 2))
    for connected, listed in thinned(places, 5):
        calls = CallTracker(CONTEXTS)
        feed(calls, events[connected:listed])
        gone = {leg(fields) for _, fields in events[:listed] if fields["Event"] == "Hangup"}
        states = {
            leg(fields): fields["ChannelStateDesc"] for _, fields in events[:listed] if "ChannelStateDesc" in fields
        }
        up = [
            entry(fields, state=states[fields["Uniqueid"]])
            for fields in channels(events[:listed])
            if fields["Uniqueid"] not in gone
        ]
        calls.reconcile(up, calls.channels_up(), moment(events[listed - 1][0]), is_first=True)
        feed(calls, events[listed:])
        for ended in calls.take_outcomes(NINE + LATER):
            assert ended.disposition in (EXPECTED[kind], Disposition.UNKNOWN), (connected, listed)


@both
@pytest.mark.parametrize("kind", ANSWERED)
def test_whoever_answered_before_a_gap_or_speaks_after_it_has_answered(version: str, kind: str) -> None:
    events = RECORDED[version][kind]
    [answered] = [
        place
        for place, (_, fields) in enumerate(events)
        if fields.get("DialStatus") == "ANSWER" and leg(fields) == events[0][1]["Uniqueid"]
    ]
    last = len(events)
    before = cut_at(version, kind, answered + 1, last)
    assert (before.disposition, before.ended, before.listened) == (Disposition.ANSWERED, None, None)
    after = cut_at(version, kind, 2, answered + 1)
    assert (after.disposition, after.answered) == (Disposition.ANSWERED, None)
    assert after.ended


@both
def test_a_call_that_began_in_a_gap_is_known_from_the_list(version: str) -> None:
    events = RECORDED[version]["they hang up"]
    calls = CallTracker(CONTEXTS)
    calls.reconcile(
        [entry(fields, "00:00:02") for fields in channels(events)], calls.channels_up(), NINE, is_first=True
    )
    assert calls.count_lines("PJSIP/carrier") == LineCounts(1, 0, 3)
    feed(calls, [event for event in events if event[1]["Event"] == "Hangup"])
    [ended] = calls.take_outcomes(NINE + LATER)
    assert (ended.number, ended.disposition) == ("89161100104", Disposition.ANSWERED)
    assert ended.begun == NINE - timedelta(seconds=2)
    assert not ended.complete


# -- the list on a connection that is up


def test_a_channel_that_lacks_in_one_list_may_be_hanging_up_and_in_two_it_is_gone() -> None:
    calls = CallTracker(CONTEXTS)
    feed(calls, talking())
    for up in (3, 0):
        calls.reconcile([], calls.channels_up(), NINE, is_first=False)
        assert calls.count_lines().channels == up
    [ended] = calls.take_outcomes(NINE + LATER)
    assert ended.disposition is Disposition.ANSWERED
    assert ended.ended is None


def test_what_is_announced_while_the_list_is_made_is_not_taken_for_gone() -> None:
    calls = CallTracker(CONTEXTS)
    before = calls.channels_up()
    feed(calls, talking())
    for _ in range(2):
        calls.reconcile([], before, NINE, is_first=True)
    assert calls.count_lines().channels == 3


def test_channels_that_nobody_announced_are_counted_unless_they_are_too_young_to_have_been() -> None:
    """A manager user without read=call gets no events."""
    up = [entry(fields, "00:00:09") for fields in channels(RECORDED["asterisk-22"]["answered"])]
    calls = CallTracker(CONTEXTS)
    assert (
        calls.reconcile([{**one, "Duration": "00:00:01"} for one in up], calls.channels_up(), NINE, is_first=False) == 0
    )
    assert calls.count_lines().channels == 0
    assert calls.reconcile(up, calls.channels_up(), NINE, is_first=False) == 3
    assert calls.count_lines() == LineCounts(1, 0, 3)


def test_a_stale_list_brings_nobody_back_to_life() -> None:
    events = RECORDED["asterisk-22"]["busy"]
    calls = CallTracker(CONTEXTS)
    feed(calls, events)
    assert len(calls.take_outcomes(NINE + LATER)) == 1
    calls.reconcile([entry(fields) for fields in channels(events)], calls.channels_up(), NINE, is_first=True)
    assert len(calls) == 0


# -- lines


def test_lines_are_ours_and_other_peoples_by_trunk_or_by_call() -> None:
    calls = CallTracker(CONTEXTS)
    feed(calls, talking())
    feed(calls, elsewhere(other_people(talking()), 7))
    feed(calls, elsewhere(other_people(RECORDED["asterisk-22"]["no context"][:2]), 8))
    assert calls.count_lines("PJSIP/carrier") == LineCounts(1, 1, 8)
    assert calls.count_lines("PJSIP/other") == LineCounts(0, 0, 8)
    assert calls.count_lines() == LineCounts(1, 2, 8)
    calls.feed(
        {"Event": "Rename", "Uniqueid": channels(talking())[2]["Uniqueid"], "Newname": "PJSIP/other-00000009"}, NINE
    )
    assert calls.count_lines("PJSIP/other") == LineCounts(1, 0, 8)


@pytest.mark.parametrize(
    ("trunk", "channel", "is_its"),
    [
        ("PJSIP/carrier", "PJSIP/carrier-0000000a", True),
        ("PJSIP/carrier", "PJSIP/carrier2-0000000a", False),
        ("PJSIP/carrier", "PJSIP/carrier-two-0000000a", False),
        ("PJSIP/carrier-two", "PJSIP/carrier-two-0000000a", True),
        ("PJSIP/carrier", "Local/PJSIP/carrier-0000000a;1", False),
        ("SIP/Zadarma usa", "SIP/Zadarma usa-0000061a", True),
        ("SIP/Zadarma", "SIP/Zadarma usa-0000061a", False),
        ("PJSIP/Мегафон Север", "PJSIP/Мегафон Север-0000000a", True),
        ("DAHDI/i1", "DAHDI/i1/89161111111-a", True),
        ("DAHDI/i1", "DAHDI/i10/89161111111-a", False),
        ("DAHDI/", "DAHDI/i10/89161111111-a", True),
        ("PJSIP/out-", "PJSIP/out-two-0000000a", True),
    ],
)
def test_whose_channel_it_is(trunk: str, channel: str, is_its: bool) -> None:
    assert is_trunk_channel(trunk, channel) is is_its


# -- memory


def test_a_flood_of_channels_that_never_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obzvon.asterisk.ami.call_tracker.MAX_CHANNELS", 1000)
    monkeypatch.setattr("obzvon.asterisk.ami.call_tracker._MAX_FORMER_CHANNELS", 500)
    calls = CallTracker(CONTEXTS)
    for number in range(3000):
        calls.feed(
            {
                "Event": "Newchannel",
                "Channel": f"PJSIP/a-{number}",
                "Uniqueid": f"1.{number}",
                "Linkedid": f"1.{number}",
            },
            NINE,
        )
    assert len(calls) == 1000
    calls.reconcile([], calls.channels_up(), NINE, is_first=True)
    calls.take_outcomes(NINE + LATER)
    assert len(calls) == 0
    assert len(calls.gone) == 500


def test_an_outcome_can_be_written_down() -> None:
    ended = the_outcome(RECORDED["asterisk-22"]["answered"])
    assert msgspec.json.decode(msgspec.json.encode(ended), type=AttemptOutcome) == ended

"""A call as an action: the same call as its call file makes, and nothing in it that could be more than that."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from panoramisk.actions import Action

from obzvon.asterisk import callfile
from obzvon.asterisk.ami.originate import (
    CallLiveness,
    OriginateTemplate,
    call_liveness,
    channel_id,
    classify_refusal,
    is_channel_id,
    is_extension_missing,
    is_permission_denied,
    is_shutting_down,
)
from obzvon.asterisk.callfile import UnsafeValueError
from obzvon.domain.calls import CallForm
from obzvon.domain.results import Disposition
from tests.support.workshop import at

FORM = CallForm(context="avtoobzvon-ivr", caller_id="Office <6122103>", wait_time=45)
CHANNEL = channel_id("20260105-abcdef", 7, 2)
NINE = at("09:00")
SECOND = timedelta(seconds=1)


def test_an_action_is_the_call_of_its_call_file() -> None:
    assert OriginateTemplate(FORM).render(CHANNEL, "89502222222", "1*") == {
        "Action": "Originate",
        "Channel": "local/89502222222@avtoobzvon-ivr",
        "Context": "avtoobzvon-ivr",
        "Exten": "play",
        "Priority": "1",
        "Timeout": "45000",
        "Async": "true",
        "CallerID": "Office <6122103>",
        "Variable": ["dtmf=1*", "CALLEE=89502222222"],
        "ChannelId": CHANNEL,
        "OtherChannelId": f"{CHANNEL};2",
    }
    file = callfile.CallFileTemplate(FORM).render("89502222222", "1*").decode().splitlines()
    assert "Channel: local/89502222222@avtoobzvon-ivr" in file
    assert [line for line in file if "Setvar" in line] == ["Setvar: dtmf=1*", "Setvar: CALLEE=89502222222"]


def test_without_a_code_or_caller_nothing_is_said_of_them() -> None:
    plain = OriginateTemplate(CallForm(context="avtoobzvon")).render(CHANNEL, "89161111111")
    assert "Variable" not in plain
    assert "CallerID" not in plain


def test_a_chosen_message_is_one_variable_more_and_nothing_but_hexadecimal_digits() -> None:
    template, message = OriginateTemplate(FORM), "0123456789abcdef" * 2
    plain = template.render(CHANNEL, "89502222222", "1")
    chosen = template.render(CHANNEL, "89502222222", "1", message)
    assert chosen == {**plain, "Variable": ["dtmf=1", "CALLEE=89502222222", f"message={message}"]}
    assert template.render(CHANNEL, "89161111111", "", message)["Variable"] == [f"message={message}"]
    for wrong in ("a" * 31, "a" * 31 + ",", "A" * 32, "a" * 32 + "\r\nAction: Command"):
        with pytest.raises(UnsafeValueError):
            template.render(CHANNEL, "89161111111", "", wrong)


def test_the_account_code_is_the_name_where_that_is_set() -> None:
    form = msgspec.structs.replace(FORM, account=True)
    assert "Account" not in OriginateTemplate(FORM).render(CHANNEL, "89161111111")
    assert OriginateTemplate(form).render(CHANNEL, "89161111111")["Account"] == CHANNEL


def test_each_attempt_of_each_call_has_a_channel_of_its_own() -> None:
    names = {
        channel_id(token, position, attempt)
        for token in ("20260105-abcdef", "20260105-abcde0")
        for position in (1, 11)
        for attempt in (1, 11)
    }
    assert len(names) == 8
    assert all(is_channel_id(name) for name in names)
    assert not is_channel_id("1795576538.2")
    assert not is_channel_id(f"{CHANNEL};2")


HOSTILE = [
    "1\r\nAction: Command",
    "1\nVariable: SHELL(id)=1",
    "1,FILE(/etc/passwd)=x",
    "76@other/n",
    "1;2",
    "1#",
    "",
    " 1",
    "１",
    "1\0",
    "1\u2028",
]
LINES = ["a\r\nApplication: System\r\nData: id", "a\nb", "a;b", "a#b", "a\0b", "\x85", "\udcff"]


@pytest.mark.parametrize("number", HOSTILE)
def test_a_number_that_is_more_than_one_never_gets_into_an_action(number: str) -> None:
    with pytest.raises(UnsafeValueError):
        OriginateTemplate(FORM).render(CHANNEL, number)


@pytest.mark.parametrize("code", [*(code for code in HOSTILE if code not in ("", "1#")), "1W", "1" * 33])
def test_a_code_that_is_more_than_one_never_gets_into_an_action(code: str) -> None:
    with pytest.raises(UnsafeValueError):
        OriginateTemplate(FORM).render(CHANNEL, "89161111111", code)


@pytest.mark.parametrize("code", ["205#", "1w2", "*"])
def test_a_code_of_keys_and_pauses_is_a_variable(code: str) -> None:
    action = OriginateTemplate(FORM).render(CHANNEL, "89161111111", code)
    assert action["Variable"] == [f"dtmf={code}", "CALLEE=89161111111"]


@pytest.mark.parametrize("field", ["context", "caller_id", "extension"])
@pytest.mark.parametrize("value", LINES)
def test_a_setting_that_would_begin_another_line_never_gets_into_an_action(field: str, value: str) -> None:
    with pytest.raises(UnsafeValueError):
        OriginateTemplate(msgspec.structs.replace(FORM, **{field: value})).render(CHANNEL, "89161111111")


@pytest.mark.parametrize("channel", ["", "1795576538.2", f"{CHANNEL}\r\nAsync: false", f"{CHANNEL};2"])
def test_a_channel_that_we_have_not_named_is_refused(channel: str) -> None:
    with pytest.raises(UnsafeValueError):
        OriginateTemplate(FORM).render(channel, "89161111111")


def test_a_caller_that_asterisk_would_cut_off_is_refused() -> None:
    OriginateTemplate(msgspec.structs.replace(FORM, caller_id="я" * 127))
    with pytest.raises(UnsafeValueError):
        OriginateTemplate(msgspec.structs.replace(FORM, caller_id="я" * 128))


def test_what_is_sent_has_one_line_for_each_field() -> None:
    async def put_together() -> str:  # panoramisk's action has a future, and so needs a loop
        return str(Action(dict(OriginateTemplate(FORM).render(CHANNEL, "89502222222", "1"))))

    sent = asyncio.run(put_together())
    lines = sent.split("\r\n")
    assert lines[-2:] == ["", ""]
    assert sorted(line.partition(":")[0] for line in lines[:-2]) == [
        "Action",
        "ActionID",
        "Async",
        "CallerID",
        "Channel",
        "ChannelId",
        "Context",
        "Exten",
        "OtherChannelId",
        "Priority",
        "Timeout",
        "Variable",
        "Variable",
    ]


def test_a_refusal_is_told_from_a_missing_right() -> None:
    assert is_permission_denied("Permission denied")
    assert not is_permission_denied("Extension does not exist.")


def test_refusals_that_pass_are_told_from_those_of_one_call() -> None:
    assert is_shutting_down("Originate failed: Asterisk is shutting down")
    assert is_extension_missing("Extension does not exist.")
    assert not is_shutting_down("Originate failed")
    assert not is_extension_missing("Originate failed")
    disposition, reason = classify_refusal("Extension does not exist.", FORM)
    assert (disposition, str(reason)) == (Disposition.WRONG_DIALPLAN, "Asterisk's dialplan has no play@avtoobzvon-ivr")
    disposition, reason = classify_refusal("Originate failed\x1b[2J" + "x" * 100, FORM)
    assert disposition is Disposition.FAILED
    assert "\x1b" not in str(reason)
    assert len(str(reason)) < 150


@pytest.mark.parametrize(
    ("after", "is_up", "heard", "expected"),
    [
        (0, False, -60, CallLiveness.UNDECIDED),  # taken a moment ago, and not to be seen yet
        (9, False, -60, CallLiveness.UNDECIDED),
        (10, False, -60, CallLiveness.LOST),  # it would be there
        (3600, True, -60, CallLiveness.IN_PROGRESS),
        (100, True, None, CallLiveness.IN_PROGRESS),  # nobody hears
        (100, False, None, CallLiveness.UNDECIDED),
        (3600, True, None, CallLiveness.LOST),  # and will not in time
        (3600, False, None, CallLiveness.LOST),
        (100, False, 99, CallLiveness.UNDECIDED),  # a new connection
        (100, False, 98, CallLiveness.LOST),
        (100, True, 98, CallLiveness.IN_PROGRESS),
    ],
)
def test_a_call_is_waited_for_as_long_as_it_may_show_itself(
    after: float, is_up: bool, heard: float | None, expected: CallLiveness
) -> None:
    listening_since = None if heard is None else NINE + heard * SECOND
    assert call_liveness(NINE, NINE + after * SECOND, is_up=is_up, listening_since=listening_since) is expected

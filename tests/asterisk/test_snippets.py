"""The dialplan and the manager user, as they are copied, in a real Asterisk with a carrier behind it."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.asterisk.call_files import ordinary, with_code
from tests.asterisk.carrier import LedgerEntry
from tests.asterisk.instance import DIALPLAN, Asterisk
from tests.asterisk.manager import Manager
from tests.asterisk.rig import SNIPPETS, Pbx, Rig
from tests.support.spool_peer import status
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk


PLAIN = "[general]\n[globals]\nOTHER=1\n[other]\nexten => s,1,Hangup()\n"
OURS = '#include "extensions_obzvon.conf"\n'


def ring(rig: Rig, calls: Mapping[str, str]) -> dict[str, LedgerEntry]:
    """Hand over a call file for each number, all at once, and return each one's only call when all is over."""
    for number, text in calls.items():
        rig.pbx.put(number, text)
    until(lambda: not any((rig.pbx.outgoing / number).exists() for number in calls), "no file in the spool")
    until(lambda: all(entry.ended for entry in rig.carrier.ledger()), "the carrier has hung up")
    rung = {number: rig.carrier.calls_to(number) for number in calls}
    assert {number: len(entries) for number, entries in rung.items()} == dict.fromkeys(calls, 1)
    return {number: entry for number, (entry,) in rung.items()}


def ring_one(rig: Rig, number: str, text: str) -> LedgerEntry:
    return ring(rig, {number: text})[number]


# ---- they load

DIALPLAN_TEXT = (SNIPPETS / "extensions_obzvon.conf").read_text()

PLACEMENTS = {
    "included last": {"extensions.conf": PLAIN + OURS, "extensions_obzvon.conf": DIALPLAN_TEXT},
    "included first": {"extensions.conf": OURS + PLAIN, "extensions_obzvon.conf": DIALPLAN_TEXT},
    "as FreePBX's custom file": {
        "extensions.conf": "#include extensions_additional.conf\n#include extensions_custom.conf\n",
        "extensions_additional.conf": "[general]\n[globals]\n#include globals_custom.conf\nOTHER=1\n[from-internal]\n"
        "include => other\n[other]\nexten => s,1,Hangup()\n",
        "globals_custom.conf": "",
        "extensions_custom.conf": DIALPLAN_TEXT,
    },
}


@pytest.mark.parametrize("files", PLACEMENTS.values(), ids=PLACEMENTS)
def test_the_dialplan_loads_without_a_warning(asterisk_root: Path, files: dict[str, str]) -> None:
    with Asterisk(asterisk_root, files, DIALPLAN) as asterisk:
        assert asterisk.problem_lines() == []
        variables = asterisk.cli("dialplan show globals")
        assert "OTHER=1" in variables
        assert "OBZVON_TRUNK=PJSIP/NUMBER@mytrunk" in variables
        for context in ("avtoobzvon", "avtoobzvon-ivr"):
            assert "'play'" in asterisk.cli(f"dialplan show {context}")


def test_the_dialplan_needs_no_auto_fallthrough(rig: Rig) -> None:
    """An exten that runs out of steps would wait for digits where the administrator has turned it off."""
    for context in ("avtoobzvon", "avtoobzvon-ivr", "obzvon-message", "obzvon-dial"):
        for block in rig.pbx.cli(f"dialplan show {context}").split("\n  '")[1:]:
            steps = [line for line in block.splitlines() if "[extensions_obzvon.conf:" in line]
            assert any(end in steps[-1] for end in ("Hangup(", "Goto(", "Gosub("))


# ---- ordinary calls


def test_an_ordinary_call_rings_once_and_the_whole_message_is_heard(rig: Rig) -> None:
    call = ring_one(rig, "89161111101", ordinary("89161111101"))
    assert call.answered
    assert call.ended
    assert call.heard
    assert call.digits == ""
    assert call.ended - call.answered > 1 + 5.4  # a second of quiet for "hello", and the message's own length
    assert rig.pbx.problem_lines() == []


def test_somebody_who_hangs_up_ends_the_call(rig: Rig) -> None:
    call = ring_one(rig, "89161111104", ordinary("89161111104"))
    assert 0 < call.share_heard < 0.9
    until(lambda: rig.pbx.cli("core show channels count").startswith("0 active"), "no channel left")


def test_a_call_that_is_not_answered_rings_once_and_ends_as_expired(rig: Rig) -> None:
    """Busy, congestion, no such number, declined, refused."""
    numbers = ["89161111106", "89161111108", "89161111109", "89161111117", "89161111119"]
    calls = ring(rig, {number: ordinary(number) + "Archive: yes\n" for number in numbers})
    assert not any(call.answered for call in calls.values())
    assert {status(rig.pbx.outgoing_done / number) for number in numbers} == {"Expired"}


def test_each_outcome_is_told_to_whoever_watches_the_calls(rig: Rig) -> None:
    """By DialEnd towards the half of the call that runs `play`: there is no other word on how it ended."""
    expected = {
        "89162222206": "BUSY", "89162222208": "CONGESTION", "89162222209": "CONGESTION", "89162222219": "CONGESTION",
        "89162222217": "NOANSWER", "89162222204": "ANSWER",
    }  # fmt: skip
    told: dict[str, str] = {}
    with Manager(rig.pbx.ami_port) as manager:
        manager.login(rig.pbx.ami_user, rig.pbx.ami_secret, events=True)
        for number in expected:
            rig.pbx.put(number, ordinary(number))
        while len(told) < len(expected):
            event = manager.event("DialEnd")
            if "Channel" not in event:
                told[event["DestChannel"].removeprefix("Local/").partition("@")[0]] = event["DialStatus"]
    assert told == expected


def test_a_phone_that_nobody_answers_rings_as_long_as_is_set(asterisk_root: Path) -> None:
    with Rig(asterisk_root, OBZVON_RING=2) as rig:
        call = ring_one(rig, "89161111107", ordinary("89161111107"))
    assert call.ended
    assert 1.5 < call.ended - call.at < 30


def test_the_caller_id_of_the_call_file_reaches_the_carrier(rig: Rig) -> None:
    text = ordinary("89161111106").replace("CallerID:", "CallerID: 6122103")
    assert ring_one(rig, "89161111106", text).caller == "6122103"


def test_a_call_file_needs_no_newline_at_its_end(rig: Rig) -> None:
    text = ordinary("89161111121").rstrip("\n")
    archived = ordinary("89161111122") + "Archive: yes"
    calls = ring(rig, {"89161111121": text, "89161111122": archived})
    assert all(call.heard for call in calls.values())
    assert not (rig.pbx.outgoing_done / "89161111121").exists()
    assert status(rig.pbx.outgoing_done / "89161111122") == "Completed"


# ---- calls with an extension code


def test_the_menu_gets_exactly_the_code_and_then_hears_the_message(rig: Rig) -> None:
    codes = {"89162222203": "1", "89162222213": "2205", "89162222223": "0w12", "89162222233": "*7#"}
    rig.carrier.set_codes(codes)
    calls = ring(rig, {number: with_code(number, code) for number, code in codes.items()})
    assert {number: call.digits for number, call in calls.items()} == {
        "89162222203": "1", "89162222213": "2205", "89162222223": "012", "89162222233": "*7#"
    }  # fmt: skip
    assert [call.menu for call in calls.values()] == ["1", "2205", "012", "*7"]  # the menu ends at #
    assert all(call.heard for call in calls.values())
    assert {call.caller for call in calls.values()} == {"6122103"}
    assert rig.pbx.problem_lines() == []


def test_an_empty_code_sends_nothing_and_plays_the_message(rig: Rig) -> None:
    call = ring_one(rig, "89161111141", with_code("89161111141", ""))
    assert call.digits == ""
    assert call.heard


HOSTILE_CODES: list[Callable[[str], str]] = [
    lambda trap: f"2${{SHELL(touch {trap})}}",
    lambda trap: f"2)&System(touch {trap})",
    lambda trap: f'2" = "" | "${{SHELL(touch {trap})}}',
    lambda _: "2,,,PJSIP/carrier",
    lambda _: "2\u0661\u0662",
]


def test_of_a_hostile_code_only_digits_are_sent(rig: Rig) -> None:
    trap = rig.pbx.folder("trap") / "sprung"
    codes = [code(f"/{trap.relative_to(rig.pbx.root)}") for code in HOSTILE_CODES]
    numbers = [f"89163333{place}3" for place in range(10, 10 + len(codes))]
    rig.carrier.set_talk(dict.fromkeys(numbers, 6))
    calls = ring(rig, {number: with_code(number, code) for number, code in zip(numbers, codes, strict=True)})
    for call in calls.values():
        assert re.fullmatch(r"2[0-9*#]*", call.digits)
    assert not trap.exists()


# ---- numbers


def test_numbers_of_the_country_and_abroad_are_rung(rig: Rig) -> None:
    numbers = ["89161111126", "8103725123456", "810123456789012346"]
    ring(rig, {number: ordinary(number) for number in numbers})


def test_what_has_no_pattern_is_not_rung(rig: Rig) -> None:
    numbers = [
        "112", "7", "102030", "8916111110", "891611111011", "+79161111101", "79161111101", "81012345", "8916111110O",
        "8916111110a", "*72", "89161111101&89161111111", "89161111101,1", "${SHELL(echo 89161111101)}", "play2", "s",
        "891611111\u0661\u0661", "8 916 111 11 01",
    ]  # fmt: skip
    for place, number in enumerate(numbers):
        rig.pbx.put(f"hostile{place}", ordinary(number))
    until(lambda: not any(rig.pbx.outgoing.iterdir()), "the spool is empty")
    ring_one(rig, "89161111106", ordinary("89161111106"))  # what was dialled before it would be in the ledger before it
    assert [entry.number for entry in rig.carrier.ledger()] == ["89161111106"]


def test_an_internal_number_is_rung_where_the_administrator_says(asterisk_root: Path) -> None:
    with Rig(asterisk_root, OBZVON_INTERNAL="PJSIP/NUMBER@carrier", OBZVON_TRUNK="") as rig:
        ring(rig, {number: ordinary(number) for number in ("16", "126", "1236", "12346", "123456")})
        rig.pbx.put("outside", ordinary("89161111106"))
        until(lambda: not (rig.pbx.outgoing / "outside").exists(), "the file leaves the spool")
        assert rig.carrier.calls_to("89161111106") == []
        assert "obzvon: 89161111106 is not called" in rig.pbx.log()


def test_a_trunk_can_be_the_office_s_own_outbound_routes(asterisk_root: Path) -> None:
    with Rig(asterisk_root, OBZVON_TRUNK="Local/NUMBER@routes/n", OBZVON_MENU_WAIT=1) as rig:
        rig.pbx.cli("dialplan add extension _X.,1,Dial,PJSIP/${EXTEN}@carrier into routes")
        rig.carrier.set_codes({"89161111123": "45"})
        call = ring_one(rig, "89161111123", with_code("89161111123", "45"))
        assert call.menu == "45"
        assert call.heard


# ---- the manager user


@pytest.fixture(scope="module")
def pbx(asterisk_root: Path) -> Iterator[Pbx]:
    with Pbx(asterisk_root) as pbx:
        yield pbx


def test_the_manager_user_loads_without_a_warning_and_has_the_least_rights(pbx: Pbx) -> None:
    shown = pbx.cli("manager show user obzvon")
    assert "read perm: call,user\n" in shown
    assert "write perm: reporting\n" in shown
    assert pbx.problem_lines() == []


@pytest.mark.parametrize("action", ["CoreStatus", "CoreShowChannels", "Ping"])
def test_the_manager_user_may_look(pbx: Pbx, action: str) -> None:
    with Manager(pbx.ami_port) as manager:
        assert manager.login(pbx.ami_user, pbx.ami_secret)["Response"] == "Success"
        assert manager.action(action)["Response"] == "Success"


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("Originate", {"Channel": "Local/89161111101@avtoobzvon", "Application": "Wait", "Data": "1"}),
        ("Command", {"Command": "core show version"}),
        ("Hangup", {"Channel": "/.*/"}),
        ("Redirect", {"Channel": "x", "Exten": "s", "Context": "x", "Priority": "1"}),
        ("Setvar", {"Variable": "OBZVON_TRUNK", "Value": "x"}),
        ("Getvar", {"Variable": "SHELL(id)"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("DBPut", {"Family": "x", "Key": "y", "Val": "z"}),
        ("ModuleLoad", {"Module": "pbx_spool", "LoadType": "unload"}),
    ],
)
def test_the_manager_user_may_change_nothing(pbx: Pbx, action: str, fields: dict[str, str]) -> None:
    with Manager(pbx.ami_port) as manager:
        manager.login(pbx.ami_user, pbx.ami_secret)
        assert manager.action(action, **fields)["Response"] == "Error"


def test_nobody_logs_in_before_the_secret_is_set(asterisk_root: Path) -> None:
    as_shipped = Pbx(asterisk_root)
    (as_shipped.home / "etc" / "manager_obzvon.conf").write_text((SNIPPETS / "manager_obzvon.conf").read_text())
    with as_shipped as pbx:
        assert "secret: (N/A)" in pbx.cli("manager show user obzvon")
        assert pbx.problem_lines() == []
        for secret in ("", "a-password-of-your-own", "obzvon"):
            with Manager(pbx.ami_port) as manager:
                assert manager.login("obzvon", secret)["Response"] == "Error"
            with Manager(pbx.ami_port) as manager:
                challenge = manager.action("Challenge", AuthType="MD5")["Challenge"]
                key = hashlib.md5(f"{challenge}{secret}".encode()).hexdigest()
                assert manager.action("Login", AuthType="MD5", Username="obzvon", Key=key)["Response"] == "Error"

"""Record the events of a real Asterisk's manager interface for every kind of call: python -m tests.asterisk.record

Writes tests/support/ami_events/asterisk-VERSION.json, which unit/asterisk/test_outcomes.py reads: for each kind of call
its events in the order of their arrival, with the milliseconds since the first, and only the fields that are read.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping

from tests.asterisk.call_files import ordinary, with_code
from tests.asterisk.manager import Manager
from tests.asterisk.rig import Pbx, Rig
from tests.asterisk.roots import SUITES, root
from tests.support.paths import SUPPORT
from tests.support.waiting import until

FOLDER = SUPPORT / "ami_events"
EVENTS = {
    "Newchannel",
    "Newstate",
    "NewCallerid",
    "Rename",
    "DialBegin",
    "DialState",
    "DialEnd",
    "Hangup",
    "HangupRequest",
    "SoftHangupRequest",
    "UserEvent",
}
FIELDS = (
    "Event",
    "Channel",
    "ChannelStateDesc",
    "Uniqueid",
    "Linkedid",
    "DestChannel",
    "DestUniqueid",
    "DestLinkedid",
    "DialStatus",
    "Cause",
    "UserEvent",
    "Key",
    "Newname",
)

Recorded = list[tuple[int, dict[str, str]]]


def record(pbx: Pbx, calls: Mapping[str, tuple[str, str]]) -> dict[str, Recorded]:
    """Hand over the call files (kind: number, text), all at once, and return the events of each kind of call."""
    with Manager(pbx.ami_port) as manager:
        assert manager.login(pbx.ami_user, pbx.ami_secret, events=True)["Response"] == "Success"
        for kind, (_, text) in calls.items():
            pbx.put(kind.replace(" ", "-"), text)
        # The answer to a Ping comes after all earlier events. Waiting for it reads them, with their times.
        until(lambda: manager.action("Ping") and not any(pbx.outgoing.iterdir()), "the calls are over")
        over = time.monotonic()
        until(lambda: manager.action("Ping") and time.monotonic() > over + 1, "the last legs are hung up")
        return {kind: _of(number, manager.seen) for kind, (number, _) in calls.items()}


def _of(number: str, seen: list[tuple[float, dict[str, str]]]) -> Recorded:
    """Return the events of that number's calls."""
    linked = {
        fields["Linkedid"]
        for _, fields in seen
        if fields.get("Event") == "Newchannel"
        and fields["Channel"].startswith(f"Local/{number}@")
        and fields["Uniqueid"] == fields["Linkedid"]
    }
    events = [
        (at, fields)
        for at, fields in seen
        if fields.get("Event") in EVENTS and (fields.get("Linkedid") or fields.get("DestLinkedid")) in linked
    ]
    first = events[0][0]
    return [
        (round(1000 * (at - first)), {name: fields[name] for name in FIELDS if name in fields}) for at, fields in events
    ]


def _ordinary(last: str, place: int, change: Callable[[str], str] = str) -> tuple[str, str]:
    number = f"891611{place:03d}{last}"
    return number, change(ordinary(number))


def _everything(version: int) -> dict[str, Recorded]:
    with Rig(root(version), OBZVON_MENU_WAIT=1, OBZVON_RING=4) as rig:
        code = "89162222203"
        recorded = record(
            rig.pbx,
            {
                "answered": _ordinary("01", 1),
                "they hang up": _ordinary("04", 1),
                "busy": _ordinary("06", 1),
                "declined": _ordinary("17", 1),
                "wait time over": _ordinary("07", 1, lambda text: text.replace("WaitTime: 300", "WaitTime: 2")),
                "dial timeout": _ordinary("07", 2),
                "congestion": _ordinary("08", 1),
                "no such number": _ordinary("09", 1),
                "refused": _ordinary("19", 1),
                "retried": _ordinary(
                    "06", 2, lambda text: text.replace("Retries: 0", "Retries: 1").replace(": 60", ": 1")
                ),
                "no context": _ordinary("01", 2, lambda text: text.replace("@avtoobzvon", "@nowhere")),
                "no pattern": ("7", ordinary("7")),
                "refused by the dialplan": ("112", ordinary("112")),
                "with a code": (code, with_code(code, "12")),
            },
        )
        rig.pbx.cli("dialplan set global OBZVON_TRUNK PJSIP/NUMBER@missing")
        recorded |= record(rig.pbx, {"no endpoint": _ordinary("01", 3)})
        rig.pbx.cli("dialplan add extension _X.,1,Dial,PJSIP/${EXTEN}@carrier into routes")
        rig.pbx.cli("dialplan set global OBZVON_TRUNK Local/NUMBER@routes/n")
        recorded |= record(
            rig.pbx,
            {
                "answered through routes": _ordinary("01", 4),
                "busy through routes": _ordinary("06", 4),
                "no such number through routes": _ordinary("09", 4),
                "no answer through routes": _ordinary("07", 4),
            },
        )
    with Pbx(root(version)) as pbx:
        recorded |= record(pbx, {"trunk does not answer": _ordinary("01", 5)})
    return recorded


if __name__ == "__main__":
    for version in map(int, sys.argv[1:] or SUITES):
        kinds = _everything(version)
        lines = (
            f"{json.dumps(kind)}: [\n" + ",\n".join(json.dumps(event) for event in events) + "\n]"
            for kind, events in kinds.items()
        )
        (FOLDER / f"asterisk-{version}.json").write_text("{" + ",\n".join(lines) + "}\n")

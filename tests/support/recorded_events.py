"""Events of real calls, recorded from Asterisk's manager interface, and entries of its lists."""

import json
from collections.abc import Iterable

from tests.support.paths import SUPPORT

Timed = tuple[int, dict[str, str]]

RECORDED: dict[str, dict[str, list[Timed]]] = {
    path.stem: {kind: [(at, fields) for at, fields in events] for kind, events in json.loads(path.read_text()).items()}
    for path in sorted((SUPPORT / "ami_events").glob("asterisk-*.json"))
}


def entry(event: dict[str, str], duration: str = "00:00:01", state: str = "Up") -> dict[str, str]:
    """Return a channel as CoreShowChannels lists it."""
    return {
        "Event": "CoreShowChannel",
        "Channel": event["Channel"],
        "Uniqueid": event["Uniqueid"],
        "Linkedid": event["Linkedid"],
        "ChannelStateDesc": state,
        "Duration": duration,
    }


def talking(version: str = "asterisk-22") -> list[Timed]:
    """Return the events of an answered call up to the middle of the message."""
    events = RECORDED[version]["answered"]
    return events[: next(place for place, (_, fields) in enumerate(events) if "HangupRequest" in fields["Event"])]


def channels(events: Iterable[Timed]) -> list[dict[str, str]]:
    return [fields for _, fields in events if fields["Event"] == "Newchannel"]

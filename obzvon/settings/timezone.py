"""The time zone: the one that settings.ini names, or the machine's own."""

import contextlib
import os
import re
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from obzvon.common.i18n import say
from obzvon.settings.values import InvalidValueError


def parse_zone(text: str) -> tzinfo:
    """Return the time zone of that name."""
    if found := _zone_or_none(text):
        return found
    raise InvalidValueError(
        say("{value} is not a time zone", value=text),
        say("write its name, for example: {example}", example="Europe/Moscow, Asia/Yekaterinburg"),
    )


def machine_zone(environ: Mapping[str, str] = os.environ, etc: Path = Path("/etc")) -> tzinfo | None:
    """Return the machine's time zone by $TZ, /etc/localtime or /etc/timezone, or None if none of them names one."""
    names = [environ.get("TZ", "").removeprefix(":")]
    localtime = etc / "localtime"
    _, found, name = os.path.realpath(localtime).partition("/zoneinfo/")
    if found:
        names.append(re.sub(r"^(posix|right)/", "", name))
    with contextlib.suppress(OSError):
        names.append((etc / "timezone").read_text(encoding="ascii", errors="replace").strip())
    for name in names:
        if zone := _zone_or_none(name):
            return zone
    try:
        with localtime.open("rb") as stream:
            return ZoneInfo.from_file(stream, "localtime")
    except (OSError, ValueError):
        return None


def _zone_or_none(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name and not name.startswith("/") else None
    except (OSError, ValueError, KeyError):  # a folder of zones, a path, an unknown name
        return None

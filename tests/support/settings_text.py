"""Settings from a text, and the problems that are reported in it."""

from pathlib import Path

import pytest

from obzvon.common.errors import UserError
from obzvon.settings.model import Settings, load_settings

MOSCOW = {"TZ": "Europe/Moscow"}


def load_text(folder: Path, text: str | bytes) -> Settings:
    file = folder / "settings.ini"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(file, MOSCOW)


def problems(folder: Path, text: str | bytes) -> str:
    with pytest.raises(UserError) as caught:
        load_text(folder, text)
    return str(caught.value).replace(str(folder / "settings.ini"), "INI")

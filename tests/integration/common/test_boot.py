"""The boot of this machine."""

import os
import time
from pathlib import Path

import pytest

from obzvon.common import boot


def test_a_boot_is_identified_by_twelve_hexadecimal_digits() -> None:
    found = boot.boot_id()
    assert found is not None
    assert len(found) == 12
    assert int(found, 16) >= 0
    assert 0 < boot.uptime() <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert boot.uptime() == pytest.approx(float(Path("/proc/uptime").read_text().split()[0]), abs=5)


def test_where_the_kernel_does_not_say_the_boot_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "_BOOT_ID", tmp_path / str(os.getpid()))
    boot.boot_id.cache_clear()
    try:
        assert boot.boot_id() is None
    finally:
        boot.boot_id.cache_clear()

"""Asterisk's folder, deleted and made again under it while a run is on its way."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from obzvon.asterisk import process
from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import Office, ended
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


def replace_folder(rig: Rig) -> None:
    """Delete the empty spool and make it again, as a clean-up or a restored backup does."""
    rig.pbx.outgoing.rmdir()
    rig.pbx.folder("spool/outgoing")


def test_a_folder_replaced_during_a_run_holds_it_and_its_calls_go_once_asterisk_is_restarted(
    tmp_path: Path, asterisk_root: Path
) -> None:
    phones = dict.fromkeys([f"89161118{place:02d}1" for place in range(6)], "")
    with Rig(asterisk_root) as rig:
        until(
            lambda: process.watches_folder(rig.pbx.pid, rig.pbx.outgoing), "Asterisk watches, a second after its start"
        )
        rig.carrier.set(TALK=1)
        office = Office(tmp_path, rig, phones, bundle=2, timeout=4)
        service = office.serve()
        until(lambda: len(rig.carrier.ledger()) >= 2, "the first bundle is called")
        until(lambda: not list(rig.pbx.outgoing.iterdir()), "and over")
        replace_folder(rig)
        assert process.watches_folder(rig.pbx.pid, rig.pbx.outgoing) is False
        until(lambda: "the folder was replaced under a running Asterisk" in office.console(), "it is noticed")
        until(lambda: not list(rig.pbx.outgoing.iterdir()), "nothing lies there")
        assert len(rig.carrier.ledger()) < len(phones)
        rig.pbx.cli("module unload pbx_spool.so")  # refused: only a restart helps
        rig.pbx.cli("module load pbx_spool.so")
        assert process.watches_folder(rig.pbx.pid, rig.pbx.outgoing) is False
        rig.pbx.stop()
        rig.pbx.start()
        results = {number: line.result for number, line in ended(service, office).items()}
        assert set(results.values()) == {"answered"}, office.console()
        assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(phones.keys())


def test_files_that_asterisk_misses_among_too_many_changes_go_again_and_the_run_continues(
    tmp_path: Path, asterisk_root: Path
) -> None:
    phones = dict.fromkeys([f"89161119{place:02d}1" for place in range(6)], "")
    with Rig(asterisk_root) as rig:
        until(lambda: process.watches_folder(rig.pbx.pid, rig.pbx.outgoing), "Asterisk watches the folder")
        rig.carrier.set(TALK=1)
        office = Office(tmp_path, rig, phones, bundle=2, timeout=8)
        os.kill(rig.pbx.pid, signal.SIGSTOP)
        try:
            # More changes than the kernel keeps for one that does not listen.
            passing = rig.pbx.outgoing / "passing"
            for _ in range(int(QUEUE.read_text()) // 2 + 100):
                passing.touch()
                passing.unlink(missing_ok=True)  # the stop takes a moment, in which Asterisk removes it itself
            service = office.serve()
            until(lambda: len(list(rig.pbx.outgoing.iterdir())) >= 2, "the first files are there")
        finally:
            os.kill(rig.pbx.pid, signal.SIGCONT)
        results = {number: line.result for number, line in ended(service, office).items()}
        assert set(results.values()) == {"answered"}, office.console()
        assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(phones.keys()), office.console()
        assert "has not taken a call file within 30 s" in office.console()

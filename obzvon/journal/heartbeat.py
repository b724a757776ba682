"""The heartbeat of the service, for the command line and the editor."""

import os
import socket
from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select, update

from obzvon.common import processes
from obzvon.journal.database import Database
from obzvon.journal.schema import CAMPAIGN, meta, service

_SETTINGS = "settings"

_LAST = select(service).where(service.c.campaign == CAMPAIGN)


class Heartbeat(msgspec.Struct, frozen=True):
    """The last heartbeat of a service.

    `problem`: what keeps it from handing calls over, as encoded messages; '' = nothing.
    `line_usage`: the lines in use as it measured them last, encoded.
    `once`: the service runs for one look, as from cron.
    """

    pid: int
    host: str
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    problem: str
    once: bool = False
    line_usage: str = ""

    def is_halted(self) -> bool:
        """Return whether the process exists and was stopped by a signal. Only its own machine can see that."""
        return self.host == socket.gethostname() and processes.is_process_halted(self.pid)


class Heartbeats:
    """The heartbeat row in a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, *, at: datetime, once: bool = False) -> None:
        """Write that this process is the service from now on; `once` = for one look."""
        with self._database.write_transaction() as connection:
            connection.execute(delete(service).where(service.c.campaign == CAMPAIGN))
            connection.execute(
                insert(service).values(
                    campaign=CAMPAIGN, pid=os.getpid(), host=socket.gethostname(), started_at=at, seen_at=at, once=once
                )
            )

    def beat(self, *, at: datetime, problem: str = "", line_usage: str = "") -> None:
        """Write that the service is alive."""
        self._update(seen_at=at, trouble=problem, readout=line_usage)

    def end(self, *, at: datetime) -> None:
        """Write that the service has stopped in good order."""
        self._update(seen_at=at, stopped_at=at)

    def latest(self) -> Heartbeat | None:
        """Return the last heartbeat; None if no service has ever used this journal."""
        with self._database.read_transaction() as connection:
            row = connection.execute(_LAST).first()
        if row is None:
            return None
        return Heartbeat(
            row.pid, row.host, row.started_at, row.seen_at, row.stopped_at, row.trouble, row.once, row.readout
        )

    def store_settings(self, digests: Mapping[str, str]) -> None:
        """Store the digests of the settings with which the service works, for `check`."""
        if digests == self.settings():
            return
        with self._database.write_transaction() as connection:
            connection.execute(delete(meta).where(meta.c.key == _SETTINGS))
            connection.execute(insert(meta).values(key=_SETTINGS, value=msgspec.json.encode(digests).decode()))

    def settings(self) -> dict[str, str]:
        """Return the digests of the last service's settings, by key; empty if an older version has stored none."""
        with self._database.read_transaction() as connection:
            stored = connection.execute(select(meta.c.value).where(meta.c.key == _SETTINGS)).scalar()
        return msgspec.json.decode(stored, type=dict[str, str]) if stored else {}

    def is_process_alive(self) -> bool:
        """Return whether the process of the last heartbeat exists. Only its own machine can see that."""
        heartbeat = self.latest()
        return (
            heartbeat is not None
            and heartbeat.stopped_at is None
            and heartbeat.host == socket.gethostname()
            and processes.is_process_alive(heartbeat.pid)
        )

    def _update(self, **values: object) -> None:
        with self._database.write_transaction() as connection:
            connection.execute(update(service).where(service.c.campaign == CAMPAIGN).values(**values))

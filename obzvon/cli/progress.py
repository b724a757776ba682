"""A progress bar of the run and the counts of its results, in a terminal. Elsewhere the log has to do."""

import contextlib
import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from obzvon.common.errors import UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import Run
from obzvon.domain.labels import format_result_counts
from obzvon.journal.journal import Journal

#: Seconds between two reads of the journal.
_REFRESH_SECONDS = 0.25


class RunProgressBar:
    """Call it after every step. It reads the journal now and then, and shows nothing if there is no terminal."""

    def __init__(self, journal: Journal, console: Console | None = None) -> None:
        self._journal = journal
        self._console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._results = Text("", "dim")
        self._live = Live(
            Group(self._bar, self._results), console=self._console, refresh_per_second=1 / _REFRESH_SECONDS
        )
        self._task: TaskID | None = None
        self._run: Run | None = None
        self._read_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is not None:
            with contextlib.suppress(UserError, OSError):
                self._show(self._run)
            with contextlib.suppress(OSError):
                self._live.stop()

    def __call__(self) -> None:
        """Show how far the run has come."""
        if not self._console.is_terminal or time.monotonic() - self._read_at < _REFRESH_SECONDS:
            return
        self._read_at = time.monotonic()
        # The service reports an unreachable journal and waits for it. The terminal may have been closed.
        with contextlib.suppress(UserError, OSError):
            run = self._journal.runs.active() or self._run
            if run is not None:
                self._show(run)

    def _show(self, run: Run) -> None:
        if self._task is None or self._run is None or self._run.id != run.id:
            self._live.start()
            self._task = self._bar.add_task(str(say("run {run}", run=run.id)), total=run.total)
        self._run = run
        counts = self._journal.calls.count_results(run.id)
        self._bar.update(self._task, completed=run.total - counts["waiting"] - counts["handing"])
        self._results.plain = format_result_counts(counts)

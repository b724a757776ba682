"""What is done with a draft beside the requests: read in a process of its own, then judged against the list."""

import logging
import threading
from collections import OrderedDict

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message
from obzvon.spreadsheets import column_roles, merge, subprocess_reader, worker
from obzvon.spreadsheets.column_roles import ColumnRoles
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError
from web.imports.drafts import Draft, Drafts
from web.phone_index import PhoneIndex, PhoneIndexCache

log = logging.getLogger("obzvon")

_KEPT = 4
_ROWS = 1_000_000
"""So many drafts, and rows of them, are held in memory; others are judged again when somebody looks at them."""
_READING = 0.6
"""The share of reading in the whole."""


class ImportJob:
    """One pass over a draft and what came of it. `done` is set at its end; then `error` or `rows` and `table` are."""

    def __init__(self, draft: Draft, listed: PhoneIndex) -> None:
        self.draft = draft
        self.index = listed
        self.part = 0.0
        self.is_comparing = False
        self.done = threading.Event()
        self.error: Message | None = None
        self.table: Table | None = None
        self.rows: list[TableRow] = []
        self.layout = ColumnRoles(())
        self.merge_plan: merge.MergePlan | None = None

    @property
    def table_format(self) -> Message:
        """What kind of table it is."""
        return self.table.form if self.table else Message("")

    @property
    def key(self) -> tuple[str, int, str]:
        """Of two with the same key the results are the same."""
        return self.draft.id, self.draft.version, self.index.revision


class ImportJobs:
    """The passes that are under way and the last ones that have ended."""

    def __init__(self, phones: PhoneIndexCache, drafts: Drafts) -> None:
        self._phones = phones
        self._drafts = drafts
        self._jobs: OrderedDict[str, ImportJob] = OrderedDict()
        self._lock = threading.Lock()

    def job_for(self, draft: Draft) -> ImportJob:
        """The pass over this draft, as it is now, against the list as it is now; it is begun if there is none."""
        job = ImportJob(draft, self._phones.current())
        with self._lock:
            before = self._jobs.get(draft.id)
            if before is not None and before.key == job.key:
                self._jobs.move_to_end(draft.id)
                return before
            self._jobs[draft.id] = job
            self._jobs.move_to_end(draft.id)
            self._make_room()
        if before is not None and before.done.is_set() and before.draft.sheet == draft.sheet:
            job.table, job.rows = before.table, before.rows
        threading.Thread(target=self._run, args=(job,), name="import", daemon=True).start()
        return job

    def _make_room(self) -> None:
        """Lets go of the oldest that are done; what is under way is never begun twice."""
        for key in [key for key, job in list(self._jobs.items())[:-1] if job.done.is_set()]:
            if len(self._jobs) <= _KEPT and sum(len(job.rows) for job in self._jobs.values()) <= _ROWS:
                break
            del self._jobs[key]

    def forget(self, draft: Draft) -> None:
        """Lets go of what is held of it."""
        with self._lock:
            self._jobs.pop(draft.id, None)

    def _run(self, job: ImportJob) -> None:
        try:
            self._read(job)
            self._compare(job)
        except UnreadableTableError as error:
            job.error = error.reason
        except Exception as error:  # a thread has nobody else to tell
            log.exception("editor: import")
            job.error = error.message() if isinstance(error, UserError) else worker.READ_FAILED
        finally:
            with self._lock:
                self._make_room()
            job.done.set()

    def _read(self, job: ImportJob) -> None:
        if job.table is None:
            draft, folder = job.draft, self._drafts.folder(job.draft)

            def progress(part: float) -> None:
                job.part = _READING * part

            job.table = subprocess_reader.load_table(folder) or subprocess_reader.read_upload(
                self._drafts.upload(draft), folder, pasted=draft.pasted, sheet=draft.sheet, progress=progress
            )
            job.rows = subprocess_reader.load_rows(folder)
        if not job.rows and len(job.table.sheets) < 2:
            raise UnreadableTableError(worker.NOTHING)

    def _compare(self, job: ImportJob) -> None:
        draft, table, plan = job.draft, job.table, self._phones.plan
        if table is None:
            return
        job.is_comparing = True

        def progress(part: float) -> None:
            job.part = _READING + (1 - _READING) * part

        rows = job.rows if draft.only is None else [row for row in job.rows if row.line in draft.only]
        layout = draft.layout or column_roles.guess_roles(job.rows, table.columns, plan)
        job.layout = layout
        if layout.problem() is None:
            job.merge_plan = merge.plan_merge(
                rows,
                layout,
                job.index.phones,
                plan,
                replace=draft.replace,
                corrections=draft.corrections,
                progress=progress,
            )
            if draft.only is None:
                job.merge_plan.counts["empty"] += table.empty

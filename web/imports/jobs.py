"""Background work on drafts: a draft is read in a process of its own, then compared with the list."""

import logging
import threading
from collections import OrderedDict

import msgspec

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message
from obzvon.domain.numbering import NumberingPlan
from obzvon.spreadsheets import column_roles, merge, questions, subprocess_reader, worker
from obzvon.spreadsheets.column_roles import ROLES, ColumnRoles
from obzvon.spreadsheets.shapes import contradicts, table_shape
from obzvon.spreadsheets.sideways import TURNED, turn_sideways
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError
from web.imports.drafts import Draft, Drafts
from web.imports.layouts import RememberedLayout, RememberedLayouts
from web.phone_index import PhoneIndex, PhoneIndexCache

log = logging.getLogger("obzvon")

_KEPT = 4
#: Drafts, and rows of all drafts, that stay in memory; others are compared again when somebody opens them.
_ROWS = 1_000_000
#: The share of reading in the progress.
_READING = 0.6


class ImportJob:
    """A pass over a draft. `done` is set at its end; then either `error` is set, or `rows` and `table` are."""

    def __init__(self, draft: Draft, index: PhoneIndex) -> None:
        self.draft = draft
        self.index = index
        self.part = 0.0
        self.is_comparing = False
        self.done = threading.Event()
        self.error: Message | None = None
        self.table: Table | None = None
        self.rows: list[TableRow] = []
        self.layout = ColumnRoles(())
        #: The columns as their cells are judged, and the key of the file's shape.
        self.guess = ColumnRoles(())
        self.shape = ""
        #: The columns that were chosen for such a file before, and whether its cells contradict them now.
        self.remembered: RememberedLayout | None = None
        self.is_contradicted = False
        self.merge_plan: merge.MergePlan | None = None

    @property
    def table_format(self) -> Message:
        """The kind of file, as a sentence."""
        return self.table.form if self.table else Message("")

    def sheets_to_come(self, *, hidden: bool = False) -> list[int]:
        """Return the other sheets with phone numbers that are not imported, beginning with the next one."""
        if self.table is None:
            return []
        sheets, taken = self.table.sheets, self.table.sheet
        places = [*range(taken + 1, len(sheets)), *range(taken)]
        done = self.draft.sheets_done
        return [at for at in places if sheets[at].phones and at not in done and (hidden or not sheets[at].hidden)]

    @property
    def phones_elsewhere(self) -> int:
        """The phone numbers on sheets that are not imported, hidden ones too."""
        sheets = self.table.sheets if self.table else []
        return sum(sheets[place].phones or 0 for place in self.sheets_to_come(hidden=True))

    @property
    def key(self) -> tuple[str, int, str]:
        """Jobs with the same key have the same result."""
        return self.draft.id, self.draft.version, self.index.revision


class ImportJobs:
    """The jobs in progress and the last ones that have ended."""

    def __init__(self, phones: PhoneIndexCache, drafts: Drafts, layouts: RememberedLayouts) -> None:
        self._phones = phones
        self._drafts = drafts
        self._layouts = layouts
        self._jobs: OrderedDict[str, ImportJob] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._jobs)

    def job_for(self, draft: Draft) -> ImportJob:
        """Return the job for this draft and the current list; start one if there is none."""
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
        """Drop the oldest jobs that are done. A job in progress stays, so it is never started twice."""
        for key in [key for key, job in list(self._jobs.items())[:-1] if job.done.is_set()]:
            if len(self._jobs) <= _KEPT and sum(len(job.rows) for job in self._jobs.values()) <= _ROWS:
                break
            del self._jobs[key]

    def forget(self, draft: Draft) -> None:
        """Drop the draft's job."""
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
            if (turned := turn_sideways(job.rows)) is not None:
                columns = max(len(row.cells) for row in turned)
                notes = [*job.table.notes, TURNED]
                job.table = msgspec.structs.replace(job.table, rows=len(turned), columns=columns, notes=notes)
                job.rows = turned
        if not job.rows and len(job.table.sheets) < 2:
            raise UnreadableTableError(worker.NOTHING)

    def _remembered_roles(self, job: ImportJob, plan: NumberingPlan) -> ColumnRoles | None:
        """Return the columns that were chosen for such a file before, if they differ from the guess and still fit."""
        found = None if job.draft.is_judged_again else self._layouts.get(job.shape)
        if found is None or found.roles == job.guess.roles or len(found.roles) != len(job.guess.roles):
            return None
        roles = ColumnRoles(found.roles, job.guess.head)
        job.is_contradicted = not set(found.roles) <= set(ROLES) or contradicts(job.rows, roles, plan)
        job.remembered = found
        return None if job.is_contradicted else roles

    def _compare(self, job: ImportJob) -> None:
        draft, table, plan = job.draft, job.table, self._phones.plan
        if table is None:
            return
        job.is_comparing = True

        def progress(part: float) -> None:
            job.part = _READING + (1 - _READING) * part

        job.guess = column_roles.guess_roles(job.rows, table.columns, plan)
        job.shape = table_shape(job.rows, job.guess.head, table.columns)
        layout = job.layout = draft.layout or self._remembered_roles(job, plan) or job.guess
        if layout.problem() is None:
            job.merge_plan = merge.plan_merge(
                job.rows,
                layout,
                job.index.phones,
                plan,
                replace=draft.replace,
                corrections=draft.corrections,
                choices=questions.choices_from(draft.answers),
                only=draft.only,
                progress=progress,
            )
            if draft.only is None:
                job.merge_plan.counts["empty"] += table.empty

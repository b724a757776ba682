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
        self.listed = listed
        self.part = 0.0
        self.judging = False
        self.done = threading.Event()
        self.error: Message | None = None
        self.table: Table | None = None
        self.rows: list[TableRow] = []
        self.layout = ColumnRoles(())
        self.judgement: merge.MergePlan | None = None

    @property
    def form(self) -> Message:
        """What kind of table it is."""
        return self.table.form if self.table else Message("")

    @property
    def key(self) -> tuple[str, int, str]:
        """Of two with the same key the results are the same."""
        return self.draft.id, self.draft.version, self.listed.revision


class ImportJobs:
    """The passes that are under way and the last ones that have ended."""

    def __init__(self, shelf: PhoneIndexCache, drafts: Drafts) -> None:
        self._shelf = shelf
        self._drafts = drafts
        self._works: OrderedDict[str, ImportJob] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, draft: Draft) -> ImportJob:
        """The pass over this draft, as it is now, against the list as it is now; it is begun if there is none."""
        work = ImportJob(draft, self._shelf.current())
        with self._lock:
            before = self._works.get(draft.id)
            if before is not None and before.key == work.key:
                self._works.move_to_end(draft.id)
                return before
            self._works[draft.id] = work
            self._works.move_to_end(draft.id)
            self._make_room()
        if before is not None and before.done.is_set() and before.draft.sheet == draft.sheet:
            work.table, work.rows = before.table, before.rows
        threading.Thread(target=self._do, args=(work,), name="import", daemon=True).start()
        return work

    def _make_room(self) -> None:
        """Lets go of the oldest that are done; what is under way is never begun twice."""
        for key in [key for key, work in list(self._works.items())[:-1] if work.done.is_set()]:
            if len(self._works) <= _KEPT and sum(len(work.rows) for work in self._works.values()) <= _ROWS:
                break
            del self._works[key]

    def forget(self, draft: Draft) -> None:
        """Lets go of what is held of it."""
        with self._lock:
            self._works.pop(draft.id, None)

    def _do(self, work: ImportJob) -> None:
        try:
            self._read(work)
            self._judge(work)
        except UnreadableTableError as error:
            work.error = error.reason
        except Exception as error:  # a thread has nobody else to tell
            log.exception("editor: import")
            work.error = error.message() if isinstance(error, UserError) else worker.READ_FAILED
        finally:
            with self._lock:
                self._make_room()
            work.done.set()

    def _read(self, work: ImportJob) -> None:
        if work.table is None:
            draft, folder = work.draft, self._drafts.folder(work.draft)

            def progress(part: float) -> None:
                work.part = _READING * part

            work.table = subprocess_reader.load_table(folder) or subprocess_reader.read_upload(
                self._drafts.upload(draft), folder, pasted=draft.pasted, sheet=draft.sheet, progress=progress
            )
            work.rows = subprocess_reader.load_rows(folder)
        if not work.rows and len(work.table.sheets) < 2:
            raise UnreadableTableError(worker.NOTHING)

    def _judge(self, work: ImportJob) -> None:
        draft, table, plan = work.draft, work.table, self._shelf.plan
        if table is None:
            return
        work.judging = True

        def progress(part: float) -> None:
            work.part = _READING + (1 - _READING) * part

        rows = work.rows if draft.only is None else [row for row in work.rows if row.line in draft.only]
        layout = draft.layout or column_roles.guess_roles(work.rows, table.columns, plan)
        work.layout = layout
        if layout.problem() is None:
            work.judgement = merge.plan_merge(
                rows,
                layout,
                work.listed.phones,
                plan,
                replace=draft.replace,
                corrections=draft.corrections,
                progress=progress,
            )
            if draft.only is None:
                work.judgement.counts["empty"] += table.empty

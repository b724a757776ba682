"""«Импорт»: rows from a file or the clipboard are previewed, corrected, and imported into the list."""

import contextlib
import io
from datetime import datetime
from typing import IO

import msgspec
from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from obzvon.common.errors import os_error_reason
from obzvon.documents.store import DocumentError, ExternallyChangedError
from obzvon.domain.phones import Phone
from obzvon.reports import phone_list
from obzvon.spreadsheets import merge, questions
from obzvon.spreadsheets.merge import MergePlan, RowDecision
from obzvon.spreadsheets.table import MAX_UPLOAD_BYTES
from web.context import app_context
from web.i18n import language, translate
from web.imports import form
from web.imports.drafts import Draft, Drafts, TooManyDraftsError
from web.imports.jobs import ImportJob, ImportJobs
from web.imports.layouts import RememberedLayouts
from web.imports.preview import rows_to_correct, show_preview
from web.permissions import visitor
from web.phone_index import PhoneIndexCache

imports = Blueprint("imports", __name__, url_prefix="/phones/import")

_NAMED = 10
#: Seconds that a small file may take before the page with its progress is shown.
_AT_ONCE = 1.5

_PATIENCE = 20


class DraftGoneError(Exception):
    """The draft does not exist any more."""


class ImportContext:
    """The drafts of this editor, and the jobs on them."""

    def __init__(self, phones: PhoneIndexCache) -> None:
        folder = phones.document.path.parent / ".drafts"
        self.drafts = Drafts(folder)
        self.layouts = RememberedLayouts(folder / "layouts.json")
        self.jobs = ImportJobs(phones, self.drafts, self.layouts)


# -- the file


@imports.get("")
def index() -> ResponseReturnValue:
    """Show the form for a file or for pasted rows."""
    return _start()


@imports.post("", endpoint="upload")
def upload() -> ResponseReturnValue:
    """Store a file, or rows from the clipboard, as a new draft."""
    file = request.files.get("file")
    pasted = request.form.get("pasted", "")
    if file is not None and file.filename:
        stream: IO[bytes] = file.stream
        name = file.filename.replace("\\", "/").rpartition("/")[2][:100] or file.filename[:100]
    elif pasted.strip():
        stream, name = io.BytesIO(pasted.replace("\r\n", "\n").encode("utf-8", "replace")), ""
    else:
        field = "pasted" if "pasted" in request.form and file is None else "file"
        return _start(422, {field: _("Paste the rows first") if field == "pasted" else _("Choose a file first")})
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if not 0 < size <= MAX_UPLOAD_BYTES:
        return _start(
            422,
            {
                "file": _("The file is empty")
                if not size
                else _("The file is larger than %(most)s MB", most=MAX_UPLOAD_BYTES // 1_000_000)
            },
            pasted,
        )
    try:
        draft = _import_context().drafts.create(visitor().name, name, stream, _now(), pasted=not name)
    except TooManyDraftsError:
        return _start(
            503, {"file": _("There are too many unfinished imports. Finish some, or try again tomorrow.")}, pasted
        )
    except OSError as error:
        return _start(
            500, {"file": _("The file cannot be stored: %(why)s", why=translate(os_error_reason(error)))}, pasted
        )
    return _go_on(draft)


def _start(status: int = 200, errors: dict[str, str] | None = None, pasted: str = "") -> ResponseReturnValue:
    return render_template(
        "import.html",
        drafts=_import_context().drafts.drafts_of(visitor().name),
        errors=errors or {},
        pasted=pasted,
        most=MAX_UPLOAD_BYTES,
    ), status


# -- the draft


@imports.get("/<draft>")
def show_import(draft: str) -> ResponseReturnValue:
    """Show the progress, or the problem with the file, or the preview."""
    found = _draft(draft)
    return show_preview(_job(found))


@imports.get("/<draft>/progress")
def progress(draft: str) -> ResponseReturnValue:
    """Return the progress bar alone; send the browser to the preview when it is ready."""
    job = _job(_draft(draft))
    if job.done.is_set():
        return Response(status=204, headers={"HX-Redirect": url_for("imports.show_import", draft=draft)})
    return render_template("import_progress.html", job=job)


@imports.post("/<draft>")
def choose(draft: str) -> ResponseReturnValue:
    """Take another sheet, other columns, or corrections."""
    found = _draft(draft)
    job = _job(found)
    if not _finished(job) or job.table is None:
        return _go_on(found)
    return _go_on(_with_choices(found, job))


@imports.post("/<draft>/take")
def take(draft: str) -> ResponseReturnValue:
    """Import the rows in one save. Show the preview again if it is not what the operator has seen."""
    found = _draft(draft)
    job = _job(found)
    if not _finished(job) or job.merge_plan is None:
        return _go_on(found)
    fresh = _with_choices(found, job)
    if fresh.version != found.version or request.form.get("version") != str(found.version):
        flash(_("Your changes have been checked: look at the counts, then import."), "note")
        return _go_on(fresh)
    if request.form.get("revision") != job.index.revision:
        return _stale(found)
    if questions.is_anything_open(job.merge_plan, found.answers, request.form, job.phones_elsewhere):
        return show_preview(job, 422, is_asked=True)
    return _take_rows(found, job, job.merge_plan)


def _take_rows(found: Draft, job: ImportJob, merge_plan: MergePlan) -> ResponseReturnValue:
    whole = request.form.get("whole") == "1"
    result = merge_plan.result(whole=whole)
    if not result and merge_plan.phones:
        flash(_("The list would be empty: nothing has been changed."), "warn")
        return _go_on(found)
    gone = merge_plan.removed_phones() if merge_plan.replace else []
    if gone and "sure" not in request.form:
        kept = [(name, value) for name, values in request.form.lists() for value in values if name != "token"]
        return render_template(
            "import_replace.html",
            draft=found,
            gone=gone[:_NAMED],
            count=len(gone),
            kept=kept,
            result=len(result),
            run=app_context().active_run_if_readable(),
        )
    return _save(found, job, result, whole=whole)


@imports.post("/<draft>/discard")
def discard(draft: str) -> ResponseReturnValue:
    """Discard the draft."""
    found = _draft(draft)
    if found.only is None:
        _put_away(found)
        return redirect(url_for("imports.index"), 303)
    flash(ngettext("%(num)s row was not imported", "%(num)s rows were not imported", len(found.only)), "note")
    job = _job(found)
    if job.done.wait(_PATIENCE) and _turn_to_next_sheet(found, job):
        return _go_on(_draft(found.id))
    _put_away(found)
    return redirect(url_for("phones.index"), 303)


@imports.get("/<draft>/refused.csv")
def refused(draft: str) -> ResponseReturnValue:
    """Return the rows that cannot be called, with the reasons, as CSV."""
    found = _draft(draft)
    job = _job(found)
    if not job.done.is_set() or job.merge_plan is None:
        return redirect(url_for("imports.show_import", draft=draft))
    stream = io.BytesIO()
    phone_list.write_refused_phones_csv(
        (
            (Phone("", row.number, row.code, row.name, bool(row.paused)), row.reason)
            for row in job.merge_plan.rows
            if row.kind in ("refused", "no_phone")
        ),
        stream,
        language(),
    )
    stream.seek(0)
    return send_file(stream, "text/csv; charset=utf-8", as_attachment=True, download_name="not-imported.csv")


@imports.errorhandler(OSError)
def unkept(error: OSError) -> ResponseReturnValue:
    """Report that a choice could not be stored. The list has not been changed."""
    return _start(500, {"file": _("The file cannot be stored: %(why)s", why=translate(os_error_reason(error)))})


@imports.errorhandler(DraftGoneError)
def gone(_error: DraftGoneError) -> ResponseReturnValue:
    """Redirect to the beginning with the reason."""
    flash(_("That import no longer exists: it is kept for a day. Choose the file again."), "note")
    return redirect(url_for("imports.index"), 303 if request.method == "POST" else 302)


# -- steps


def _import_context() -> ImportContext:
    found: ImportContext = current_app.extensions["obzvon.imports"]
    return found


def _now() -> datetime:
    return app_context().clock()


def _draft(key: str) -> Draft:
    found = _import_context().drafts.get(key, visitor().name, _now())
    if found is None:
        raise DraftGoneError
    return found


def _job(draft: Draft) -> ImportJob:
    return _import_context().jobs.job_for(draft)


def _finished(job: ImportJob) -> bool:
    """Wait for the job, and return whether it has ended, so that choices can be taken."""
    if job.done.wait(_PATIENCE):
        return True
    flash(
        _(
            "The file is still being compared with the list, so your last choice was not applied. Wait "
            "and choose again."
        ),
        "warn",
    )
    return False


def _go_on(draft: Draft) -> ResponseReturnValue:
    """Redirect to the draft's page, which is ready by then if the file is small."""
    _job(draft).done.wait(_AT_ONCE)
    page = request.form.get("page")
    return redirect(url_for("imports.show_import", draft=draft.id, page=page if page != "1" else None), 303)


def _with_choices(draft: Draft, job: ImportJob) -> Draft:
    """Keep the choices of the form, and return the draft with these and with the choices of other requests."""
    table, merge_plan = job.table, job.merge_plan
    if table is None:
        return draft
    ids = form.corrected_rows(request.form)
    if ids:
        ids &= {row.id for row in merge_plan.rows} if merge_plan else set()
    rows = rows_to_correct(merge_plan) if "shown" not in request.form else []

    def merge_into(current: Draft) -> Draft:
        sheet = table.sheet if current.sheet is None else current.sheet
        layout = current.layout or job.layout
        now = form.shown_choices(current, sheet, layout, rows)
        return form.merge_choices(request.form, current, now, sheets=len(table.sheets), ids=ids)

    return _import_context().drafts.update(draft, merge_into)


def _stale(draft: Draft) -> ResponseReturnValue:
    flash(
        _(
            "Somebody else has changed the list in the meantime. Nothing is imported yet: this "
            "compares the file with the current list."
        ),
        "warn",
    )
    return _go_on(draft)


def _save(draft: Draft, job: ImportJob, result: list[Phone], *, whole: bool) -> ResponseReturnValue:
    merge_plan, phone_index = job.merge_plan, job.index
    if merge_plan is None or result == phone_index.phones:
        flash(_("There was nothing to import: the list has not been changed."), "note")
        return _go_on(draft)
    try:
        app_context().phones.save(result, phone_index.revision, by=visitor().name)
    except ExternallyChangedError:
        return _stale(draft)
    except DocumentError as error:
        return show_preview(job, 500, failed=translate(error.message()))
    app_context().record(visitor().name, merge.audit_message(merge_plan, draft.name or job.table_format, whole=whole))
    _remember_columns(job)
    _tell(merge_plan, whole=whole)
    left = [] if whole else rows_to_correct(merge_plan)
    if not left and _turn_to_next_sheet(draft, job):
        return _go_on(_draft(draft.id))
    _put_away(msgspec.structs.replace(draft, layout=job.layout), left)
    if left:
        return _go_on(_draft(draft.id))
    return redirect(url_for("phones.index"), 303)


def _remember_columns(job: ImportJob) -> None:
    """Keep the columns for the next file of this shape, if they are not those that it is judged to have."""
    if job.draft.only is not None or job.layout.head != job.guess.head:
        return
    if job.layout.roles == job.guess.roles:
        _import_context().layouts.forget(job.shape)
    else:
        _import_context().layouts.remember(job.shape, job.layout.roles, _now())


def _turn_to_next_sheet(draft: Draft, job: ImportJob) -> bool:
    """Go on with the next sheet that has phone numbers, and return whether there is one."""
    following = job.sheets_to_come()
    if not following or job.table is None:
        return False
    with contextlib.suppress(OSError):  # the list is saved; the draft stays where it is
        _import_context().drafts.turn_to_sheet(draft, job.table.sheet, following[0])
    return True


def _put_away(draft: Draft, left: list[RowDecision] | None = None) -> None:
    """Delete the draft. Rows that were not imported stay in it, to be corrected."""
    if left:
        with contextlib.suppress(OSError):  # the list is saved; the draft stays whole, and its rows are there already
            _import_context().drafts.save(
                msgspec.structs.replace(
                    draft,
                    only=frozenset(row.id for row in left),
                    layout=draft.layout,
                    replace=False,
                    version=draft.version + 1,
                )
            )
    else:
        _import_context().drafts.drop(draft.id)
        _import_context().jobs.forget(draft)


def _tell(merge_plan: MergePlan, *, whole: bool) -> None:
    counts = merge_plan.counts
    gone = merge_plan.removed_phones() if merge_plan.replace else []
    new = len(merge_plan.result(whole=whole)) - len(merge_plan.phones) + len(gone)
    parts = [ngettext("Imported: %(num)s new number", "Imported: %(num)s new numbers", new)]
    if counts["changed"]:
        parts.append(ngettext("%(num)s changed", "%(num)s changed", counts["changed"]))
    if gone:
        parts.append(ngettext("%(num)s removed", "%(num)s removed", len(gone)))
    if counts["no_phone"] and not whole:
        text = ngettext("%(num)s row has no phone number", "%(num)s rows have no phone number", counts["no_phone"])
        parts.append(text)
    flash(", ".join(parts), "undo")

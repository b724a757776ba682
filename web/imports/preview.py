"""The preview of an import: what each column is, what is asked, and what would change."""

import contextlib
from datetime import datetime

from flask import render_template, request
from flask.typing import ResponseReturnValue

from obzvon.domain.numbering import InvalidNumberError
from obzvon.spreadsheets import column_roles, questions
from obzvon.spreadsheets.merge import MergePlan, RowDecision
from obzvon.spreadsheets.table import Sheet, Table
from web.context import app_context
from web.i18n import format_day, local_time, lower_first
from web.imports import form
from web.imports.drafts import Draft
from web.imports.jobs import ImportJob
from web.requests import parse_integer

#: Rows that cannot be called on one page, to be corrected there.
PAGE = 20
_SHOWN = 8
_NAMED = 10
_HEADS = 10


def rows_to_correct(merge_plan: MergePlan | None) -> list[RowDecision]:
    """Return the rows that cannot be called. They are offered for correction."""
    return merge_plan.rows_of("refused") if merge_plan else []


def show_preview(job: ImportJob, status: int = 200, *, failed: str = "", is_asked: bool = False) -> ResponseReturnValue:
    """Return the page of a draft, as far as its job has got. `is_asked`: a question was left open."""
    if not job.done.is_set():
        return render_template("import_wait.html", job=job, draft=job.draft)
    if job.error is not None or job.table is None:
        return render_template("import_error.html", error=job.error, draft=job.draft), 422
    return _preview(job, job.table, failed=failed, is_asked=is_asked), status


def _preview(job: ImportJob, table: Table, **state: object) -> str:
    draft = job.draft
    merge_plan = job.merge_plan
    rows = rows_to_correct(merge_plan)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, parse_integer(request.args.get("page", ""), max_digits=6) or 1), pages)
    shown_rows = rows[(page - 1) * PAGE : page * PAGE]
    asked = questions.questions(merge_plan, draft.answers) if merge_plan else []
    answers = {question.key: question.answer for question in asked}
    return render_template(
        "import_look.html",
        draft=draft,
        job=job,
        table=table,
        layout=job.layout,
        merge_plan=merge_plan,
        problem=job.layout.problem(),
        rows=job.rows[:_SHOWN],
        heads=job.rows[:_HEADS],
        headings=column_roles.heading_texts(job.rows, job.layout.head, table.columns),
        letter=column_letter,
        cell=column_roles.text_at,
        named=_NAMED,
        refused=shown_rows,
        shown=form.shown_choices(draft, table.sheet, job.layout, shown_rows, answers).encoded(),
        refused_count=len(rows),
        page=page,
        pages=pages,
        gone=merge_plan.removed_phones() if merge_plan and merge_plan.replace else [],
        questions=asked,
        confirmations=questions.confirmations(merge_plan, job.phones_elsewhere) if merge_plan else [],
        given=request.form,
        run=app_context().active_run_if_readable(),
        as_called=_as_called,
        revision=job.index.revision,
        other_sheets=_other_sheets(draft, table),
        to_come=job.sheets_to_come(),
        remembered_on=_day(job.remembered.at) if job.remembered else "",
        **state,
    )


def _other_sheets(draft: Draft, table: Table) -> list[tuple[int, Sheet]]:
    """Return the sheets with rows that are not imported and not shown, with their places."""
    others = ((place, sheet) for place, sheet in enumerate(table.sheets) if place != table.sheet)
    return [(place, sheet) for place, sheet in others if sheet.rows != 0 and place not in draft.sheets_done]


def _day(moment: datetime) -> str:
    context = app_context()
    now, then = (local_time(one, context.settings) for one in (context.clock(), moment))
    return lower_first(format_day(then, now))


def column_letter(place: int) -> str:
    """Return a column's name in a spreadsheet: A, …, Z, AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def _as_called(number: str) -> str:
    """Return the number as it is dialled, or unchanged if it cannot be."""
    with contextlib.suppress(InvalidNumberError):
        return app_context().phones.plan.normalize(number)
    return number

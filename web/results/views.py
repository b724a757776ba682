"""«Итоги»: a day's calls and their results, and the way to call some of the phones again."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
from flask import Blueprint, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from obzvon.domain import redial
from obzvon.domain.calls import Run
from obzvon.domain.labels import result_label, run_kind_label, run_state_label
from obzvon.domain.results import DELIVERY_RESULTS, FILTERS
from obzvon.journal.journal import Journal
from obzvon.journal.queries import CallFilter, CallQueries
from obzvon.journal.tallies import CALLED_EARLIER, Tally
from obzvon.reports import call_report
from web import charts
from web.context import app_context
from web.i18n import language, translate
from web.results import phone, query
from web.results import redial as results_again
from web.results.days import ResultDays
from web.results.query import ResultsQuery

results = Blueprint("results", __name__, url_prefix="/results")
results.add_url_rule("/phone", "phone", phone.show_phone_days)
results.add_url_rule("/again", "again", results_again.show_redial)
results.add_url_rule("/again/start", "start", results_again.start_redial, methods=["POST"])
results.add_url_rule("/again/list", "make_list", results_again.replace_list, methods=["POST"])
results.add_url_rule("/again/list.csv", "list_csv", results_again.download_list)
results.add_app_template_filter(lambda result: translate(result_label(result)), "how")
results.add_app_template_filter(lambda kind: translate(run_kind_label(kind)), "run_kind")
results.add_app_template_filter(lambda state: translate(run_state_label(state)), "run_state")

PAGE = 100
_DAYS = 30
_DAY = timedelta(days=1)


class RunSummary(msgspec.Struct, frozen=True):
    """A run as the page lists it, with the number of its calls and of its rows."""

    run: Run
    calls: int
    lines: int


@results.get("")
def index() -> ResponseReturnValue:
    """Show the day's runs, results and calls."""
    days = ResultDays()
    view = query.parse_results_query(request.args, days.today)
    journal = app_context().journal()
    if journal.runs.is_empty():
        return render_template("results_none.html", view=view, days=days)
    found = _found(journal)
    runs = journal.runs.on_days(view.day)
    if view.run not in {run.id for run in runs}:
        view = msgspec.structs.replace(view, run=None)
    tallies = found.tallies(runs)
    table = _table(found, view, tallies)
    before, after = journal.runs.neighbouring_days(view.day)
    return render_template(
        "results.html",
        **table,
        days=days,
        runs=_summaries(runs, tallies),
        results=FILTERS,
        judged=DELIVERY_RESULTS,
        again=redial.REDIAL_RESULTS,
        before=before,
        after=after,
        back=view.day - _DAY if days.first and view.day > days.first else None,
        ahead=view.day + _DAY if view.day < days.today else None,
        why=None if runs else days.reason_for_no_run(view.day),
        hours=charts.chart_hours({view.run: tallies[view.run]} if view.run else tallies, days.zone),
        month=_month(journal, view.day, days.today),
        spans_days=charts.spans_days,
    )


def _table(found: CallQueries, view: ResultsQuery, tallies: dict[int, Tally]) -> dict[str, object]:
    """Return the counts of the day by result and one page of its calls; `view` is on a page that exists."""
    counts = found.count_results(view.day, tallies, view.run)
    total = _total(found, view, counts)
    delivery = None
    if app_context().settings.delivered and counts["answered"]:
        delivery = found.count_deliveries(CallFilter(view.day, view.run))
        counts.update(delivery.counts)
    pages = max(1, -(-total // PAGE))
    view = msgspec.structs.replace(view, page=min(max(1, view.page), pages))
    first = (view.page - 1) * PAGE
    lines = (
        found.page(view.call_filter, sort=view.sort, descending=view.down, offset=first, limit=PAGE) if total else []
    )
    return {
        "view": view,
        "counts": counts,
        "delivery": delivery,
        "lines": lines,
        "total": total,
        "pages": pages,
        "first": first + 1,
    }


@results.get("/day.csv", defaults={"form": "csv"})
@results.get("/day.xlsx", defaults={"form": "xlsx"})
def download(form: str) -> ResponseReturnValue:
    """Return all calls that the page selects, as a file.

    The file is complete before it is sent, and the journal is read a few calls at a time: a slow browser blocks
    nothing.
    """
    days = ResultDays()
    view = query.parse_results_query(request.args, days.today)
    journal = app_context().journal()
    lines = _found(journal).iterate(view.call_filter)
    write = call_report.write_calls_csv if form == "csv" else call_report.write_calls_xlsx
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when it has been sent
    try:
        write(lines, stream, zone=days.zone, language=language(), least=app_context().settings.delivered)
    except BaseException:
        stream.close()
        raise
    stream.seek(0)
    name = _("Results %(day)s", day=view.day.isoformat()) + (f" ({view.run})" if view.run else "")
    mimetype = "text/csv" if form == "csv" else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(stream, mimetype=mimetype, as_attachment=True, download_name=f"{name}.{form}")


def _found(journal: Journal) -> CallQueries:
    return CallQueries(journal, app_context().settings.delivered)


def _total(found: CallQueries, view: ResultsQuery, counts: Mapping[str, int]) -> int:
    if view.q.strip() or not set(DELIVERY_RESULTS).isdisjoint(view.results):
        return found.count(view.call_filter)
    return sum(counts.get(result, 0) for result in view.results or counts)


def _summaries(runs: Sequence[Run], tallies: Mapping[int, Tally]) -> list[RunSummary]:
    def calls(tally: Tally) -> int:
        return sum(many for (_, result), many in tally.items() if result not in ("skipped", CALLED_EARLIER))

    return [RunSummary(run, calls(tallies[run.id]), run.total) for run in runs]


def _month(journal: Journal, day: date, today: date) -> charts.Chart | None:
    """Return the chart of the last 30 days, or of the 30 up to an earlier day."""
    last = today if today - timedelta(days=_DAYS) < day <= today else day
    runs = journal.runs.on_days(last - timedelta(days=_DAYS - 1), last)
    tallies = journal.queries().tallies(runs)
    by_day: dict[date, list[Tally]] = {}
    for run in runs:
        by_day.setdefault(run.day, []).append(tallies[run.id])
    return charts.chart_days(by_day, last, _DAYS)

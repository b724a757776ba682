"""Metrics for Prometheus, read from the journal and the documents when they are scraped."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from obzvon.common.errors import UserError
from obzvon.documents.store import DocumentError, LoadedDocument
from obzvon.domain.line_usage import CountedBy, LineUsage
from obzvon.domain.pacing import PaceMode
from obzvon.domain.results import RESULTS, DeliveryCounts
from obzvon.domain.schedule import Schedule
from obzvon.reports.status import CurrentStatus
from web.context import AppContext

metrics = Blueprint("metrics", __name__)

#: Kinds of runs, without test calls.
_RUN_KINDS = ("week", "manual")


def install_metrics(app: Flask) -> None:
    """Count the responses of the app, and serve /metrics."""
    app.register_blueprint(metrics)

    @app.after_request
    def count(response: Response) -> Response:
        _collector().count_response(response.status_code)
        return response


@metrics.get("/metrics")
def index() -> Response:
    """Return all metrics."""
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry()
    registry.register(_collector())
    return Response(encode(registry), content_type=kind)


def _collector() -> "MetricsCollector":
    found: MetricsCollector = current_app.extensions["obzvon.metrics"]
    return found


class MetricsCollector(Collector):
    """Collects the current values. A value that cannot be determined is left out."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._responses: Counter[int] = Counter()
        self._lock = threading.Lock()

    def count_response(self, status: int) -> None:
        """Count a response of the editor."""
        with self._lock:
            self._responses[status] += 1

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the metrics are determined when they are scraped, not when the editor starts."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, one family after another."""
        status = self._status()
        yield _gauge("obzvon_journal_broken", "Whether the journal cannot be read.", status is None)
        if status is not None:
            yield from _service(status)
            if status.service.line_usage is not None:
                yield from _lines(status.service.line_usage)
            yield from _run_in_progress(status)
            yield from _today(status)
        yield from self._documents()
        with self._lock:
            responses = dict(self._responses)
        family = CounterMetricFamily(
            "obzvon_http_responses", "Responses of the editor since its start, by status.", labels=["code"]
        )
        for code, number in sorted(responses.items()):
            family.add_metric([str(code)], number)
        yield family

    def _status(self) -> CurrentStatus | None:
        try:
            return self._context.current_status()
        except UserError:
            return None

    def _documents(self) -> Iterator[GaugeMetricFamily]:
        phones = schedule = None
        with suppress(DocumentError):
            phones = self._context.phones.current()
        with suppress(DocumentError):
            schedule = self._context.schedule.load()
        broken = {"phones": phones is None, "week": schedule is None}
        yield _by("obzvon_document_broken", "Whether the document is broken or missing.", "document", broken)
        if phones is not None:
            yield _by("obzvon_list_rows", "Rows of the list by what a run does with them.", "state", phones.counts)
        if schedule is not None and (start := self._next_start(schedule)) is not None:
            yield _gauge(
                "obzvon_next_start_timestamp_seconds",
                "When the next scheduled run begins, or should have begun.",
                start.timestamp(),
            )

    def _next_start(self, schedule: LoadedDocument[Schedule]) -> datetime | None:
        try:
            return self._context.forecast_next_run([], schedule).start
        except UserError:
            return None


def _service(status: CurrentStatus) -> Iterator[GaugeMetricFamily]:
    service = status.service
    yield _gauge("obzvon_service_up", "Whether the service is running.", service.alive)
    yield _gauge(
        "obzvon_service_in_trouble", "Whether something keeps it from handing over calls.", bool(service.problems)
    )
    if service.seen is not None:
        yield _gauge(
            "obzvon_service_silent_seconds",
            "How long ago its last heartbeat was.",
            (status.now - service.seen).total_seconds(),
        )


def _lines(usage: LineUsage) -> Iterator[GaugeMetricFamily]:
    in_use = {"ours": usage.ours, **({"others": usage.others} if usage.ami else {})}
    yield _by("obzvon_lines_in_use", "Lines in use, in calls; those of others as last reported.", "whose", in_use)
    yield _by("obzvon_lines_counted", "How lines in use are counted.", "by", {by: usage.by is by for by in CountedBy})
    yield _by(
        "obzvon_pacing",
        "How the next bundle is chosen.",
        "mode",
        {mode: usage.pace.mode is mode for mode in PaceMode},
    )
    ceiling = usage.ceiling
    bounds = {"lines": ceiling.lines, "limit": ceiling.limit, "reserve": ceiling.reserve} if ceiling else {}
    yield _by(
        "obzvon_lines_ceiling",
        "The ceiling: lines in total, those reserved for the office, the limit of ours.",
        "bound",
        {name: value for name, value in bounds.items() if value is not None},
    )
    if usage.free is not None:
        yield _gauge("obzvon_lines_free", "How many more calls of ours there is room for.", usage.free)
    if usage.ami is not None:
        yield _gauge("obzvon_ami_up", "Whether Asterisk's manager interface reports the lines in use.", usage.ami.up)


def _run_in_progress(status: CurrentStatus) -> Iterator[GaugeMetricFamily]:
    run = status.run
    states = {state: run is not None and run.run.state == state for state in ("running", "paused")}
    yield _by("obzvon_run_active", "The run in progress.", "state", states)
    held = run is not None and run.hold is not None
    yield _gauge("obzvon_run_held", "Whether it is held because all its calls fail.", held)
    if run is None:
        return
    yield _gauge(
        "obzvon_run_start_timestamp_seconds",
        "When the run in progress, or the last one, began.",
        run.run.started_at.timestamp(),
    )
    yield _by(
        "obzvon_run_calls",
        "Calls of the run in progress, or the last one, by result.",
        "result",
        _with_zeros(run.counts),
    )
    if run.delivery is not None:
        yield _by(
            "obzvon_run_answered",
            "Answered calls of that run by whether the message was delivered.",
            "delivered",
            _delivery_values(run.delivery),
        )


def _today(status: CurrentStatus) -> Iterator[GaugeMetricFamily]:
    today = status.now.astimezone(status.zone).date()
    counts: Counter[str] = Counter()
    delivery: DeliveryCounts | None = None
    for run in (*([status.run] if status.run else ()), *status.others):
        if run.run.day == today and run.run.kind in _RUN_KINDS:
            counts.update(run.counts)
            if run.delivery is not None:
                delivery = run.delivery + delivery if delivery else run.delivery
    yield _by("obzvon_day_calls", "Calls of today's runs by result.", "result", _with_zeros(counts))
    if delivery is not None:
        yield _by(
            "obzvon_day_answered",
            "Answered calls of today's runs by whether the message was delivered.",
            "delivered",
            _delivery_values(delivery),
        )


def _delivery_values(delivery: DeliveryCounts) -> Mapping[str, int]:
    return {"yes": delivery.delivered, "no": delivery.short, "unknown": delivery.unknown}


def _with_zeros(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Return the number of each result, 0 included: a missing series would not count as zero."""
    return {result: counts.get(result, 0) for result in RESULTS}


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=float(value))


def _by(name: str, what: str, label: str, values: Mapping[Any, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family

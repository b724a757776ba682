"""Figures for a monitoring system, in Prometheus' form: read from the journal and the documents when it asks."""

import threading
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from obzvon.common.errors import UserError
from obzvon.documents.store import DocumentError
from obzvon.domain.line_usage import CountedBy, LineUsage
from obzvon.domain.pacing import PaceMode
from obzvon.domain.results import RESULTS, DeliveryCounts
from obzvon.reports.next_run import next_run_forecast
from obzvon.reports.status import CurrentStatus, RunStatus, current_status
from web.context import AppContext

metrics = Blueprint("metrics", __name__)

_RUNS = ("week", "manual")
"""What is more than a test call."""


def install_metrics(app: Flask) -> None:
    """Counts the answers of the app, and shows what there is to show."""
    figures = MetricsCollector(app.extensions["obzvon"])
    registry = CollectorRegistry()
    registry.register(figures)
    app.extensions["obzvon-metrics"] = registry
    app.register_blueprint(metrics)

    @app.after_request
    def count(response: Response) -> Response:
        figures.count(response.status_code)
        return response


@metrics.get("/metrics")
def index() -> Response:
    """All of them."""
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(current_app.extensions["obzvon-metrics"]), content_type=kind)


class MetricsCollector(Collector):
    """What is known at the moment; a figure that cannot be known is not there."""

    def __init__(self, of: AppContext) -> None:
        self._desk = of
        self._answers: Tally[int] = Tally()
        self._lock = threading.Lock()

    def count(self, status: int) -> None:
        """The editor has given an answer."""
        with self._lock:
            self._answers[status] += 1

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is is known when it is asked for, and not when the editor starts."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures, one family after another."""
        found = self._look()
        yield _gauge("obzvon_journal_broken", "Whether the journal cannot be read.", found is None)
        if found is not None:
            yield from _service(found)
            if found.service.line_usage is not None:
                yield from _lines(found.service.line_usage)
            yield from _runs(found)
        yield from self._documents()
        with self._lock:
            answers = dict(self._answers)
        answered = CounterMetricFamily(
            "obzvon_http_responses", "Answers of the editor since its start, by status.", labels=["code"]
        )
        for status, number in sorted(answers.items()):
            answered.add_metric([str(status)], number)
        yield answered

    def _look(self) -> CurrentStatus | None:
        at = self._desk
        try:
            return current_status(at.settings, at.journal(), at.clock())
        except UserError:
            return None

    def _documents(self) -> Iterator[GaugeMetricFamily]:
        at = self._desk
        broken = GaugeMetricFamily(
            "obzvon_document_broken", "Whether the document is broken or missing.", labels=["document"]
        )
        try:
            listed = at.phones.current()
        except DocumentError:
            listed = None
        try:
            week = at.schedule.load()
        except DocumentError:
            week = None
        broken.add_metric(["phones"], listed is None)
        broken.add_metric(["week"], week is None)
        yield broken
        if listed is not None:
            yield _by("obzvon_list_rows", "Rows of the list by what a run does with them.", "state", listed.counts)
        if week is not None:
            try:
                start = next_run_forecast(
                    at.settings, [], week, at.journal(), at.clock(), numbering=at.phones.plan
                ).start
            except UserError:
                return
            if start is not None:
                yield _gauge(
                    "obzvon_next_start_timestamp_seconds",
                    "When the next run begins by the week, or should have begun.",
                    start.timestamp(),
                )


def _service(found: CurrentStatus) -> Iterator[GaugeMetricFamily]:
    service = found.service
    yield _gauge("obzvon_service_up", "Whether the service lives.", service.alive)
    yield _gauge(
        "obzvon_service_in_trouble", "Whether something keeps it from handing calls over.", bool(service.problems)
    )
    if service.seen is not None:
        yield _gauge(
            "obzvon_service_silent_seconds",
            "How long ago it gave its last sign of life.",
            (found.now - service.seen).total_seconds(),
        )


def _lines(readout: LineUsage) -> Iterator[GaugeMetricFamily]:
    in_use = {"ours": readout.ours, **({"others": readout.others} if readout.ami else {})}
    yield _by(
        "obzvon_lines_in_use", "Lines in use, counted in calls; other people's as they were told last.", "whose", in_use
    )
    yield _by(
        "obzvon_lines_counted", "What lines in use are counted by.", "by", {by: readout.by is by for by in CountedBy}
    )
    yield _by(
        "obzvon_pacing",
        "How the next bundle is chosen.",
        "mode",
        {mode: readout.pace.mode is mode for mode in PaceMode},
    )
    ceiling = readout.ceiling
    bounds = {"lines": ceiling.lines, "limit": ceiling.limit, "reserve": ceiling.reserve} if ceiling else {}
    yield _by(
        "obzvon_lines_ceiling",
        "What bounds them: lines in all, those kept for the office, the limit of ours.",
        "bound",
        {name: value for name, value in bounds.items() if value is not None},
    )
    if readout.free is not None:
        yield _gauge("obzvon_lines_free", "How many more calls of ours there is room for.", readout.free)
    if readout.ami is not None:
        yield _gauge("obzvon_ami_up", "Whether Asterisk's manager interface tells the lines in use.", readout.ami.up)


def _runs(found: CurrentStatus) -> Iterator[GaugeMetricFamily]:
    run = found.run
    yield _by(
        "obzvon_run_active",
        "The run in progress.",
        "state",
        {state: run is not None and run.run.state == state for state in ("running", "paused")},
    )
    if run is not None:
        yield _gauge(
            "obzvon_run_start_timestamp_seconds",
            "When the run in progress, or the last one, began.",
            run.run.started_at.timestamp(),
        )
        yield _by(
            "obzvon_run_calls",
            "Calls of the run in progress, or the last one, by result.",
            "result",
            _every(run.counts),
        )
        if run.delivery is not None:
            yield _by(
                "obzvon_run_answered",
                "Answered calls of that run by whether the message was delivered.",
                "delivered",
                _judged(run.delivery),
            )
    today = found.now.astimezone(found.zone).date()
    counted: Tally[str] = Tally()
    judged: DeliveryCounts | None = None
    for one in _of_day(found):
        if one.run.day == today and one.run.kind in _RUNS:
            counted.update(one.counts)
            if one.delivery is not None:
                judged = one.delivery + judged if judged else one.delivery
    yield _by("obzvon_day_calls", "Calls of today's runs by result.", "result", _every(counted))
    if judged is not None:
        yield _by(
            "obzvon_day_answered",
            "Answered calls of today's runs by whether the message was delivered.",
            "delivered",
            _judged(judged),
        )


def _of_day(found: CurrentStatus) -> Iterator[RunStatus]:
    if found.run is not None:
        yield found.run
    yield from found.others


def _judged(delivery: DeliveryCounts) -> Mapping[str, int]:
    return {"yes": delivery.delivered, "no": delivery.short, "unknown": delivery.unknown}


def _every(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Each result, also those that there are none of: a series that is not there is no zero."""
    return {result: counts.get(result, 0) for result in RESULTS}


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=float(value))


def _by(name: str, what: str, label: str, values: Mapping[Any, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family

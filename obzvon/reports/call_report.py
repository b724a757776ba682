"""Report of a day's calls as CSV, XLSX and JSON: one row for each phone, in constant memory."""

import csv
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, tzinfo
from itertools import islice
from typing import IO, TYPE_CHECKING

import msgspec

from obzvon.common.i18n import Message, current_language, say
from obzvon.domain.calls import CallRecord, CallState
from obzvon.domain.labels import call_remark, result_label, run_kind_label
from obzvon.domain.results import DeliveryCounts, Disposition, is_delivered
from obzvon.spreadsheets.cell_text import MAX_ROWS, is_formula

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.workbook.child import _WorkbookChild
from obzvon.common.text import group_digits
from obzvon.spreadsheets.cell_text import to_one_line

HANDED, ENDED = say("Handed over"), say("Ended")
NUMBER, CODE, NAME = say("Number"), say("Extension code"), say("Name")
RESULT, REASON = say("Result"), say("Reason")
RUN, BUNDLE, ATTEMPT, KIND = say("Run"), say("Bundle"), say("Attempt"), say("Kind of run")
ANSWERED_AT, SECONDS_HEARD, KEY, CAUSE = say("Answered at"), say("Seconds heard"), say("Key"), say("Hangup cause")
DELIVERED = say("Delivered")

_HEADINGS = (
    HANDED,
    ENDED,
    NUMBER,
    CODE,
    NAME,
    RESULT,
    REASON,
    RUN,
    BUNDLE,
    ATTEMPT,
    KIND,
    ANSWERED_AT,
    SECONDS_HEARD,
    DELIVERED,
    KEY,
    CAUSE,
)
_WIDTHS = (20, 20, 18, 12, 32, 18, 48, 8, 8, 9, 20, 20, 12, 12, 8, 10)

_YES, _NO = say("yes"), say("no")


class ReportLabels:
    """Labels of one report in the language of its reader, each looked up once; `least` is that of `is_delivered`."""

    def __init__(self, zone: tzinfo, language: str | None = None, least: float = 0.0) -> None:
        self.zone = zone
        self.least = least
        self.language = language or current_language()
        self._results: dict[str, str] = {}

    def word(self, message: Message) -> str:
        """Return a sentence or a heading."""
        return message.in_language(self.language)

    def result(self, result: str) -> str:
        """Return the label of a result."""
        if result not in self._results:
            self._results[result] = self.word(result_label(result))
        return self._results[result]

    def reason(self, line: CallRecord) -> str:
        """Return the reason of the result, or ''.

        For a call that waits for another attempt: the result of the last one, and when the next one goes.
        """
        if line.state == CallState.WAITING and line.not_before and line.disposition:
            return self.word(
                say(
                    "{result}; once more from {time} on",
                    result=result_label(line.disposition),
                    time=f"{self.clock(line.not_before):%H:%M}",
                )
            )
        said = call_remark(line, self.least)
        return self.word(said) if said else ""

    def delivered(self, line: CallRecord) -> str:
        """Return whether the message was delivered; '' if that is not known, or nobody answered."""
        delivered = is_delivered(line.result, line.listened, self.least)
        return "" if delivered is None else self.word(_YES if delivered else _NO)

    def clock(self, moment: datetime) -> datetime:
        """Return a moment on the clock of the time zone of the report."""
        return moment.astimezone(self.zone)


class ReportCall(msgspec.Struct, forbid_unknown_fields=True):
    """Phone of a day's run with its result, as in JSON."""

    run: int
    kind: str
    row: str
    number: str
    code: str
    name: str
    result: str
    reason: str
    bundle: int | None
    attempt: int
    handed_at: datetime | None
    ended_at: datetime | None
    rang_at: datetime | None
    answered_at: datetime | None
    listened: float | None
    delivered: bool | None
    key: str
    cause: int | None
    tries: int | None


class ResultCounts(Counter[str]):
    """Counts of rows by result, and of answered calls by delivery."""

    def __init__(self, least: float = 0.0) -> None:
        super().__init__()
        self.delivery = DeliveryCounts(least)

    def of(self, lines: Iterable[CallRecord]) -> Iterator[CallRecord]:
        """Yield the rows as they come, and count them."""
        for line in lines:
            self[line.result] += 1
            if line.result == Disposition.ANSWERED:
                delivered = is_delivered(line.result, line.listened, self.delivery.least)
                self.delivery += DeliveryCounts(
                    self.delivery.least, delivered is True, delivered is False, delivered is None
                )
            yield line


def write_calls_csv(
    lines: Iterable[CallRecord], stream: IO[bytes], *, zone: tzinfo, language: str | None = None, least: float = 0.0
) -> ResultCounts:
    """Write the rows as Russian Excel opens them: UTF-8 with a BOM, `;` between fields. Return the counts of results.

    A field that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    reader, counts = ReportLabels(zone, language, least), ResultCounts(least)

    def when(moment: datetime | None) -> str:
        return reader.clock(moment).replace(tzinfo=None).isoformat(" ", "seconds") if moment else ""

    wrapper = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    try:
        rows = csv.writer(wrapper, delimiter=";")
        rows.writerow(reader.word(heading) for heading in _HEADINGS)
        for line in counts.of(lines):
            rows.writerow(_report_row(line, line.number, reader, text=_safe_cell, when=when))
    finally:
        wrapper.detach()
    return counts


def write_calls_xlsx(
    lines: Iterable[CallRecord], stream: IO[bytes], *, zone: tzinfo, language: str | None = None, least: float = 0.0
) -> ResultCounts:
    """Write the rows as a workbook with a sheet of counts. Return the counts of results.

    Numbers and names are text, never formulas; times are times, on the clock of `zone`. It is made in temporary files,
    so memory does not grow with it, and the stream gets the whole workbook or nothing.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - a tenth of a second that only this needs

    reader, counts = ReportLabels(zone, language, least), ResultCounts(least)
    book = Workbook(write_only=True)
    left = iter(counts.of(lines))
    sheets = 0
    with tempfile.TemporaryFile() as whole:
        try:
            while counts.total() == sheets * MAX_ROWS:
                sheets += 1
                _calls_sheet(book, islice(left, MAX_ROWS), reader, sheets)
            _summary_sheet(book, counts, reader)
        finally:
            book.save(whole)  # after a failure too: it is here that openpyxl takes its own temporary files away
        whole.seek(0)
        shutil.copyfileobj(whole, stream)
    return counts


def write_calls_json(
    lines: Iterable[CallRecord],
    stream: IO[bytes],
    *,
    day: date,
    zone: tzinfo,
    language: str | None = None,
    least: float = 0.0,
) -> ResultCounts:
    """Write the rows as one JSON document. Return the counts of results.

    Its keys: `day`; `time_zone`; `calls`, each with `run`, `kind` ("week", "manual", "test"), `row` (its key in the
    list), `number`, `code`, `name`, `result` (one of `RESULTS`), `reason` (a sentence in the reader's language or ""),
    `bundle`, `attempt`, `handed_at`, `ended_at`, `rang_at`, `answered_at` (ISO 8601 with the offset of the time zone,
    or null), `listened` (seconds of the message), `delivered` (whether that was long enough), `key` (the key pressed,
    or ""), `cause` (Q.850) and `tries` (how often Asterisk itself rang), which only Asterisk's events tell, else null;
    `counts`, how many have each result; and `delivery`: `least` (seconds), and of how many answered calls the message
    was `delivered`, `not_delivered`, or that is `not_known`.
    """
    reader, counts = ReportLabels(zone, language, least), ResultCounts(least)
    encoder = msgspec.json.Encoder()
    head = encoder.encode({"day": day, "time_zone": str(zone)})
    stream.write(head[:-1] + b',"calls":[')
    separator = b"\n"

    for line in counts.of(lines):
        call = _report_call(line, reader)
        stream.write(separator + encoder.encode(call))
        separator = b",\n"
    tail = encoder.encode({"counts": dict(counts), "delivery": counts.delivery.as_dict()})
    stream.write(b"\n]," + tail[1:] + b"\n")
    return counts


def _report_call(line: CallRecord, reader: ReportLabels) -> ReportCall:
    def when(moment: datetime | None) -> datetime | None:
        return moment and reader.clock(moment)

    return ReportCall(
        line.run_id,
        line.kind,
        line.row,
        line.number,
        line.code,
        line.name,
        line.result,
        reader.reason(line),
        line.bundle,
        line.attempt,
        when(line.handed_at),
        when(line.ended_at),
        when(line.rang_at),
        when(line.answered_at),
        line.listened,
        is_delivered(line.result, line.listened, reader.least),
        line.key or "",
        line.cause,
        line.tries,
    )


def _report_row(
    line: CallRecord,
    number: str,
    reader: ReportLabels,
    *,
    text: Callable[[str], object],
    when: Callable[[datetime | None], object],
) -> list[object]:
    """Return the cells of a call in the order of the headings. `text` and `when` make a cell of a text and a moment."""
    return [
        when(line.handed_at),
        when(line.ended_at),
        text(number),
        text(line.code),
        text(line.name),
        text(reader.result(line.result)),
        text(reader.reason(line)),
        line.run_id,
        line.bundle,
        line.attempt,
        reader.word(run_kind_label(line.kind)),
        when(line.answered_at),
        _seconds(line),
        reader.delivered(line) or None,
        text(line.key or ""),
        line.cause,
    ]


def _seconds(line: CallRecord) -> int | None:
    return None if line.listened is None else round(line.listened)


def _safe_cell(text: str) -> str:
    """Return one line that no spreadsheet takes for a formula, whatever comes before the sign that begins one."""
    return ("'" if is_formula(text) else "") + to_one_line(text)


def _calls_sheet(book: "Workbook", lines: Iterable[CallRecord], reader: ReportLabels, number: int) -> None:
    sheet = book.create_sheet(reader.word(say("Calls")) + (f" {number}" if number > 1 else ""))
    sheet.freeze_panes = "A2"
    letters = "ABCDEFGHIJKLMNOP"
    for letter, width in zip(letters, _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_cell(sheet, reader.word(heading), bold=True) for heading in _HEADINGS])

    def text(value: str) -> "str | Cell | None":
        value = to_one_line(value)
        return _cell(sheet, value) if value.startswith(("=", "#")) else value or None

    def when(moment: datetime | None) -> datetime | None:
        return moment and reader.clock(moment).replace(tzinfo=None, microsecond=0)

    last = 1
    for line in lines:
        sheet.append(_report_row(line, group_digits(line.number), reader, text=text, when=when))
        last += 1
    sheet.auto_filter.ref = f"A1:{letters[-1]}{last}"


def _summary_sheet(book: "Workbook", counts: ResultCounts, reader: ReportLabels) -> None:
    sheet = book.create_sheet(reader.word(say("Summary")))
    sheet.column_dimensions["A"].width = 24
    sheet.append([_cell(sheet, reader.word(heading), bold=True) for heading in (RESULT, say("Calls"))])
    for result, count in counts.most_common():
        sheet.append([reader.result(result), count])
        if result == Disposition.ANSWERED and reader.least:
            for how, many in counts.delivery.counts.items():
                sheet.append([f"    {reader.result(how)}", many])
    sheet.append([_cell(sheet, value, bold=True) for value in (reader.word(say("All")), counts.total())])


def _cell(sheet: "_WorkbookChild", value: str | int, *, bold: bool = False) -> "Cell":
    """Return a cell with a font, or a text that openpyxl would take for a formula or an error."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above
    from openpyxl.styles import Font  # noqa: PLC0415

    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell

"""The list as a file. Importing it makes the same list."""

import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from typing import IO

from flask import Blueprint, send_file
from flask.typing import ResponseReturnValue

from obzvon.domain.phones import Phone
from obzvon.reports import phone_list
from web.context import app_context
from web.i18n import language

exports = Blueprint("exports", __name__, url_prefix="/phones/export")

_IN_MEMORY = 2_000_000
_FORMS: dict[str, tuple[Callable[[Iterable[Phone], IO[bytes], str, date], None], str]] = {
    "csv": (phone_list.write_phones_csv, "text/csv; charset=utf-8"),
    "xlsx": (phone_list.write_phones_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@exports.get("/<any(csv, xlsx):form>")
def download(form: str) -> ResponseReturnValue:
    """Return the current list as CSV or XLSX."""
    write, kind = _FORMS[form]
    phones = app_context().phones.current().phones
    stream = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    today = app_context().today()
    write(phones, stream, language(), today)
    stream.seek(0)
    return send_file(stream, kind, as_attachment=True, download_name=f"obzvon-{today.isoformat()}.{form}")

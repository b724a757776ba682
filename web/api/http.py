"""What comes in and goes out: bodies and parameters read whole, answers, and revisions as RFC 9110 has them."""

from typing import TypeVar

import msgspec
from flask import Response, abort, request
from flask_babel import gettext as _
from msgspec import inspect

from obzvon.common.text import escape_controls
from web.api.validation import describe_expected, find_issues
from web.problems import RequestError, ValidationIssue

T = TypeVar("T", bound=msgspec.Struct)

_MOST = 1_000_000
"""Objects and lists of one body: ever so many empty ones would fill the memory."""


def json_response(value: object, *, revision: str | None = None, status: int = 200) -> Response:
    """The value as JSON; with a revision it is a document, which a client may have in this revision already."""
    response = Response(msgspec.json.encode(value) + b"\n", status, content_type="application/json")
    response.vary.add("Accept-Language")
    if revision is not None:
        response.set_etag(revision)
        response.make_conditional(request)
    return response


def parse_body(shape: type[T]) -> T:
    """The body; raises Refusal with everything that is wrong in it."""
    data = request.get_data(cache=False)
    if data.count(b"{") + data.count(b"[") > _MOST:
        abort(413)
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        wrong = error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, _("The body is not JSON: %(why)s", why=error)) from error
    try:
        found = find_issues(msgspec.json.decode(data), shape, wrong)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, _("The body is not JSON: %(why)s", why=error)) from error
    raise RequestError(422, "", found) from wrong


def parse_query(shape: type[T]) -> T:
    """The parameters of the address; raises Refusal with everything that is wrong with them."""
    given = request.args.to_dict()
    known = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    wrong = []
    for name, value in given.items():
        if name not in known:
            wrong.append(
                ValidationIssue(
                    _("There is no such parameter; there are: %(names)s", names=", ".join(known)),
                    parameter=escape_controls(name),
                )
            )
            continue
        try:
            msgspec.convert(value, known[name].type, strict=False)
        except msgspec.ValidationError:
            wrong.append(ValidationIssue(describe_expected(inspect.type_info(known[name].type)), parameter=name))
    if wrong:
        raise RequestError(400, _("Some parameters are wrong."), wrong)
    return msgspec.convert(given, shape, strict=False)


def check_precondition(present: str) -> str:
    """The revision that stands there (`present`, '' for none), if the request says that it is meant to change that.

    `If-Match` names it, or is `*`: whatever stands there. `If-None-Match: *` says that nothing stands there yet.
    """
    if "If-Match" in request.headers:
        wanted = request.if_match
        if present and (wanted.star_tag or wanted.contains(present)):
            return present
    elif request.if_none_match.star_tag:
        if not present:
            return present
    else:
        raise RequestError(428, "", [ValidationIssue(_("It is missing"), header="If-Match")], revision=present)
    raise RequestError(412, revision=present)

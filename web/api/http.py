"""Bodies, parameters and responses of the JSON interface, and its revisions, as in RFC 9110."""

import codecs
from typing import TypeVar

import msgspec
from flask import Response, abort, request
from flask_babel import gettext as _
from msgspec import inspect

from obzvon.common.text import escape_controls
from web.api.validation import describe_expected, find_issues
from web.problems import RequestError, ValidationIssue

T = TypeVar("T", bound=msgspec.Struct)

#: Objects and lists of one body. Too many empty ones would fill the memory.
_MAX_CONTAINERS = 1_000_000


def json_response(value: object, *, revision: str | None = None, status: int = 200) -> Response:
    """Return the value as JSON. With a revision the response is conditional: 304 if the client has that revision."""
    response = Response(msgspec.json.encode(value) + b"\n", status, content_type="application/json")
    response.vary.add("Accept-Language")
    if revision is not None:
        response.set_etag(revision)
        response.make_conditional(request)
    return response


def parse_body(shape: type[T]) -> T:
    """Return the body. Raises RequestError with every issue in it."""
    data = request.get_data(cache=False).removeprefix(codecs.BOM_UTF8)  # a parser may ignore it: RFC 8259, 8.1
    if data.count(b"{") + data.count(b"[") > _MAX_CONTAINERS:
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
    """Return the parameters of the address. Raises RequestError with every issue in them."""
    given = request.args.to_dict()
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    issues = []
    for name, value in given.items():
        if name not in fields:
            issues.append(
                ValidationIssue(
                    _("There is no such parameter; there are: %(names)s", names=", ".join(fields)),
                    parameter=escape_controls(name),
                )
            )
            continue
        try:
            msgspec.convert(value, fields[name].type, strict=False)
        except msgspec.ValidationError:
            issues.append(ValidationIssue(describe_expected(inspect.type_info(fields[name].type)), parameter=name))
    if issues:
        raise RequestError(400, _("Some parameters are wrong."), issues)
    return msgspec.convert(given, shape, strict=False)


def check_precondition(current: str) -> str:
    """Return the current revision ('' for none) if the request says that its change is based on it.

    `If-Match` names the revision, or is `*` for any. `If-None-Match: *` says that there is no document yet. Raises
    RequestError with status 412 if another revision is current, and 428 if neither header is sent.
    """
    if "If-Match" in request.headers:
        wanted = request.if_match
        if current and (wanted.star_tag or wanted.contains(current)):
            return current
    elif request.if_none_match.star_tag:
        if not current:
            return current
    else:
        raise RequestError(428, "", [ValidationIssue(_("It is missing"), header="If-Match")], revision=current)
    raise RequestError(412, revision=current)

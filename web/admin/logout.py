"""«Выйти»: makes the browser forget the name and the password, on a machine that several people share.

Basic authentication knows no logout. A browser forgets what it sends when that is refused, so this page refuses it.
"""

import secrets

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from web.errors import logged_out_response

logout = Blueprint("logout", __name__, url_prefix="/logout")

_COOKIE = "logout"
_SECONDS = 600


@logout.get("")
def index() -> ResponseReturnValue:
    """Refuse the login once. Who logs in again in the browser's question is led to the first page."""
    once = request.args.get("once", "")[:40]
    if not once:
        return redirect(url_for("logout.index", once=secrets.token_urlsafe(9)))
    if request.cookies.get(_COOKIE) == once:
        return redirect("/")
    g.pop("visitor")
    response = logged_out_response()
    response.set_cookie(
        _COOKIE, once, max_age=_SECONDS, path="/logout", httponly=True, samesite="Lax", secure=request.is_secure
    )
    return response

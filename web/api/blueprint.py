"""All of the JSON interface, put into the app."""

from flask import Flask, Response

from web import problems
from web.api import openapi as description
from web.api.http import json_response
from web.api.phones import phones
from web.api.reports import looks
from web.api.run import run
from web.api.schedule import week


def install_api(app: Flask) -> None:
    """Puts it there."""
    for blueprint in (phones, week, run, looks):
        app.register_blueprint(blueprint)
    app.register_error_handler(problems.RequestError, problems.request_error_response)
    described = description.openapi_document()

    @app.get("/api/v1/openapi.json", endpoint="api.openapi")
    def openapi() -> Response:
        return json_response(described)

"""Installs the JSON interface."""

from flask import Flask, Response

from web import problems
from web.api.http import json_response
from web.api.openapi import openapi_document
from web.api.phones import phones
from web.api.reports import reports
from web.api.run import run
from web.api.schedule import schedule


def install_api(app: Flask) -> None:
    """Add the JSON interface to the app."""
    for blueprint in (phones, schedule, run, reports):
        app.register_blueprint(blueprint)
    app.register_error_handler(problems.RequestError, problems.request_error_response)

    @app.get("/api/v1/openapi.json", endpoint="api.openapi")
    def openapi() -> Response:
        return json_response(openapi_document())

"""The pages, one blueprint each."""

from flask import Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from web.listed import grouped
from web.phones import phones
from web.results import results
from web.week import spoken_day, spoken_time, week


def install(app: Flask) -> None:
    """Puts them into the app."""
    app.register_blueprint(phones)
    app.register_blueprint(week)
    app.register_blueprint(results)
    app.add_template_filter(grouped)
    app.jinja_env.globals.update(spoken_day=spoken_day, spoken_time=spoken_time)

    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("phones.index"))

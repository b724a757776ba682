"""The pages, one blueprint each."""

from flask import Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from obzvon.words import remark, result_word
from web import first_steps, imports
from web.administration import administration
from web.changes import changes
from web.checkup import checkup, trouble_count
from web.exports import exports
from web.listed import grouped
from web.own_password import own_password
from web.phones import phones
from web.results import results
from web.run import run
from web.week import spoken_day, spoken_time, week


def install(app: Flask) -> None:
    """Puts them into the app."""
    app.register_blueprint(phones)
    app.register_blueprint(week)
    for page in (run, results, checkup, first_steps.first_steps, administration, changes, own_password, exports):
        app.register_blueprint(page)
    imports.install(app)
    app.add_template_filter(grouped)
    app.jinja_env.globals.update(spoken_day=spoken_day, spoken_time=spoken_time, result_word=result_word,
                                 remark=lambda line: remark(line, app.extensions["obzvon"].settings.delivered),
                                 trouble_count=trouble_count)

    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("first_steps.index" if first_steps.wanted() else "phones.index"))

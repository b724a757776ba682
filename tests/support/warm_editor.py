"""Do once what an editor spends its first second on, for all that are forked afterwards.

Imported by nothing but the process from which `tests.support.programs` forks.
"""

import waitress.server  # noqa: F401
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import web.app
import web.server
from web.app import build_app

_app = build_app()
_app.jinja_env.bytecode_cache = FileSystemBytecodeCache()  # the same for all that fork, also in the next run
for _name in _app.jinja_env.list_templates(extensions=["html"]):
    _app.jinja_env.get_template(_name)


def _built() -> Flask:
    return _app


web.app.build_app = _built

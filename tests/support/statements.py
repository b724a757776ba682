"""A cache of compiled statements for all SQLite journals of a test process: nearly every test makes a journal.

SQLAlchemy keeps compiled statements with each engine, by the engine's own dialect object. The dialects of two engines
of the same kind are alike here, and compiling takes a fifth of the tier's time.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache


def shared() -> Iterator[None]:
    """Let every SQLite engine that is made from now on use one cache, until the end of the generator."""
    cache: LRUCache[Any, Any] = LRUCache(2000)
    make = Engine.__init__

    def make_sharing(engine: Engine, *args: object, **options: object) -> None:
        make(engine, *args, **options)  # type: ignore[arg-type]
        if isinstance(engine.dialect, SQLiteDialect_pysqlite):
            engine._compiled_cache = cache  # noqa: SLF001 - SQLAlchemy has no other way

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SQLiteDialect_pysqlite, "__eq__", lambda one, other: type(one) is type(other))
        patched.setattr(SQLiteDialect_pysqlite, "__hash__", lambda one: hash(type(one)))
        patched.setattr(Engine, "__init__", make_sharing)
        yield

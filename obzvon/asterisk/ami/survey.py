"""Asks Asterisk for values of its dialplan: global variables, and functions such as DEVICE_STATE.

A survey is a generator: it yields what it wants to know and is sent the value, None where that is unknown. So the same
survey can be asked over the service's connection, over one of its own, and of Asterisk's console. ``read = call,user``
and ``write = reporting`` are enough for Getvar.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import TypeVar

from obzvon.asterisk.ami.connection import AmiConnection
from obzvon.asterisk.ami.errors import AmiError
from obzvon.settings.ami import AmiSettings

T = TypeVar("T")
Survey = Generator[str, str | None, T]


def run_survey(survey: Survey[T], evaluate: Callable[[str], str | None]) -> T:
    """Answer the questions of the survey with `evaluate`, and return its result."""
    answer: str | None = None
    question = next(survey)
    while True:
        answer = evaluate(question)
        try:
            question = survey.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result


def survey_by_login(ami: AmiSettings, survey: Survey[T], *, patience: float = 5.0) -> T:
    """Return the result of a survey over a connection of its own; without one every answer is None."""
    return asyncio.run(_survey(ami, survey, patience))


async def _survey(ami: AmiSettings, survey: Survey[T], patience: float) -> T:
    try:
        connection = await AmiConnection.open(ami, lambda _event: None, patience=patience, events="off")
    except AmiError:
        return run_survey(survey, lambda _question: None)
    try:
        question = next(survey)
        while True:
            try:
                answer = await connection.evaluate(question)
            except AmiError:
                answer = None
            try:
                question = survey.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
    finally:
        connection.close()

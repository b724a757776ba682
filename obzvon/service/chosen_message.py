"""The message that calls play, as the editor's users have chosen it: every call that is handed over asks for it."""

import logging

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.documents.store import Document, DocumentError
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.messages import Messages

log = logging.getLogger("obzvon")


class ChosenMessage:
    """The chosen message. Each change of it, and each problem with its document, is logged once."""

    def __init__(self, document: Document[Messages]) -> None:
        self._document = document
        self._watched = WatchedDocument(document)
        self._revision = ""
        self._messages = Messages()
        self._problems: tuple[Problem, ...] = ()

    def sound(self) -> str:
        """Return the sound that a call plays, by its 32 hexadecimal digits; '' = the one that the dialplan names.

        While the document is broken, its last good copy counts. If nothing has changed, that costs two stats.
        """
        try:
            state = self._watched.current_state()
            if state.revision != self._revision:
                before, self._messages = self._messages, self._watched.load_current().data
                self._revision = state.revision
                self._log_change(before)
            self._log_problems(state.problems)
        except DocumentError as error:
            is_there = self._document.path.exists()
            self._messages, self._revision = Messages(), ""
            self._log_problems(error.problems if is_there else ())
        return self._messages.sound

    def _log_change(self, before: Messages) -> None:
        if before.sound == self._messages.sound:
            return
        chosen = self._messages.find(self._messages.chosen)
        log.info(
            "%s",
            say("calls play the message “{name}” from now on: {sound}", name=chosen.name, sound=chosen.current.sound)
            if chosen
            else say("no message is chosen: calls play the sound that the dialplan names"),
        )

    def _log_problems(self, problems: tuple[Problem, ...]) -> None:
        if problems == self._problems:
            return
        self._problems = problems
        for problem in problems:
            log.error("%s", problem)
        if problems:
            log.warning("%s", self._watched.recovery_hint)

"""The call files of a transport's calls: both forms, with the message that is chosen at the time."""

from collections.abc import Callable, Iterable

from obzvon.asterisk.callfile import CallFileTemplate
from obzvon.asterisk.transport.base import attempt_name
from obzvon.domain.calls import CallForm, PendingCall


class CallFiles:
    """Renders call files; `message` returns the sound that calls play, as `service.chosen_message` does."""

    def __init__(self, ordinary: CallForm, coded: CallForm, message: Callable[[], str]) -> None:
        self._templates = CallFileTemplate(ordinary), CallFileTemplate(coded)
        self._message = message
        self._current = ""

    def refresh_message(self) -> bool:
        """Take the message that is chosen now, and return whether it is another one than before."""
        before, self._current = self._current, self._message()
        return self._current != before

    def render(self, calls: Iterable[PendingCall]) -> list[tuple[str, bytes]]:
        """Return the files of these calls, as they are staged: name and content. Raises UnsafeValueError."""
        return [
            (name, self._templates[bool(call.code)].render(call.number, call.code, name, self._current))
            for name, call in ((attempt_name(call), call) for call in calls)
        ]

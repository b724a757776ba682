"""Says how the call of a file ended that has left the spool, where Asterisk's events do not. Pure."""

from obzvon.common.i18n import Message, say
from obzvon.domain.results import Disposition

#: Reason of a call that was in progress when Asterisk ended.
RESTARTED = say(
    "Asterisk stopped or was restarted during the call; its file was removed so that it is not called again"
)


def classify_without_events(
    *,
    is_archived: bool,
    status: Disposition | None,
    was_swept: bool,
    keeps_archive: bool,
    has_events: bool,
    is_ambiguous: bool,
) -> tuple[Disposition, Message | None]:
    """Return the disposition, and the reason of an unknown one, of a call. Its file has left the spool.

    The first line that fits decides:

    ==================================  ============================================
    in the archive, with a status       the status
    in the archive, without a status    unknown
    swept out of the spool when begun   unknown: Asterisk stopped during the call
    an archive is kept                  unknown: the file is not there
    events are heard, several fit       unknown: another call of the number
    events are heard, none fits         unknown: they were missed
    neither archive nor events          handed over, and no more is known
    ==================================  ============================================
    """
    if is_archived:
        return (status, None) if status else (Disposition.UNKNOWN, say("Asterisk's archive has no status"))
    if was_swept:
        return Disposition.UNKNOWN, RESTARTED
    if keeps_archive:
        return Disposition.UNKNOWN, say("the file is not in Asterisk's archive")
    if has_events and is_ambiguous:
        return Disposition.UNKNOWN, say(
            "someone else called the number at the same moment, and it is unclear which result belongs to whom"
        )
    if has_events:
        return Disposition.UNKNOWN, say("Asterisk's events were not received when the call ended")
    return Disposition.HANDED, None

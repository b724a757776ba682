"""Checks of the messages: their document, and whether Asterisk can play the one that is chosen."""

from collections.abc import Iterator
from pathlib import Path

from obzvon.audio import folder as sounds
from obzvon.audio import speech
from obzvon.audio.folder import SoundFolder
from obzvon.checks.context import CheckContext, error, good
from obzvon.checks.sound import SoundReport
from obzvon.common.i18n import say
from obzvon.documents.store import DocumentError, messages_document
from obzvon.domain.messages import SavedMessage
from obzvon.journal.findings import Finding

_DIALPLAN_FILE = "extensions_obzvon.conf"


def check_messages(context: CheckContext) -> Iterator[Finding]:
    """Check the document of the messages, if there is one, and that the sound of the chosen one is there."""
    document = messages_document(context.settings.messages)
    if not document.path.exists():
        return
    messages = document.load().data
    chosen = messages.find(messages.chosen)
    if chosen is None:
        yield good(document.path, say("no message is chosen: calls play OBZVON_MESSAGE, as the dialplan names it"))
        return
    folder = SoundFolder(context.settings.messages)
    for suffix in (sounds.PHONE, sounds.WIDE):
        file = folder.file(chosen.current.sound, suffix)
        if not file.is_file():
            yield error(
                file,
                say("the sound of the chosen message “{name}” is not there", name=chosen.name),
                say("choose another message in the editor, or replace the sound of this one"),
            )
            return
    yield good(document.path, say("calls play the message “{name}”", name=chosen.name))


def check_speech(context: CheckContext) -> Iterator[Finding]:
    """Say which program speaks the texts of the editor, and with which voice."""
    engine = speech.find_engine(context.settings.speech)
    if engine is None:
        yield good(
            "", say("no program on this server speaks texts; recordings can be uploaded"), say("apt install espeak-ng")
        )
    elif engine.voice:
        yield good(
            engine.command[0],
            say(
                "texts are spoken by {engine}, voice {voice}, licence {licence}",
                engine=engine.name,
                voice=engine.voice,
                licence=engine.licence,
            ),
        )
    else:
        yield good(engine.command[0], say("texts are spoken by {engine}, as [Speech] command says", engine=engine.name))


def chosen_message(context: CheckContext) -> SavedMessage | None:
    """Return the message that calls play; None if none is chosen, or that cannot be read: `check_messages` says so."""
    try:
        messages = messages_document(context.settings.messages).load().data
    except DocumentError:
        return None
    return messages.find(messages.chosen)


def sound_name(message: SavedMessage, folder: str) -> str:
    """Return the name under which the dialplan plays a message, without a suffix."""
    return str(Path(folder) / message.current.sound)


def playing_finding(message: SavedMessage, folder: str | None, report: SoundReport | None) -> Finding:
    """Return whether Asterisk can play a message from its OBZVON_MESSAGES; `report` is None where it sees no file."""
    if not folder:
        return error(
            _DIALPLAN_FILE,
            say("Asterisk's dialplan does not play the messages of the editor: OBZVON_MESSAGES is not set"),
            say("copy the new asterisk/extensions_obzvon.conf into its place; then: asterisk -rx 'dialplan reload'"),
        )
    if report is None or report.problem is None:
        return good(folder, say("Asterisk can play the message “{name}”", name=message.name))
    return error(
        report.path,
        say(
            "Asterisk cannot play the message “{name}”, so calls play OBZVON_MESSAGE: {why}",
            name=message.name,
            why=report.problem,
        ),
        say(
            "OBZVON_MESSAGES must name the folder dir_messages as Asterisk sees it, and Asterisk's user be able to "
            "enter the folders above it"
        ),
    )

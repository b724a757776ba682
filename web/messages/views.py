"""«Сообщения»: what the called people hear. Uploaded, heard as the phone plays it, chosen for the calls."""

import io
from collections.abc import Callable
from pathlib import PurePosixPath

import msgspec
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from obzvon.audio.conversion import MAX_UPLOAD_BYTES
from obzvon.audio.formats import UnusableSoundError
from obzvon.audio.speech import SpeechEngine, find_engine
from obzvon.common.errors import ObzvonError, os_error_reason
from obzvon.common.i18n import Message, moment_label
from obzvon.domain import messages as library_rules
from obzvon.domain.messages import (
    MAX_MESSAGES,
    MessageInUseError,
    Messages,
    MessageVersion,
    SavedMessage,
    TooManyMessagesError,
    clean_name,
)
from obzvon.journal import audit_messages
from web.context import app_context
from web.i18n import local_time, translate
from web.messages.library import MessageLibrary
from web.permissions import visitor

messages = Blueprint("messages", __name__, url_prefix="/messages")


#: Characters of a text that become the name of its message.
_NAME_OF_TEXT = 40


class RefusedUploadError(ObzvonError):
    """An upload cannot become a message; the text says why, and `status` is that of the response."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class SoundRow(msgspec.Struct, frozen=True):
    """A version of a message as the pages show it."""

    version: MessageVersion
    length: str
    size: str
    when: str
    is_there: bool
    is_current: bool


# -- all messages


@messages.get("")
def index() -> ResponseReturnValue:
    """Show the messages, newest first, and the form for another one."""
    return _index()


@messages.post("", endpoint="upload")
def upload() -> ResponseReturnValue:
    """Store an uploaded sound as a new message."""
    name = clean_name(request.form.get("name", ""))
    try:
        stored = _store_upload()
    except RefusedUploadError as refused:
        return _index({"file": refused.text}, refused.status, name)
    return _add(name or _name_of_file() or _("Without a name"), stored)


@messages.post("/speak", endpoint="speak")
def speak() -> ResponseReturnValue:
    """Have a text spoken, as a new message."""
    name, text = clean_name(request.form.get("name", "")), request.form.get("text", "")
    try:
        stored = _store_speech(text)
    except RefusedUploadError as refused:
        return _index({"text": refused.text}, refused.status, name, text)
    return _add(name or clean_name(stored.text)[:_NAME_OF_TEXT].strip(), stored, text)


@messages.post("/choose")
def choose() -> ResponseReturnValue:
    """Choose the message that calls play; an empty key chooses the PBX's own sound."""
    key = request.form.get("key", "")
    message = _library().load().find(key)
    if key and message is None:
        return _gone()
    _library().change(
        lambda before: library_rules.choose_message(before, key if before.find(key) else ""), visitor().name
    )
    if message is None:
        _record(audit_messages.message_unchosen())
        flash(_("Calls play the PBX's own sound from now on."), "note")
    else:
        _record(audit_messages.message_chosen(message.name))
        flash(_("Calls play “%(name)s” from now on.", name=message.name), "note")
    return redirect(url_for("messages.index"), 303)


@messages.get("/sound/<string(length=32):digest>.wav")
def sound(digest: str) -> ResponseReturnValue:
    """Send a sound as the phone plays it, 8 kHz."""
    if digest not in _library().load().sounds:
        abort(404)
    try:
        return send_file(_library().sounds.file(digest), "audio/wav", conditional=True)
    except FileNotFoundError:
        abort(404)


# -- one message


@messages.get("/<int:key>")
def show(key: int) -> ResponseReturnValue:
    """Show one message with its versions, and what can be done with it."""
    return _show(str(key))


@messages.post("/<int:key>/rename")
def rename(key: int) -> ResponseReturnValue:
    """Give a message another name."""
    name = clean_name(request.form.get("name", ""))
    if not name:
        return _show(str(key), {"name": _("A message needs a name")}, 422)
    before = _find(str(key))
    if before is None:
        return _gone()
    if name != before.name:
        _update(before.key, lambda message: msgspec.structs.replace(message, name=name))
        _record(audit_messages.message_renamed(before.name, name))
        flash(_("The message is called “%(name)s” now.", name=name), "note")
    return _to(before)


@messages.post("/<int:key>/sound", endpoint="replace")
def replace(key: int) -> ResponseReturnValue:
    """Replace the sound of a message. The one before stays among its versions."""
    if (message := _find(str(key))) is None:
        return _gone()
    try:
        stored = _store_upload()
    except RefusedUploadError as refused:
        return _show(message.key, {"file": refused.text}, refused.status)
    return _replace(message, stored)


@messages.post("/<int:key>/restore")
def restore(key: int) -> ResponseReturnValue:
    """Make an earlier version the newest one again."""
    if (message := _find(str(key))) is None:
        return _gone()
    digest = request.form.get("sound", "")
    earlier = next((one for one in message.versions if one.sound == digest), None)
    if earlier is None:
        return _gone()
    at = app_context()
    again = msgspec.structs.replace(earlier, at=at.clock(), by=visitor().name)
    _update(message.key, lambda found: library_rules.add_version(found, again))
    moment = local_time(earlier.at, at.settings)
    _record(audit_messages.message_restored(message.name, moment))
    flash(_("The sound of %(when)s is back.", when=translate(moment_label(moment))), "note")
    return _to(message)


@messages.post("/<int:key>/delete")
def delete(key: int) -> ResponseReturnValue:
    """Ask, then delete a message. The one that calls play stays."""
    if (message := _find(str(key))) is None:
        return _gone()
    if "sure" not in request.form and message.key != _library().load().chosen:
        return render_template(
            "confirm.html",
            title=_("Delete “%(name)s”?", name=message.name),
            text=_("The message goes with all its versions. This cannot be undone."),
            button=_("Delete the message"),
            kept={},
            danger=True,
            action=request.path,
            back=url_for("messages.show", key=message.key),
        )
    try:
        _library().change(lambda before: library_rules.delete_message(before, message.key), visitor().name)
    except MessageInUseError:
        flash(_("Calls play this message. Choose another one first, then delete it."), "warn")
        return _to(message)
    _record(audit_messages.message_deleted(message.name))
    flash(_("“%(name)s” is deleted.", name=message.name), "note")
    return redirect(url_for("messages.index"), 303)


@messages.post("/<int:key>/speak")
def speak_again(key: int) -> ResponseReturnValue:
    """Replace the sound of a message by a text that is spoken."""
    if (message := _find(str(key))) is None:
        return _gone()
    text = request.form.get("text", "")
    try:
        stored = _store_speech(text)
    except RefusedUploadError as refused:
        return _show(message.key, {"text": refused.text}, refused.status, text)
    return _replace(message, stored)


# -- steps


def _add(name: str, version: MessageVersion, text: str = "") -> ResponseReturnValue:
    """Save a sound as a new message."""
    try:
        _library().change(lambda before: library_rules.add_message(before, name, version)[0], visitor().name)
    except TooManyMessagesError:
        full = _("There are %(most)s messages already. Delete some that are not needed.", most=MAX_MESSAGES)
        return _index({"text" if text else "file": full}, 422, name, text)
    _record(audit_messages.message_added(name))
    flash(_("“%(name)s” is saved. Listen to it, then choose it for the calls.", name=name), "note")
    return redirect(url_for("messages.index"), 303)


def _replace(message: SavedMessage, version: MessageVersion) -> ResponseReturnValue:
    """Save a sound as the newest version of a message."""
    if version.sound == message.current.sound:
        flash(_("That is the sound that the message has already."), "note")
        return _to(message)
    _update(message.key, lambda found: library_rules.add_version(found, version))
    _record(audit_messages.message_replaced(message.name))
    flash(_("“%(name)s” has a new sound. The one before is among its versions.", name=message.name), "note")
    return _to(message)


def _index(
    errors: dict[str, str] | None = None, status: int = 200, name: str = "", text: str = ""
) -> ResponseReturnValue:
    found = _library().load()
    return render_template(
        "messages.html",
        rows=[(message, _row(message.current, message)) for message in reversed(found.messages)],
        chosen=found.chosen,
        errors=errors or {},
        name=name,
        text=text,
        engine=_engine(),
        most=MAX_UPLOAD_BYTES,
        run=app_context().active_run_if_readable(),
    ), status


def _show(key: str, errors: dict[str, str] | None = None, status: int = 200, text: str = "") -> ResponseReturnValue:
    found = _library().load()
    message = found.find(key)
    if message is None:
        return _gone()
    return render_template(
        "message.html",
        message=message,
        rows=[_row(version, message) for version in reversed(message.versions)],
        is_chosen=key == found.chosen,
        text=text or message.current.text,
        engine=_engine(),
        errors=errors or {},
        most=MAX_UPLOAD_BYTES,
        run=app_context().active_run_if_readable(),
    ), status


def _row(version: MessageVersion, message: SavedMessage) -> SoundRow:
    at, sounds = app_context(), _library().sounds
    minutes, seconds = divmod(max(1, round(version.seconds)), 60)
    length = _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=seconds)
    return SoundRow(
        version,
        length if minutes else _("%(seconds)s s", seconds=seconds),
        _("%(size)s kB", size=format_decimal(-(-sounds.size(version.sound) // 1000))),
        translate(moment_label(local_time(version.at, at.settings))),
        sounds.file(version.sound).is_file(),
        version is message.current,
    )


def _store_upload() -> MessageVersion:
    """Store the sound of the form's file; raise RefusedUploadError."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RefusedUploadError(_("Choose a file first"))
    size = file.stream.seek(0, io.SEEK_END)
    file.stream.seek(0)
    if size > MAX_UPLOAD_BYTES:
        raise RefusedUploadError(_("The file is larger than %(most)s MB", most=MAX_UPLOAD_BYTES // 1_000_000))
    try:
        return _library().store_sound(file.stream, visitor().name, app_context().clock())
    except UnusableSoundError as error:
        raise RefusedUploadError(_("This file cannot be used: %(why)s", why=translate(error.reason))) from error
    except OSError as error:
        why = translate(os_error_reason(error))
        raise RefusedUploadError(_("The file cannot be stored: %(why)s", why=why), 500) from error


def _store_speech(text: str) -> MessageVersion:
    """Have the text spoken and store its sound; raise RefusedUploadError."""
    engine = _engine()
    if engine is None:
        raise RefusedUploadError(_("No program on this server speaks texts. The administrator installs espeak-ng."))
    try:
        return _library().store_speech(text, engine, visitor().name, app_context().clock())
    except UnusableSoundError as error:
        raise RefusedUploadError(_("This text cannot be spoken: %(why)s", why=translate(error.reason))) from error
    except OSError as error:
        why = translate(os_error_reason(error))
        raise RefusedUploadError(_("The file cannot be stored: %(why)s", why=why), 500) from error


def _engine() -> SpeechEngine | None:
    return find_engine(app_context().settings.speech)


def _name_of_file() -> str:
    file = request.files["file"].filename or ""
    return clean_name(PurePosixPath(file.replace("\\", "/")).stem)


def _find(key: str) -> SavedMessage | None:
    return _library().load().find(key)


def _update(key: str, change: Callable[[SavedMessage], SavedMessage]) -> None:
    """Change one message as it is stored now; one that is gone stays gone."""

    def changed(before: Messages) -> Messages:
        found = before.find(key)
        return library_rules.change_message(before, change(found)) if found else before

    _library().change(changed, visitor().name)


def _record(what: Message) -> None:
    app_context().record(visitor().name, what)


def _to(message: SavedMessage) -> ResponseReturnValue:
    return redirect(url_for("messages.show", key=message.key), 303)


def _gone() -> ResponseReturnValue:
    flash(_("That message does not exist any more; nothing has been changed."), "warn")
    return redirect(url_for("messages.index"), 303 if request.method == "POST" else 302)


def _library() -> MessageLibrary:
    found: MessageLibrary = current_app.extensions["obzvon.messages"]
    return found

"""The commands for the editor: serving it, and its users."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from obzvon.checks.settings import find_unencrypted_editor
from obzvon.cli.context import echo, use_settings
from obzvon.cli.translate import help_text
from obzvon.common import i18n, logs
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.hosts import is_loopback
from obzvon.common.i18n import Message, say
from obzvon.domain.labels import user_role_label
from obzvon.settings.model import Settings

if TYPE_CHECKING:
    from obzvon.users import Users

#: The name of the first user.
FIRST_USER = "admin"

_ROLES = ("viewer", "operator", "administrator")


@click.command(help=help_text("Serve the web editor, for supervisor or systemd."))
@click.pass_obj
def web(file: Path | None) -> None:
    """Serve the editor."""
    settings = use_settings(file)
    check_host(settings)
    logs.log_to_terminal(settings.zone)
    from web.app import create_app  # noqa: PLC0415 - nothing else of obzvon needs Flask
    from web.server import listen, serve  # noqa: PLC0415 - as above

    at = settings.web
    try:
        server = listen(create_app(settings), at)
    except OSError as error:
        raise UserError(
            [
                Problem(
                    f"{at.host}:{at.port}",
                    say("the editor cannot listen there: {why}", why=os_error_reason(error)),
                    say("choose another host or port in [Web]"),
                )
            ]
        ) from error
    host = f"[{at.host}]" if ":" in at.host else at.host
    echo(say("the editor: {address}", address=f"http://{host}:{at.port}/"))
    if not is_loopback(at.host):
        echo(say("it is not encrypted: anybody on that network can read the passwords"))
    if not _users(at.users).load():
        echo(say("there are no users yet: obzvon user add NAME"))
    serve(server)


@contextmanager
def serve_demo(settings: Settings) -> Iterator[list[Message]]:
    """Serve the editor of a demonstration, on this machine only. Yield its address and who may log in."""
    from web.app import create_app  # noqa: PLC0415 - as above
    from web.server import listen, serving  # noqa: PLC0415 - as above

    here = msgspec.structs.replace(settings.web, host="127.0.0.1", proxy="")
    app = create_app(msgspec.structs.replace(settings, web=here, language=i18n.current_language()))
    try:
        server = listen(app, here)
    except OSError:  # the port is in use: take any free one
        server = listen(app, msgspec.structs.replace(here, port=0))
    is_new = not _users(here.users).load()
    access = [say("the editor: {address}", address=f"http://127.0.0.1:{server.effective_port}/run")]
    if is_new:
        access += add_first_user(settings.file)
    else:
        access.append(
            say(
                "its users are those of the folder; to change a password: obzvon --settings {path} user passwd NAME",
                path=settings.file,
            )
        )
    try:
        with serving(server):
            yield access
    finally:
        app.extensions["obzvon"].close()


def check_host(settings: Settings) -> None:
    """Raise UserError if passwords would cross a network unencrypted and the settings do not allow that."""
    if problem := find_unencrypted_editor(settings):
        raise UserError([problem])


@click.group(help=help_text("Manage the users of the editor."))
def user() -> None:
    """Group the commands for users."""


def _password_options(command: click.Command) -> click.Command:
    command.params += [
        click.Option(
            ["--ask"], is_flag=True, help=help_text("ask for the password; otherwise one is generated and printed")
        ),
        click.Option(
            ["--stdin", "from_stdin"],
            is_flag=True,
            help=help_text("read the password from the first line of the standard input"),
        ),
    ]
    return command


@user.command(help=help_text("Add a user, NAME."))
@click.argument("name", metavar=help_text("NAME"))
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    default="operator",
    show_default=True,
    help=help_text(
        "viewer: only looks; operator: keeps the list and the schedule; administrator: also manages "
        "users and sees the settings"
    ),
)
@click.pass_obj
def add(file: Path | None, name: str, role: str, ask: bool, from_stdin: bool) -> None:
    """Add a user."""
    from obzvon.users import Role  # noqa: PLC0415 - its hashing takes a tenth of a second to load

    users = _users(use_settings(file).web.users)
    password, is_new = _password(ask=ask, from_stdin=from_stdin)
    users.add(name, password, Role(role))
    echo(say("added: {name}, {role}", name=name, role=user_role_label(role)))
    if is_new:
        echo(say("password: {password}", password=password))


@user.command(help=help_text("Change the password of NAME."))
@click.argument("name", metavar=help_text("NAME"))
@click.pass_obj
def passwd(file: Path | None, name: str, ask: bool, from_stdin: bool) -> None:
    """Change a password."""
    users = _users(use_settings(file).web.users)
    password, is_new = _password(ask=ask, from_stdin=from_stdin)
    users.change_password(name, password)
    echo(say("password changed: {name}", name=name))
    if is_new:
        echo(say("password: {password}", password=password))


@user.command(
    name="role",
    short_help=help_text("Change the role of NAME."),
    help=help_text("Change the role of NAME to viewer, operator or administrator."),
)
@click.argument("name", metavar=help_text("NAME"))
@click.argument("chosen", metavar=help_text("ROLE"), type=click.Choice(_ROLES))
@click.pass_obj
def change_role(file: Path | None, name: str, chosen: str) -> None:
    """Change a role."""
    from obzvon.users import Role  # noqa: PLC0415 - as above

    _users(use_settings(file).web.users).change_role(name, Role(chosen))
    echo(say("role changed: {name}, {role}", name=name, role=user_role_label(chosen)))


@user.command(help=help_text("Remove the user NAME."))
@click.argument("name", metavar=help_text("NAME"))
@click.pass_obj
def remove(file: Path | None, name: str) -> None:
    """Remove a user."""
    _users(use_settings(file).web.users).remove(name)
    echo(say("removed: {name}", name=name))


@user.command(name="list", help=help_text("List the users and their roles."))
@click.pass_obj
def list_users(file: Path | None) -> None:
    """Print all users."""
    users = _users(use_settings(file).web.users).load()
    for name, account in sorted(users.items()):
        click.echo(f"{name}\t{user_role_label(account.role)}")
    if not users:
        echo(say("there are no users yet: obzvon user add NAME"))


_password_options(add)
_password_options(passwd)


def add_first_user(settings_file: Path) -> list[Message]:
    """Add the administrator of a new working folder. Return a sentence with the password, unless there are users."""
    from obzvon.users import Role, generate_password  # noqa: PLC0415 - as above

    users = _users(use_settings(settings_file).web.users)
    if users.load():
        return []
    password = generate_password()
    users.add(FIRST_USER, password, Role.ADMINISTRATOR)
    return [say("the editor's first user: {name}, password: {password}", name=FIRST_USER, password=password)]


def _users(path: Path) -> "Users":
    from obzvon.users import Users  # noqa: PLC0415 - as above

    return Users(path)


def _password(*, ask: bool, from_stdin: bool) -> tuple[str, bool]:
    """Return the password, and whether it was generated."""
    from obzvon.users import generate_password  # noqa: PLC0415 - as above

    if ask:
        once_more = str(say("repeat it"))
        return str(click.prompt(str(say("password")), hide_input=True, confirmation_prompt=once_more)), False
    if from_stdin:
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise UserError(
                [Problem("", say("there is no password on the standard input"), say("write it on the first line"))]
            )
        return line, False
    return generate_password(), True

"""The rights of a manager user, by its commands and by Asterisk's console."""

import pytest

from obzvon.asterisk.ami.errors import AmiError
from obzvon.asterisk.ami.permissions import Permissions, inspect_permissions, permissions_from_console
from tests.support.ami_link import ami_of
from tests.support.ami_server import AmiServer


def test_the_permissions_of_the_ami_user_are_known(server: AmiServer) -> None:
    assert inspect_permissions(ami_of(server)) == Permissions()
    server.booted = True
    server.commands |= {
        "Originate": "Originate a call.  (Priv: originate,all)",
        "Command": "Execute a command.  (Priv: command,all)",
        "Hangup": "Hangup channel.  (Priv: system,call,all)",
        "Redirect": "Redirect a call.  (Priv: call,all)",
        "Atxfer": "Transfer.  (Priv: agent,config,all)",
    }
    del server.commands["Getvar"]
    assert inspect_permissions(ami_of(server)) == Permissions(
        ("write=reporting",), ("read=system", "write=call", "write=command", "write=originate", "write=agent/config")
    )


def test_permissions_are_unknown_without_a_login(server: AmiServer) -> None:
    server.secret = "another"
    with pytest.raises(AmiError, match="login"):
        inspect_permissions(ami_of(server))
    server.refuse()
    with pytest.raises(AmiError, match="nothing listens"):
        inspect_permissions(ami_of(server))


@pytest.mark.parametrize(
    ("read", "write", "rights"),
    [
        ("call,user", "reporting", Permissions()),
        ("all", "all", Permissions((), ("read=all", "write=all"))),
        (
            "system,call,dtmf",
            "reporting,originate",
            Permissions(("read=user",), ("read=dtmf", "read=system", "write=originate")),
        ),
        ("<none>", "<none>", Permissions(("read=call", "read=user", "write=reporting"))),
    ],
)
def test_asterisks_console_shows_all_permissions(read: str, write: str, rights: Permissions) -> None:
    shown = f"\n          username: obzvon\n         read perm: {read}\n        write perm: {write}\n"
    assert permissions_from_console(shown) == rights


def test_no_rights_are_read_where_none_are_printed() -> None:
    assert permissions_from_console("There is no manager called obzvon\n") is None

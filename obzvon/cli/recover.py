"""The command that puts back what another program's save has lost."""

from datetime import UTC, datetime
from pathlib import Path

import click

from obzvon.cli.context import echo, open_existing_journal, use_settings
from obzvon.cli.control import requester
from obzvon.cli.translate import help_text
from obzvon.common.i18n import Message, say, say_many
from obzvon.documents.lost_values import describe_loss, restore_values
from obzvon.journal import audit_messages
from obzvon.service import factory
from obzvon.settings.model import Settings


@click.command(
    short_help=help_text("Restore what another program's save has lost."),
    help=help_text("Restore values of the list that a save of another program has lost: zeros of codes."),
)
@click.option("--dismiss", is_flag=True, help=help_text("leave the list as it is, and do not mention them again"))
@click.pass_obj
def recover(file: Path | None, dismiss: bool) -> None:
    """Restore the lost values of the list, or forget them."""
    settings = use_settings(file)
    document = factory.open_phones(settings)
    loaded = document.load()
    if not loaded.lost:
        echo(say("nothing is lost: the list has all values that it had"))
        return
    for one in loaded.lost:
        click.echo(describe_loss(one))
    count = len(loaded.lost)
    if dismiss:
        document.accept_losses(loaded.revision)
        _record(settings, audit_messages.losses_accepted(count))
        echo(say_many("{n} value stays as it is", "{n} values stay as they are", count))
        return
    document.save(restore_values(loaded.data, loaded.lost), loaded.revision, by=requester())
    _record(settings, audit_messages.values_restored(count))
    echo(say_many("{n} value was restored", "{n} values were restored", count))


def _record(settings: Settings, what: Message) -> None:
    with open_existing_journal(settings) as journal:
        if not journal.is_absent:
            journal.audit.record(requester(), what, at=datetime.now(UTC))

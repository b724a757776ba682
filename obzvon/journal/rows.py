"""Conversions between rows of the journal and the domain's messages and records."""

import msgspec
from sqlalchemy import RowMapping

from obzvon.common.i18n import Message
from obzvon.domain.calls import CallRecord


def encode_message(message: Message | None) -> str | None:
    """Return a message as the journal stores it."""
    return None if message is None else msgspec.json.encode(message).decode()


def decode_message(text: str | None) -> Message | None:
    """Return the message that `encode_message` stored; None for NULL and for an empty text."""
    return msgspec.json.decode(text, type=Message) if text else None


def call_record(fields: RowMapping) -> CallRecord:
    """Return the record of a row that has every column of `calls`, and its run's kind and day."""
    values = {**fields, "reason": decode_message(fields["reason"])}
    values.pop("boot", None)  # evidence for the service, and no result
    return CallRecord(**values)

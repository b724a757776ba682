"""The sentences that tell what somebody has done in the editor; kept in the journal, worded for whoever reads them."""

from obzvon.language import Message, say


def checked() -> Message:
    """The self-check was asked for."""
    return say("had everything checked")

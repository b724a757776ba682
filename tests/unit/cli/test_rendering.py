"""Text on its way to the terminal."""

from obzvon.cli.rendering import printable, printable_lines
from obzvon.common.i18n import say


def test_text_from_outside_is_cut_and_a_sentence_with_its_remedy_is_not() -> None:
    assert len(printable("x" * 500)) == 200
    remedy = "stop the service, and start it only tomorrow; " * 20
    shown = printable_lines(say("{what}\n    → {remedy}", what="the journal is damaged", remedy=remedy))
    assert shown.splitlines() == ["the journal is damaged", f"→ {remedy}".strip()]

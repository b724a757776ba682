"""The lines in use: files in the spool, and channels if they are counted."""

from obzvon.domain.pacing import LinesInUse
from obzvon.service.line_monitor import LineCounter


class CountedChannels:
    """Channels as AMI reports them."""

    def __init__(self, *readings: LinesInUse | None) -> None:
        self._readings = iter(readings)

    def lines_in_use(self) -> LinesInUse | None:
        return next(self._readings)


def test_without_channels_our_files_in_the_spool_are_what_is_channels() -> None:
    counter = LineCounter(lambda: ["a", "b"])
    assert counter.count() == LinesInUse(2)
    assert not counter.includes_channels


def test_a_file_that_has_no_channel_yet_and_a_channel_whose_file_is_gone_both_count() -> None:
    counter = LineCounter(lambda: ["a", "b", "c"], CountedChannels(LinesInUse(1, 4), LinesInUse(5, 4)))
    assert counter.count() == LinesInUse(3, 4)
    assert counter.count() == LinesInUse(5, 4)
    assert counter.includes_channels


def test_while_the_channels_are_silent_the_files_are_counted_and_the_others_as_they_were_last() -> None:
    counter = LineCounter(lambda: ["a"], CountedChannels(None, LinesInUse(1, 7), None))
    assert counter.count() == LinesInUse(1, 0)
    assert counter.count() == LinesInUse(1, 7)
    assert counter.count() == LinesInUse(1, 7)
    assert not counter.includes_channels

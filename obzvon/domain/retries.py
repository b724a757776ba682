"""Second rounds: who is rung once more in the same run, and when. Pure."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from obzvon.domain.results import Disposition


class RetryRule(msgspec.Struct, frozen=True):
    """How many more times, each how long after the last attempt has ended."""

    times: int
    after: timedelta


class RetryPolicy(msgspec.Struct, frozen=True):
    """The rounds by disposition; a disposition that is not among them is final, as ANSWERED and UNKNOWN always are."""

    rules: Mapping[Disposition, RetryRule] = {}

    def delay_after(self, disposition: Disposition, attempt: int) -> timedelta | None:
        """After how long a call is attempted once more whose attempt of that number (1 = the first) ended so."""
        rule = self.rules.get(disposition)
        return rule.after if rule is not None and attempt <= rule.times else None

    def __bool__(self) -> bool:
        return any(rule.times for rule in self.rules.values())

"""Retries: whether and when a call is attempted again in the same run. Pure."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from obzvon.domain.results import Disposition


class RetryRule(msgspec.Struct, frozen=True):
    """Number of further attempts, and the time between the end of one and the next."""

    times: int
    after: timedelta


class RetryPolicy(msgspec.Struct, frozen=True):
    """Retry rules by disposition. A disposition without a rule is final, as ANSWERED and UNKNOWN always are."""

    rules: Mapping[Disposition, RetryRule] = {}

    def delay_after(self, disposition: Disposition, attempt: int) -> timedelta | None:
        """Return the wait after attempt number `attempt` (1 = the first), or None if that attempt was the last."""
        rule = self.rules.get(disposition)
        return rule.after if rule is not None and attempt <= rule.times else None

    def __bool__(self) -> bool:
        return any(rule.times for rule in self.rules.values())

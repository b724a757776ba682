"""Failures counted by key, in bounded memory."""

from web.security.rate_limit import RateLimiter


def test_after_twenty_failures_the_next_attempt_waits_until_the_first_is_forgotten() -> None:
    failures = RateLimiter(most=20, window=900)
    for second in range(20):
        assert failures.attempt(["a"], second) == 0
    assert failures.attempt(["a"], 20) == 880
    assert failures.attempt(["a"], 899.5) == 1
    assert failures.attempt(["a"], 900) == 0


def test_one_key_does_not_make_another_wait_but_either_of_an_attempts_keys_does() -> None:
    failures = RateLimiter(most=2, window=900)
    failures.attempt(["a", "b"], 0)
    failures.attempt(["a", "c"], 0)
    assert failures.attempt(["b", "c"], 0) == 0
    assert failures.attempt(["a"], 0)
    assert failures.attempt(["d", "a"], 0)
    assert failures.attempt(["d"], 0) == 0


def test_waiting_makes_the_wait_no_longer() -> None:
    failures = RateLimiter(most=1, window=10)
    failures.attempt(["a"], 0)
    for second in range(1, 10):
        assert failures.attempt(["a"], second) == 10 - second


def test_what_was_no_failure_is_forgiven_and_a_right_password_forgets_the_wrong_ones() -> None:
    failures = RateLimiter(most=1, window=10)
    failures.attempt(["a", "b"], 0)
    failures.forgive("a")
    failures.forget("b")
    failures.forget("never seen")
    assert failures.attempt(["a", "b"], 1) == 0


def test_memory_is_bounded_whatever_comes() -> None:
    failures = RateLimiter(keys=100)
    for number in range(1000):
        failures.attempt([f"address {number}", f"user {number}"], number)
    assert len(failures) == 100


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    failures = RateLimiter(most=1, window=10)
    failures.attempt(["a"], 1000)
    assert failures.attempt(["a"], 0) == 0

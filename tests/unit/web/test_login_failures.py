"""Wrong logins counted by network and by name, in bounded memory."""

from web.security.login_failures import MAX_UNDER_ATTACK, LoginFailures

HOME, OFFICE = "10.0.0.1", "10.0.0.2"


def test_after_ten_failures_the_next_attempt_waits_until_the_first_is_forgotten() -> None:
    failures = LoginFailures()
    for second in range(10):
        assert failures.attempt(HOME, "anna", second) == 0
    assert failures.attempt(HOME, "anna", 20) == 880
    assert failures.attempt(HOME, "anna", 899.5) == 1
    assert failures.attempt(HOME, "anna", 900) == 0


def test_another_name_and_another_network_are_not_affected() -> None:
    failures = LoginFailures()
    while not failures.attempt(HOME, "anna", 0):
        pass
    assert failures.attempt(HOME, "boris", 0) == 0
    assert failures.attempt(OFFICE, "anna", 0) == 0


def test_a_network_that_tries_many_names_waits_with_each() -> None:
    failures = LoginFailures()
    tried = sum(not failures.attempt(HOME, f"user {number}", 0) for number in range(100))
    assert tried == 30
    assert failures.attempt(HOME, "anna", 0) == 900
    assert failures.attempt(OFFICE, "anna", 0) == 0


def test_a_name_that_is_tried_from_everywhere_has_fewer_attempts_and_never_none() -> None:
    failures = LoginFailures()
    tried = sum(not failures.attempt(f"203.0.113.{number % 256}", "anna", 0) for number in range(2560))
    assert 100 <= tried < 256 * MAX_UNDER_ATTACK + 100
    for second in range(MAX_UNDER_ATTACK):
        assert failures.attempt(HOME, "anna", second) == 0
    assert failures.attempt(HOME, "anna", 3)


def test_waiting_makes_the_wait_no_longer() -> None:
    failures = LoginFailures(by_network=1, window=10)
    failures.attempt(HOME, "anna", 0)
    for second in range(1, 10):
        assert failures.attempt(HOME, "anna", second) == 10 - second


def test_a_right_password_takes_back_the_wrong_ones_of_its_name_and_none_of_others() -> None:
    failures = LoginFailures(by_network_and_name=3, by_network=4)
    failures.attempt(HOME, "boris", 0)
    for _ in range(3):
        failures.attempt(HOME, "anna", 0)
    failures.succeed(HOME, "anna")
    failures.succeed(OFFICE, "never seen")
    assert failures.attempt(HOME, "anna", 1) == 0
    assert failures.attempt(HOME, "anna", 1)  # the fourth of the network


def test_a_changed_password_takes_back_the_wrong_ones_everywhere() -> None:
    failures = LoginFailures(by_network_and_name=3, by_network=4, by_name=6)
    failures.attempt(HOME, "boris", 0)
    for network in (HOME, OFFICE):
        for _ in range(3):
            failures.attempt(network, "anna", 0)
    failures.forget("anna")
    failures.forget("never seen")
    for network in (HOME, OFFICE):
        assert [failures.attempt(network, "anna", 1) for _ in range(3)] == [0, 0, 0]
    assert failures.attempt(HOME, "boris", 1)  # its own failure still counts


def test_memory_is_bounded_whatever_comes() -> None:
    failures = LoginFailures(keys=100)
    for number in range(1000):
        failures.attempt(f"address {number}", f"user {number}" * 1000, number)
    assert len(failures) == 100


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    failures = LoginFailures(by_network=1, window=10)
    failures.attempt(HOME, "anna", 1000)
    assert failures.attempt(HOME, "anna", 0) == 0

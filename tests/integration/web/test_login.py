"""Who is let in, how often a password is hashed, and when it no longer is."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import web.security.login
from obzvon.users import Role, User, Users, password_matches
from web.security.login import LoginService, TooManyFailuresError, rate_limited_network
from web.security.login_failures import LoginFailures

PASSWORD = "correct horse"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def users(tmp_path: Path, users_text: str) -> Users:
    (tmp_path / "users.json").write_text(users_text)
    return Users(tmp_path / "users.json")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed."""
    passwords: list[str] = []
    real = password_matches

    def counted(user: User | None, password: str) -> bool:
        passwords.append(password)
        return real(user, password)

    monkeypatch.setattr(web.security.login, "password_matches", counted)
    return passwords


def test_a_right_password_is_hashed_once_in_half_a_day_without_a_request(users: Users, hashed: list[str]) -> None:
    clock = Clock()
    gate = LoginService(users, clock=clock)
    for clock.now in (0, 1, 43_000, 86_000, 130_000):
        assert gate.is_cached("operator", PASSWORD) is (clock.now not in (0, 130_000))
        assert not gate.is_cached("operator", "wrong horse")
        visitor = gate.authenticate("operator", PASSWORD, "10.0.0.1")
        assert visitor is not None
        assert (visitor.name, visitor.role) == ("operator", Role.OPERATOR)
        assert visitor.secret.hex() not in repr(visitor)
    assert len(hashed) == 2


def test_a_wrong_password_and_an_unknown_name_are_hashed_alike_and_never_remembered(
    users: Users, hashed: list[str]
) -> None:
    gate = LoginService(users)
    for name in ("operator", "nobody", "operator", "nobody"):
        assert gate.authenticate(name, "wrong horse", "10.0.0.1") is None
    assert len(hashed) == 4


def test_a_change_of_the_users_file_holds_at_once(users: Users) -> None:
    gate = LoginService(users)
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
    users.change_password("operator", "battery staple")
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1") is None
    assert gate.authenticate("operator", "battery staple", "10.0.0.1")
    users.remove("operator")
    assert gate.authenticate("operator", "battery staple", "10.0.0.1") is None


def test_too_many_failures_are_refused_before_the_hash(users: Users, hashed: list[str]) -> None:
    gate = LoginService(users, failures=LoginFailures(by_network_and_name=2, by_network=3))
    for name in ("operator", "operator", "nobody"):
        gate.authenticate(name, "wrong horse", "10.0.0.1")
    for name in ("operator", "viewer"):
        with pytest.raises(TooManyFailuresError):
            gate.authenticate(name, PASSWORD, "10.0.0.1")
    assert len(hashed) == 3
    assert gate.authenticate("viewer", PASSWORD, "10.0.0.2")


def test_nobody_is_locked_out_from_another_network(users: Users) -> None:
    gate = LoginService(users)
    for _ in range(10):
        gate.authenticate("operator", "wrong horse", "203.0.113.1")
    with pytest.raises(TooManyFailuresError):
        gate.authenticate("operator", "wrong horse", "203.0.113.1")
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")


def test_after_a_change_of_the_password_the_new_one_is_accepted_where_the_old_one_was_tried_too_often(
    users: Users,
) -> None:
    gate = LoginService(users, failures=LoginFailures(by_network_and_name=3, by_network=3))
    for _ in range(3):
        assert gate.authenticate("operator", "wrong horse", "10.0.0.1") is None
    with pytest.raises(TooManyFailuresError):
        gate.authenticate("operator", PASSWORD, "10.0.0.1")
    users.change_password("operator", "battery staple")
    assert gate.authenticate("operator", "battery staple", "10.0.0.1")


def test_who_has_logged_in_that_day_goes_on_while_the_own_address_is_locked(users: Users, hashed: list[str]) -> None:
    clock = Clock()
    gate = LoginService(users, clock=clock, failures=LoginFailures(by_network=4, by_network_and_name=3, window=1e9))
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
    for _ in range(3):
        assert gate.authenticate("operator", "wrong horse", "10.0.0.1") is None
    assert gate.authenticate("administrator", "wrong horse", "10.0.0.1") is None
    users.change_password("viewer", "battery staple")  # somebody else's change takes nothing away
    for clock.now in (10, 1000, 30_000, 60_000):  # each time it is used it holds for half a day more
        assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
        with pytest.raises(TooManyFailuresError):
            gate.authenticate("administrator", PASSWORD, "10.0.0.1")
        with pytest.raises(TooManyFailuresError):
            gate.authenticate("operator", "wrong horse", "10.0.0.1")
    assert hashed.count(PASSWORD) == 1
    clock.now = 110_000
    with pytest.raises(TooManyFailuresError):
        gate.authenticate("operator", PASSWORD, "10.0.0.1")


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.change_password("operator", "battery staple"),
        lambda users: users.change_role("operator", Role.VIEWER),
        lambda users: users.remove("operator"),
    ],
    ids=["password", "role", "removed"],
)
def test_a_login_that_was_right_is_none_any_more_when_its_user_has_been_changed(
    users: Users, change: Callable[[Users], object]
) -> None:
    gate = LoginService(users)
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
    change(users)
    found = gate.authenticate("operator", PASSWORD, "10.0.0.1")
    assert found is None or found.role is Role.VIEWER


def test_a_login_of_ones_own_does_not_reset_the_count_of_an_address(users: Users) -> None:
    clock = Clock()
    gate = LoginService(users, clock=clock, failures=LoginFailures(by_network=3, window=1e9))
    for _ in range(2):
        gate.authenticate("administrator", "wrong horse", "10.0.0.1")
        clock.now += 50_000  # what was remembered is forgotten
        gate.authenticate("viewer", PASSWORD, "10.0.0.1")
    gate.authenticate("nobody", "wrong horse", "10.0.0.1")
    with pytest.raises(TooManyFailuresError):
        gate.authenticate("administrator", PASSWORD, "10.0.0.1")


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
    ],
)
def test_an_ipv6_neighbourhood_counts_as_one(address: str, same: str) -> None:
    assert rate_limited_network(address) == rate_limited_network(same)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("operator", ""),
        ("", ""),
        ("operator\0", PASSWORD),
        ("\ud800", "x"),
        ("x" * 100_000, "x"),
        ("operator", PASSWORD + "x" * 1_000_000),
    ],
)
def test_odd_names_and_passwords_are_only_wrong(users: Users, name: str, password: str) -> None:
    assert LoginService(users).authenticate(name, password, "no address") is None


def test_no_more_than_two_passwords_are_hashed_at_once(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    lock, both = threading.Lock(), threading.Barrier(2)

    def slowly(_user: object, _password: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait(30)  # a third one would break the pairs
        with lock:
            running -= 1
        return False

    monkeypatch.setattr(web.security.login, "password_matches", slowly)
    gate = LoginService(users, failures=LoginFailures(by_network_and_name=100, by_network=100))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: gate.authenticate("operator", "wrong horse", "10.0.0.1"), range(8)))
    assert (found, most) == ([None] * 8, 2)

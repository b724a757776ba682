"""Who is let in, how often a password is hashed, and when it no longer is."""

from pathlib import Path

import pytest

import web.security.login
from obzvon.users import Role, Users
from web.security.login import LoginService, TooManyFailuresError, rate_limited_network
from web.security.rate_limit import RateLimiter

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
    real = web.security.login.password_matches

    def counted(user: object, password: str) -> bool:
        passwords.append(password)
        return real(user, password)

    monkeypatch.setattr(web.security.login, "password_matches", counted)
    return passwords


def test_a_right_password_is_hashed_once_in_five_minutes(users: Users, hashed: list[str]) -> None:
    clock = Clock()
    gate = LoginService(users, clock=clock)
    for clock.now in (0, 1, 299, 301):
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
    gate = LoginService(users, failures=RateLimiter(most=3))
    for _ in range(3):
        gate.authenticate("operator", "wrong horse", "10.0.0.1")
    for name, address in (("operator", "10.0.0.2"), ("viewer", "10.0.0.1")):
        with pytest.raises(TooManyFailuresError):
            gate.authenticate(name, PASSWORD, address)
    assert len(hashed) == 3
    assert gate.authenticate("viewer", PASSWORD, "10.0.0.2")


def test_who_is_in_already_is_not_locked_out_by_somebody_elses_failures(users: Users) -> None:
    gate = LoginService(users, failures=RateLimiter(most=3))
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
    for _ in range(3):
        gate.authenticate("operator", "wrong horse", "10.0.0.2")
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")


def test_who_has_logged_in_that_day_goes_on_while_the_own_address_is_locked(users: Users, hashed: list[str]) -> None:
    clock = Clock()
    gate = LoginService(users, clock=clock, failures=RateLimiter(most=3, window=1e9))
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
    for _ in range(3):
        assert gate.authenticate("operator", "wrong horse", "10.0.0.1") is None
    users.change_password("viewer", "battery staple")  # somebody else's change takes nothing away
    for clock.now in (10, 1000, 30_000, 60_000):  # each time it is used it holds for half a day more
        assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
        with pytest.raises(TooManyFailuresError):
            gate.authenticate("administrator", PASSWORD, "10.0.0.1")
        with pytest.raises(TooManyFailuresError):
            gate.authenticate("operator", "wrong horse", "10.0.0.1")
    assert hashed.count(PASSWORD) == 4  # the first time, and where five minutes had passed
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
def test_a_login_that_was_right_is_none_any_more_when_its_user_has_been_changed(users: Users, change) -> None:
    gate = LoginService(users, failures=RateLimiter(most=3))
    assert gate.authenticate("operator", PASSWORD, "10.0.0.1")
    for _ in range(3):
        gate.authenticate("operator", "wrong horse", "10.0.0.1")
    change(users)
    with pytest.raises(TooManyFailuresError):
        gate.authenticate("operator", PASSWORD, "10.0.0.1")


def test_a_login_of_ones_own_does_not_reset_the_count_of_an_address(users: Users) -> None:
    clock = Clock()
    gate = LoginService(users, clock=clock, failures=RateLimiter(most=3, window=1e9))
    for _ in range(2):
        gate.authenticate("administrator", "wrong horse", "10.0.0.1")
        clock.now += 1000  # what was remembered is forgotten
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

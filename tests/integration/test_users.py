"""The editor's users: the file, the passwords, and who may do what."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from obzvon.common.errors import UserError
from obzvon.users import MAX_PASSWORD_LENGTH, Role, UserChangeError, Users, generate_password, password_matches

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path / "users.json")


def test_a_user_is_kept_with_a_role_and_a_hash_and_no_password(users: Users) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    assert "correct horse" not in users.path.read_text()
    user = users.load()["ivan"]
    assert user.role is Role.OPERATOR
    assert user.password.startswith("scrypt:")
    assert user.password not in repr(user)
    assert password_matches(user, "correct horse")
    assert not password_matches(user, "correct horsE")


def test_the_file_is_not_for_others_to_read(users: Users) -> None:
    old = os.umask(0)
    try:
        users.add("ivan", "correct horse", Role.OPERATOR)
    finally:
        os.umask(old)
    assert users.path.stat().st_mode & 0o777 == 0o640


def test_no_file_has_no_users_and_a_broken_one_says_so(users: Users) -> None:
    assert users.load() == {}
    assert users.signature() == ()
    for text in ("{", "[]", '{"a": {"role": "god", "password": ""}}', '{"a": 1}'):
        users.path.write_text(text)
        with pytest.raises(UserError, match="not a list of users"):
            users.load()
        with pytest.raises(UserError):
            users.add("ivan", "correct horse", Role.OPERATOR)
        assert users.path.read_text() == text


@pytest.mark.parametrize("name", ["", ":", "a:b", "a b", "-a", "a\n", "a\0", "\u202eab", "x" * 65, "<b>", "=1+1"])
def test_a_name_that_could_not_log_in_is_refused(users: Users, name: str) -> None:
    with pytest.raises(UserError, match="cannot be a user's name"):
        users.add(name, "correct horse", Role.VIEWER)
    assert not users.path.exists()


@pytest.mark.parametrize("name", ["a", "Иван", "ivan.petrov@firm-1.ru", "x" * 64])
def test_a_usual_name_is_taken(users: Users, name: str) -> None:
    users.add(name, "correct horse", Role.VIEWER)
    assert list(users.load()) == [name]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("admin", "ADMIN"),
        ("admin", "Admin"),
        ("орех", "opex"),
        ("OPEX", "орех"),
        ("Вася", "вася"),
        ("ivan", "ｉｖａｎ"),
        ("straße", "STRASSE"),
    ],
)
def test_a_name_that_looks_like_another_users_is_refused(users: Users, first: str, second: str) -> None:
    users.add(first, "correct horse", Role.VIEWER)
    with pytest.raises(UserChangeError, match=f"{second}: it looks like the user {first}"):
        users.add(second, "correct horse", Role.VIEWER)
    assert list(users.load()) == [first]


@pytest.mark.parametrize("name", ["аdmin", "adмin", "Иvан", "иван.petrov", "ivan-ω"])
def test_letters_of_two_alphabets_are_refused_in_a_name(users: Users, name: str) -> None:
    with pytest.raises(UserChangeError, match="letters of different alphabets"):
        users.add(name, "correct horse", Role.VIEWER)


def test_names_that_differ_for_the_eye_stand_side_by_side_and_old_ones_go_on(users: Users) -> None:
    names = ["ivan", "ivan2", "ivan.p", "иван", "ива", "вера", "анна", "anna"]
    for name in names[:-1]:
        users.add(name, "correct horse", Role.VIEWER)
    users.path.write_text(users.path.read_text().replace('"ivan2"', '"IVAN"'))
    users.change_password("IVAN", "battery staple")
    assert password_matches(users.load()["IVAN"], "battery staple")


def test_a_password_is_changed_only_of_the_user_that_was_looked_at(users: Users) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    seen = users.load()["ivan"]
    users.change_password("ivan", "battery staple", expected=seen)
    with pytest.raises(UserChangeError, match="changed in the meantime"):
        users.change_password("ivan", "another one", expected=seen)
    assert password_matches(users.load()["ivan"], "battery staple")


def test_a_made_up_password_is_another_each_time_and_from_a_seed_the_same() -> None:
    assert len({generate_password() for _ in range(100)}) == 100
    assert generate_password(b"seed") == generate_password(b"seed") != generate_password(b"another")
    assert len(generate_password(b"seed")) == 19


@pytest.mark.parametrize("password", ["", "short", "x" * (MAX_PASSWORD_LENGTH + 1), "eight\n\n\n\n"])
def test_a_password_that_is_none_is_refused(users: Users, password: str) -> None:
    with pytest.raises(UserError, match="password"):
        users.add("ivan", password, Role.VIEWER)


def test_a_user_is_added_once_changed_and_removed(users: Users) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    with pytest.raises(UserError, match="already"):
        users.add("ivan", "another one", Role.VIEWER)
    before = users.signature()
    users.change_password("ivan", "battery staple")
    assert users.signature() != before
    user = users.load()["ivan"]
    assert (user.role, password_matches(user, "battery staple")) == (Role.OPERATOR, True)
    changes: list[Callable[[], object]] = [
        lambda: users.change_password("anna", "battery staple"),
        lambda: users.remove("anna"),
    ]
    for change in changes:
        with pytest.raises(UserError, match=r"anna: there is no such user\n.*ivan"):
            change()
    users.remove("ivan")
    assert users.load() == {}


def test_a_role_is_changed_and_the_password_stays(users: Users) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    users.change_role("ivan", Role.VIEWER)
    user = users.load()["ivan"]
    assert (user.role, password_matches(user, "correct horse")) == (Role.VIEWER, True)
    with pytest.raises(UserChangeError, match="no such user"):
        users.change_role("anna", Role.VIEWER)


def test_the_last_administrator_stays_one(users: Users) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    users.add("boris", "correct horse", Role.ADMINISTRATOR)
    before = users.path.read_bytes()
    changes: list[Callable[[], object]] = [
        lambda: users.remove("boris"),
        lambda: users.change_role("boris", Role.OPERATOR),
    ]
    for change in changes:
        with pytest.raises(UserChangeError, match="the last administrator"):
            change()
    assert users.path.read_bytes() == before
    users.change_role("boris", Role.ADMINISTRATOR)
    users.change_role("ivan", Role.ADMINISTRATOR)
    users.change_role("boris", Role.VIEWER)
    users.remove("boris")
    assert list(users.load()) == ["ivan"]


def test_of_two_administrators_who_remove_each_other_at_once_one_stays(users: Users) -> None:
    for name in ("anna", "boris"):
        users.add(name, "correct horse", Role.ADMINISTRATOR)

    def remove(name: str) -> bool:
        try:
            users.remove(name)
        except UserChangeError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ["anna", "boris"])) == [False, True]
    assert len(users.load()) == 1


def test_the_lock_can_be_taken_by_everybody_of_the_group(users: Users) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    assert users.path.with_name(".users.json.lock").stat().st_mode & 0o777 == 0o660


def test_two_who_add_at_once_lose_nobody(users: Users) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: users.add(f"user{number}", "correct horse", Role.VIEWER), range(8)))
    assert len(users.load()) == 8


def test_of_an_unknown_user_as_much_is_hashed_as_of_a_wrong_password(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("ivan", "correct horse", Role.OPERATOR)
    user = users.load()["ivan"]
    hashed = []
    hash_it = hashlib.scrypt

    def counted(*given: bytes, **cost: Any) -> bytes:
        hashed.append((len(given[0]), cost["n"], cost["r"], cost["p"]))
        return hash_it(*given, **cost)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    assert not password_matches(None, "wrong horse")
    hashed.clear()  # the first time of all, a hash that no password has is made besides
    assert not password_matches(user, "wrong horse")
    assert not password_matches(None, "wrong horse")
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


def test_a_role_may_what_the_lesser_ones_may() -> None:
    assert [[one.includes(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_a_made_up_password_is_long_and_another_each_time() -> None:
    passwords = {generate_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(len(password) == 19 for password in passwords)

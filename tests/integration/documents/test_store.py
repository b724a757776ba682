"""The operator's documents: nothing that stands in them is lost, whoever writes them and however they break."""

import contextlib
import datetime
import errno
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from obzvon.documents import phones_json, schedule_json
from obzvon.documents import store as documents
from obzvon.documents.json_codec import MalformedError
from obzvon.documents.store import Document, DocumentError, ExternallyChangedError, phones_document, schedule_document
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from tests.support.paths import ROOT, SUPPORT
from tests.support.system_users import as_user, root, shared_folder

FIRST_USERS = SUPPORT / "first_users"
TWO = b'{"0": {"0":"89161111111","1":""},\n "1": {"0":"89502222222","1":"1"}}'
ONE = b'{"0": {"0":"89161111111","1":""}}'


@pytest.fixture
def todo(tmp_path: Path) -> Path:
    path = tmp_path / "todo.json"
    path.write_bytes(TWO)
    return path


@pytest.fixture
def phones(todo: Path) -> Document[list[Phone]]:
    return phones_document(todo)


def age(path: Path) -> None:
    """Makes the file look as if it had not been touched for a while."""
    then = path.stat().st_mtime - 100
    os.utime(path, (then, then))


def rewrite(path: Path, data: bytes) -> None:
    """Writes in place, as editors do and PHP does."""
    with path.open("r+b") as stream:
        stream.truncate()
        stream.write(data)
    age(path)


def numbers(phones: list[Phone]) -> dict[str, tuple[str, str]]:
    return {phone.key: (phone.number, phone.code) for phone in phones}


def read(text: str | bytes) -> list[Phone]:
    return phones_json.parse(text if isinstance(text, bytes) else text.encode())[0]


# The list as text


def test_the_first_users_lists_are_read() -> None:
    assert numbers(read((FIRST_USERS / "todo.json").read_bytes())) == {
        "0": ("89161111111", ""),
        "1": ("89502222222", "1"),
        "3": ("89033333333", ""),
        "7": ("777", ""),
        "8": ("7916838933", ""),
    }
    assert numbers(read((FIRST_USERS / "todo-integers.json").read_bytes())) == {
        "1": ("89502222222", "1"),
        "4": ("777", "context 22"),
        "5": ("7916838933", ""),
    }


@pytest.mark.parametrize("name", ["todo.json", "todo-integers.json"])
def test_a_list_that_we_saved_is_read_by_the_old_rules(name: str) -> None:
    before = (FIRST_USERS / name).read_bytes()
    old = {key: (str(row["0"]), str(row["1"])) for key, row in json.loads(before).items()}
    after = phones_json.dump(read(before))
    assert {key: (row["0"], row["1"]) for key, row in json.loads(after).items()} == old
    assert not after.startswith(b"\xef\xbb\xbf")
    assert after.count(b"\n") == len(old) + 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", {}),
        ("{}", {}),
        (
            '[["89161111111","1"],["89502222222"],{"0":"7"}]',
            {"0": ("89161111111", "1"), "1": ("89502222222", ""), "2": ("7", "")},
        ),
        (
            '{"a":{"0":"8","1":null},"b":{"1":5},"c":{},"d":[]}',
            {"a": ("8", ""), "b": ("", "5"), "c": ("", ""), "d": ("", "")},
        ),
        ('{"1":{"0":8.9161111111e10,"1":1.5}}', {"1": ("8.9161111111e10", "1.5")}),
        ('{"1":{"0":123456789012345678901234567890,"1":""}}', {"1": ("123456789012345678901234567890", "")}),
        (
            '{"1":null,"2":777,"3":"89161111111","4":true,"5":7.5}',
            {"1": ("null", ""), "2": ("777", ""), "3": ("89161111111", ""), "4": ("true", ""), "5": ("7.5", "")},
        ),
        ('{"1":{"0":{"0":"8"},"1":[1]}}', {"1": ('{"0":"8"}', "[1]")}),
    ],
)
def test_every_shape_of_a_list_is_read(text: str, expected: dict[str, tuple[str, str]]) -> None:
    assert numbers(read(text)) == expected


def test_keys_keep_their_order_and_gaps() -> None:
    assert [phone.key for phone in read(phones_json.dump(read('{"9":{"0":"1"},"2":{"0":"2"},"x y":{"0":"3"}}')))] == [
        "9",
        "2",
        "x y",
    ]


def test_name_and_paused_are_written_only_when_set() -> None:
    rows = [Phone("0", "1"), Phone("1", "2", "3", "Иванов И. И.", paused=True)]
    assert phones_json.dump(rows).decode() == (
        '{\n"0": {"0":"1","1":""},\n"1": {"0":"2","1":"3","name":"'
        r"\u0418\u0432\u0430\u043d\u043e\u0432 \u0418. \u0418."
        '","paused":true}\n}\n'
    )
    assert read(phones_json.dump(rows)) == rows


@pytest.mark.parametrize(
    "row",
    [
        "null",
        "777",
        '"89161111111"',
        "true",
        "7.50",
        '{"0":{"0":"8"},"1":""}',
        '{"0":"8","1":[1]}',
        '{"0":"8","1":"","note":"fine","price":1.50}',
        '{"0":84.51234567,"1":""}',
        '{"0":-89161111111,"1":""}',
        '{"0":"8","1":"","name":["a"]}',
        '{"0":"8","1":"","paused":"yes"}',
        '{"0":"8","1":"","":7}',
        '{"0":"8","1":"","row":null}',
        '""',
    ],
)
def test_a_row_of_any_shape_is_written_back_as_it_was(row: str) -> None:
    [phone] = read(f'{{"1": {row}}}')
    assert phone.extra
    text = phones_json.dump([phone])
    assert text.decode() == f'{{\n"1": {row}\n}}\n'
    assert read(text) == [phone]


def test_an_edited_field_takes_the_place_of_its_odd_value_and_the_rest_stays() -> None:
    [phone] = read('{"1":{"0":[8],"1":false,"paused":"yes","note":5}}')
    assert phone.paused
    assert phones_json.dump([replace(phone, number="8916", paused=False)]).decode().split("\n")[1] == (
        '"1": {"0":"8916","1":false,"note":5}'
    )
    [phone] = read('{"1":null}')
    assert b'"1": {"0":"8916","1":""}\n' in phones_json.dump([replace(phone, number="8916")])
    assert b'"1": {"0":"null","1":"","paused":true}\n' in phones_json.dump([replace(phone, paused=True)])


@pytest.mark.parametrize(
    ("value", "paused"),
    [
        ("true", True),
        ("1", True),
        ('"yes"', True),
        ('"что-то"', True),
        ("false", False),
        ("0", False),
        ('""', False),
        ('"Нет"', False),
        ("null", False),
        ('"off"', False),
    ],
)
def test_whatever_is_not_a_plain_no_pauses(value: str, *, paused: bool) -> None:
    assert read(f'{{"1":{{"0":"8","1":"","paused":{value}}}}}')[0].paused is paused


@pytest.mark.parametrize(
    "text",
    [
        '{"5":{"0":"1","1":""},"5":{"0":"2","1":""},"7":{"0":"3","1":""}}',
        '{"5":["1"],"5":{"0":"2"},"7":{"0":"3","note":[{}]}}',
        '{"5":1,"5":2,"7":3}',
    ],
)
def test_of_two_rows_under_one_key_both_are_kept(text: str) -> None:
    rows, notes = phones_json.parse(text.encode())
    assert {key: number for key, (number, _) in numbers(rows).items()} == {"5": "1", "8": "2", "7": "3"}
    [note] = notes
    assert '"5"' in str(note)
    assert "8" in str(note)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"5":{"0":"89161111111","1":"1","0":"89162222222"}}', ' "5" "0"'),
        ('{"5":{"0":"89162222222","1":"","name":"а","name":"б:"}}', ' "5" "name"'),
        ('{"5":{"0":"89162222222","paused":true,"paused":false}}', ' "5" "paused"'),
        ('{"4":{"0":"1"},"5":{"0":"89162222222","note":1,"note":[]}}', ' "5" "note"'),
        ('[["1"],{"0":"89162222222","1":"","1":"2"}]', ' "1" "1"'),
    ],
)
def test_a_key_twice_in_a_row_is_told(text: str, where: str) -> None:
    rows, notes = phones_json.parse(text.encode())
    assert [note.where for note in notes] == [where]
    assert "2 times" in str(notes[0])
    assert rows[-1].number == "89162222222"


@pytest.mark.parametrize("name", ["а: б", '"0": "1": "0":', "{:}", "::::"])
def test_colons_in_a_name_are_not_taken_for_keys(name: str) -> None:
    phone = Phone("5", "89161111111", "", name)
    assert phones_json.parse(phones_json.dump([phone, Phone("6", "1", extra={"note": {"a": name}})]))[1] == ()
    assert phones_json.parse(phones_json.dump([phone])) == ([phone], ())


def test_brackets_in_a_name_are_not_taken_for_rows() -> None:
    rows, notes = phones_json.parse(b'{"5":{"0":"1","1":"","name":"{[{["}}')
    assert rows == [Phone("5", "1", "", "{[{[")]
    assert not notes


@pytest.mark.parametrize(
    ("data", "where", "what"),
    [
        (b"", "", "the file is empty"),
        (b" \n ", "", "the file is empty"),
        (b"\xef\xbb\xbf", "", "the file is empty"),
        (TWO[:40], ":2:7", "cut off"),
        (TWO[:10], ":1:11", "cut off"),
        (TWO[:-1], ":2:34", "cut off"),
        (b'{"0": {"0":"8"},\n "1": }', ":2:7", "not JSON from here on: }"),
        (TWO + b"}", ":2:35", "not JSON from here on"),
        (b'{"0":{"0":"8",}}', "", "not JSON"),
        (b"<html>", ":1:1", "<html>"),
        (b"777", ":1:1", "not a list of phones"),
        (b'"text"', ":1:1", "not a list of phones"),
        (b"NaN", "", "not JSON"),
        (b'{"0":{"0":"\\ud83d"}}', "", "not JSON"),
        (b"[" * 100_000, "", "not JSON"),
        ('{"0":{"0":"8"}}'.encode("utf-16"), "", "not in UTF-8"),
        ('{"0":{"0":"8"}}'.encode("utf-16-le"), "", "not in UTF-8"),
        (b'{"\x98":1}', ":1:3", "neither in UTF-8 nor"),
        (
            '{"0":{"name":"Иванов И. И."},\n"1":{"name":"Пет'.encode() + b"\xff" + 'ров"}}'.encode(),
            ":2:20",
            "damaged here",
        ),
    ],
)
def test_a_broken_list_is_told_by_its_place_and_never_taken_for_an_empty_one(
    data: bytes, where: str, what: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        phones_json.parse(data)
    [problem] = caught.value.problems
    assert what in str(problem.what)
    assert problem.where == where or not where
    assert str(problem.remedy)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_all_three_encodings_are_read(encoding: str) -> None:
    rows = [Phone("0", "89161111111", "1", "Щёкин № 5"), Phone("1", "777", "", "Ы")]
    assert read(phones_json.dump(rows).decode().encode(encoding)) == rows
    week = schedule_json.dump(Schedule((time(9),) * 7)).decode().replace("{", '{"заметка": "по будням",', 1)
    assert schedule_json.parse(week.encode(encoding))[0].times == (time(9),) * 7


texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)
rows = st.lists(st.builds(Phone, texts, texts, texts, texts, st.booleans()), unique_by=lambda phone: phone.key)


@given(rows)
def test_what_is_saved_is_read_again(phones: list[Phone]) -> None:
    assert read(phones_json.dump(phones)) == phones


@given(st.dictionaries(texts, values | st.dictionaries(st.sampled_from(["0", "1", "name", "paused", "x"]), values)))
def test_no_list_of_any_values_loses_a_row_or_changes_twice(document: dict[str, object]) -> None:
    once = read(json.dumps(document))
    assert [phone.key for phone in once] == list(document)
    assert read(phones_json.dump(once)) == once


@given(st.binary() | st.text(alphabet='{}[]",:01 \n').map(str.encode))
def test_no_bytes_are_more_than_malformed(data: bytes) -> None:
    for parse in (phones_json.parse, schedule_json.parse):
        with contextlib.suppress(MalformedError):
            parse(data)


def test_what_json_cannot_hold_is_refused_by_its_row() -> None:
    with pytest.raises(MalformedError) as caught:
        phones_json.dump([Phone("0", "1"), Phone("17", "8", "", "\ud83d")])
    assert '"17"' in str(caught.value.problems[0])
    with pytest.raises(MalformedError, match="two rows"):
        phones_json.dump([Phone("0", "1"), Phone("0", "2")])


# The week as text


def test_the_first_users_week_is_read_and_a_saved_one_is_read_by_the_old_rules() -> None:
    week, notes = schedule_json.parse((FIRST_USERS / "schedule.json").read_bytes())
    assert week.times == (time(9), time(9), time(9), time(9), time(10, 36), time(13, 17), None)
    assert not notes
    saved = json.loads(schedule_json.dump(week))
    assert [(int(saved[day][:2]), int(saved[day][3:5])) for day in "1234567"] == [
        (9, 0),
        (9, 0),
        (9, 0),
        (9, 0),
        (10, 36),
        (13, 17),
        (0, 0),
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("09-00", time(9)),
        ("9:00", time(9)),
        ("09:00", time(9)),
        ("9.05", time(9, 5)),
        ("23:59", time(23, 59)),
        ("09:00:00", time(9)),
        (" 09:00 ", time(9)),
        ("00:00", None),
        ("0-00", None),
        ("", None),
    ],
)
def test_all_forms_of_a_time_are_read(text: str, start: time | None) -> None:
    assert schedule_json.parse(json.dumps({"1": text}).encode())[0].times[0] == start


def test_days_without_a_time_have_no_run_and_are_noted() -> None:
    week, notes = schedule_json.parse(b'{"1":"09:00","2":null,"3":"","4":"09:00","6":"00:00","7":"00:00","8":"09:00"}')
    assert week.times == (time(9), None, None, time(9), None, None, None)
    assert [note.where for note in notes] == [' "2"', ' "3"', ' "8"']


@pytest.mark.parametrize("text", ["{}", "[]"])
def test_an_empty_week_has_no_runs(text: str) -> None:
    assert schedule_json.parse(text.encode())[0] == Schedule()


def test_every_wrong_entry_is_told_with_its_key() -> None:
    with pytest.raises(MalformedError) as caught:
        schedule_json.parse(
            '{"1":"25:00","2":900,"3":"9","4":["09:00"],"5":"09:60","6":"٠٩:٠٠","7":"x","7":"09:00",'
            '"dates":{"31.12.2026":"00:00","2026-02-30":"09:00","2026-12-31":"later"}}'.encode()
        )
    assert [problem.where for problem in caught.value.problems] == [
        ' "7"',
        ' "1"',
        ' "2"',
        ' "3"',
        ' "4"',
        ' "5"',
        ' "6"',
        ' "dates" "31.12.2026"',
        ' "dates" "2026-02-30"',
        ' "dates" "2026-12-31"',
    ]


def test_a_date_that_stands_twice_is_refused_and_the_later_one_is_not_just_taken() -> None:
    with pytest.raises(MalformedError) as caught:
        schedule_json.parse(
            b'{"1":"09:00","note":{"a":1,"a":2},'
            b'"dates":{"2026-12-31":"00:00","2027-01-09":"11:00","2026-12-31":"09:00"}}'
        )
    [problem] = caught.value.problems
    assert problem.where == ' "dates" "2026-12-31"'
    assert "2 times" in str(problem)


@pytest.mark.parametrize("text", ["5", '["09:00"]', '"09:00"', '{"dates":5}', '{"dates":["2026-12-31"]}'])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        schedule_json.parse(text.encode())


@given(
    st.lists(st.none() | st.times(time(0, 1)), min_size=7, max_size=7),
    st.dictionaries(st.dates(), st.none() | st.times(time(0, 1))),
)
def test_a_saved_week_is_read_again(times: list[time | None], dates: dict[date, time | None]) -> None:
    def minute(start: time | None) -> time | None:
        return start and start.replace(second=0, microsecond=0)

    week = Schedule(tuple(map(minute, times)), {day: minute(start) for day, start in dates.items()})
    assert schedule_json.parse(schedule_json.dump(week))[0] == week


def test_dates_of_php_and_keys_of_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    path.write_text('{"1":"09-00","dates":[],"comment":"по будням","zone":{"x":1.50}}')
    document = schedule_document(path)
    loaded = document.load()
    week = Schedule(loaded.data.times, {date(2026, 12, 31): None, date(2026, 1, 9): time(10, 30)})
    document.save(week, loaded.revision)
    assert document.load().data == week
    assert path.read_text().split("\n")[8:] == [
        '"dates": {"2026-01-09":"10:30","2026-12-31":"00:00"},',
        r'"comment": "\u043f\u043e \u0431\u0443\u0434\u043d\u044f\u043c",',
        '"zone": {"x":1.50}',
        "}",
        "",
    ]


# Files


def test_a_save_gives_the_revision_that_a_load_finds(phones: Document[list[Phone]]) -> None:
    loaded = phones.load()
    revision = phones.save([*loaded.data, Phone("5", "777")], loaded.revision)
    again = phones.load()
    assert again.revision == revision != loaded.revision
    assert again.data == [*loaded.data, Phone("5", "777")]
    assert again.changed.tzinfo is UTC
    assert abs((datetime.datetime.now(UTC) - again.changed).total_seconds()) < 60


def test_a_stale_save_carries_both_revisions_and_changes_nothing(phones: Document[list[Phone]]) -> None:
    first = phones.load()
    second = phones.save([], first.revision)
    with pytest.raises(ExternallyChangedError) as caught:
        phones.save(first.data, first.revision)
    assert (caught.value.based_on, caught.value.found) == (first.revision, second)
    with pytest.raises(ExternallyChangedError):
        phones.undo(first.revision)
    assert phones.load().revision == second


def test_a_save_of_the_same_changes_nothing(phones: Document[list[Phone]]) -> None:
    revision = phones.save(phones.load().data, phones.load().revision)
    stat = phones.path.stat()
    assert phones.save(phones.load().data, revision) == revision
    assert phones.path.stat().st_mtime_ns == stat.st_mtime_ns
    assert len(phones.revisions()) == 2


def test_a_new_document_is_based_on_nothing(tmp_path: Path) -> None:
    document = phones_document(tmp_path / "new.json")
    with pytest.raises(DocumentError, match="no such file"):
        document.load()
    revision = document.save([Phone("0", "777")], "")
    assert document.load().revision == revision
    with pytest.raises(ExternallyChangedError):
        document.save([], "")


def test_undo_goes_back_each_time_and_redo_forward(phones: Document[list[Phone]]) -> None:
    states = [phones.load().data]
    revision = phones.load().revision
    for key in ("10", "11", "12"):
        states.append([*states[-1], Phone(key, "777")])
        revision = phones.save(states[-1], revision)
    for expected in states[-2::-1]:
        revision = phones.undo(revision)
        assert phones.load().data == expected
    assert phones.undo_steps(revision) == (False, True)
    with pytest.raises(DocumentError, match="no earlier version"):
        phones.undo(revision)
    for expected in states[1:3]:
        revision = phones.redo(revision)
        assert phones.load().data == expected
    assert phones.undo_steps(revision) == (True, True)
    revision = phones.undo(revision)
    assert phones.load().data == states[1]


def test_a_change_after_an_undo_goes_on_from_there(phones: Document[list[Phone]]) -> None:
    first = phones.load()
    second = phones.save([Phone("5", "5")], first.revision)
    third = phones.undo(second)
    fourth = phones.save([Phone("6", "6")], third)
    assert phones.undo_steps(fourth) == (True, False)
    with pytest.raises(DocumentError, match="nothing has been undone"):
        phones.redo(fourth)
    assert phones.undo(fourth)
    assert phones.load().data == first.data


def test_undo_of_another_programs_save_is_a_step_too(phones: Document[list[Phone]]) -> None:
    ours = phones.save([Phone("5", "5")], phones.load().revision)
    undone = phones.undo(ours)
    rewrite(phones.path, b'{"9":{"0":"9","1":""}}')
    theirs = phones.load().revision
    assert phones.undo_steps(theirs) == (True, False)
    back = phones.undo(theirs)
    assert phones.load().revision == undone
    phones.redo(back)
    assert phones.load().data == [Phone("9", "9")]


def test_an_earlier_version_is_restored_as_a_change_of_its_own(phones: Document[list[Phone]]) -> None:
    first = phones.load()
    second = phones.save([], first.revision)
    third = phones.restore(second, 1)
    assert phones.load().data == first.data
    phones.undo(third)
    assert phones.load().data == []
    assert phones.load_revision(1).changed == first.changed


def test_each_revision_has_its_author_and_date(phones: Document[list[Phone]]) -> None:
    second = phones.save([], phones.load().revision, by="анна")
    third = phones.undo(second, by="борис")
    rewrite(phones.path, ONE)
    fourth = phones.save([Phone("1", "1")], phones.load().revision)
    phones.restore(fourth, 2, by="вера")
    assert third
    assert [one.by for one in phones.revisions()] == ["вера", "", "", "борис", "анна", ""]
    assert all(abs((datetime.datetime.now(UTC) - one.at).total_seconds()) < 600 for one in phones.revisions())
    (phones.path.parent / ".history" / "todo.json.authors").write_text("{broken")
    assert {one.by for one in phones.revisions()} == {""}


@given(st.lists(st.sampled_from(["save", "undo", "redo", "theirs"]), max_size=12))
def test_undo_and_redo_are_a_line(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        document = phones_document(Path(folder) / "todo.json")
        revision = document.save([], "")
        line: list[list[Phone]] = [[]]
        place = 0
        for count, step in enumerate(steps, 1):
            if step in ("save", "theirs"):
                data = [Phone("0", str(count))]
                line, place = [*line[: place + 1], data], place + 1
                if step == "save":
                    revision = document.save(data, revision)
                else:
                    rewrite(document.path, phones_json.dump(data))
                    revision = document.load().revision
            elif step == "undo" and place:
                place -= 1
                revision = document.undo(revision)
            elif step == "redo" and place + 1 < len(line):
                place += 1
                revision = document.redo(revision)
            assert document.load().data == line[place]
            assert document.undo_steps(revision) == (place > 0, place + 1 < len(line))


def test_a_document_that_we_may_not_read_says_how_to_let_us(
    phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: str, *args: int, **places: int) -> int:
        if path == phones.path.name:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *args, **places)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(DocumentError) as told:
        phones.load()
    assert str(told.value) == (
        f"{phones.path}: it cannot be read: Permission denied\n    → let the service and the "
        f"editor read it: their common group and chmod g+r {phones.path}"
    )


def test_undo_without_a_past_says_so(phones: Document[list[Phone]]) -> None:
    with pytest.raises(DocumentError, match="no earlier version"):
        phones.undo(phones.load().revision)
    with pytest.raises(DocumentError, match="version 99 cannot be read"):
        phones.load_revision(99)
    with pytest.raises(DocumentError, match="cannot be read"):
        phones.restore(phones.load().revision, 99)


def test_what_another_program_wrote_over_our_save_can_be_undone_too(phones: Document[list[Phone]]) -> None:
    saved = phones.save([Phone("0", "777")], phones.load().revision)
    rewrite(phones.path, ONE)
    theirs = phones.load()
    phones.undo(theirs.revision)
    assert phones.load().revision == saved
    phones.redo(saved)
    assert phones.load().data == theirs.data


def test_a_broken_or_deleted_document_can_be_brought_back(phones: Document[list[Phone]]) -> None:
    saved = phones.save([Phone("0", "777")], phones.load().revision)
    rewrite(phones.path, b"{broken")
    with pytest.raises(DocumentError) as caught:
        phones.load()
    assert phones.undo(caught.value.revision) == saved
    assert phones.history.read_revision(phones.revisions()[1].number)[0] == b"{broken"
    phones.path.unlink()
    with pytest.raises(DocumentError) as caught:
        phones.load()
    assert phones.undo(caught.value.revision) == saved


def test_the_last_fifty_revisions_are_kept(phones: Document[list[Phone]]) -> None:
    revision = phones.load().revision
    for number in range(60):
        revision = phones.save([Phone("0", str(number))], revision)
    kept = [one.number for one in phones.revisions()]
    assert kept == list(range(61, 11, -1))
    assert len(list((phones.path.parent / ".history").glob("todo.json.[0-9]*"))) == 50


def test_a_revision_that_a_save_deletes_while_they_are_listed_is_not_among_them(
    phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch
) -> None:
    phones.save([Phone("0", "777")], phones.load().revision)
    newest, oldest = (one.number for one in phones.revisions())
    stat = Path.stat

    def look(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == f"todo.json.{oldest}":
            path.unlink(missing_ok=True)
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", look)
    assert [one.number for one in phones.revisions()] == [newest]


def test_long_lists_have_a_shorter_past(phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obzvon.documents.history._MAX_BYTES", 1)
    revision = phones.load().revision
    for number in range(9):
        revision = phones.save([Phone("0", str(number))], revision)
    assert len(phones.revisions()) == 3


def test_a_save_leaves_only_what_it_should(phones: Document[list[Phone]]) -> None:
    phones.path.chmod(0o640)
    phones.save([], phones.load().revision)
    assert sorted(path.name for path in phones.path.parent.iterdir()) == [".history", ".todo.json.lock", "todo.json"]
    assert phones.path.stat().st_mode & 0o777 == 0o640
    assert (phones.path.parent / ".todo.json.lock").stat().st_mode & 0o777 == 0o660


def test_a_linked_document_is_one_with_the_file_it_links_to(phones: Document[list[Phone]], tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "list.json").symlink_to(phones.path)
    linked = phones_document(tmp_path / "www" / "list.json")
    linked.save([], phones.load().revision)
    assert (tmp_path / "www" / "list.json").is_symlink()
    assert phones.load().data == []
    assert phones.revisions() == linked.revisions() != []


def test_a_save_that_cannot_be_written_says_at_which_row(phones: Document[list[Phone]]) -> None:
    with pytest.raises(DocumentError, match=r'todo\.json "17": it cannot be written'):
        phones.save([Phone("17", "\ud83d")], phones.load().revision)
    assert len(phones.load().data) == 2


SAVER = """
import sys
from pathlib import Path
from obzvon.domain.phones import Phone
from obzvon.documents.store import ExternallyChangedError, phones_document
document = phones_document(Path(sys.argv[1]))
for number in range(25):
    while True:
        loaded = document.load()
        try:
            document.save([*loaded.data, Phone(f"{sys.argv[2]}-{number}", str(number))], loaded.revision)
        except ExternallyChangedError:
            continue
        break
"""


@pytest.mark.slow
def test_two_processes_saving_at_once_lose_nothing(phones: Document[list[Phone]]) -> None:
    savers = [subprocess.Popen([sys.executable, "-c", SAVER, str(phones.path), name], cwd=ROOT) for name in ("a", "b")]
    assert [saver.wait() for saver in savers] == [0, 0]
    keys = [phone.key for phone in phones.load().data]
    assert sorted(keys) == sorted(["0", "1", *(f"{name}-{number}" for name in "ab" for number in range(25))])
    assert [key for key in keys if key[0] == "a"] == [f"a-{number}" for number in range(25)]


def test_a_lock_that_is_held_for_long_is_told(phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_LOCK_SECONDS", 0.2)
    revision = phones.load().revision
    held, done = threading.Event(), threading.Event()

    def slow(phones: list[Phone], _: bytes) -> bytes:
        held.set()
        done.wait(10)
        return phones_json.dump(phones)

    saver = threading.Thread(target=lambda: Document(phones.path, phones_json.parse, slow).save([], revision))
    saver.start()
    try:
        assert held.wait(10)
        with pytest.raises(DocumentError, match="another program"):
            phones.save([], revision)
    finally:
        done.set()
        saver.join()
    assert phones.load().data == []


# Disks and rights


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("cannot mount here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@root
def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    document = phones_document(small_disk / "todo.json")
    revision = document.save([Phone("0", "777")], "")
    with pytest.raises(DocumentError, match=r"nothing has been changed.*No space left"):
        document.save([Phone(str(number), "89161111111") for number in range(5000)], revision)
    assert document.load().data == [Phone("0", "777")]
    assert sorted(path.name for path in small_disk.rglob("*") if path.is_file()) == [
        ".todo.json.lock",
        "todo.json",
        "todo.json.1",
        "todo.json.undo",
    ]


@root
def test_a_save_stands_when_only_its_copy_found_no_room(small_disk: Path) -> None:
    document = phones_document(small_disk / "todo.json")
    rows = [Phone(str(number), "89161111111", "", "x" * 300) for number in range(100)]
    revision = document.save(rows, "")
    assert document.load().revision == revision
    assert document.load().data == rows


@root
def test_a_read_only_disk_is_told_in_one_line(small_disk: Path) -> None:
    document = phones_document(small_disk / "todo.json")
    revision = document.save([Phone("0", "777")], "")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(DocumentError, match="Read-only file system"):
        document.save([], revision)
    assert WatchedDocument(document).load_current().data == [Phone("0", "777")]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return shared_folder(tmp_path)


@root
def test_two_users_of_a_group_save_in_turn(shared: Path) -> None:
    document = phones_document(shared / "todo.json")
    document.save([], "")

    def add(key: str) -> None:
        loaded = document.load()
        document.save([*loaded.data, Phone(key, "777")], loaded.revision)

    for turn in range(3):
        for uid in (4001, 4002):
            assert as_user(uid, 5000, lambda key=f"{turn}-{uid}": add(key)) == 0  # type: ignore[misc]
    assert len(document.load().data) == 6
    assert len(document.revisions()) == 7


@root
def test_without_rights_there_is_one_clear_problem(shared: Path) -> None:
    document = phones_document(shared / "todo.json")
    revision = document.save([], "")

    def locked_out() -> None:
        with pytest.raises(DocumentError, match="Permission denied"):
            document.load()
        with pytest.raises(DocumentError, match=r"nothing has been changed.*Permission denied"):
            document.save([Phone("0", "1")], revision)

    shared.chmod(0o2775)
    document.path.chmod(0o660)
    assert as_user(4003, 5003, locked_out) == 0


@root
def test_a_reader_without_the_right_to_keep_a_copy_still_has_it_in_memory(shared: Path) -> None:
    document = phones_document(shared / "todo.json")
    document.save([Phone("0", "777")], "")
    shared.chmod(0o2775)
    document.path.chmod(0o666)
    age(document.path)

    def watch() -> None:
        watched = WatchedDocument(document)
        assert watched.load_current().data == [Phone("0", "777")]
        document.path.write_bytes(b"{broken")
        state = watched.load_current()
        assert state.data == [Phone("0", "777")]
        assert state.problems

    assert as_user(4003, 5003, watch) == 0


# Watching


def test_a_watched_file_is_read_only_when_it_has_changed(
    phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch
) -> None:
    age(phones.path)
    watched = WatchedDocument(phones)
    first = watched.current_state()
    with monkeypatch.context() as patched:
        patched.setattr(Document, "read_bytes", lambda _: pytest.fail("read without need"))
        assert watched.current_state() is first
    rewrite(phones.path, ONE)
    assert watched.current_state().revision == phones.load().revision != first.revision
    assert watched.load_current().data == read(ONE)


def test_two_writes_in_one_tick_of_the_clock_are_both_seen(phones: Document[list[Phone]]) -> None:
    watched = WatchedDocument(phones)
    stat = phones.path.stat()
    assert watched.load_current().data[0].number == "89161111111"
    with phones.path.open("r+b") as stream:
        stream.write(TWO.replace(b"89161111111", b"89169999999"))
    os.utime(phones.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert watched.load_current().data[0].number == "89169999999"


def test_the_last_good_copy_stays_in_force_while_the_file_is_broken(phones: Document[list[Phone]]) -> None:
    age(phones.path)
    watched = WatchedDocument(phones)
    good = watched.current_state()
    assert not good.problems
    for broken in (TWO[:30], b"", b"{}x"):
        rewrite(phones.path, broken)
        state = watched.load_current()
        assert state.data == read(TWO)
        assert (state.revision, state.changed) == (good.revision, good.changed)
        [problem] = state.problems
        assert str(phones.path) in problem.where
        assert watched.current_state().problems == state.problems
    phones.path.unlink()
    assert watched.load_current().data == read(TWO)
    assert "no such file" in str(watched.current_state().problems[0])
    phones.path.write_bytes(ONE)
    assert not watched.current_state().problems
    assert watched.load_current().data == read(ONE)


def test_the_last_good_copy_outlives_the_service(phones: Document[list[Phone]]) -> None:
    age(phones.path)
    good = WatchedDocument(phones).current_state()
    rewrite(phones.path, b"{broken")
    state = WatchedDocument(phones_document(phones.path)).load_current()
    assert state.data == read(TWO)
    assert (state.revision, state.changed) == (good.revision, good.changed)
    assert state.problems


def test_a_document_that_was_never_good_is_an_error(tmp_path: Path) -> None:
    watched = WatchedDocument(schedule_document(tmp_path / "schedule.json"))
    for _ in range(2):
        with pytest.raises(DocumentError, match="no such file"):
            watched.current_state()
    (tmp_path / "schedule.json").write_text('{"1":"25:00"}')
    with pytest.raises(DocumentError, match="25:00 is not a time of day"):
        watched.load_current()
    (tmp_path / "schedule.json").write_text('{"1":"09:00"}')
    assert watched.load_current().data.times[0] == time(9)


def test_a_watched_week_tells_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    path.write_text('{"1":"09:00","2":null}')
    os.utime(path, (1_700_000_000, 1_700_000_000))
    state = WatchedDocument(schedule_document(path)).current_state()
    assert state.changed == datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert len(state.notes) == 1
    assert state.notes[0].where == f'{path} "2"'


def test_a_file_that_breaks_between_two_looks_is_not_read_as_broken(
    phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch
) -> None:
    age(phones.path)
    monkeypatch.setattr(Document, "signature", lambda _: (1,))  # the change is not seen yet
    watched = WatchedDocument(phones)
    state = watched.current_state()
    rewrite(phones.path, b"{broken")
    assert watched.load_current().data == read(TWO)
    assert watched.load_current().revision == state.revision


@pytest.mark.parametrize("moment", [-1e12, 1e12])
def test_a_time_that_no_calendar_has_is_no_reason_not_to_read(tmp_path: Path, moment: float) -> None:
    document = schedule_document(tmp_path / "schedule.json")
    assert document.parse(b"{}", moment).data == Schedule()


@pytest.mark.parametrize("depth", range(900, 1000, 3))
def test_a_document_is_never_nested_too_deep_to_be_told(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "schedule.json"
    path.write_bytes(b'{"1": "09:00", "x": ' + b"[" * depth + b"]" * depth + b"}")
    with contextlib.suppress(DocumentError):
        schedule_document(path).load()


def test_a_list_of_gigabytes_is_not_read_and_the_last_good_copy_goes_on(phones: Document[list[Phone]]) -> None:
    watched = WatchedDocument(phones)
    before = watched.load_current()
    os.truncate(phones.path, 3_000_000_000)
    loaded = watched.load_current()
    assert (loaded.data, loaded.revision) == (before.data, before.revision)
    assert "it has 3000 MB, and no more than 100 MB are read" in str(loaded.problems[0])
    with pytest.raises(DocumentError, match="3000 MB"):
        phones.save([], before.revision)


def test_a_list_that_grows_while_it_is_read_is_not_read_to_its_end(
    phones: Document[list[Phone]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 2000)
    monkeypatch.setattr(os, "read", lambda _descriptor, size: b"x" * size)
    with pytest.raises(DocumentError, match="no more than 1 MB are read"):
        phones.load()


def test_a_link_that_is_exchanged_for_another_to_the_same_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text('{"1":"09:00"}')
    age(tmp_path / "kept.json")
    (tmp_path / "schedule.json").symlink_to(tmp_path / "kept.json")
    document = schedule_document(tmp_path / "schedule.json")
    before = document.signature()
    (tmp_path / "other.json").symlink_to(tmp_path / "kept.json")
    (tmp_path / "other.json").rename(tmp_path / "schedule.json")
    assert document.signature() != before

"""Questions about a table that the operator answers before anything is imported. Pure.

A question offers answers, which are kept with the import. A confirmation names a count, and is given with the import.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.phones import Phone
from obzvon.spreadsheets.decisions import FurtherNumbers, MergeChoices, OtherCode, RowDecision, word_key
from obzvon.spreadsheets.merge import MergePlan
from obzvon.spreadsheets.pause_words import MEANINGS, PauseMeaning

OTHER_CODE, FILE_CODES, FURTHER, REMARKS, WORD = "other-code", "file-codes", "further", "remarks", "word-"
_SAMPLES = 5
#: Words of a column that are asked one by one; the rarer ones are asked together.
_MOST_WORDS = 12

_MEANINGS: dict[PauseMeaning, Message] = {
    "paused": say("do not call"),
    "called": say("call as usual"),
    "silent": say("says nothing about calling"),
}


class Option(msgspec.Struct, frozen=True):
    """An answer that can be chosen."""

    value: str
    text: Message


class Question(msgspec.Struct, frozen=True):
    """A question with its answers, the one that was given or "", and some of the rows that it is about."""

    key: str
    text: Message
    options: tuple[Option, ...]
    answer: str = ""
    samples: tuple[Message, ...] = ()
    #: For a word about calling: its column.
    column: int | None = None


class Confirmation(msgspec.Struct, frozen=True):
    """A count that has to be seen before the import. An answer to another count does not count."""

    key: str
    count: int
    text: Message


def choices_from(answers: Mapping[str, str]) -> MergeChoices:
    """Return the answers as the comparison takes them. An answer that is not offered is none."""
    words = {
        key.removeprefix(WORD): answer for key, answer in answers.items() if key.startswith(WORD) and answer in MEANINGS
    }
    codes = ("keep", "file", "both")
    return MergeChoices(
        other_code=cast("OtherCode", _one_of(answers.get(OTHER_CODE), codes)),
        file_codes=cast("OtherCode", _one_of(answers.get(FILE_CODES), ("keep", "both"))),
        further=cast("FurtherNumbers", _one_of(answers.get(FURTHER), ("all", "first"))),
        remarks=cast("PauseMeaning", _one_of(answers.get(REMARKS), ("paused", "called"))),
        words=words,
    )


def questions(merge: MergePlan, answers: Mapping[str, str]) -> list[Question]:
    """Return the questions about a table, with the answers that were given."""
    found = [*_words(merge), *_remarks(merge), *_further(merge), *_other_code(merge), *_file_codes(merge)]
    return [
        msgspec.structs.replace(
            question, answer=_one_of(answers.get(question.key), [option.value for option in question.options])
        )
        for question in found
    ]


def confirmations(merge: MergePlan, elsewhere: int = 0) -> list[Confirmation]:
    """Return what has to be confirmed when the rows are imported. `elsewhere`: phone numbers on other sheets."""
    new = merge.rows_of("new")
    changed = [(row, merge.phones[row.place]) for row in merge.rows if row.kind == "changed" and row.place is not None]
    codes = sum(row.code != "" for row in new)
    codes += sum(row.code != phone.code for row, phone in changed if row.others)
    nameless = sum(not row.name for row in new)
    sheets = elsewhere if merge.replace and merge.removed_phones() else 0
    found = (
        (
            "codes",
            codes,
            say_many(
                "{n} number gets an extension code: it is sent after the answer",
                "{n} numbers get extension codes: they are sent after the answer",
                codes,
            ),
        ),
        ("nameless", nameless, say_many("{n} new number has no name", "{n} new numbers have no name", nameless)),
        (
            "sheets",
            sheets,
            say_many(
                "{n} phone number is on another sheet: if the list has it, it is removed",
                "{n} phone numbers are on other sheets: those that the list has are removed",
                sheets,
            ),
        ),
        *_changes_of_pauses(changed),
    )
    return [Confirmation(key, count, text) for key, count, text in found if count]


def _changes_of_pauses(changed: Sequence[tuple[RowDecision, Phone]]) -> list[tuple[str, int, Message]]:
    paused = sum(bool(row.paused) and not phone.paused for row, phone in changed)
    resumed = sum(phone.paused and not row.paused for row, phone in changed)
    return [
        (
            "paused",
            paused,
            say_many(
                "{n} number of the list is paused: it is no longer called",
                "{n} numbers of the list are paused: they are no longer called",
                paused,
            ),
        ),
        (
            "resumed",
            resumed,
            say_many(
                "{n} number that is paused now will be called again",
                "{n} numbers that are paused now will be called again",
                resumed,
            ),
        ),
    ]


def is_anything_open(
    merge: MergePlan, answers: Mapping[str, str], given: Mapping[str, str], elsewhere: int = 0
) -> bool:
    """Return whether a question has no answer, or a count is not confirmed. `given` has the count by "sure-KEY"."""
    return any(not question.answer for question in questions(merge, answers)) or any(
        given.get(f"sure-{one.key}") != str(one.count) for one in confirmations(merge, elsewhere)
    )


def _words(merge: MergePlan) -> list[Question]:
    """Return a question for each word about calling that can be read in two ways."""
    counts = Counter(word for row in merge.rows for word in row.unclear)
    columns = dict.fromkeys(column for column, _ in counts)
    options = tuple(Option(value, text) for value, text in _MEANINGS.items())
    found = []
    for column in columns:
        words = [(word, count) for (place, word), count in counts.most_common() if place == column]
        for word, count in words[:_MOST_WORDS]:
            text = say_many("“{word}”: {n} row", "“{word}”: {n} rows", count, word=word)
            found.append(Question(WORD + word_key(column, word), text, options, column=column))
        if rest := words[_MOST_WORDS:]:
            total = sum(count for _, count in rest)
            text = say_many("all other words: {n} row", "all other words: {n} rows", total)
            samples = tuple(say("“{word}”", word=word) for word, _ in rest[:_SAMPLES])
            found.append(Question(WORD + word_key(column), text, options, samples=samples, column=column))
    return found


def _remarks(merge: MergePlan) -> list[Question]:
    rows = _rows(merge, lambda row: bool(row.remark) and row.kind in ("new", "changed", "same", "other_code"))
    return _question(
        REMARKS,
        rows,
        say_many("{n} row has a remark not to call", "{n} rows have a remark not to call", len(rows)),
        (("paused", say("pause these numbers")), ("called", say("the remarks do not matter: call them"))),
        lambda row: say("row {line}: {text}", line=row.line, text=row.remark[:100]),
    )


def _further(merge: MergePlan) -> list[Question]:
    rows = _rows(merge, lambda row: row.is_further and row.kind in ("new", "further"))
    people = len({row.line for row in rows})
    return _question(
        FURTHER,
        rows,
        say_many("{n} person has more than one number", "{n} people have more than one number", people),
        (("all", say("call all of their numbers")), ("first", _first_only(len(rows)))),
        lambda row: say("row {line}: {text}", line=row.line, text=f"{row.number} {row.name}".strip()),
    )


def _first_only(left: int) -> Message:
    return say_many(
        "call the first number only; {n} number is not called",
        "call the first number only; {n} numbers are not called",
        left,
    )


def _first_of_each(left: int) -> Message:
    return say_many(
        "take the first of each; {n} row is left out", "take the first of each; {n} rows are left out", left
    )


def _other_code(merge: MergePlan) -> list[Question]:
    rows = _rows(merge, lambda row: bool(row.others))
    both = () if merge.replace else (("both", say("keep both: these are different people")),)
    return _question(
        OTHER_CODE,
        rows,
        say_many(
            "{n} number is in the list already, under another extension code",
            "{n} numbers are in the list already, under another extension code",
            len(rows),
        ),
        (
            ("keep", say("keep the code of the list; add nothing")),
            ("file", say("take the code of the file instead")),
            *both,
        ),
        lambda row: say(
            "{number}: {listed} in the list, {given} in the file",
            number=row.number,
            listed=_codes([merge.phones[place] for place in row.others]),
            given=_code(row.given_code),
        ),
    )


def _file_codes(merge: MergePlan) -> list[Question]:
    rows = _rows(merge, lambda row: bool(row.other_line))
    return _question(
        FILE_CODES,
        rows,
        say_many(
            "{n} row has a number that is in the file before it under another extension code",
            "{n} rows have numbers that are in the file before them under another extension code",
            len(rows),
        ),
        (("both", say("take all of them: these are different people")), ("keep", _first_of_each(len(rows)))),
        lambda row: say(
            "rows {one} and {other}: {number}, {given}",
            one=row.other_line,
            other=row.line,
            number=row.number,
            given=_code(row.code),
        ),
    )


def _question(
    key: str,
    rows: Sequence[RowDecision],
    text: Message,
    options: Sequence[tuple[str, Message]],
    sample: Callable[[RowDecision], Message],
) -> list[Question]:
    answers = tuple(Option(value, title) for value, title in options)
    return [Question(key, text, answers, samples=tuple(map(sample, rows[:_SAMPLES])))] if rows else []


def _rows(merge: MergePlan, wanted: Callable[[RowDecision], bool]) -> list[RowDecision]:
    return [row for row in merge.rows if wanted(row)]


def _codes(phones: Sequence[Phone]) -> Message:
    codes = ", ".join(dict.fromkeys(phone.code for phone in phones if phone.code))
    without = any(not phone.code for phone in phones)
    if codes and without:
        return say("code {codes} and without a code", codes=codes)
    return _code(codes)


def _code(codes: str) -> Message:
    return say("code {codes}", codes=codes) if codes else say("no code")


def _one_of(answer: str | None, offered: Sequence[str]) -> str:
    return answer if answer and answer in offered else ""

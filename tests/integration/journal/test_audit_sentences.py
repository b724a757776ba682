"""What somebody has done, in one sentence that is kept and worded later."""

from datetime import date, time

import msgspec
import pytest

from obzvon.common.i18n import Message
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal import audit_messages
from obzvon.journal.journal import Journal

IVANOV = Phone("0", "89161111111", "", "Иванов")
CODED = Phone("1", "89502222222", "12", "")
WORKDAYS = Schedule((time(9),) * 5 + (None, None))


@pytest.mark.parametrize(
    ("deed", "english", "russian"),
    [
        (audit_messages.phone_added(IVANOV), "list: added 89161111111 Иванов", "список: добавлен 89161111111 Иванов"),
        (
            audit_messages.phone_edited(IVANOV, CODED),
            "list: changed 89161111111 Иванов to 89502222222 (12)",
            "изменён на 89502222222 (12)",
        ),
        (audit_messages.phone_edited(None, IVANOV), "list: added 89161111111 Иванов", "добавлен"),
        (audit_messages.phones_paused([IVANOV]), "list: paused 89161111111 Иванов", "на паузу поставлен 89161111111"),
        (audit_messages.phones_paused([IVANOV] * 3), "list: paused 3 numbers", "на паузу поставлены 3 номера"),
        (audit_messages.phones_resumed([CODED]), "list: called again 89502222222 (12)", "с паузы снят"),
        (audit_messages.phones_resumed([CODED] * 5), "list: 5 numbers are called again", "с паузы снято 5 номеров"),
        (audit_messages.phones_deleted([Phone("4", "")]), "list: deleted —", "удалён —"),
        (audit_messages.phones_deleted([IVANOV] * 21), "list: deleted 21 numbers", "удалён 21 номер"),
        (
            audit_messages.role_changed("anna", "viewer", "operator"),
            "users: anna: viewer → operator",
            "anna: наблюдатель → оператор",
        ),
    ],
    ids=lambda value: "" if isinstance(value, Message) else value,
)
def test_an_audit_sentence_names_the_row_or_how_many(deed: Message, english: str, russian: str) -> None:
    assert deed.in_language("en") == english
    assert russian in deed.in_language("ru")


def test_a_schedule_change_names_each_day_that_differs() -> None:
    after = msgspec.structs.replace(
        WORKDAYS, times=(time(10), *WORKDAYS.times[1:5], time(8, 30), None), dates={date(2026, 12, 31): None}
    )
    deed = audit_messages.schedule_changed(WORKDAYS, after)
    assert deed.in_language("en") == (
        "schedule: Monday: 09:00 → 10:00; Saturday: no calls → 08:30; 31 December 2026: as its weekday → no calls"
    )
    assert deed.in_language("ru") == (
        "расписание: пн: 09:00 → 10:00; сб: не звонить → 08:30; 31 декабря 2026: как день недели → не звонить"
    )
    back = audit_messages.schedule_changed(after, msgspec.structs.replace(after, dates={}))
    assert back.in_language("en") == "schedule: 31 December 2026: no calls → as its weekday"


def test_of_a_year_of_dates_some_are_named() -> None:
    after = Schedule(dates={date(2027, 1, day): time(9) for day in range(1, 31)})
    assert audit_messages.schedule_changed(Schedule(), after).in_language("en").endswith("; and 18 more days")


@pytest.mark.parametrize(
    "text", ["<script>", "a\nb", "a\0b", "\u202eab", "\ud800", "{0} {x.__class__}", "=1+1", "x" * 9999]
)
def test_what_a_row_holds_acts_on_nothing_and_can_be_kept(journal_url: str, text: str) -> None:
    from datetime import UTC, datetime

    journal = Journal(journal_url)
    deed = audit_messages.phone_edited(Phone("0", text, text, text), Phone("0", text, "", ""))
    journal.audit.record("anna", deed, at=datetime.now(UTC))
    [kept] = journal.audit.latest(1)
    journal.close()
    assert kept.what == deed
    said = kept.what.in_language("ru")
    assert said.isprintable()
    assert len(said) < 600

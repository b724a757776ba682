"""The list kept by revision: what a save leaves in memory is what the file says."""

from datetime import date
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from obzvon.documents import phones_json
from obzvon.documents.store import phones_document
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone
from web.i18n import format_phone_number
from web.phone_index import PhoneIndexCache

DAY = date(2026, 11, 28)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.lists(
        st.builds(Phone, key=TEXT, number=TEXT, code=TEXT, name=TEXT, paused=st.booleans()),
        unique_by=lambda phone: phone.key,
        max_size=5,
    )
)
def test_rows_without_odd_fields_are_read_as_they_were_saved(phones: list[Phone]) -> None:
    assert phones_json.parse(phones_json.dump(phones))[0] == phones


def test_what_is_kept_after_a_save_is_what_would_be_read(tmp_path: Path) -> None:
    document = phones_document(tmp_path / "todo.json")
    shelf = PhoneIndexCache(document, NumberingPlan(), lambda: DAY)
    odd = Phone("0", "89161111111", extra={"note": 1, "0": 89161111111})
    for phones in ([Phone("0", "89161111111", "", "a")], [odd]):
        shelf.save(phones, document.load().revision if document.path.exists() else "")
        read = document.load()
        kept = shelf.current()
        assert (kept.phones, kept.revision) == (read.data, read.revision)


def test_a_change_checks_duplicates_again_and_each_number_once(tmp_path: Path) -> None:
    judged: list[str] = []

    class Counting(NumberingPlan):
        def normalize(self, number: str) -> str:
            judged.append(number)
            return super().normalize(number)

    document = phones_document(tmp_path / "todo.json")
    shelf = PhoneIndexCache(document, Counting(), lambda: DAY)
    phones = [Phone("0", "89161111111"), Phone("1", "89161111112"), Phone("2", "12")]
    shelf.save(phones, "")
    changed = [*phones[:1], msgspec.structs.replace(phones[1], number="89161111111"), phones[2]]
    shelf.save(changed, shelf.current().revision)
    listed = shelf.current()
    assert listed.counts == {"called": 1, "paused": 0, "refused": 1, "twice": 1}
    assert judged == ["89161111111", "89161111112", "12"]


def test_numbers_are_grouped_as_people_read_them() -> None:
    assert format_phone_number("89161111111") == "8\u00a0916\u00a0111\u201111\u201111"
    for other in ("", "777", "79161111111", "8916111111١", "810441234567890"):
        assert format_phone_number(other) == other

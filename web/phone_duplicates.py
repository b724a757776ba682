"""A number that is typed or sent and is in the list already: the same for the form and for programs."""

from collections.abc import Iterable, Sequence

import msgspec
from flask_babel import gettext as _

from obzvon.common.text import escape_controls
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.domain.phone_text import find_phones
from obzvon.domain.phones import MAX_LENGTHS, Phone, dialled_number
from web.phone_form import PhoneForm


class Duplicate(msgspec.Struct, frozen=True):
    """A row of the list with the same number. `is_same`: with the same extension code, so the same call."""

    phone: Phone
    is_same: bool

    def sentence(self) -> str:
        """Return where the number is."""
        row = escape_controls(f"{self.phone.key[:12]} {self.phone.name[:60]}".strip())
        if self.is_same:
            return str(_("It is in the list already: row %(row)s", row=row))
        code = escape_controls(self.phone.code) or _("no code")
        return str(_("The list has this number with another code: %(code)s, row %(row)s", code=code, row=row))


class ListNumbers:
    """The rows of a list by what would be dialled."""

    def __init__(self, phones: Iterable[Phone], plan: NumberingPlan) -> None:
        self._plan = plan
        self._numbers: dict[str, list[Phone]] = {}
        self._calls: dict[tuple[str, str], list[Phone]] = {}
        for phone in phones:
            if number := dialled_number(phone, plan):
                self._numbers.setdefault(number, []).append(phone)
                self._calls.setdefault((number, phone.code.strip()), []).append(phone)

    def find_duplicate(self, phone: Phone) -> Duplicate | None:
        """Return a row with the same number, one with the same code first, or None. The row itself does not count."""
        number = dialled_number(phone, self._plan)
        if same := _another(self._calls.get((number, phone.code.strip()), ()), phone):
            return Duplicate(same, is_same=True)
        if other := _another(self._numbers.get(number, ()), phone):
            return Duplicate(other, is_same=False)
        return None

    def count_calls(self, phone: Phone) -> int:
        """Return the number of rows with the number and the code of this one."""
        return len(self._calls.get((dialled_number(phone, self._plan), phone.code.strip()), ()))


def _another(phones: Sequence[Phone], phone: Phone) -> Phone | None:
    """Return the first of the phones that has another key, or None. Two have the same key in no list."""
    return next((other for other in phones[:2] if other.key != phone.key), None)


def refuse_duplicate(
    form: PhoneForm, phone: Phone, others: Iterable[Phone], plan: NumberingPlan, *, is_another: bool
) -> PhoneForm:
    """Return the form with the error of a duplicate. `is_another`: another code is meant to be another person."""
    if form.errors or (form.number, form.code) == (phone.number, phone.code):
        return form
    found = ListNumbers(others, plan).find_duplicate(form.apply_to(phone))
    if found is None or (is_another and not found.is_same):
        return form
    field = "number" if found.is_same else "code"
    return msgspec.structs.replace(form, errors={field: found.sentence()}, has_other_code=not found.is_same)


def split_number(form: PhoneForm, plan: NumberingPlan) -> PhoneForm:
    """Return the form with the number, the code and the words of a text such as “8 495 111-11-11 ext. 12 (Ivan)”.

    They are shown to be checked, and not saved yet.
    """
    if "number" not in form.errors:
        return form
    found = find_phones(form.number, plan).phones
    if len(found) > 1:
        reason = _("There are several numbers in it: add them one by one")
        return msgspec.structs.replace(form, errors={**form.errors, "number": reason})
    if not found or found[0].number == form.number or (form.code and found[0].code not in ("", form.code)):
        return form
    (phone,) = found
    try:
        plan.normalize(phone.number)
    except InvalidNumberError:
        return form
    errors = {**form.errors, "number": _("The number has been taken out of the text: check it and save")}
    words = phone.words[: MAX_LENGTHS["name"]]
    return msgspec.structs.replace(
        form, number=phone.number, code=form.code or phone.code, name=form.name or words, errors=errors
    )

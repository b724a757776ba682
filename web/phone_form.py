"""The fields of a row as an operator typed them, and what is wrong with each."""

from collections.abc import Mapping

import msgspec
from flask_babel import gettext as _

from obzvon.common.text import escape_controls, upper_first
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code
from obzvon.domain.phones import MAX_LENGTHS, Phone, to_saved_form
from web.i18n import translate


class PhoneForm(msgspec.Struct, frozen=True):
    """The fields: as typed if `errors` has a sentence for a wrong one, else as they are saved."""

    number: str = ""
    code: str = ""
    name: str = ""
    errors: dict[str, str] = {}
    #: Whether the list has the number under another extension code.
    has_other_code: bool = False

    def apply_to(self, phone: Phone) -> Phone:
        """Return the row with these fields."""
        return msgspec.structs.replace(phone, number=self.number, code=self.code, name=self.name)


def fill_phone_form(phone: Phone) -> PhoneForm:
    """Return the form of a row, to edit it."""
    return PhoneForm(phone.number, phone.code, phone.name)


def parse_phone_form(form: Mapping[str, str], plan: NumberingPlan, before: Phone | None = None) -> PhoneForm:
    """Return the fields and their errors. A field that equals `before` is accepted, whatever it is."""
    fields = {name: form.get(name, "").strip() for name in MAX_LENGTHS}
    errors: dict[str, str] = {}
    for name, text in fields.items():
        if before is not None and text == getattr(before, name).strip():
            fields[name] = getattr(before, name)
        elif len(text) > MAX_LENGTHS[name]:
            errors[name] = _("At most %(most)s characters", most=MAX_LENGTHS[name])
        elif escape_controls(text) != text:
            errors[name] = _("It has invisible characters; type it again")
    for name, check in (("number", plan.normalize), ("code", parse_extension_code)):
        changed = before is None or fields[name] != getattr(before, name)
        if name not in errors and changed:
            try:
                check(fields[name])
            except InvalidNumberError as error:
                errors[name] = upper_first(translate(error.reason))
    if not errors and (before is None or fields["number"] != before.number):
        fields["number"] = to_saved_form(Phone("", fields["number"], fields["code"]), plan).number
    return PhoneForm(fields["number"], fields["code"], fields["name"], errors)

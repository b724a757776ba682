"""What an operator typed into the fields of a row: taken, or refused with the reason beside each field."""

from collections.abc import Mapping

import msgspec
from flask_babel import gettext as _

from obzvon.common.text import escape_controls
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code
from obzvon.domain.phones import Phone
from web.i18n import translate

MAX_LENGTHS = {"number": 100, "code": 64, "name": 200}


class PhoneForm(msgspec.Struct, frozen=True):
    """The fields as typed, and what is wrong with them by field."""

    number: str = ""
    code: str = ""
    name: str = ""
    errors: dict[str, str] = {}

    def onto(self, phone: Phone) -> Phone:
        """The row with these fields."""
        return msgspec.structs.replace(phone, number=self.number, code=self.code, name=self.name)


def fill_phone_form(phone: Phone) -> PhoneForm:
    """The fields of a row that is to be edited."""
    return PhoneForm(phone.number, phone.code, phone.name)


def parse_phone_form(form: Mapping[str, str], plan: NumberingPlan, before: Phone | None = None) -> PhoneForm:
    """The fields; what stood there `before` may stay, whatever it is."""
    fields = {name: form.get(name, "").strip() for name in MAX_LENGTHS}
    errors: dict[str, str] = {}
    for name, text in fields.items():
        if before is not None and text == getattr(before, name).strip():
            fields[name] = getattr(before, name)
        elif len(text) > MAX_LENGTHS[name]:
            errors[name] = _("At most %(most)s characters", most=MAX_LENGTHS[name])
        elif escape_controls(text) != text:
            errors[name] = _("There are characters in it that cannot be seen; type it anew")
    for name, judge in (("number", plan.normalize), ("code", parse_extension_code)):
        changed = before is None or fields[name] != getattr(before, name)
        if name not in errors and changed:
            try:
                judge(fields[name])
            except InvalidNumberError as refused:
                reason = translate(refused.reason)
                errors[name] = reason[:1].upper() + reason[1:]
    return PhoneForm(**fields, errors=errors)

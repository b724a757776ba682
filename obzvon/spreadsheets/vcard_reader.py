"""Reads contacts out of a telephone (vCard 2.1, 3.0 and 4.0) as rows: one for each phone number of a person. Pure."""

import quopri
import re
from collections.abc import Callable, Iterator

import msgspec

from obzvon.common.i18n import say
from obzvon.spreadsheets.table import RowCollector, Table, TableRow
from obzvon.spreadsheets.text_encoding import decode_table

#: As headings in the language of those who keep the list, by which the columns are recognized.
_HEADINGS = ("Имя", "Телефон", "Вид", "Организация", "Примечание")
_BEGIN = re.compile(r"\s*BEGIN:VCARD\s*?[\r\n]", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|\n")
_PROPERTY = re.compile(
    r"(?:[\w-]+\.)?(?P<name>[A-Za-z-]+)(?P<parameters>(?:;(?:\"[^\"]*\"|[^:;\"])*)*):(?P<value>.*)", re.DOTALL
)
_PARAMETER = re.compile(r";((?:\"[^\"]*\"|[^;\"])*)")
_QUOTED_PRINTABLE = "QUOTED-PRINTABLE"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
#: The columns of name and number are there even if they are empty.
_ALWAYS = 2
_KINDS = {"CELL": "моб.", "WORK": "раб.", "HOME": "дом.", "FAX": "факс", "MAIN": "осн."}
#: Parameters that say nothing about the kind of phone.
_NO_KIND = frozenset(("PREF", "VOICE", "VALUE", "URI", "TEXT", "UTF-8", _QUOTED_PRINTABLE))
_PARTS = re.compile(r"(?<!\\);")
#: Surname, first name, patronymic; behind them prefixes and suffixes.
_PARTS_OF_A_NAME = 3


class _Card(msgspec.Struct):
    """A person: names by property, the first one of each, and phones with their kind."""

    names: dict[str, str] = {}
    phones: list[tuple[str, str]] = []

    def rows(self) -> Iterator[list[str]]:
        """Yield a row for each phone, or one without a phone."""
        organization = self.names.get("ORG", "")
        name = next((self.names[key] for key in ("FN", "N", "NICKNAME") if self.names.get(key)), organization)
        for number, kind in self.phones or [("", "")]:
            yield [name, number, kind, organization if organization != name else "", self.names.get("NOTE", "")]


def is_vcard(text: str) -> bool:
    """Return whether the text is contacts."""
    return _BEGIN.match(text[:200]) is not None


def read_vcard(text: str, keep: Callable[[TableRow], None]) -> Table:
    """Pass a row for each phone number to `keep`, behind a row of headings, and return the table."""
    collector = RowCollector(keep)
    rows = [list(_HEADINGS), *(cells for card in _cards(text) for cells in card.rows())]
    used = [place for place in range(len(_HEADINGS)) if place < _ALWAYS or any(cells[place] for cells in rows[1:])]
    for line, cells in enumerate(rows, 1):
        collector.add(line, [cells[place] for place in used])
    return Table(say("contacts (vCard)"), collector.rows, collector.columns, collector.empty)


def _cards(text: str) -> Iterator[_Card]:
    card: _Card | None = None
    for whole in _properties(text):
        found = _PROPERTY.fullmatch(whole)
        if not found:
            continue
        name, value = found["name"].upper(), found["value"]
        if name in ("BEGIN", "END") and value.strip().upper() == "VCARD":
            if card is not None:
                yield card
            card = _Card() if name == "BEGIN" else None
        elif card is not None:
            _add_property(card, name, _parameters(found["parameters"]), value)
    if card is not None:
        yield card


def _add_property(card: _Card, name: str, parameters: list[tuple[str, str]], value: str) -> None:
    if name not in ("TEL", "FN", "N", "NICKNAME", "ORG", "NOTE"):
        return
    if any(value.upper() == _QUOTED_PRINTABLE for _, value in parameters):
        value = _unquoted(value, next((value for key, value in parameters if key == "CHARSET"), "utf-8"))
    if name == "TEL":
        kinds = [value.upper() for key, value in parameters if key in ("TYPE", "")]
        card.phones.append(
            (_plain(value), " ".join(_KINDS.get(kind, kind.lower()) for kind in kinds if kind not in _NO_KIND))
        )
    elif not card.names.get(name):
        parts = _PARTS.split(value)[: _PARTS_OF_A_NAME if name == "N" else None]
        card.names[name] = " ".join(part for part in map(_plain, parts) if part)


def _properties(text: str) -> Iterator[str]:
    """Yield each property as one line: a long one continues in the next line."""
    pieces: list[str] = []
    is_quoted = False
    for line in _LINE_END.split(text):
        if pieces and line[:1] in (" ", "\t"):
            pieces.append(line[1:])
        elif is_quoted and pieces[-1].endswith("="):
            pieces[-1] = pieces[-1][:-1]
            pieces.append(line)
        else:
            if pieces:
                yield "".join(pieces)
            pieces = [line]
            is_quoted = _QUOTED_PRINTABLE in line.partition(":")[0].upper()
    yield "".join(pieces)


def _parameters(text: str) -> list[tuple[str, str]]:
    """Return each value of each parameter with its name; vCard 2.1 has values without a name."""
    found: list[tuple[str, str]] = []
    for parameter in _PARAMETER.findall(text):
        name, equals, value = parameter.partition("=")
        values = value if equals else name
        found += [(name.upper() if equals else "", one) for one in values.replace('"', "").split(",")]
    return found


def _unquoted(value: str, charset: str) -> str:
    data = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return decode_table(data)[0]


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()

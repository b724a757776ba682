"""Hints that a column's heading gives, Russian or English. The cells below decide. Pure."""

import re

NUMBER, CODE, NAME, IGNORED = "number", "code", "name", ""
#: Area codes, in a column before the rest of the number.
PREFIX = "prefix"
#: Columns that say who is not called, who is called, and columns whose words the operator explains.
PAUSED, CALLED, STATUS = "paused", "called", "status"
#: Hints that are no roles: a code of any kind, an organisation, a remark, something else with digits or letters.
ANY_CODE, ORGANISATION, REMARK, OTHER = "any code", "organisation", "remark", "other"
#: A department or a post: a name where there is no better one.
PLACE = "place"

_WORDS = re.compile(r"[\W_]+")
_LONGEST = 60


def _beginning(*texts: str) -> re.Pattern[str]:
    """Return the pattern of a heading that begins with one of the texts."""
    return re.compile(rf"(?:{'|'.join(texts)})")


def _containing(*texts: str) -> re.Pattern[str]:
    """Return the pattern of a heading that has one of the words; `*` stands for the rest of a word."""
    words = "|".join(" ".join(texts).replace("*", r"\w*").split())
    return re.compile(rf".*?\b(?:{words.replace('_', ' ')})\b")


#: What is a telephone, whatever else the heading says: "phone of the department", "mobile phone, car".
_PHONE_HEADING = _containing(
    "телефон телефона телефоны телефонов тел моб мобил* сотовый сот phone phones tel telephone mobile cellphone"
)
#: In the order in which they are tried. `\b` ends a word that has to stand whole.
_HINTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        PAUSED,
        _beginning(
            r"(на )?пауз",
            r"не (звон|беспок|обзван|трев)",
            r"стоп",
            r"черн\w+ спис",
            r"отказ\w*( от звон\w+)?$",
            r"исключ(ить|ен|ена) (из )?(обзвон|звон|списк)",
            r"запрет\w* (на )?(обзвон|звон)",
            r"(в )?(чс|архив\w*)$",
            r"(заблокирован|уволен|удален)(а|ы| да нет)?$",
            r"paused?\b",
            r"black ?list|(blocked|inactive|disabled|deleted|archived)$",
            r"do not call|donotcall|don t call|dnc\b",
            r"opt(ed)? ?out",
        ),
    ),
    (
        CALLED,
        _beginning(
            r"(можно |кому |нужно )?звонить\b(?! (с|до|после|в|во|время|когда|по)\b)",
            r"(можно |нужно |авто)?обзванива(ть|ем)\b|звоним\b",
            r"соглас\w* (на )?(авто)?(обзвон|звон)",
            r"(можно |нужно )?(оповещать|уведомлять)\b",
            r"участвует",
            r"актив",
            r"действу",
            r"работает",
            r"active\b|is active|enabled|opt(ed)? ?in|consent|subscribed|call( him| her| them)?$|to call",
        ),
    ),
    (
        STATUS,
        _beginning(
            r"статус( сотрудника| водителя| клиента)?$",
            r"состояние$",
            r"status$",
            # A "no" may also say that it has not been done yet.
            r"(в |для |авто)?(обзвон|прозвон)\w*( да нет)?$",
            r"согласи|оповещ|уведомлен",
        ),
    ),
    (
        CODE,
        _beginning(
            r"(номер )?добавочн",
            r"доб\b",
            r"донабор",
            r"внутр",
            r"вн\b",
            r"доп (номер|код)",
            r"extension",
            r"ext\b",
            r"dtmf",
        ),
    ),
    (OTHER, _beginning(r"(n |no |номер )?п п$")),  # not the initials of "Petrov P. P."
    (OTHER, _containing("тип вид дата type label kind date fax факс* vin imei карта карты счет* account card")),
    (NUMBER, _PHONE_HEADING),
    (PLACE, _beginning(r"отдел\b|подраздел|должност|служба\b|кабинет|department|position|job title|title$")),
    (
        OTHER,
        _containing(
            "инн кпп огрн* снилс паспорт* бик окпо счет* карта карты договор* заказ* накладн* дата день_рождения",
            "гос госномер автомобил* машин* марка тс маршрут* рейс* возраст бригад* табельн* сумма долг цена индекс",
            "адрес* город регион район страна почта e_mail email mail сайт url www пол должност* отдел подразделен*",
            "групп* тип вид источник ответственн* метки теги id uuid guid type label kind date birthday age",
            "address street city zip postal country region state province gender language group tag tags source owner",
            "title job department created modified passport account card vin imei fax факс* nn prefix suffix yomi",
            "phonetic nickname initials",
        ),
    ),
    (
        REMARK,
        _beginning(
            r"коммент",
            r"примеч",
            r"замет",
            r"описан",
            r"дополнит",
            r"прочее",
            r"notes?\b",
            r"comments?\b",
            r"remarks?\b",
        ),
    ),
    (
        NUMBER,
        _containing(
            "телефон* тел моб мобил* сотов* сот контактный_номер phone phones tel telephone mobile cell",
            "cellphone msisdn whatsapp whats_app viber phonenumber",
        ),
    ),
    (NUMBER, re.compile(r"(номер|номер абонента|number)$")),
    (
        NAME,
        _beginning(
            r"фио\b|ф и о\b|имя\b|фамили|отчеств",
            r"водител|абонент|клиент|контакт|сотрудник|работник|пассажир|получател|покупател|пациент",
            r"жител|собственник|должник|кто\b|кого\b|кому\b",
            r"((full|first|last|middle|given|family|additional|display|file as) ?)?names?\b|surname",
            r"middle initial|driver|who\b|customer|client|person|subscriber|employee|contact\b",
        ),
    ),
    (NAME, _containing("фио ф_и_о")),  # also below one that spans several columns: "Shift 1 name"
    (
        ORGANISATION,
        _beginning(r"названи|наименован|организац|компани|фирма|контрагент|юр\w* лицо", r"company|organi[sz]ation"),
    ),
    (ANY_CODE, _beginning(r"код\b", r"code\b")),
)


_PHONE_IN_HEADING = re.compile(r"\+?\d[\d\s()\-]{8,}\d")
_AREA_CODE = re.compile(r"\b(?:код\w*|префикс|def|code|area|prefix)\b")


def without_phones(text: str) -> str:
    """Return the text of a heading without a phone number in it."""
    return _PHONE_IN_HEADING.sub(" ", text)


def may_be_prefix(text: str) -> bool:
    """Return whether a heading can stand over area codes."""
    return _AREA_CODE.search(plain_heading(text)) is not None


def plain_heading(text: str) -> str:
    """Return the words of a heading in one notation."""
    return _WORDS.sub(" ", text.casefold().replace("ё", "е")).strip()


def heading_hint(text: str) -> str:
    """Return a role or a hint, "" for a heading that says nothing."""
    words = plain_heading(text)
    if not words or len(words) > _LONGEST or sum(map(str.isdecimal, words)) > 3:
        return IGNORED
    for hint, pattern in _HINTS:
        if pattern.match(words):
            return hint
    return IGNORED

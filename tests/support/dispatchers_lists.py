"""Lists of made-up people, written as the programs and the people that dispatchers get their lists from write them."""

# ruff: noqa: E501 - a row of a file is easier to read in one line

from collections.abc import Callable

from tests.support.made_up_people import (
    BRACKETED,
    DASHED,
    PLUS,
    SPACED,
    DispatchersList,
    People,
    Rows,
    csv_text,
    workbook,
)


def _one_c(p: People) -> DispatchersList:
    rows: Rows = [["Код", "Наименование", "Телефон", "Комментарий"]]
    rows += [[f"{place:09}", p.name(), p.mobile(BRACKETED), ""] for place in range(1, 9)]
    return p.make_list("1С: справочник", "1c.csv", csv_text(rows), "cp1251")


def _one_c_short(p: People) -> DispatchersList:
    rows: Rows = [["Код", "Контрагент", "ИНН", "Телефоны"]]
    rows += [[place * 7, f"ООО «{p.name()}»", 7701000000 + place, p.office(BRACKETED)] for place in range(1, 9)]
    return p.make_list("1С: контрагенты", "1c.xlsx", workbook(("TDSheet", rows)))


def _google_old(p: People) -> DispatchersList:
    rows: Rows = [["Name", "Given Name", "Family Name", "Notes", "Group Membership", "Phone 1 - Type", "Phone 1 - Value",
             "Phone 2 - Type", "Phone 2 - Value"]]  # fmt: skip
    for place in range(8):
        name = p.name()
        family, given = name.split()
        second = p.office("+7 {0} {1}-{2}-{3}") if place % 3 == 0 else ""
        rows.append(
            [
                f"{given} {family}",
                given,
                family,
                "",
                "* My Contacts",
                "Mobile",
                p.mobile("+7 {0} {1}-{2}-{3}"),
                "Work",
                second,
            ]
        )
    rows[3][6] = f"{rows[3][6]} ::: " + p.mobile("8 ({0}) {1}-{2}-{3}")
    return p.make_list("Google Contacts", "contacts.csv", csv_text(rows, ","))


def _google_new(p: People) -> DispatchersList:
    rows: Rows = [["First Name", "Middle Name", "Last Name", "Phonetic First Name", "Organization Name", "Labels",
             "E-mail 1 - Value", "Phone 1 - Label", "Phone 1 - Value"]]  # fmt: skip
    rows += [
        [p.name().split()[1], "", p.name().split()[0], "", "", "* myContacts", "", "", p.mobile(PLUS)] for _ in range(8)
    ]
    return p.make_list("Google Contacts", "google.csv", csv_text(rows, ","))


def _outlook_contacts(p: People) -> DispatchersList:
    rows: Rows = [["First Name", "Last Name", "Company", "Business Street", "Business Phone", "Business Phone 2", "Home Phone",
             "Mobile Phone", "Business Fax", "E-mail Address", "Notes"]]  # fmt: skip
    for place in range(8):
        family, given = p.name().split()
        business = p.office(BRACKETED) if place % 2 else ""
        rows.append(
            [given, family, "Склад", "ул. Речная, 5", business, "", "", p.mobile(BRACKETED), "", "a@example.org", ""]
        )
    return p.make_list("Outlook", "outlook.csv", csv_text(rows, ","))


def _bitrix_contacts(p: People) -> DispatchersList:
    rows: Rows = [
        ["ID", "Имя", "Фамилия", "Рабочий телефон", "Мобильный телефон", "Рабочий e-mail", "Ответственный", "Создан"]
    ]
    for place in range(8):
        family, given = p.name().split()
        work = p.office(PLUS) if place % 4 == 0 else ""
        rows.append([2480 + 2 * place, given, family, work, p.mobile(PLUS), "", "Линёв Лев", "01.11.2026 10:15:00"])
    return p.make_list("Bitrix24", "contact.csv", csv_text(rows))


def _bitrix_deals(p: People) -> DispatchersList:
    rows: Rows = [
        ["ID", "Сделка", "Стадия", "Номер телефона директора", "Сумма", "Контакт: Имя", "Контакт: Рабочий телефон"]
    ]
    for place in range(8):
        director = p.mobile(PLUS) if place == 5 else ""
        rows.append([91_000 + place, f"Рейс {place}", "В работе", director, 15_000, p.name(), p.mobile(PLUS)])
    return p.make_list("Bitrix24: сделки", "deals.csv", csv_text(rows))


def _amocrm(p: People) -> DispatchersList:
    rows: Rows = [["ID", "Тип", "Наименование", "Имя", "Фамилия", "Теги", "Рабочий телефон", "Мобильный телефон",
             "Другой телефон", "Рабочий email", "Примечание 1"]]  # fmt: skip
    for place in range(8):
        family, given = p.name().split()
        rows.append([5_000_000 + place, "контакт", f"{given} {family}", given, family, "водитель",
                     p.office("'{}") if place == 2 else "", p.mobile("'7{}"), "", "", ""])  # fmt: skip
    rows[4][10] = f"звонить после 18, жена {p.mobile(SPACED)}"
    return p.make_list("amoCRM", "amo.csv", csv_text(rows, ","))


def _vicidial(p: People) -> DispatchersList:
    rows: Rows = [["vendor_lead_code", "source_id", "list_id", "phone_code", "phone_number", "title", "first_name",
             "middle_initial", "last_name", "city", "state", "postal_code", "comments"]]  # fmt: skip
    for place in range(8):
        rows.append([place + 1, "", 101, 7, p.mobile("{}"), "", "Ivan", "", "Somov", "Tver", "", 170_000 + place, ""])
    return p.make_list("VICIdial", "leads.csv", csv_text(rows, ","))


def _by_hand_titled(p: People) -> DispatchersList:
    rows: Rows = [
        ["Список водителей на ноябрь"],
        [],
        ["№ п/п", "Ф.И.О. водителя", "Гос. номер", "№ телефона"],
    ]
    rows += [[place, p.name(), f"А{100 + place}ВС77", p.mobile(DASHED)] for place in range(1, 9)]
    rows += [[], ["Итого", 8], [f"Диспетчер: {p.office(DASHED)}"]]
    return p.make_list("Excel, от руки", "drivers.xlsx", workbook(("Лист1", rows), merged=["A1:D1"]))


def _merged_headings(p: People) -> DispatchersList:
    rows: Rows = [
        ["Водители"],
        ["№", "Фамилия, имя", "Телефоны", None, "Маршрут"],
        [None, None, "моб.", "дом."],
    ]
    for place in range(1, 9):
        rows.append([place, p.name(), p.mobile(SPACED), p.office(SPACED) if place % 3 == 0 else None, 100 + place % 3])
    return p.make_list("Excel, объединённые заголовки", "m.xlsx", workbook(("1", rows), merged=["A1:E1", "C2:D2"]))


def _side_by_side(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "", "ФИО", "Телефон"]]
    rows += [[p.name(), p.mobile(DASHED), "", p.name(), p.mobile(DASHED)] for _ in range(6)]
    return p.make_list("Excel, два списка рядом", "two.csv", csv_text(rows))


def _brigades(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Бригада"], ["Бригада 1"]]
    rows += [[p.name(), p.mobile(), 1] for _ in range(4)]
    rows += [["Бригада 2"], *[[p.name(), p.mobile(), 2] for _ in range(4)]]
    return p.make_list("Excel, по бригадам", "b.xlsx", workbook(("Лист1", rows)))


def _printed_pages(p: People) -> DispatchersList:
    heading = ["№", "Водитель", "Сотовый"]
    rows: Rows = [heading, *[[place, p.name(), p.mobile(DASHED)] for place in range(1, 5)], heading]
    rows += [[place, p.name(), p.mobile(DASHED)] for place in range(5, 9)]
    return p.make_list("Excel, заголовки на каждой странице", "p.csv", csv_text(rows))


def _no_headings(p: People) -> DispatchersList:
    rows: Rows = [[p.mobile("8{}"), 101 + place % 3] for place in range(8)]
    return p.make_list("номер и маршрут без заголовков", "r.csv", csv_text(rows), is_nameless=True)


def _ages(p: People) -> DispatchersList:
    rows: Rows = [[p.name(), p.mobile("8{}"), 30 + place] for place in range(8)]
    return p.make_list("номер и возраст без заголовков", "age.csv", csv_text(rows))


def _codes_column(p: People) -> DispatchersList:
    rows: Rows = [["Организация", "Телефон", "Доб."]]
    for place in range(8):
        code = f"{place:02}" if place % 2 else ""
        rows.append([f"Склад {place}", p.office(BRACKETED, code=code), code])
    return p.make_list("справочник АТС", "pbx.csv", csv_text(rows))


def _codes_inline(p: People) -> DispatchersList:
    forms = [" доб.12", " доб. 0792", " (вн. 123)", "#45", ",,7", " ext 33", " доп. 205", ""]
    codes = ["12", "0792", "123", "45", "7", "33", "205", ""]
    rows: Rows = [["Организация", "Телефон"]]
    rows += [
        [f"База {place}", p.office(SPACED, code=code) + form]
        for place, (form, code) in enumerate(zip(forms, codes, strict=True))
    ]
    return p.make_list("Word, номера с добавочными", "dob.csv", csv_text(rows))


def _with_words(p: People) -> DispatchersList:
    forms: list[Callable[[str], str]] = [
        "моб: {}".format, "т. {}".format, "{} (Иван)".format, "{} жена".format, "{};".format, "WhatsApp {}".format,
        "tel:{}".format, "сот.{}".format,
    ]  # fmt: skip
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), form(p.mobile(DASHED))] for form in forms]]
    return p.make_list("Excel, номера со словами", "words.csv", csv_text(rows))


def _several_in_a_cell(p: People) -> DispatchersList:
    joints = [", ", " / ", "\n", "; ", " и "]
    rows: Rows = [
        ["Водитель", "Контакты"],
        *[[p.name(), p.mobile(DASHED) + joint + p.office(DASHED)] for joint in joints],
    ]
    return p.make_list("Excel, несколько номеров в ячейке", "several.csv", csv_text(rows))


def _call_column(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Звонить"]]
    for place in range(8):
        paused = place in (2, 5)
        rows.append([p.name(), p.mobile(paused=paused), "нет" if paused else "да"])
    return p.make_list("Excel, столбец «Звонить»", "call.csv", csv_text(rows))


def _active_column(p: People) -> DispatchersList:
    rows: Rows = [["Сотрудник", "Моб. тел.", "Активен"]]
    rows += [[p.name(), p.mobile(paused=place == 3), "Нет" if place == 3 else "Да"] for place in range(8)]
    return p.make_list("кадры, столбец «Активен»", "active.csv", csv_text(rows))


def _status_column(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Статус", "Телефон"]]
    rows += [[p.name(), "уволен" if place == 4 else "работает", p.mobile(paused=place == 4)] for place in range(8)]
    return p.make_list("кадры, столбец «Статус»", "status.csv", csv_text(rows))


def _do_not_call(p: People) -> DispatchersList:
    words = ["—", "–", "-", ".", "нет", "", "#Н/Д"]
    rows: Rows = [["ФИО", "Телефон", "Не звонить"], *[[p.name(), p.mobile(), word] for word in words]]
    rows.append([p.name(), p.mobile(paused=True), "да"])
    return p.make_list("Excel, столбец «Не звонить»", "dnc.csv", csv_text(rows))


def _remarks(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Примечание"]]
    rows += [
        [p.name(), p.mobile(paused=place == 1), "просил не звонить" if place == 1 else "ночной рейс"]
        for place in range(8)
    ]
    return p.make_list("Excel, просьбы в примечаниях", "notes.csv", csv_text(rows))


def _lookups(p: People) -> DispatchersList:
    rows: Rows = [
        ["Таб. №", "ФИО", "Телефон"],
        *[[1000 + place, p.name(), p.mobile()] for place in range(7)],
        [1008, "#Н/Д", "#Н/Д"],
    ]
    return p.make_list("Excel, ВПР с ошибками", "vpr.csv", csv_text(rows))


def _sheets(p: People) -> DispatchersList:
    sheets = [
        (town, [["ФИО", "Телефон"], *[[p.name(), p.mobile()] for _ in range(4)]])
        for town in ("Москва", "Тверь", "Рязань")
    ]
    return p.make_list("Excel, лист на город", "towns.xlsx", workbook(*sheets))


def _parents(p: People) -> DispatchersList:
    rows: Rows = [["Ученик", "Класс", "Телефон мамы", "Телефон папы"]]
    rows += [[p.name(), "5Б", p.mobile(SPACED), p.mobile(SPACED) if place % 2 else "нет"] for place in range(8)]
    return p.make_list("школа, два родителя", "class.csv", csv_text(rows))


def _flats(p: People) -> DispatchersList:
    rows: Rows = [["Кв.", "Собственник", "Л/с", "Телефон"]]
    rows += [[place, p.name(), 910_200_000 + place, p.mobile()] for place in range(1, 9)]
    return p.make_list("управляющая компания", "house.csv", csv_text(rows))


def _one_line(p: People) -> DispatchersList:
    return p.make_list(
        "мессенджер, одной строкой", "line.txt", ", ".join(p.mobile() for _ in range(6)), is_nameless=True
    )


def _message(p: People) -> DispatchersList:
    lines = [f"{p.name()} {p.mobile(PLUS)}" for _ in range(6)]
    return p.make_list("мессенджер, имя и номер в строке", "chat.txt", "\n".join(lines) + "\n")


def _bare(p: People) -> DispatchersList:
    return p.make_list("номера столбиком", "bare.txt", "\n".join(p.mobile() for _ in range(8)) + "\n", is_nameless=True)


def _subscriber_heading(p: People) -> DispatchersList:
    rows: Rows = [["Абонент", "ФИО"], *[[p.mobile(), p.name()] for _ in range(8)]]
    return p.make_list("телефонная компания", "abonent.csv", csv_text(rows), "cp1251")


def _numbered(p: People) -> DispatchersList:
    rows: Rows = [["Номер", "Кто", "Контакт"], *[[place, p.name(), p.mobile()] for place in range(1, 9)]]
    return p.make_list("Excel, «Номер» над номерами строк", "n.csv", csv_text(rows))


def _floats(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), p.mobile("7{}.0")] for _ in range(8)]]
    return p.make_list("pandas, номера дробями", "float.csv", csv_text(rows, ","))


MAKERS: tuple[Callable[[People], DispatchersList], ...] = (
    _one_c, _one_c_short, _google_old, _google_new, _outlook_contacts, _bitrix_contacts, _bitrix_deals, _amocrm, _vicidial,
    _by_hand_titled, _merged_headings, _side_by_side, _brigades, _printed_pages, _no_headings, _ages, _codes_column,
    _codes_inline, _with_words, _several_in_a_cell, _call_column, _active_column, _status_column, _do_not_call, _remarks,
    _lookups, _sheets, _parents, _flats, _one_line, _message, _bare, _subscriber_heading, _numbered, _floats,
)  # fmt: skip


def dispatchers_lists() -> list[DispatchersList]:
    """Return all lists, each with people of its own."""
    return [make(People()) for make in MAKERS]

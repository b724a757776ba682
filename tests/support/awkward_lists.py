"""Lists of made-up people in which a number, a code or a pause is easily lost or guessed wrongly."""

# ruff: noqa: E501 - a row of a file is easier to read in one line

import datetime
from collections.abc import Callable, Sequence
from typing import Any

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

_EIGHT = range(8)


def _area_codes(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Код города", "Телефон"]]
    rows += [[p.name(), *p.office("{0} {1}-{2}-{3}").split()] for _ in _EIGHT]
    return p.make_list("Excel, код города в своём столбце", "area.csv", csv_text(rows))


def _some_area_codes(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Код", "Телефон"]]
    for place in _EIGHT:
        rows.append(
            [p.name(), *p.office("8({0}) {1}-{2}-{3}").split()] if place % 2 else [p.name(), "", p.mobile(DASHED)]
        )
    return p.make_list("Excel, код города не у всех", "some.csv", csv_text(rows))


def _operator_codes(p: People) -> DispatchersList:
    rows: Rows = [["Фамилия", "Код страны", "Код оператора", "Номер"]]
    rows += [[p.name(), "+7", *p.mobile("{0} {1}{2}{3}").split()] for _ in _EIGHT]
    return p.make_list("анкета, номер в трёх столбцах", "form.csv", csv_text(rows))


def _country_codes(p: People) -> DispatchersList:
    rows: Rows = [["Name", "Country code", "Phone"], *[[p.name(), 7, p.mobile("{}")] for _ in _EIGHT]]
    return p.make_list("web form with a country code", "form.xlsx", workbook(("Sheet1", rows)))


def _totals(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Рейсов", "Сумма"]]
    rows += [[p.name(), p.mobile(DASHED), place + 3, 1500.5 * place] for place in _EIGHT]
    rows += [["Итого:", "", 44, 42_000], [f"Для справок: {p.office(DASHED)}"]]
    return p.make_list("Excel, итоги под списком", "totals.csv", csv_text(rows))


def _number_in_a_heading(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", f"Тел. (диспетчер {p.office(DASHED)})"], *[[p.name(), p.mobile(DASHED)] for _ in _EIGHT]]
    return p.make_list("Excel, номер диспетчера в заголовке", "head.csv", csv_text(rows))


def _remarks_in_the_cell(p: People) -> DispatchersList:
    forms = [
        "{} звонить после 18:00", "{} - не отвечает с 01.11.2026", "{}, рейс 512", "{} (сменил 05.2026)",
        "{} 2-й этаж", "{} т/с А123ВС77", "с 9 до 18 {}", "{} (д/р 05.06.1980)",
    ]  # fmt: skip
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), form.format(p.mobile(DASHED))] for form in forms]]
    return p.make_list("Excel, пометки рядом с номером", "remarks.csv", csv_text(rows))


def _apostrophes(p: People) -> DispatchersList:
    forms = ["'{}", "''{}", "`{}", "’{}", "‘{}", "'+7{}", "'8{}", "8 - {}"]
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), form.format(p.mobile("{}"))] for form in forms]]
    return p.make_list("Excel, апострофы перед номером", "quotes.csv", csv_text(rows))


def _scientific(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), p.mobile()] for _ in _EIGHT]]
    rows += [["Язев Лев", "8,9161E+10"], ["Сигов Глеб", "7.9161E+10"]]
    return p.make_list("Excel, потерянные цифры", "lost.csv", csv_text(rows), wrong=2)


def _dates(p: People) -> DispatchersList:
    rows: Rows = [["Водитель", "Дата рождения", "Телефон", "Принят"]]
    for place in _EIGHT:
        born, since = datetime.date(1980, 1 + place, 3), datetime.date(2020, 1, 1 + place)
        rows.append([p.name(), born, int(p.mobile()), since])
    return p.make_list("кадры, даты рядом с номером", "dates.xlsx", workbook(("Л", rows)))


def _documents(p: People) -> DispatchersList:
    rows: Rows = [
        ["ФИО", "ИНН", "ОГРН", "Карта", "СНИЛС", "Паспорт", "Возраст", "Маршрут", "Госномер", "р/с", "Телефон"]
    ]
    for place in _EIGHT:
        rows.append([p.name(), f"7701{place:08}", f"10277{place:08}", f"2200 7001 {place:04} 1234", f"112-233-44{place} 95",
                     f"45 10 {place:06}", 30 + place, 500 + place, f"А{100 + place}ВС77", f"4070281{place:013}", p.mobile(DASHED)])  # fmt: skip
    return p.make_list("кадры, документы водителей", "docs.csv", csv_text(rows))


def _documents_without_headings(p: People) -> DispatchersList:
    rows: Rows = []
    for place in _EIGHT:
        rows.append([p.name(), f"102770000000{place}", f"220070010000123{place}", 30 + place, 500 + place,
                     f"А{100 + place}ВС77", p.mobile(DASHED), f"192.168.100.1{place}"])  # fmt: skip
    return p.make_list("документы без заголовков", "bare.csv", csv_text(rows))


def _two_statuses(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Статус", "Состояние"]]
    for place in _EIGHT:
        gone = place == 3
        rows.append(
            [p.name(), p.mobile(DASHED, paused=gone), "уволен" if gone else ["работает", "отпуск"][place % 2], ""]
        )
    return p.make_list("кадры, два столбца о состоянии", "status.csv", csv_text(rows))


def _booleans(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Активен"]]
    rows += [[p.name(), p.mobile(DASHED, paused=place == 2), place != 2] for place in _EIGHT]
    return p.make_list("Excel, ИСТИНА и ЛОЖЬ", "bool.xlsx", workbook(("Л", rows)))


def _yes_no(heading: str, file: str, no: str = "нет", yes: str = "да") -> Callable[[People], DispatchersList]:
    def make(p: People) -> DispatchersList:
        rows: Rows = [["ФИО", "Телефон", heading]]
        rows += [[p.name(), p.mobile(DASHED, paused=place == 1), no if place == 1 else yes] for place in _EIGHT]
        return p.make_list(f"Excel, столбец «{heading}»", file, csv_text(rows))

    return make


def _hours(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Звонить с", "Звонить до"]]
    rows += [[p.name(), p.mobile(DASHED), "09:00", "18:00"] for _ in _EIGHT]
    return p.make_list("Excel, часы звонков", "hours.csv", csv_text(rows))


def _links(p: People) -> DispatchersList:
    forms = [
        "https://wa.me/7{}", "viber://chat?number=%2B7{}", "tel:+7{}", "sip:8{}@10.0.0.1", "callto:+7{}", "8{}@c.us",
        "https://api.whatsapp.com/send?phone=7{}", '=HYPERLINK("tel:+7{}","позвонить")',
    ]  # fmt: skip
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), form.format(p.mobile("{}"))] for form in forms]]
    return p.make_list("Excel, ссылки вместо номеров", "links.xlsx", workbook(("Л", rows)))


def _merged_names(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"]]
    for _ in range(4):
        rows += [[p.name(), p.mobile(DASHED)], [None, p.office(DASHED)]]
    merged = [f"A{line}:A{line + 1}" for line in range(2, 10, 2)]
    return p.make_list("Excel, имя на две строки", "merged.xlsx", workbook(("Л", rows), merged=merged))


def _html_rows(p: People) -> DispatchersList:
    rows = "".join(
        f"<tr><td rowspan=2>{p.name()}</td><td>{p.mobile(DASHED)}</td></tr><tr><td>{p.office(DASHED)}</td></tr>"
        for _ in range(4)
    )
    page = f"<html><meta charset=utf-8><table><tr><th>ФИО</th><th>Телефон</th></tr>{rows}</table></html>"
    return p.make_list("отчёт в HTML под именем .xls", "report.xls", page)


def _departments(p: People) -> DispatchersList:
    rows: Rows = [["Отдел", "Городской", "Внутренний", "Мобильный"]]
    for place in _EIGHT:
        code = str(100 + place) if place % 2 else ""
        rows.append(
            [f"Отдел {p.name()}", p.office(BRACKETED, code=code), code, p.mobile(BRACKETED) if place % 3 == 0 else ""]
        )
    return p.make_list("справочник отделов", "dept.csv", csv_text(rows))


def _phone_of_the_department(p: People) -> DispatchersList:
    rows: Rows = [["Сотрудник", "Телефон отдела", "Мобильный (водитель, маршрут)"]]
    rows += [[p.name(), p.office(BRACKETED), p.mobile(DASHED)] for _ in range(6)]
    return p.make_list("справочник, телефон отдела", "staff.csv", csv_text(rows))


def _one_column(p: People) -> DispatchersList:
    rows: Rows = [["Водители"], *[[f"{p.name()}, {p.mobile(DASHED)}, {p.office(SPACED)}"] for _ in _EIGHT]]
    return p.make_list("Excel, всё в одном столбце", "one.xlsx", workbook(("Л", rows)))


def _title_sheet(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), p.mobile(DASHED)] for _ in range(6)]]
    title: Rows = [["Бригада", "Людей"], ["Первая", 3], ["Вторая", 3]]
    return p.make_list("Excel, сводка на первом листе", "book.xlsx", workbook(("Итоги", title), ("Данные", rows)))


def _codes_of_rows(p: People) -> DispatchersList:
    rows: Rows = [["Код", "ФИО", "Телефон"], *[[place % 3 + 1, p.name(), p.mobile(DASHED)] for place in _EIGHT]]
    return p.make_list("1С, код группы перед именем", "groups.csv", csv_text(rows))


def _short_numbers(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), p.mobile(DASHED)] for _ in _EIGHT]]
    rows += [["Язев Лев", "77-77-78"], ["Сигов Глеб", "2-22-33"]]
    return p.make_list("Excel, номера без кода города", "short.csv", csv_text(rows), wrong=2)


def _foreign(p: People) -> DispatchersList:
    abroad = ["+375 29 123-45-67", "+998901234567", "8 701 234 56 78", "00375291234567", "996555123456"]
    rows: Rows = [
        ["ФИО", "Телефон"],
        *[[p.name(), p.mobile(DASHED)] for _ in _EIGHT],
        *[["Язев Лев", one] for one in abroad],
    ]
    return p.make_list("Excel, номера других стран", "abroad.csv", csv_text(rows), wrong=len(abroad))


def _marks(p: People) -> DispatchersList:
    forms = [
        "\u202a+7{}\u202c",
        "\u200e8{}",
        "8\u00a0{}",
        "\ufeff8{}",
        "8{}\u200b",
        "+7\u2011{}",
        "8\u202f{}",
        "8\u2060{}",
    ]
    rows: Rows = [["\u200fФИО\u200f", "\u202aТелефон\u202c"]]
    rows += [["\u202b" + p.name() + "\u202c", form.format(p.mobile("{}"))] for form in forms]
    return p.make_list("телефонная книга, знаки направления", "rtl.csv", csv_text(rows))


def _other_digits(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"], *[[p.name(), p.mobile(DASHED)] for _ in _EIGHT]]
    rows += [["Язев Лев", "＋７９１６１２３４５６７"], ["Сигов Глеб", "٨٩١٦١٢٣٤٥٦٧"]]
    return p.make_list("Excel, цифры другого письма", "digits.csv", csv_text(rows), wrong=2)


def _different_names(p: People) -> DispatchersList:
    number = p.mobile("{}")
    rows: Rows = [
        ["ФИО", "Телефон"],
        ["Сомов Иван", "8" + number],
        ["Сомова Мария", "+7" + number],
        ["Сомов И.", number],
    ]
    rows += [[p.name(), p.mobile(DASHED)] for _ in range(4)]
    return p.make_list("Excel, номер под тремя именами", "names.csv", csv_text(rows))


def _brigadiers(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"]]
    for place in range(3):
        rows.append([f"Бригада {place + 1}, бригадир {p.mobile(DASHED)}", ""])
        rows += [[p.name(), p.mobile(DASHED)] for _ in range(3)]
    return p.make_list("Excel, номер бригадира в строке бригады", "brigades.csv", csv_text(rows))


def _vcards(p: People) -> DispatchersList:
    cards = [
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{p.name()}\r\nTEL;TYPE=CELL:+7{p.mobile('{}')}\r\nTEL;TYPE=WORK,VOICE:{p.office(BRACKETED)}\r\n"
        f"item1.TEL;TYPE=pref:tel:+7-{p.mobile('{}')}\r\nNOTE:жена {p.mobile(SPACED)}\r\nEND:VCARD\r\n"
        for _ in range(4)
    ]
    return p.make_list("телефон, несколько номеров в карточке", "book.vcf", "".join(cards))


def _far_column(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон"]]
    rows += [[p.name(), p.mobile(DASHED), "", "", p.mobile(DASHED) if place == 5 else ""] for place in _EIGHT]
    return p.make_list("Excel, номер далеко справа", "far.csv", csv_text(rows))


def _duty(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", *[f"{day:02}.12" for day in range(1, 8)]]]
    rows += [[p.name(), p.mobile(DASHED), *"врроврх"] for _ in _EIGHT]
    return p.make_list("Excel, график дежурств", "duty.csv", csv_text(rows))


def _drawn(p: People) -> DispatchersList:
    rows = "".join(f"| {p.name()} | {p.mobile(PLUS)} |\n" for _ in range(6))
    return p.make_list("таблица, нарисованная чертами", "table.txt", f"| ФИО | Телефон |\n|---|---:|\n{rows}")


def _fixed_width(p: People) -> DispatchersList:
    rows: Sequence[Any] = [f"{p.name():<20}{p.mobile(DASHED):<17}{100 + place}\n" for place in _EIGHT]
    return p.make_list(
        "отчёт, столбцы пробелами",
        "report.txt",
        "ФИО                 Телефон          Рейс\n" + "".join(rows),
        "cp1251",
    )


MAKERS: tuple[Callable[[People], DispatchersList], ...] = (
    _area_codes, _some_area_codes, _operator_codes, _country_codes, _totals, _number_in_a_heading, _remarks_in_the_cell, _apostrophes,
    _scientific, _dates, _documents, _documents_without_headings, _two_statuses, _booleans,
    _yes_no("Обзвон (да/нет)", "a.csv"), _yes_no("Согласие на звонки", "b.csv"), _yes_no("Чёрный список", "c.csv", "+", "-"),
    _yes_no("Уволен", "d.csv", "да", "нет"), _yes_no("Opt-in", "e.csv", "no", "yes"), _yes_no("Не звонить", "f.csv", "ИСТИНА", "ЛОЖЬ"),
    _hours, _links, _merged_names, _html_rows, _departments, _phone_of_the_department, _one_column, _title_sheet,
    _codes_of_rows, _short_numbers, _foreign, _marks, _other_digits, _different_names, _brigadiers, _vcards, _far_column,
    _duty, _drawn, _fixed_width,
)  # fmt: skip


def awkward_lists() -> list[DispatchersList]:
    """Return all lists, each with people of its own."""
    return [make(People()) for make in MAKERS]

"""Lists of made-up people of odd shapes: on their side, with unheaded answers, or two people in a row."""

from tests.support.made_up_people import DASHED, SPACED, DispatchersList, People, Rows, csv_text, workbook


def _on_its_side(p: People) -> DispatchersList:
    rows: Rows = []
    for _ in range(3):
        people = [(p.name(), p.mobile(SPACED)) for _ in range(3)]
        rows += [[name for name, _ in people], [number for _, number in people], []]
    return p.make_list("имена в строке, номера под ними", "side.csv", csv_text(rows))


def _headings_in_the_first_column(p: People) -> DispatchersList:
    people = [(p.name(), p.mobile(DASHED)) for _ in range(5)]
    office = p.name(), p.office(DASHED, code="12")
    names, numbers = zip(*people, office, strict=True)
    rows: Rows = [["ФИО", *names], ["Телефон", *numbers], ["Добавочный", *[""] * 5, "12"]]
    return p.make_list("заголовки в первом столбце", "turned.xlsx", workbook(("Лист1", rows)))


def _answers_without_headings(p: People) -> DispatchersList:
    rows: Rows = [
        [p.name(), p.mobile(DASHED, paused=place % 3 == 1), "нет" if place % 3 == 1 else "да"] for place in range(8)
    ]
    return p.make_list("да и нет без заголовков", "yes.csv", csv_text(rows))


def _two_people_in_a_row(p: People) -> DispatchersList:
    rows: Rows = [["Водитель", "Телефон", "Экспедитор", "Телефон"]]
    rows += [[p.name(), p.mobile(DASHED), p.name(), p.mobile(DASHED)] for _ in range(5)]
    rows.append(["", "", p.name(), p.mobile(DASHED)])
    return p.make_list("водитель и экспедитор в строке", "pairs.csv", csv_text(rows))


def _on_leave(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Телефон", "Примечание"]]
    for remark in ("в отпуске", "", "больничный до 15.12", "декрет", "ездит в отпуск с семьёй", "на больничном"):
        away = remark not in ("", "ездит в отпуск с семьёй")
        rows.append([p.name(), p.mobile(DASHED, paused=away), remark])
    return p.make_list("отпуска и больничные в примечании", "leave.csv", csv_text(rows))


def _dashes_for_codes(p: People) -> DispatchersList:
    rows: Rows = [["ФИО", "Гор. тел.", "Вн."]]
    for code in ("101", "-", "102", "—", "104"):
        rows.append([p.name(), p.office(DASHED, code=code if code.isdecimal() else ""), code])
    return p.make_list("прочерк вместо добавочного", "inner.csv", csv_text(rows))


def _numbered_departments(p: People) -> DispatchersList:
    rows: Rows = []
    for department in ("Отдел продаж", "Склад", "Гараж"):
        rows += [[department], *[[str(place), p.name(), p.mobile(DASHED)] for place in (1, 2)]]
    return p.make_list("отделы над пронумерованными людьми", "departments.csv", csv_text(rows))


MAKERS = (
    _on_its_side,
    _headings_in_the_first_column,
    _answers_without_headings,
    _two_people_in_a_row,
    _on_leave,
    _dashes_for_codes,
    _numbered_departments,
)


def odd_lists() -> list[DispatchersList]:
    """Return all lists, each with people of its own."""
    return [make(People()) for make in MAKERS]

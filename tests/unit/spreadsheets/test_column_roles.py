"""Columns are judged by their cells: lists in which the headings mislead or are missing."""

import pytest

from obzvon.domain.numbering import NumberingPlan
from obzvon.spreadsheets import column_roles
from obzvon.spreadsheets.pause_words import pause_meaning
from obzvon.spreadsheets.table import TableRow

PLAN = NumberingPlan()


def roles_of(text: str) -> str:
    """The roles of a table that is written with ; and line breaks."""
    rows = [TableRow(line, row.split(";")) for line, row in enumerate(text.split("\n"), 1)]
    found = column_roles.guess_roles(rows, max(len(row.cells) for row in rows), PLAN)
    return f"{found.head} " + ",".join(role or "-" for role in found.roles)


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        # a code of a catalogue, a staff number, a code of a country or of a town
        ("Код;Имя;Телефон\n000000001;Сомов;89161111111\n000000017;Щукин;89162222222", "1 -,name,number"),
        ("Код;Телефон\n7;9161111111\n7;9162222222", "1 -,number"),
        ("Код;Имя;Телефон\n31;Сомов;89161111111\n32;Щукин;89162222222\n33;Язев;89163333333", "1 -,name,number"),
        ("Код;Телефон\n12;84951111111\n;84952222222\n12;84953333333", "1 code,number"),
        ("Таб. №;ФИО;Телефон\n12;Сомов;89161111111\n;Щукин;89162222222", "1 -,name,number"),
        ("Телефон;Маршрут\n89161111111;101\n89162222222;101", "1 number,-"),
        ("89161111111;101\n89162222222;101\n89163333333;102", "0 number,-"),
        ("89161111111;\n89162222222;5", "0 number,-"),
        # numbers where the heading says something else, and words where it says numbers
        ("Абонент;ФИО\n89161111111;Сомов\n89162222222;Щукин", "1 number,name"),
        ("Водитель;Контакт\nСомов;89161111111\nЩукин;89162222222", "1 name,number"),
        ("Номер;Кто;Куда\n1;Сомов;89161111111\n2;Щукин;89162222222", "1 -,name,number"),
        ("Телефон;Связь\nMobile;89161111111\nWork;89162222222", "1 -,number"),
        ("Номер телефона;ФИО;Рабочий\n;Сомов;89161111111\n;Щукин;89162222222", "1 -,name,number"),
        ("Кого;Куда звонить\nСомов;89161111111\nЩукин;89162222222", "1 name,number"),
        # names under headings of many kinds
        ("Сотрудник;Моб. тел.\nСомов Иван;89161111111", "1 name,number"),
        ("Ф.И.О. водителя;Гос. номер;№ телефона\nСомов;А123ВС77;89161111111", "1 name,-,number"),
        ("first_name;last_name;phone\nIvan;Somov;89161111111", "1 name,name,number"),
        ("Организация;ФИО;Телефон\nСклад;Сомов;89161111111", "1 -,name,number"),
        ("Email;Чей;Телефон\na@b.ru;Сомов Иван;89161111111\nc@d.ru;Щукин Пётр;89162222222", "1 -,name,number"),
        # several columns of numbers, two lists side by side, something that only looks like numbers
        ("ФИО;Мобильный;Домашний\nСомов;89161111111;84951111111", "1 name,number,number"),
        ("ФИО;Телефон;ФИО;Телефон\nСомов;89161111111;Щукин;89162222222", "1 name,number,name,number"),
        ("ИНН;Телефон\n9102000126;89161111111\n9102000127;89162222222", "1 -,number"),
        ("Телефон;Доб.;Телефон 2\n84951111111;12;89162222222", "1 number,code,number"),
        # who is called
        ("ФИО;Телефон;Звонить\nСомов;89161111111;да", "1 name,number,called"),
        ("ФИО;Телефон;Не звонить\nСомов;89161111111;да", "1 name,number,paused"),
        ("ФИО;Телефон;Статус\nСомов;89161111111;уволен", "1 name,number,status"),
    ],
)
def test_a_column_is_what_its_cells_are(text: str, roles: str) -> None:
    assert roles_of(text) == roles


_PAIRS = "Сомов;89161111111;Щукин;89162222222\nКим;89163333333;Лапин;89164444444\nЖук;89165555555;Ершов;89166666666"


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (_PAIRS, "0 name,number,name,number"),
        (f"Смена 1;;Смена 2;\n{_PAIRS}", "0 name,number,name,number"),
        (f"Смена 1;;Смена 2;\nФИО;Телефон;ФИО;Телефон\n{_PAIRS}", "2 name,number,name,number"),
        (f"Понедельник;;Вторник;\nФИО;Телефон;ФИО;Телефон\n{_PAIRS}", "2 name,number,name,number"),
        (f"Куратор;Тел.;Логист;Тел.\n{_PAIRS}", "1 name,number,name,number"),
        (
            "89161111111;Сомов;89162222222;Щукин\n89163333333;Ким;89164444444;Лапин",
            "0 number,name,number,name",
        ),
        (
            "Сомов;Иван;89161111111;Щукин;Олег;89162222222\nКим;Пётр;89163333333;Лапин;Лев;89164444444",
            "0 name,name,number,name,name,number",
        ),
        (
            (
                "Сомов;89161111111;жена;89162222222\nКим;89163333333;сын;89164444444\n"
                "Жук;89165555555;жена;89166666666\nЛапин;89165555551;жена;89166666662"
            ),
            "0 name,number,-,number",
        ),
        ("Водитель;;Телефон\nСомов;Иван;89161111111\nЩукин;Пётр;89162222222", "1 name,name,number"),
        ("ФИО;;;Телефон\nСомов;Иван;Ильич;89161111111\nЩукин;Пётр;Ильич;89162222222", "1 name,name,name,number"),
        (
            "ФИО;;Телефон\nСомов;болен;89161111111\nЩукин;;89162222222\nКим;болен;89163333333\nЖук;;89165555555",
            "1 name,-,number",
        ),
    ],
)
def test_each_number_has_the_name_beside_it_and_a_name_all_its_columns(text: str, roles: str) -> None:
    assert roles_of(text) == roles


@pytest.mark.parametrize("word", ["", "—", "–", "-", ".", "…", "#Н/Д", "#N/A", "#ССЫЛКА!", "н/д", " "])
def test_a_cell_that_says_nothing_about_a_pause_leaves_it(word: str) -> None:
    assert pause_meaning(word, "paused") == "silent"


@pytest.mark.parametrize(
    ("role", "word", "meaning"),
    [
        ("paused", "Да", "paused"),
        ("paused", "нет", "called"),
        ("paused", "звонить", "called"),
        ("paused", "можно звонить", "called"),
        ("paused", "НЕ ЗВОНИТЬ!", "paused"),
        ("paused", "до 10.12", "unclear"),
        ("paused", "уволен", "unclear"),
        ("paused", "?", "unclear"),
        ("called", "да", "called"),
        ("called", "Нет", "paused"),
        ("called", "0", "paused"),
        ("called", "ИСТИНА", "called"),
        ("called", "не звонить", "paused"),
        ("called", "неактивен", "paused"),
        ("called", "Активен", "called"),
        ("called", "—", "unclear"),
        ("called", "x", "unclear"),
        ("called", "в отпуске", "unclear"),
        ("status", "да", "unclear"),
        ("status", "уволен", "unclear"),
        ("status", "на паузе", "paused"),
    ],
)
def test_a_word_is_understood_in_the_right_direction_or_asked(role: str, word: str, meaning: str) -> None:
    assert pause_meaning(word, role) == meaning

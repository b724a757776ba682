"""Call files byte for byte, the values that never get into one, and what Asterisk writes into them."""

import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from obzvon.asterisk.callfile import (
    MAX_LINE_BYTES,
    CallFileName,
    CallFileTemplate,
    CallStart,
    UnsafeValueError,
    call_file_name,
    parse_call_file_name,
    parse_disposition,
    parse_start,
)
from obzvon.domain.calls import CallForm
from obzvon.domain.results import Disposition
from tests.support.paths import SUPPORT

GOLDEN = SUPPORT / "golden"

ORDINARY = CallForm("avtoobzvon")
CODED = CallForm("avtoobzvon-ivr", "6122103")

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]


def changed(form: CallForm, **fields: object) -> CallForm:
    return msgspec.structs.replace(form, **fields)


def refused(form: CallForm, number: str = "89161111111", code: str = "") -> str:
    with pytest.raises(UnsafeValueError) as caught:
        CallFileTemplate(form).render(number, code)
    return str(caught.value)


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("retries", [0, 1])
def test_a_call_file_is_what_it_has_always_been_byte_for_byte(retries: int, archive: bool) -> None:
    name = f"retries-{retries}{'-archive' * archive}.call"
    form = changed(ORDINARY, max_retries=retries, archive=archive)
    assert CallFileTemplate(form).render("89161111111") == (GOLDEN / f"ordinary-{name}").read_bytes()
    form = changed(CODED, max_retries=retries, archive=archive)
    assert CallFileTemplate(form).render("89502222222", "1") == (GOLDEN / f"code-{name}").read_bytes()


@pytest.mark.parametrize(("form", "number", "code"), [(ORDINARY, "89161111111", ""), (CODED, "89502222222", "1")])
def test_a_chosen_message_is_exactly_one_line_more(form: CallForm, number: str, code: str) -> None:
    without = CallFileTemplate(form).render(number, code).split(b"\n")
    chosen = CallFileTemplate(form).render(number, code, message="0123456789abcdef" * 2).split(b"\n")
    assert [line for line in chosen if line not in without] == [b"Setvar: message=0123456789abcdef0123456789abcdef"]
    assert [line for line in chosen if not line.startswith(b"Setvar: message=")] == without


@pytest.mark.parametrize(
    "message",
    ["a" * 31, "a" * 33, "A" * 32, "a" * 31 + "\n", "a" * 32 + "\n", "$(reboot)", "../" + "a" * 29, "a" * 31 + "а"],
)
def test_a_message_is_named_by_32_hexadecimal_digits_or_the_file_is_not_written(message: str) -> None:
    with pytest.raises(UnsafeValueError):
        CallFileTemplate(ORDINARY).render("89161111111", message=message)


def test_every_setting_has_its_line() -> None:
    form = CallForm("calls", '"Школа № 5" <6122103>', 3, 30, 45, "hello", 2, archive=True)
    assert CallFileTemplate(form).render("203", "*12").decode().split("\n") == [
        "Channel: local/203@calls",
        'CallerID: "Школа № 5" <6122103>',
        "MaxRetries: 3",
        "RetryTime: 30",
        "WaitTime: 45",
        "Setvar: dtmf=*12",
        "Setvar: CALLEE=203",
        "Context: calls",
        "Extension: hello",
        "Priority: 2",
        "Archive: yes",
    ]


def test_a_call_has_its_name_as_account_code_where_that_is_set() -> None:
    name = "obzvon-20260105-abcdef-000007-2.call"
    for form in (ORDINARY, CODED):
        plain = CallFileTemplate(form).render("89161111111", "", name)
        file = CallFileTemplate(changed(form, account=True)).render("89161111111", "", name)
        assert file == plain + b"\nAccount: obzvon-20260105-abcdef-000007-2"
        assert parse_start(file) is None, "nothing in it is Asterisk's"


def test_one_template_makes_many_files() -> None:
    template = CallFileTemplate(ORDINARY)
    first = template.render("89161111111")
    assert template.render("89162222222") == first.replace(b"89161111111", b"89162222222")
    assert template.render("89161111111") == first


# -- what never gets into one


@pytest.mark.parametrize("bad", [*CONTROLS, ";", "#", "\\;", "\ud800"], ids=ascii)
def test_no_value_of_a_form_holds_a_control_character_a_semicolon_or_a_hash(bad: str) -> None:
    for field in ("context", "caller_id", "extension"):
        for value in (bad, f"a{bad}", f"{bad}a", f"a{bad}Application: System"):
            assert "cannot hold" in refused(changed(ORDINARY, **{field: value}))


@pytest.mark.parametrize("bad", [*CONTROLS, *";#@/&, abc+-", "\\;", "\ud800", "٣", "３", "²"], ids=ascii)
def test_a_number_is_digits_and_stars_only_and_a_code_keys(bad: str) -> None:
    for value in (bad, f"8916{bad}1111111", f"89161111111{bad}", f"{bad}89161111111"):
        assert "a call file's Channel cannot hold" in refused(ORDINARY, value)
        if bad != "#":
            assert "a call file's Setvar cannot hold" in refused(CODED, "89161111111", value)


@pytest.mark.parametrize("number", ["", "76@other/n", "89161111111\nApplication: System", "local/1@a&local/2@b"])
def test_a_number_that_would_change_the_call_is_refused(number: str) -> None:
    assert "a call file's Channel cannot hold" in refused(ORDINARY, number)
    assert "a call file's Channel cannot hold" in refused(CODED, number, "1")


def test_a_line_is_at_most_as_long_as_asterisk_reads_it() -> None:
    fits = MAX_LINE_BYTES - len("CallerID: ")
    CallFileTemplate(changed(ORDINARY, caller_id="x" * fits))
    assert "a call file's CallerID cannot hold" in refused(changed(ORDINARY, caller_id="x" * (fits + 1)))
    CallFileTemplate(changed(ORDINARY, caller_id="я" * (fits // 2)))
    assert "a call file's CallerID cannot hold" in refused(changed(ORDINARY, caller_id="я" * (fits // 2 + 1)))
    assert "a call file's Context cannot hold" in refused(changed(ORDINARY, context="x" * MAX_LINE_BYTES))
    assert "a call file's Extension cannot hold" in refused(changed(ORDINARY, extension="x" * MAX_LINE_BYTES))
    assert "a call file's Channel cannot hold" in refused(ORDINARY, "1" * MAX_LINE_BYTES)
    assert "a call file's Setvar cannot hold" in refused(CODED, "1", "1" * MAX_LINE_BYTES)
    assert "a call file's Channel cannot hold" in refused(changed(ORDINARY, context="x" * 985), "1" * 11)


def test_a_refusal_shows_a_value_that_an_operator_can_read() -> None:
    text = refused(changed(ORDINARY, caller_id="a\n\x1b[31m" + "b" * 5000))
    assert text.isprintable()
    assert len(text) < 300


_values = st.one_of(
    st.text(),
    st.text(alphabet="0123456789*\n;#@:/ \0\r\x85\u2028aЖ", max_size=12),
    st.from_regex("[0-9*]{1,12}"),
    st.from_regex("[0-9*#w]{1,12}"),
    st.integers(1, 1100).map("5".__mul__),
)


@given(number=_values, code=_values, caller_id=_values, context=_values, extension=_values, archive=st.booleans())
@example(number="1", code="", caller_id="a\nApplication: System", context="c", extension="e", archive=False)
@example(number="1", code="1", caller_id="\ud800", context="c", extension="e", archive=True)
def test_whatever_goes_in_a_file_has_its_own_lines_and_no_others(
    *, number: str, code: str, caller_id: str, context: str, extension: str, archive: bool
) -> None:
    try:
        data = CallFileTemplate(CallForm(context, caller_id, extension=extension, archive=archive)).render(number, code)
    except UnsafeValueError:
        return
    lines = data.split(b"\n")
    setvar = ["Setvar", "Setvar"] if code else []
    assert [line.split(b":")[0].decode() for line in lines] == [
        "Channel",
        "CallerID",
        "MaxRetries",
        "RetryTime",
        "WaitTime",
        *setvar,
        "Context",
        "Extension",
        "Priority",
        *["Archive"] * archive,
    ]
    assert len(data.decode().splitlines()) == len(lines)
    assert max(map(len, lines)) <= MAX_LINE_BYTES
    assert re.fullmatch(rb"Channel: local/[0-9*]+@" + re.escape(context.encode()), lines[0])
    assert not re.search(rb"[;\0\r]|(?<!=)(?<![0-9*#w])#", data)


@pytest.mark.parametrize("code", ["205#", "1w2", "ww123", "#", "*21#", "#" * 32])
def test_a_code_with_a_hash_or_a_pause_stands_after_its_variable(code: str) -> None:
    plain = CallFileTemplate(CODED).render("89502222222", "1")
    assert CallFileTemplate(CODED).render("89502222222", code) == plain.replace(b"dtmf=1", b"dtmf=" + code.encode())


@pytest.mark.parametrize("code", ["1 #", "a", "1;", "1\n", "W", "1" * 33, "1,x=2", "٣"])
def test_no_other_sign_reaches_the_variable(code: str) -> None:
    with pytest.raises(UnsafeValueError):
        CallFileTemplate(CODED).render("89502222222", code)


# -- what Asterisk writes into it

TRIED = "\nStartRetry: 4242 1 (1700000120)\n"
RETRIED = TRIED + "\nEndRetry: 4242 1 (1700000030)\n\nStartRetry: 5151 2 (1700000300)\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", None),
        (TRIED, None),
        ("\nStatus: Completed\n", Disposition.ANSWERED),
        (TRIED + "\nStatus: Completed\n", Disposition.ANSWERED),
        (TRIED + "\nStatus: Expired\n", Disposition.NOT_ANSWERED),
        (RETRIED + "\nStatus: Expired\n", Disposition.NOT_ANSWERED),
        ("\nStatus: Failed\n", Disposition.FAILED),
        ("\nStatus: Completed", Disposition.ANSWERED),
        ("\nstatus:COMPLETED \r\n", Disposition.ANSWERED),
        ("\nStatus: Something new\n", Disposition.UNKNOWN),
        ("\nStatus:\n", Disposition.UNKNOWN),
        ("\nStatus: Expired\n\nStatus: Completed\n", Disposition.ANSWERED),
    ],
)
def test_a_finished_file_tells_how_its_call_ended(written: str, expected: Disposition | None) -> None:
    for form, code in ((ORDINARY, ""), (changed(CODED, archive=True), "1")):
        finished = CallFileTemplate(form).render("89161111111", code) + written.encode()
        assert parse_disposition(finished) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", None),
        (TRIED, CallStart(4242, 1700000120)),
        (TRIED.rstrip(), CallStart(4242, 1700000120)),
        (RETRIED, CallStart(5151, 1700000300)),
        (TRIED + "\nEndRetry: 4242 1 (1700000030)\n", CallStart(4242, 1700000120)),
        ("\nStartRetry: 1 1 (1700000120)\n", CallStart(1, 1700000120)),
        ("\nStartRetry: 1 1\n", CallStart(1)),
        ("\nStartRetry: 1 1 (17000", CallStart(1)),
        ("\nStartRetry:\n", CallStart()),
        ("\nStartRetry: x\n", CallStart()),
        ("\nStartRe", CallStart()),
        ("\nS", CallStart()),
        ("\n", CallStart()),
        ("\0" * len(TRIED), CallStart()),
        ("\0", CallStart()),
        ("\nStart" + "\0" * 20, CallStart()),
    ],
)
@pytest.mark.parametrize("code", ["", "1w#"])
def test_a_file_tells_which_asterisk_began_its_call_and_when(
    written: str, code: str, expected: CallStart | None
) -> None:
    for form in (ORDINARY, changed(ORDINARY, archive=True), changed(ORDINARY, caller_id="6122103")):
        assert parse_start(CallFileTemplate(form).render("89161111111", code) + written.encode()) == expected


def test_a_file_that_is_not_whole_was_begun() -> None:
    whole = CallFileTemplate(ORDINARY).render("89161111111")
    assert parse_start(b"") == parse_start(b"\0" * len(whole)) == CallStart()


@pytest.mark.parametrize("caller_id", ["Status: Completed", "StartRetry: 1 1 (1)"])
def test_a_caller_id_is_not_taken_for_what_asterisk_wrote(caller_id: str) -> None:
    data = CallFileTemplate(changed(ORDINARY, caller_id=caller_id)).render("89161111111")
    assert parse_disposition(data) is None
    assert parse_start(data) is None


@given(st.binary() | st.text(alphabet="StarusRey: \n0123Completd\xa0٣").map(str.encode))
def test_any_bytes_have_an_outcome_or_none(data: bytes) -> None:
    assert parse_disposition(data) in {None, *Disposition}
    start = parse_start(data)
    assert start is None or (start.pid >= 0 and start.at >= 0)


# -- its name


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (CallFileName("20260105-1a2b", 1, 1), "obzvon-20260105-1a2b-000001-1.call"),
        (CallFileName("20260105t-ff", 123_456, 2), "obzvon-20260105t-ff-123456-2.call"),
        (CallFileName("0-0", 1_234_567, 10), "obzvon-0-0-1234567-10.call"),
    ],
)
def test_a_name_tells_whose_call_it_is(call: CallFileName, name: str) -> None:
    assert call_file_name(call.token, call.position, call.attempt) == name
    assert parse_call_file_name(name) == call


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a.call",
        "89161111111.call",
        "obzvon-20260105-1a2b-000001-1.call.tmp",
        ".obzvon-20260105-1a2b-000001-1.call",
        "obzvon-20260105-1a2b-1-1.call",
        "obzvon-20260105-1a2b-000001.call",
        "obzvon-20260105-1a2b-000001-1.call\n",
        "obzvon-../../x-1a-000001-1.call",
        "obzvon-20260105-1a2b-٠٠٠٠٠١-1.call",
    ],
)
def test_a_file_of_somebody_elses_is_not_ours(name: str) -> None:
    assert parse_call_file_name(name) is None

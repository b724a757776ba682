"""Every final SIP code: the events of Asterisk 22 and 16 for it, as measured, and the result.

tests/asterisk/test_final_codes.py compares it with both, tests/unit/asterisk/test_final_codes.py with the rule and with
the table in the documentation.
"""

from collections.abc import Iterable, Mapping

import msgspec

CODES = range(300, 700)


class FinalCode(msgspec.Struct, frozen=True, kw_only=True):
    """A class of codes: the trunk's DialEnd and hangup cause, L1's DialEnd, and the results.

    `by_cause` is the result where Asterisk gives no code but the cause alone, as 16 does; "" = the same.
    """

    codes: str
    trunk: str
    cause: int
    first: str
    result: str
    by_cause: str = ""
    after_ringing: str = ""

    def __contains__(self, code: int) -> bool:
        return code in expand_codes(self.codes)


CLASSES = (
    FinalCode(codes="300-399", trunk="CONGESTION", cause=16, first="CONGESTION", result="moved"),
    FinalCode(codes="486 600", trunk="BUSY", cause=17, first="BUSY", result="busy"),
    FinalCode(codes="480", trunk="NOANSWER", cause=19, first="NOANSWER", result="no answer"),
    FinalCode(codes="408", trunk="NOANSWER", cause=18, first="CONGESTION", result="no answer"),
    FinalCode(
        codes="483", trunk="NOANSWER", cause=19, first="NOANSWER", result="failed", by_cause="no answer",
        after_ringing="no answer",
    ),
    FinalCode(
        codes="487", trunk="NOANSWER", cause=127, first="CONGESTION", result="no answer", by_cause="failed",
        after_ringing="no answer",
    ),
    FinalCode(codes="404 485 604", trunk="NOANSWER", cause=1, first="CONGESTION", result="no such number"),
    FinalCode(codes="410", trunk="NOANSWER", cause=22, first="CONGESTION", result="no such number"),
    FinalCode(codes="484", trunk="NOANSWER", cause=28, first="CONGESTION", result="no such number"),
    FinalCode(codes="401 403 407 603", trunk="NOANSWER", cause=21, first="CONGESTION", result="refused"),
    FinalCode(
        codes="402 433 607 608", trunk="NOANSWER", cause=127, first="CONGESTION", result="refused", by_cause="failed",
        after_ringing="no answer",
    ),
    FinalCode(codes="503 506-599", trunk="CONGESTION", cause=34, first="CONGESTION", result="congestion"),
    FinalCode(
        codes="500", trunk="NOANSWER", cause=38, first="CONGESTION", result="congestion", after_ringing="no answer"
    ),
    FinalCode(
        codes="501", trunk="NOANSWER", cause=29, first="CONGESTION", result="congestion", after_ringing="no answer"
    ),
    FinalCode(
        codes="502", trunk="NOANSWER", cause=27, first="CONGESTION", result="congestion", after_ringing="no answer"
    ),
    FinalCode(
        codes="504", trunk="NOANSWER", cause=102, first="CONGESTION", result="congestion", after_ringing="no answer"
    ),
    FinalCode(
        codes="409", trunk="NOANSWER", cause=41, first="CONGESTION", result="congestion", after_ringing="no answer"
    ),
    FinalCode(
        codes="420", trunk="CHANUNAVAIL", cause=3, first="CONGESTION", result="failed", after_ringing="no answer"
    ),
    FinalCode(
        codes="488 606", trunk="NOANSWER", cause=58, first="CONGESTION", result="failed", after_ringing="no answer"
    ),
    FinalCode(
        codes="400 405-406 411-419 421-432 434-479 481-482 489-499 505 601-602 605 609-699",
        trunk="NOANSWER", cause=127, first="CONGESTION", result="failed", after_ringing="no answer",
    ),
)  # fmt: skip


def expand_codes(text: str) -> list[int]:
    """Return the codes that a text like "400 405-406" names."""
    bounds = (part.partition("-")[::2] for part in text.split())
    return [code for first, last in bounds for code in range(int(first), int(last or first) + 1)]


def class_of(code: int) -> FinalCode:
    """Return the class of a code; each code has exactly one."""
    [found] = [final for final in CLASSES if code in final]
    return found


def expected_result(code: int, *, has_rung: bool, names_code: bool) -> str:
    """Return the result of a call that ended with that code; `names_code`: Asterisk reports the code itself."""
    found = class_of(code)
    if not names_code:
        return (has_rung and found.after_ringing) or found.by_cause or found.result
    named = found.result if found.by_cause else ""  # the code itself decides, also after ringing
    return named or (has_rung and found.after_ringing) or found.result


def differences(measured: Mapping[int, str], *, has_rung: bool, names_code: bool) -> Iterable[str]:
    """Return a line for each code that ended otherwise than the table says."""
    for code in CODES:
        expected = expected_result(code, has_rung=has_rung, names_code=names_code)
        if measured.get(code) != expected:
            yield f"{code}: {measured.get(code)} instead of {expected}"

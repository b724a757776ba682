"""Call files as the service writes them."""

ORDINARY = """\
Channel: local/{number}@avtoobzvon
CallerID:
MaxRetries: 0
RetryTime: 60
WaitTime: 300
Context: avtoobzvon
Extension: play
Priority: 1
"""


WITH_CODE = """\
Channel: local/{number}@avtoobzvon-ivr
CallerID: 6122103
MaxRetries: 0
RetryTime: 60
WaitTime: 300
Setvar: dtmf={code}
Setvar: CALLEE={number}
Context: avtoobzvon-ivr
Extension: play
Priority: 1
"""


def ordinary(number: str) -> str:
    return ORDINARY.format(number=number)


def with_code(number: str, code: str) -> str:
    return WITH_CODE.format(number=number, code=code)

"""Words that are avoided in the English of the program, its tests and its documentation: readers would stumble."""

import re

#: Plain words instead of them: call, again, report or log, fix, exists, current, in progress.
_AVOIDED = re.compile(
    r"\b(anew|afresh|besides|lest|reckon(ed|s|ing)?|whoever|whomever|amiss|hitherto|mend(ed|s|ing)?|rung"
    r"|(is|are|was|were|be) told|told (of|as|by|that|to)|tells? (it|that|of)"
    r"|stands? (in|at|there|for itself|so)|goes (by|on)|(is|are) to be|what was|who has"
    r"|rings? (him|her|them|every\w+|any\w+|no\w+|some\w+|people|again|once)|come to nothing|the present one"
    r"|so many|of whom|wherefore|thereby|thereof)\b",
    re.IGNORECASE,
)


def avoided_words(text: str) -> list[str]:
    """Return the words in a text that should be said more plainly, each with its line."""
    lines = text.splitlines()
    return [f"{number}: {found[0]}" for number, line in enumerate(lines, 1) for found in _AVOIDED.finditer(line)]

"""Names that are taken for one another when they are read: `ADMIN` for `admin`, Cyrillic letters for Latin ones."""

import unicodedata

_ALIKE = str.maketrans("авекмнорстухёієѕјһԁԛԝ", "abekmhopctyxeiesjhdqw")
"""Small Cyrillic letters that, or whose capitals, look like Latin ones."""


def looks(name: str) -> str:
    """What two names have in common that look alike."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)


def mixes_alphabets(name: str) -> bool:
    """Whether there are letters of more than one alphabet in it."""
    return len({unicodedata.name(letter, "?").split()[0] for letter in name if letter.isalpha()}) > 1

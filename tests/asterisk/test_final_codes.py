"""Every final SIP code on a real Asterisk, at once and after ringing, against the table of the documentation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from obzvon.domain.results import Disposition
from tests.asterisk.ami import ami_of, linked, outcomes
from tests.asterisk.answerer import Answerer, number_for
from tests.asterisk.call_files import ordinary
from tests.asterisk.rig import Pbx
from tests.support.final_codes import CODES, differences

pytestmark = pytest.mark.asterisk

# So many calls at once that none lasts long: SIP repeats what it does not get answered soon.
_TOGETHER = 100


@pytest.fixture(scope="module")
def pbx(asterisk_root: Path) -> Iterator[Pbx]:
    """A PBX whose carrier answers with any code; a phone rings for six seconds."""
    with Answerer() as carrier, Pbx(asterisk_root, carrier_port=carrier.port, OBZVON_RING=6) as running:
        yield running


def results(pbx: Pbx, numbers: list[str]) -> dict[str, Disposition]:
    with linked(ami_of(pbx)) as link:
        found: dict[str, Disposition] = {}
        for first in range(0, len(numbers), _TOGETHER):
            part = numbers[first : first + _TOGETHER]
            for number in part:
                pbx.put(number, ordinary(number))
            found |= {one.number: one.disposition for one in outcomes(link, len(part))}
    return found


@pytest.mark.parametrize("before", ["nothing", "ringing"])
def test_every_code_ends_as_the_table_says(pbx: Pbx, asterisk_root: Path, before: str) -> None:
    numbers = {number_for(code, before): code for code in CODES}
    found = {numbers[number]: result.value for number, result in results(pbx, list(numbers)).items()}
    names_code = asterisk_root.name == "sid"
    assert not list(differences(found, has_rung=before == "ringing", names_code=names_code))


def test_a_trunk_that_says_nothing_is_unreachable_and_one_that_rings_or_sounds_is_not(pbx: Pbx) -> None:
    numbers = {number_for(0, before): before for before in ("mute", "ringing", "sound")}
    found = {numbers[number]: result for number, result in results(pbx, list(numbers)).items()}
    assert found == {
        "mute": Disposition.NO_TRUNK,
        "ringing": Disposition.NO_ANSWER,
        "sound": Disposition.NO_ANSWER,
    }

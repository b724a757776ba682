"""The compose file of an Asterisk in a container, as far as it can be judged without one."""

from pathlib import Path
from typing import Any

import pytest

yaml: Any = pytest.importorskip("yaml")
FILE = Path(__file__).parents[3] / "asterisk" / "container" / "compose.yaml"
TEXT = FILE.read_text(encoding="utf-8")


@pytest.fixture
def pbx() -> dict[str, Any]:
    service: dict[str, Any] = yaml.safe_load(TEXT)["services"]["pbx"]
    return service


def test_the_port_of_ami_is_published_to_the_host_alone(pbx: dict[str, Any]) -> None:
    assert [port for port in pbx["ports"] if "5038" in port] == ["127.0.0.1:5038:5038"]


def test_what_it_mounts_of_this_project_exists_and_etc_is_the_administrators(pbx: dict[str, Any]) -> None:
    sources = {volume.split(":")[0] for volume in pbx["volumes"]}
    assert sources == {"./etc", "../sounds"}
    assert (FILE.parent / "../sounds/obzvon.wav").is_file()
    for name in ("extensions_obzvon.conf", "manager_obzvon.conf"):
        assert name in TEXT
        assert (FILE.parents[1] / name).is_file()


def test_a_spool_is_mounted_by_its_parent_also_once_the_comment_is_taken_off(pbx: dict[str, Any]) -> None:
    uncommented = TEXT.replace("# - /srv", "- /srv")
    volumes = yaml.safe_load(uncommented)["services"]["pbx"]["volumes"]
    assert len(volumes) == len(pbx["volumes"]) + 1
    assert "/srv/pbx/spool:/var/spool/asterisk" in volumes
    assert not any(volume.rstrip("/").endswith("outgoing") for volume in volumes)

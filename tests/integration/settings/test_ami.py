"""How Asterisk's manager interface is reached, as settings.ini says it."""

from pathlib import Path

import pytest

from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.support.settings_text import load_text, problems

ON = "[AMI]\nhost = 127.0.0.1\nsecret = hush-hush\n"


def test_without_a_host_there_is_no_ami_and_nothing_of_it_matters(tmp_path: Path) -> None:
    assert not load_text(tmp_path, "[AMI]\ntrunk = PJSIP/a\ngroup = b\n").ami
    assert load_text(tmp_path, ON).ami == AmiSettings("127.0.0.1", 5038, "obzvon", Secret("hush-hush"))


def test_encrypted_ami_has_a_port_of_its_own(tmp_path: Path) -> None:
    assert load_text(tmp_path, f"{ON}tls = yes\n").ami.port == 5039
    assert load_text(tmp_path, f"{ON}tls = yes\nport = 5038\n").ami.port == 5038


@pytest.mark.parametrize("written", ["AB:" * 31 + "AB", "ab" * 32, "sha256 Fingerprint=" + "AB:" * 31 + "AB"])
def test_a_fingerprint_is_taken_as_openssl_prints_it(tmp_path: Path, written: str) -> None:
    assert load_text(tmp_path, f"{ON}tls = yes\ntls_fingerprint = {written}\n").ami.tls_fingerprint == "ab" * 32


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[AMI]\nhost = pbx\n", "INI [AMI] secret", "there is no secret"),
        (f"{ON}trunk = PJSIP/a\ngroup = b\n", "INI:5 [AMI] group", "only one of them"),
        (
            f"{ON}tls = yes\ntls_ca = a\ntls_fingerprint = {'ab' * 32}\n",
            "INI:6 [AMI] tls_fingerprint",
            "only one of them",
        ),
        (f"{ON}tls_ca = a\n", "INI [AMI] tls", "would not be encrypted"),
        ("[AMI]\ntransport = ami\n", "INI:2 [AMI] transport", "no host is set"),
        (
            f"{ON}transport = ami\n[Calls]\ncaller_id = {'я' * 128}\n",
            "INI:6 [Calls] caller_id",
            "longer than 255 bytes",
        ),
    ],
)
def test_contradicting_ami_settings_are_reported(tmp_path: Path, text: str, where: str, what: str) -> None:
    told = problems(tmp_path, text)
    assert told.startswith(where)
    assert what in told
    assert "hush" not in told


def test_calls_go_by_the_spool_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    assert not load_text(tmp_path, ON).by_ami
    assert load_text(tmp_path, f"{ON}transport = AMI\n").by_ami
    assert load_text(tmp_path, f"[Calls]\ncaller_id = {'я' * 128}\n").has_spool


def test_beside_ami_there_is_a_spool_only_where_one_is_named_that_asterisk_may_read(tmp_path: Path) -> None:
    by_ami = f"{ON}transport = ami\n"
    assert not load_text(tmp_path, by_ami).has_spool
    assert not load_text(tmp_path, f"{by_ami}[Dirs]\ndir_target = target\n").has_spool
    assert load_text(tmp_path, f"{by_ami}[Dirs]\ndir_target = /var/spool/asterisk/outgoing\n").has_spool


def test_the_secret_of_ami_is_never_shown(tmp_path: Path) -> None:
    settings = load_text(tmp_path, ON)
    assert settings.ami.secret.reveal() == "hush-hush"
    for shown in (repr(settings), str(settings.ami), f"{settings.ami.secret}", f"{settings.ami.secret!r}"):
        assert "hush" not in shown
    for line in ("secret = hush-hush-жжж", "secret hush-hush", "secrte = hush-hush", "secret = " + "hush" * 100):
        told = problems(tmp_path, f"[AMI]\n{line}\n")
        assert "hush" not in told
        assert told.count("INI:2") == 1


@pytest.mark.parametrize(
    "trunk", ["SIP/Zadarma usa", "PJSIP/Мегафон Север", "PJSIP/8(495)1234567", "DAHDI/i1", "IAX2/to&fro", "DAHDI/"]
)
def test_a_trunk_is_taken_as_asterisk_shows_it(tmp_path: Path, trunk: str) -> None:
    assert load_text(tmp_path, f"{ON}trunk = {trunk}\n").ami.trunk == trunk


def test_a_group_may_have_a_name_of_its_own_language(tmp_path: Path) -> None:
    assert load_text(tmp_path, f"{ON}group = линии Север@obzvon\n").ami.group == "линии Север@obzvon"

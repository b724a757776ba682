"""The client over TLS: certificates are checked before anything is sent."""

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.ami_link import CALM, is_up, linked, outcomes, play, problem, warnings
from tests.support.ami_server import AmiServer, certificate
from tests.support.waiting import until


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def encrypted(keys: tuple[Path, ssl.SSLContext]) -> Iterator[AmiServer]:
    with AmiServer(keys[1]) as running:
        yield running


def fingerprint(path: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(path.read_text())).hexdigest()


def test_a_self_signed_certificate_is_trusted_by_its_fingerprint(
    encrypted: AmiServer, keys: tuple[Path, ssl.SSLContext]
) -> None:
    with linked(encrypted, tls=True, tls_fingerprint=fingerprint(keys[0])) as link:
        until(lambda: is_up(link))
        play(encrypted, "asterisk-22", "busy")
        outcomes(link, 1)


def test_a_certificate_is_trusted_by_its_authority_and_its_name(
    encrypted: AmiServer, keys: tuple[Path, ssl.SSLContext]
) -> None:
    with linked(encrypted, tls=True, tls_ca=keys[0]) as link:
        assert "its certificate is not trusted" in problem(link)
        assert "127.0.0.1" in problem(link)  # which is not its name


def test_a_certificate_that_nobody_vouches_for_gets_no_login(
    encrypted: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    with linked(encrypted, tls=True) as link:
        assert "its certificate is not trusted: self-signed certificate" in problem(link)
        assert "tls_fingerprint" in problem(link)
    with linked(encrypted, tls=True, tls_fingerprint="ab" * 32) as link:
        assert "its certificate is not the one in the settings" in problem(link)
    assert not encrypted.actions
    assert len(warnings(caplog)) == 2


def test_an_encrypted_and_a_plain_side_do_not_meet(server: AmiServer, encrypted: AmiServer, tmp_path: Path) -> None:
    with linked(server, tls=True, tls_fingerprint="ab" * 32) as link:
        assert "no encrypted connection could be made" in problem(link)
    with linked(encrypted, times=msgspec.structs.replace(CALM, patience=0.3)) as link:
        assert "the connection was lost" in problem(link) or "tls = yes" in problem(link)
    with linked(encrypted, tls=True, tls_ca=tmp_path / "none.pem") as link:
        assert "the certificates of tls_ca cannot be read: No such file" in problem(link)

"""Root folders with a real Asterisk: Debian's packages, unpacked once and kept between runs."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from filelock import FileLock

from tests.support.unavailable import unavailable

SUITES = {22: "sid", 16: "bullseye"}
"""The Debian suite of each Asterisk version."""


class UnavailableError(Exception):
    """Asterisk is not available on this machine; the text gives the reason."""


def require_root(version: int) -> Path:
    """Return the root folder of that Asterisk; skip the test if there is none, fail it if CI=true."""
    try:
        return root(version)
    except UnavailableError as reason:
        unavailable(f"no Asterisk {version} here: {reason}")


def root(version: int) -> Path:
    """Return the root folder of that Asterisk, built on first use.

    Raises UnavailableError.
    """
    if os.geteuid() != 0:
        raise UnavailableError("chroot needs root")
    folder = cache() / SUITES[version]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            build(SUITES[version], folder)
    found = _run("chroot", str(folder), "asterisk", "-V").split()[1]
    if not found.startswith(f"{version}."):
        raise UnavailableError(f"{folder} holds Asterisk {found}")
    return folder


def cache() -> Path:
    """Return the folder of all roots: $OBZVON_ASTERISK_ROOTS, or else the user's cache."""
    chosen = os.environ.get("OBZVON_ASTERISK_ROOTS")
    return Path(chosen) if chosen else Path.home() / ".cache" / "obzvon" / "asterisk"


def build(suite: str, folder: Path) -> None:
    """Unpack Asterisk and its dependencies from `suite` into `folder`, completely or not at all."""
    if not shutil.which("mmdebstrap"):
        _install("mmdebstrap")
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    _run(
        "mmdebstrap",
        "--variant=apt",
        "--include=asterisk",
        '--aptopt=Acquire::Check-Valid-Until "false"',  # a mirror's index of sid can be out of date
        suite,
        str(half),
        mirror(),
    )
    half.rename(folder)


def lean_data(folder: Path) -> Path:
    """Return a folder with the data of that root's Asterisk, made on first use, whose documentation is short.

    Asterisk refuses to start without documentation. To read all of it takes three quarters of the time of a start.
    """
    lean = folder / "lean"
    with FileLock(f"{folder}.lock"):
        if not lean.exists():
            half = folder / "lean.half"
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            whole = folder / "usr" / "share" / "asterisk"
            for part in whole.iterdir():
                (half / part.name).symlink_to(f"/{part.relative_to(folder)}")
            (half / "documentation").unlink()
            shutil.copytree(whole / "documentation", half / "documentation")
            _shorten(half / "documentation" / "core-en_US.xml")
            half.rename(lean)
    return lean


def _shorten(file: Path) -> None:
    """Leave all that describes settings, which Asterisk checks, and of everything else a line: it may not be empty."""
    text = file.read_text(encoding="utf-8")
    head, start, _ = text.partition("<docs")
    docs = ElementTree.fromstring(text)
    for entry in list(docs):
        if entry.tag in ("module", "agi"):
            docs.remove(entry)
        elif entry.tag != "configInfo":
            entry[:] = []
            ElementTree.SubElement(entry, "synopsis").text = entry.get("name")
    assert start
    file.write_text(head + ElementTree.tostring(docs, encoding="unicode"), encoding="utf-8")


def mirror() -> str:
    """Return the Debian mirror that this machine's own apt uses."""
    if not shutil.which("apt-get"):
        raise UnavailableError("no apt-get")
    if not (found := _mirrors()):  # no package lists yet
        _run("apt-get", "update")
        found = _mirrors()
    if not found:
        raise UnavailableError("apt-get indextargets names no Debian mirror")
    return found[0]


def _mirrors() -> list[str]:
    listing = _run("apt-get", "indextargets", "--format", "$(CREATED_BY) $(LABEL) $(REPO_URI)")
    return [line.split()[2] for line in listing.splitlines() if line.startswith("Packages Debian ")]


def _install(package: str) -> None:
    if not shutil.which("apt-get"):
        raise UnavailableError(f"no {package} and no apt-get")
    install = ("apt-get", "install", "-y", "--no-install-recommends", package)
    try:
        _run(*install)
    except UnavailableError:  # no package lists yet
        _run("apt-get", "update")
        _run(*install)


def _run(*command: str) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UnavailableError(f"{command[0]}: {error}") from error
    if done.returncode:
        tail = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise UnavailableError(f"{command[0]} ended with {done.returncode}: {' / '.join(tail)}")
    return done.stdout

"""tests/run, the one command for all tests, on a machine that has nothing yet."""

import subprocess
from pathlib import Path

from tests.support.paths import ROOT

#: What the script uses of the system before it installs anything.
SYSTEM = ("bash", "cat", "dirname", "env")


def test_on_a_debian_machine_without_python_it_installs_it(tmp_path: Path) -> None:
    for name in SYSTEM:
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    for name, text in {"id": "echo 0", "apt-get": 'echo "$*" >&2; [ "$1" != install ] || exit 9'}.items():
        (tmp_path / name).write_text(f"#!/usr/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [ROOT / "tests" / "run", "--fast"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    assert "python3-venv" in done.stderr

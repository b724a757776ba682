"""A working folder without a spool, whose calls go to the rig through the manager interface."""

import json
import os
from pathlib import Path

from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import Office


class may_originate:  # noqa: N801 - a context manager that is used like a function
    """Gives the user the right to originate calls, until the end of the block."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._file = rig.pbx.home / "etc" / "manager_obzvon.conf"
        self._shipped = self._file.read_text()

    def __enter__(self) -> None:
        text = self._shipped.replace("write = reporting\n", "", 1)
        self.write(text.replace(";write = originate", "write = originate"))

    def __exit__(self, *_: object) -> None:
        self.write(self._shipped)

    def write(self, text: str) -> None:
        self._file.write_text(text)
        self._rig.pbx.cli("manager reload")


class FarOffice(Office):
    """A working folder without a spool; `more` are lines of [AMI], or sections after it."""

    def __init__(
        self,
        folder: Path,
        rig: Rig,
        numbers: dict[str, str],
        port: int,
        *,
        bundle: int = 20,
        timeout: float = 1,
        more: str = "",
    ) -> None:
        self.folder = folder
        self.rig = rig
        (folder / "settings.ini").write_text(
            f"[Dirs]\ndir_logs = log\n[CreateCallFiles]\nbundle = {bundle}\ntimeout = {timeout}\n"
            "[Calls]\nwait_time = 6\n[CodeCalls]\nwait_time = 20\n[Log]\nlanguage = en\n"
            f"[AMI]\nhost = 127.0.0.1\nport = {port}\n"
            f"user = {rig.pbx.ami_user}\nsecret = {rig.pbx.ami_secret}\ntrunk = PJSIP/carrier\ntransport = ami\n{more}"
        )
        rows = {str(row): {"0": number, "1": code} for row, (number, code) in enumerate(numbers.items())}
        (folder / "todo.json").write_text(json.dumps(rows))
        (folder / "schedule.json").write_text(json.dumps({str(day): "00:01" for day in range(1, 8)}))
        os.utime(folder / "schedule.json", (0, 0))

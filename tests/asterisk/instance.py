"""An Asterisk process in a root folder, with its own configuration, spool, log and ports."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.asterisk.roots import lean_data
from tests.support.spool_peer import place
from tests.support.waiting import until

DIALPLAN = """
    app_dial app_exec app_playback app_read app_record app_senddtmf app_stack app_system app_userevent app_verbose
    bridge_builtin_features bridge_simple codec_alaw codec_ulaw format_sln format_wav
    func_callerid func_channel func_cut func_db func_devstate func_dialplan func_env func_groupcount func_logic
    func_shell func_strings func_timeout func_volume
    pbx_config res_timing_timerfd
"""
"""The modules that a dialplan needs. With all modules of Debian the start is slow and logs warnings."""

SPOOL = "pbx_spool"

PJSIP = """
    bridge_native_rtp chan_pjsip func_pjsip_endpoint res_pjproject res_pjsip res_pjsip_authenticator_digest
    res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip res_pjsip_nat
    res_pjsip_outbound_authenticator_digest res_pjsip_pubsub res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session
    res_rtp_asterisk res_sorcery_astdb res_sorcery_config res_sorcery_memory
"""
"""The further modules that a SIP trunk needs."""

DIRECTORIES = """[options]
verbose = 3
hideconnect = yes
maxfiles = 16384
[directories]
astetcdir = HOME/etc
astrundir = HOME/run
astlogdir = HOME/log
astspooldir = HOME/spool
astdbdir = HOME/db
astkeydir = HOME/keys
astvarlibdir = /var/lib/asterisk
astdatadir = DATA
"""

LOGGER = """[general]
dateformat = %F %T.%3q
logger_queue_limit = 100000
[logfiles]
full => notice,warning,error,verbose(3)
dtmf => dtmf
"""


class Asterisk:
    """A process that is started, stopped and killed by its own pid, and leaves no files.

    `files` replace files of Debian's /etc/asterisk; the word HOME in them becomes this instance's folder as Asterisk
    sees it. Paths of this class are the machine's, not those inside the root folder.
    """

    def __init__(self, root: Path, files: Mapping[str, str], modules: str, *, is_contained: bool = False) -> None:
        self.root = root
        #: Runs in a pid namespace of its own, as in a container: after each start its process id is 1.
        self._is_contained = is_contained
        self.user = _user(root)
        # Without it Asterisk looks this machine's name up in the network: 5 seconds a call.
        (root / "etc" / "hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        instances = root / "instances"
        instances.mkdir(exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="", dir=instances))
        self.home.chmod(0o755)
        for name in ("run", "log", "spool", "spool/outgoing", "db", "keys", "heard"):
            self.folder(name)
        self.outgoing = self.home / "spool" / "outgoing"
        self.outgoing_done = self.home / "spool" / "outgoing_done"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._forgotten = 0
        self._configure(files, modules)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def inside(self) -> str:
        """The folder of this instance as Asterisk sees it."""
        return f"/{self.home.relative_to(self.root)}"

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process
        if not self._is_contained:
            return self._process.pid
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children")
        return int(until(children.read_text, "the first process of the namespace"))

    @property
    def running(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    def folder(self, name: str) -> Path:
        """Return a folder of this instance that belongs to Asterisk; make it if necessary."""
        path = self.home / name
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, *self.user)
        return path

    def start(self) -> None:
        """Start Asterisk and wait until it is fully booted."""
        assert not self.running
        command: tuple[str, ...] = (
            "chroot",
            str(self.root),
            "asterisk",
            "-C",
            f"{self.inside}/etc/asterisk.conf",
            "-f",
        )
        if self._is_contained:
            command = ("unshare", "--pid", "--fork", "--kill-child", *command)
        with (self.home / "log" / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [*command, "-U", "asterisk", "-G", "asterisk"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        # Ends Asterisk when this process is killed, because that closes its end of the pipe.
        self._guard = subprocess.Popen(
            ["sh", "-c", f"cat; kill -KILL {self.pid}"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        until(self._booted, "Asterisk fully booted", every=0.05)

    def stop(self) -> None:
        """Stop it by SIGTERM, as an administrator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it outright."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.home)

    def cli(self, command: str) -> str:
        """Run a command on Asterisk's console and return its output."""
        config = f"{self.inside}/etc/asterisk.conf"
        return subprocess.run(
            ["chroot", str(self.root), "asterisk", "-C", config, "-rx", command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip

    def log(self, name: str = "full") -> str:
        """Return Asterisk's log so far."""
        path = self.home / "log" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def problem_lines(self) -> list[str]:
        """Return the warnings and errors in the log since the last `forget_log`."""
        return [line for line in self.new_log().splitlines() if "] WARNING[" in line or "] ERROR[" in line]

    def new_log(self) -> str:
        """Return Asterisk's log since the last `forget_log`."""
        return self.log()[self._forgotten :]

    def forget_log(self) -> None:
        """Leave the log so far out of `new_log` and `problem_lines`: it is of other tests, or was expected."""
        self._forgotten = len(self.log())

    def put(self, name: str, text: str, mtime: float | None = None) -> Path:
        """Hand over a call file as the service does: whole, owned by Asterisk, by one rename."""
        return place(self.folder("store") / name, self.outgoing, text, mtime, self.user)

    def clear(self) -> None:
        """Hang up all calls, and empty the spool and its archive."""
        for file in self.outgoing.iterdir():
            file.unlink()
        self.cli("channel request hangup all")
        until(lambda: self.cli("core show channels count").startswith("0 active"), "no channel left")
        for file in (*self.outgoing.iterdir(), *(self.outgoing_done.iterdir() if self.outgoing_done.exists() else ())):
            file.unlink()

    def _booted(self) -> bool:
        assert self.running, f"Asterisk ended by itself:\n{self.log('console')[-2000:]}"
        return "fully booted" in self.cli("core waitfullybooted")

    def _end(self, how: signal.Signals) -> None:
        process, guard = self._process, self._guard
        if guard:
            guard.kill()
            guard.communicate()
        if process and process.poll() is None:
            os.kill(self.pid, how)
            try:
                process.wait(180)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._process = self._guard = None

    def _configure(self, files: Mapping[str, str], modules: str) -> None:
        etc = self.home / "etc"
        shutil.copytree(self.root / "etc" / "asterisk", etc, symlinks=True)
        (etc / "users.conf").unlink(missing_ok=True)  # deprecated, and logs a warning
        own = {
            "asterisk.conf": self._directories(),
            "logger.conf": LOGGER,
            "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in modules.split()),
            "manager.conf": "[general]\nenabled = no\n",
            "rtp.conf": "[general]\nrtpstart = 10000\nrtpend = 29999\n",
        }
        for name, text in (own | dict(files)).items():
            (etc / name).write_text(text.replace("HOME", self.inside))
        for path in (etc, *etc.rglob("*")):
            os.chown(path, *self.user, follow_symlinks=False)

    def _directories(self) -> str:
        modules = next(self.root.glob("usr/lib/*-linux-gnu/asterisk/modules"), self.root / "usr/lib/asterisk/modules")
        data = lean_data(self.root).relative_to(self.root)
        return DIRECTORIES.replace("DATA", f"/{data}") + f"astmoddir = /{modules.relative_to(self.root)}\n"


def _user(root: Path) -> tuple[int, int]:
    """Return Asterisk's user and group inside the root folder; outside of it only their numbers are valid."""
    for line in (root / "etc" / "passwd").read_text().splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == "asterisk":
            return int(uid), int(gid)
    raise LookupError(f"{root} has no user asterisk")

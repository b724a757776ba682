"""Starts the process that decodes an upload, and waits for its answer."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from obzvon.audio import worker
from obzvon.audio.formats import UnusableSoundError
from obzvon.common.limited_process import child_environment

#: The largest upload: five minutes of stereo at 48 kHz, 16 bit.
MAX_UPLOAD_BYTES = 60_000_000
#: A conversion that takes longer is killed together with the programs that it started.
TIMEOUT_SECONDS = 90.0
_ONE_AT_A_TIME = threading.Lock()
#: numpy's linear algebra, which nothing here uses, would reserve memory for a thread on each core.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def convert_upload(
    upload: Path, folder: Path, command: Sequence[str] = (), *, timeout: float = TIMEOUT_SECONDS
) -> float:
    """Leave the upload in the folder as `worker.FILES`, and return its length in seconds; raise UnusableSoundError.

    With the command of a program that speaks, the upload is a text.
    """
    # -P: import nothing from the current folder
    arguments = [sys.executable, "-P", "-m", "obzvon.audio.worker", str(upload), str(folder), *command]
    with (
        _ONE_AT_A_TIME,
        subprocess.Popen(  # noqa: S603 - this Python, a module of ours, two paths of ours
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(**_ONE_THREAD),
            start_new_session=True,
        ) as process,
    ):
        try:
            line, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            line = b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    try:
        reply = msgspec.json.decode(line, type=worker.DecodedReply)
    except msgspec.MsgspecError:
        raise UnusableSoundError(worker.limits_exceeded()) from None
    if reply.refused is not None:
        raise UnusableSoundError(reply.refused)
    return reply.seconds

"""A real Asterisk as a peer of the spool's shared suite: only Local channels, no carrier and no SIP."""

import os
from pathlib import Path

from tests.asterisk.instance import DIALPLAN, SPOOL, Asterisk
from tests.support.spool_peer import TALK

EXTENSIONS_CONF = f"""[avtoobzvon]
exten => _X.,1,Set(FILE(HOME/heard/attempts,,,al,u)=${{EXTEN}})
 same => n,Goto(behaviour,${{EXTEN:-1}},1)
exten => play,1,Set(dialled=${{CUT(CHANNEL,@,1)}})
 same => n,Wait(${{IF($["${{dialled:-1}}" = "5"]?86400:{TALK})}})

[behaviour]
exten => _[0-5],1,Answer()
 same => n,Wait(86400)
exten => 6,1,Busy()
exten => 7,1,Ringing()
 same => n,Wait(86400)
exten => 8,1,Congestion()
exten => 9,1,Hangup(1)
"""


class AsteriskPeer(Asterisk):
    """Asterisk with a dialplan that ends every call by its number's last digit and lists the numbers called."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, {"extensions.conf": EXTENSIONS_CONF}, f"{DIALPLAN} {SPOOL}")
        self._attempts = self.home / "heard" / "attempts"
        self._attempts.touch()
        os.chown(self._attempts, *self.user)

    def attempts(self, number: str) -> int:
        """Return how many times that number was called."""
        return self._attempts.read_text().splitlines().count(number)

"""How fast the editor is with 100,000 rows, on waitress: prints figures. python tests/bench/editor.py [ROWS]"""

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, urlencode

from obzvon.users import Role, Users

PORT = 18232
PASSWORD = "correct horse"


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as name:
        folder = Path(name)
        (folder / "settings.ini").write_text(f"[Day]\ntime_zone = Europe/Moscow\n[Web]\nport = {PORT}\n")
        (folder / "schedule.json").write_text('{"1": "09:00"}')
        phones = {str(key): {"0": f"89{key % 8 + 10:02}{key:07}", "1": "", "name": f"Абонент {key}"}
                  for key in range(rows)}
        (folder / "todo.json").write_text(json.dumps(phones))
        Users(folder / "users.json").add("anna", PASSWORD, Role.OPERATOR)
        server = subprocess.Popen([sys.executable, "-m", "obzvon.cli", "--settings", folder / "settings.ini", "web"],
                                  stdout=subprocess.PIPE)
        try:
            assert server.stdout
            server.stdout.readline()
            measure(rows)
        finally:
            server.terminate()
            server.wait()


def measure(rows: int) -> None:
    print(f"{rows:,} rows")
    show("first page, the list not read yet", lambda: ask("/phones"), times=1)
    show("a page", lambda: ask("/phones?page=500"))
    show("search by name", lambda: ask("/phones?q=" + quote("Абонент 77")))
    show("search by number", lambda: ask("/phones?q=0077"))
    show("sort by name, first time", lambda: ask("/phones?sort=name"), times=1)
    show("sort by name", lambda: ask("/phones?sort=name&down=1"))
    show("schedule and plan", lambda: ask("/week"))
    edits = []
    for number in range(5):
        text = ask("/phones?edit=7")
        fields = {name: re.search(rf'name="{name}" value="([^"]*)"', text)[1] for name in ("token", "revision")}
        fields |= {"row": "7", "number": "89161111111", "code": "", "name": f"x{number}"}
        begun = time.perf_counter()
        ask("/phones/save", urlencode(fields))
        saved = time.perf_counter()
        ask("/phones?at=7")
        edits.append((saved - begun, time.perf_counter() - begun))
    print(f"{'one edit, saved':45} {min(edits)[0] * 1000:6.0f} ms (worst {max(edits)[0] * 1000:.0f})")
    print(f"{'one edit, saved and shown':45} {min(edit[1] for edit in edits) * 1000:6.0f} ms"
          f" (worst {max(edit[1] for edit in edits) * 1000:.0f})")


def show(what: str, do: object, times: int = 5) -> None:
    lasted = []
    for _ in range(times):
        begun = time.perf_counter()
        do()
        lasted.append(time.perf_counter() - begun)
    print(f"{what:45} {min(lasted) * 1000:6.0f} ms (worst {max(lasted) * 1000:.0f})")


def ask(path: str, body: str | None = None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    headers = {"Authorization": "Basic " + b64encode(f"anna:{PASSWORD}".encode()).decode()}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status in (200, 303), (answer.status, text)
    return text


if __name__ == "__main__":
    main()

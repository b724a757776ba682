"""How long the import of 100,000 rows takes on waitress, and what memory: prints figures.

python tests/benchmarks/imports.py [ROWS]
"""

import http.client
import io
import json
import re
import secrets
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from obzvon.domain.phones import Phone
from obzvon.reports import phone_list
from tests.benchmarks.office import LOGIN, office

PORT = 18233


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    phones = [Phone(str(key), f"89{key % 8 + 10:02}{key:07}", "", f"Абонент {key}") for key in range(rows)]
    print(f"{rows:,} rows")
    for form, write in (("csv", phone_list.write_phones_csv), ("xlsx", phone_list.write_phones_xlsx)):
        stream = io.BytesIO()
        write(phones, stream, "ru")
        with office(PORT, lambda folder: (folder / "todo.json").write_text("{}")) as (folder, pid):
            measure(stream.getvalue(), form, pid)
            assert len(json.loads((folder / "todo.json").read_text())) == rows


def measure(data: bytes, form: str, server: int) -> None:
    token = field(ask("/phones/import")[1], "token")
    before = memory(server)
    begun = time.perf_counter()
    border = secrets.token_hex(8)
    body = (
        f'--{border}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n--{border}\r\nContent-'
        f'Disposition: form-data; name="file"; filename="list.{form}"\r\n\r\n'
    ).encode() + data
    body += f"\r\n--{border}--\r\n".encode()
    address = ask("/phones/import", body, f"multipart/form-data; boundary={border}")[2]
    sent = time.perf_counter()
    while ask(address + "/progress")[0] != 204:
        time.sleep(0.1)
    text = ask(address)[1]
    shown = time.perf_counter()
    fields = {name: field(text, name) for name in ("token", "version", "revision")} | ticked(text)
    assert ask(address + "/take", urlencode(fields).encode(), "application/x-www-form-urlencoded")[2] == "/phones"
    taken = time.perf_counter()
    ask("/phones")
    print(
        f"{form}, {len(data) / 1e6:.1f} MB: sent {sent - begun:.1f} s, shown {shown - begun:.1f} s, "
        f"taken in {taken - begun:.1f} s (the confirmation {taken - shown:.1f} s); memory of the server "
        f"{before['VmRSS']} MB before, {memory(server)['VmRSS']} MB after, {memory(server)['VmHWM']} MB at most"
    )
    begun = time.perf_counter()
    ask(f"/phones/export/{form}")
    print(f"{form}, exported: {time.perf_counter() - begun:.1f} s")


def ticked(text: str) -> dict[str, str]:
    """Return the counts of the page that have to be confirmed."""
    return dict(re.findall(r'name="(sure-[\w-]+)" value="(\d+)"', text))


def memory(process: int) -> dict[str, int]:
    status = Path(f"/proc/{process}/status").read_text()
    return {name: int(kilobytes) // 1000 for name, kilobytes in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status)}


def field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


def ask(path: str, body: bytes | None = None, kind: str = "") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    headers = dict(LOGIN)
    if kind:
        headers["Content-Type"] = kind
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    assert answer.status in (200, 204, 303), (answer.status, text)
    return answer.status, text, answer.headers.get("Location", "").partition("?")[0]


if __name__ == "__main__":
    main()

"""Measure the import of 100,000 rows, its time and memory, on waitress: python -m tests.benchmarks.imports [ROWS]"""

import io
import json
import re
import secrets
import sys
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from obzvon.domain.phones import Phone
from obzvon.reports import phone_list
from tests.benchmarks.office import ask, office

PORT = 18233


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    phones = [Phone(str(key), f"89{key % 8 + 10:02}{key:07}", "", f"Абонент {key}") for key in range(rows)]
    print(f"{rows:,} rows")
    for form, write in (("csv", phone_list.write_phones_csv), ("xlsx", phone_list.write_phones_xlsx)):
        stream = io.BytesIO()
        write(phones, stream, "ru", date(2026, 11, 28))
        with office(PORT, lambda folder: (folder / "todo.json").write_text("{}")) as (folder, pid):
            measure(stream.getvalue(), form, pid)
            assert len(json.loads((folder / "todo.json").read_text())) == rows


def measure(data: bytes, form: str, server: int) -> None:
    token = field(ask(PORT, "/phones/import").text, "token")
    before = memory(server)
    begun = time.perf_counter()
    border = secrets.token_hex(8)
    body = (
        f'--{border}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n--{border}\r\nContent-'
        f'Disposition: form-data; name="file"; filename="list.{form}"\r\n\r\n'
    ).encode() + data
    body += f"\r\n--{border}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={border}"}
    address = ask(PORT, "/phones/import", body, kind).location
    sent = time.perf_counter()
    while ask(PORT, address + "/progress").status != 204:
        time.sleep(0.1)
    text = ask(PORT, address).text
    shown = time.perf_counter()
    fields = {name: field(text, name) for name in ("token", "version", "revision")} | ticked(text)
    assert ask(PORT, address + "/take", urlencode(fields)).location == "/phones"
    taken = time.perf_counter()
    ask(PORT, "/phones")
    print(
        f"{form}, {len(data) / 1e6:.1f} MB: sent {sent - begun:.1f} s, shown {shown - begun:.1f} s, "
        f"taken in {taken - begun:.1f} s (the confirmation {taken - shown:.1f} s); memory of the server "
        f"{before['VmRSS']} MB before, {memory(server)['VmRSS']} MB after, {memory(server)['VmHWM']} MB at most"
    )
    begun = time.perf_counter()
    ask(PORT, f"/phones/export/{form}")
    print(f"{form}, exported: {time.perf_counter() - begun:.1f} s")


def ticked(text: str) -> dict[str, str]:
    """Return the counts of the page that have to be confirmed."""
    return dict(re.findall(r'name="(sure-[\w-]+)" value="(\d+)"', text))


def memory(process: int) -> dict[str, int]:
    """Return the current and the highest memory of a process, in megabytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return {name: int(kilobytes) // 1000 for name, kilobytes in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status)}


def field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


if __name__ == "__main__":
    main()

"""Many open live streams."""

import json
import selectors
import socket
import time
import urllib.request

from .receivers import Server
from .report import line, table


def batch(statistics):
    """A body of so many counters."""
    counters = [{"typ": "c", "pth": f"live.{number}", "sum": 1, "cnt": 1, "max": 1, "min": 1, "top": 1, "bot": 1,
                 "fst": 1, "lst": 1} for number in range(statistics)]
    return json.dumps({"prt": {"c": counters, "ms": [], "g": []}}).encode()


def live(streams=1000, statistics=20, seconds=15):
    """Open live streams of one user, whose statistics all change once a second."""
    body = batch(statistics)
    with Server() as server, selectors.DefaultSelector() as readers:
        def send():
            urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{server.http}/agg", method="PUT", data=body,
                headers={"Authorization": f"Bearer {key}"})).read()

        def read(until):
            events = 0
            while (remaining := until - time.monotonic()) > 0:
                for reader, _ in readers.select(remaining):
                    events += reader.fileobj.recv(1 << 20).count(b"event: status")
            return events

        key = server.key()
        send()
        before = server.resident_bytes()
        head = f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        for _ in range(streams):
            stream = socket.create_connection(("127.0.0.1", int(server.http)))
            stream.sendall(head)
            readers.register(stream, selectors.EVENT_READ)
        read(time.monotonic() + 3)
        cpu, began, events = server.cpu_seconds(), time.monotonic(), 0
        for second in range(seconds):
            send()
            events += read(began + second + 1)
        cpu, memory = server.cpu_seconds() - cpu, server.resident_bytes() - before
        for reader in list(readers.get_map().values()):
            reader.fileobj.close()
    assert events >= 0.9 * streams * (seconds - 1), f"{events} events"
    table(f"{streams:,} live streams of {statistics} statistics that change every second", ["figure", "value"])
    line("of a core", f"{100 * cpu / seconds:.1f} %")
    line("memory", f"{memory / 2**20:.0f} MiB")

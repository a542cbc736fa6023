"""OpenTelemetry's exports over HTTP, as protobuf."""

import random
import selectors
import socket
import struct
import time

from .receivers import Server
from .report import line, table
from .runs import by_turns

# Where a point's times are put in when it is sent.
START, TIME = b"\xa1startof", b"\xa1timeof\xa1"


def field(number, content):
    """A field of protobuf that is bytes."""
    size, length = len(content), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def metric(draw, number, histograms):
    """A metric of one point: a delta sum, a gauge, or an exponential histogram."""
    name = field(1, f"load.some.path.{number}".encode())
    times = b"\x11" + START + b"\x19" + TIME
    if histograms and number % 10 >= 6:
        counts = [draw.randint(1, 2) for _ in range(draw.randint(3, 10))]
        first = draw.randint(0, 200)
        low, high = (2 ** ((first + at) / 32) for at in (0.5, len(counts) - 0.5))
        buckets = field(8, b"\x08" + (bytes([2 * first]) if first < 64 else bytes([2 * first & 0x7F | 0x80, first >> 6]))
                        + field(2, bytes(counts)))
        point = (times + b"\x21" + struct.pack("<Q", sum(counts)) + b"\x29" + struct.pack("<d", sum(counts) * (low + high) / 2)
                 + b"\x30\x0a" + buckets + b"\x61" + struct.pack("<d", low) + b"\x69" + struct.pack("<d", high))
        return field(2, name + field(10, field(1, point) + b"\x10\x01"))
    if number % 10 == 5:
        return field(2, name + field(5, field(1, times + b"\x21" + struct.pack("<d", draw.randint(1, 9_999_000) / 1000))))
    return field(2, name + field(7, field(1, times + b"\x31" + struct.pack("<q", draw.randint(1, 99))) + b"\x10\x01\x18\x01"))


def bodies(draw, histograms, count, points, paths):
    """Different exports, whose statistics come in another order each time."""
    resource = field(1, field(1, field(1, b"service.name") + field(2, field(1, b"load"))))
    order = []
    for _ in range(count):
        metrics = b""
        for _ in range(points):
            order = order or draw.sample(range(paths), paths)
            metrics += metric(draw, order.pop(), histograms)
        yield field(1, resource + field(2, metrics))


def exports(histograms, points=50, paths=1000, connections=16, seconds=3, count=400):
    """As many as are answered, for some time after a second: points a second, CPU microseconds of the server a point."""
    with Server() as server, selectors.DefaultSelector() as answers:
        head = (f"POST /v1/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key()}\r\n"
                "Content-Type: application/x-protobuf\r\n")
        requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
                    for body in bodies(random.Random(1), histograms, count, points, paths)]
        began, sent = time.time_ns(), 0

        def send(connection):
            nonlocal sent
            start = began + sent * 1000
            times = {START: struct.pack("<Q", start), TIME: struct.pack("<Q", start + 1000)}
            connection.sendall(requests[sent % count].replace(START, times[START]).replace(TIME, times[TIME]))
            sent += 1

        def answer(seconds):
            answered, until = 0, time.monotonic() + seconds
            while time.monotonic() < until:
                for key, _ in answers.select(1):
                    said = key.fileobj.recv(4096)
                    if not said.startswith(b"HTTP/1.1 200") or b"content-length: 0" not in said.lower():
                        raise SystemExit(f"an export was not taken in: {said}")
                    answered += points
                    send(key.fileobj)
            return answered

        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", int(server.http)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers.register(connection, selectors.EVENT_READ)
            send(connection)
        answer(1)
        before = server.cpu_seconds()
        answered = answer(seconds)
        cpu = server.cpu_seconds() - before
        for key in list(answers.get_map().values()):
            key.fileobj.close()
    return answered / seconds, cpu / answered * 1e6


def otlp():
    table("OTLP over HTTP, protobuf, 50 points a request, 1,000 series, 16 connections",
          ["points", "points/s", "CPU µs a point"])
    for name, histograms in (("sums and gauges", False), ("four in ten are exponential histograms", True)):
        (rate, cpu), = by_turns(lambda: exports(histograms))
        line(name, f"{rate:,.0f}", f"{cpu:.2f}")

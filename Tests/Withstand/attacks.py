"""Attacks: each a function of a scene, run in processes of its own until told to end."""

import gzip
import itertools
import json
import os
import random
import socket
import time

from Withstand.sockets import Writer, open_many


class Attack:
    """prepare(scene) is called once before, each of parts(scene) in a process of its own: part(ended)."""

    def __init__(self, name, parts, prepare=lambda scene: None, history=False):
        self.name, self.parts, self.prepare, self.history = name, parts, prepare, history


def request(method, path, key=None, body=b"", fields="", host="x"):
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}{fields}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def again(*requests):
    return itertools.cycle(requests)


# Connections

def idle(scene):
    def part(ended):
        clients = open_many(scene.port, 10_200, until=ended.is_set)
        ended.wait()
        del clients
    return [part]


def dripping(scene):
    head = b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nX-Padding: " + b"a" * 20_000
    body = request("PUT", "/agg", scene.key, b" " * 900_000)

    def part(data, size):
        def run(ended):
            clients = {client: data for client in open_many(scene.port, 400, until=ended.is_set)}
            while not ended.is_set():
                for client, rest in list(clients.items()):
                    try:
                        clients[client] = rest[client.send(rest[:size]):] or data
                    except BlockingIOError:
                        pass
                    except OSError:
                        client.close()
                        del clients[client]
                if len(clients) < 400:
                    clients.update({client: data for client in open_many(scene.port, 400 - len(clients), until=ended.is_set)})
                # Waits: drops come slowly.
                time.sleep(0.05)
        return run
    return [part(head, 1), part(body, 2000)]


def unread(scene):
    status = request("GET", "/api/v1/status", scene.key) * 20
    stream = request("GET", "/api/v1/live", scene.key)
    return [Writer(scene.port, 300, again(status), reads=False, receive_bytes=4096, pause=0.05).run,
            Writer(scene.port, 300, again(stream), reads=False, receive_bytes=4096, pause=0.05).run]


def streams(scene):
    """Nearly as many as there may be connections, of one user whose statistics change every second."""
    asked = request("GET", "/api/v1/live", scene.key)

    def readers(ended):
        import selectors
        selector = selectors.DefaultSelector()
        for client in open_many(scene.port, 9_900, until=ended.is_set):
            try:
                client.send(asked)
                selector.register(client, selectors.EVENT_READ)
            except OSError:
                client.close()
        while not ended.is_set():
            for key, _ in selector.select(0.1):
                try:
                    if not key.fileobj.recv(1 << 16):
                        selector.unregister(key.fileobj)
                except OSError:
                    selector.unregister(key.fileobj)

    def changes(ended):
        while not ended.wait(1):
            try:
                scene.send(20)
            except (OSError, AssertionError):
                pass
    return [readers, changes]


# Requests

def formats(scene):
    """Bodies and lines that are dear to read, or claim to be."""
    bombs = [b"{" * 500_000, b'{"prt":{"c":[' + b'{"pth":"a","sum":1e308},' * 40_000, b"[" * 1_000_000,
             b'{"prt":{"c":[],"ms":[],"g":[]},"x":"' + b"\\u0041" * 160_000 + b'"}', b'{"prt":{"c":[],"ms":[],"g":[]},' + b" " * 900_000]
    bodies = [request("PUT", "/agg", scene.key, body) for body in bombs]
    bodies += [request("PUT", "/agg", scene.key, body, "Content-Encoding: zstd\r\n") for body in (zstd_zeros(1 << 29), zstd_zeros(1 << 20, b" "))]
    bodies += [request("PUT", "/agg", scene.key, gzip.compress(b" " * (1 << 28)), "Content-Encoding: gzip\r\n")]
    exports = [request("POST", "/v1/metrics", scene.key, gzip.compress(body, 9), "Content-Encoding: gzip\r\nContent-Type: application/x-protobuf\r\n")
               for body in (long_name(), many_scopes(), empty_resources())]

    def lines(ended):
        chance = random.Random(17)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not ended.is_set():
                for _ in range(50):
                    text = "\n".join(adversarial_line(chance) for _ in range(30))
                    sender.sendto(text.encode(errors="replace")[:60_000], ("127.0.0.1", scene.server.port("udp")))
                # Waits: so many a second.
                time.sleep(0.005)
    return [Writer(scene.port, 8, again(*bodies)).run, Writer(scene.port, 8, again(*exports)).run, lines]


def zstd_zeros(size, byte=b"\0"):
    """A frame of run-length blocks (RFC 8878, section 3.1.1.2): four bytes for 128 KiB each."""
    frame, blocks = b"\x28\xb5\x2f\xfd\x00" + bytes([(23 - 10) << 3]), max(1, size >> 17)
    for number in range(blocks):
        frame += (((1 << 17) << 3) | (1 << 1) | (number == blocks - 1)).to_bytes(3, "little") + byte
    return frame


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    encoded = b""
    while value > 127:
        encoded, value = encoded + bytes([value & 127 | 128]), value >> 7
    return encoded + bytes([value])


def long_name():
    """A metric of 9,999 points under a name of 900 KB."""
    points = field(1, b"") * 9_999
    return field(1, field(2, field(2, field(1, b"a" * 900_000) + field(7, points))))


def many_scopes():
    return field(1, field(2, field(1, field(1, b"s" * 500_000)) + field(2, b"") * 60_000))


def empty_resources():
    return field(1, b"") * 500_000


def adversarial_line(chance):
    name = "".join(chance.choice("abc.:|@#,-! \t/é") for _ in range(chance.randrange(40)))
    return chance.choice([
        f"{name}:1|c", "a:" + "9" * chance.randrange(300) + "|g", "a" * chance.randrange(1000) + ":1|ms|@0.00001", f"a:{'1:' * 200}1|ms",
        f"a:1|c|#{','.join('k%d:%s' % (number, name) for number in range(50))}", f"_e{{5,4}}:{name}|text", "::::::||||", f"a:{name}|s"])


def wrong_keys(scene):
    keys = (request("PUT", "/agg", f"local.{number:064x}", b"{}") for number in itertools.count())
    return [Writer(scene.port, 16, keys).run]


def sign_ins(scene):
    def attempts():
        for number in itertools.count():
            email = f"someone{number % 5000}@example.com"
            body = json.dumps({"email": email, "password": "wrong password"}).encode()
            yield request("POST", "/api/v1/session", None, body, "Content-Type: application/json\r\n")
            body = json.dumps({"email": email}).encode()
            yield request("POST", "/api/v1/password-reset", None, body, "Content-Type: application/json\r\n")
    return [Writer(scene.port, 64, attempts()).run]


def heavy_queries(scene):
    since = int(time.time()) - 8 * 86_400
    return [asking(scene, f"/api/v1/series/ms/history.path{client}?from={since}") for client in range(8)]


def asking(scene, path):
    """A client that asks again as soon as it has its answer."""
    def part(ended):
        while not ended.is_set():
            try:
                scene.server.request("GET", path)
            except OSError:
                # Waits: a server that ends is asked again later.
                time.sleep(0.1)
    return part


def statuses(scene):
    return [asking(scene, "/api/v1/status") for _ in range(4)]


def tenant(scene):
    """One user with as many statistics as it may have, in batches as large as they may be, as fast as they are taken."""
    def batches():
        for start in itertools.cycle(range(0, 20_000, 5_000)):
            partials = ",".join('{"pth":"attacked.path%d","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}' % number
                                for number in range(start, start + 5_000))
            yield request("PUT", "/agg", scene.key, ('{"prt":{"c":[%s],"ms":[],"g":[]}}' % partials).encode())
    ready = list(itertools.islice(batches(), 4))
    return [Writer(scene.port, 16, again(*ready)).run, *statuses(scene)[:2]]


ATTACKS = [
    Attack("idle connections to the limit", idle),
    Attack("dripping heads and bodies", dripping),
    Attack("readers that do not read", unread, lambda scene: scene.send(6_000)),
    Attack("adversarial OTLP, JSON, zstd, lines", formats),
    Attack("a flood of wrong keys", wrong_keys),
    Attack("a flood of sign-ins and resets", sign_ins),
    Attack("8 queries of 8 days", heavy_queries, history=True),
    Attack("statuses of 20,000 statistics", statuses, lambda scene: scene.send(20_000)),
    Attack("9,900 live streams", streams, lambda scene: scene.send(20)),
    Attack("one tenant at its limits", tenant),
]

"""What clients of versions 1 and 2 of the original send, written anew from what they do: bodies, lines and polls."""

import http.client
import json
import math
import socket
import threading


def aggregate(samples, pct=0.1):
    """Whole numbers become eight numbers as the original's clients make them: a 0 is taken for a value that is not there yet."""
    found = {"pct": pct, "sum": 0, "cnt": 0, "emp": False}
    for value in samples:
        found["sum"] += value
        found["cnt"] += 1
        known_max, known_min = found.get("max") or value, found.get("min") or value
        found["max"] = known_max if known_max > value else value
        found["min"] = known_min if known_min < value else value
        found["lst"] = value
        found["fst"] = found.get("fst") or value
    ordered, count = sorted(samples), len(samples)
    found["bot"] = ordered[max(min(math.ceil(pct * count), count - 1), 0)]
    found["top"] = ordered[max(min(math.floor((1 - pct) * count + 0.5), count - 1), 0)]
    return found


def version_2(statistics):
    """The body of a push: `statistics` are samples by kind and path."""
    prt = {"c": [], "ms": [], "g": []}
    for (kind, path), samples in statistics.items():
        prt[kind].append({"typ": kind, "pth": path, **aggregate(samples)})
    return {"prt": prt}


def version_1(process, uptime, statistics):
    """A partial names its path `nam`, and the batch its process."""
    body = version_2(statistics)
    for partials in body["prt"].values():
        for partial in partials:
            partial["nam"] = partial.pop("pth")
    return {"nam": process, "upt": uptime, **body}


def version_1_python(process, statistics):
    """Its Python client knows no uptime, and no first value of a single sample; of several it takes the second one."""
    body = version_1(process, 0, statistics)
    for (kind, path), samples in statistics.items():
        for partial in body["prt"][kind]:
            if partial["nam"] == path:
                partial["fst"] = samples[1] if len(samples) > 1 else None
                # It tells 0 from a value that is not there yet.
                partial["min"], partial["max"] = min(samples), max(samples)
    return body


def push(port, key, body):
    """One push on a connection of its own, with the key in the query."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("PUT", f"/agg?auth={key}", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    result = answer.status, json.loads(answer.read())
    connection.close()
    return result


def send_line(port, key, process, path, value):
    """Version 1's way without aggregation: a datagram a sample."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"{key}:{process}:{path}:{value}".encode(), ("127.0.0.1", port))


class Process:
    """Version 2's long poll: it asks again and again, and ends when the answer is its key and name."""

    def __init__(self, port, key, name):
        self.port, self.key, self.name = port, key, name
        self.was_told = False
        self.connection = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            body = json.dumps({"auth": self.key, "process": self.name})
            try:
                self.connection.request("PUT", f"/process?auth={self.key}", body, {"Content-Type": "application/json"})
                answer = self.connection.getresponse().read().decode()
            except (OSError, http.client.HTTPException, AttributeError):
                return
            self.connection.close()
            if answer == f"{self.key}-{self.name}":
                self.was_told = True
                return

    def crash(self):
        """Its connection ends with it."""
        if self.connection.sock:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(30)

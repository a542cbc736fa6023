"""The real server, on a data folder of its own, which can be killed and started again at the same addresses."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DATTSS_BINARY") or str(REPOSITORY / ".build" / "debug" / "dattss")


class Server:
    def __init__(self, *arguments, prefix=(), secret=None):
        """prefix: a command that starts the server, as prlimit does. secret: what keys come from, where it is not left to the server."""
        self.secret = secret
        self.prefix = list(prefix)
        self.folder = tempfile.mkdtemp(prefix="dattss-clients-")
        self.socket = os.path.join(self.folder, "statsd.sock")
        self.stream_socket = os.path.join(self.folder, "stream.sock")
        self.addresses = {"http": "127.0.0.1:0", "udp": "127.0.0.1:0", "statsd-tcp": "127.0.0.1:0"}
        self.arguments = ["--statsd-user", "local", "--statsd-socket", self.socket]
        self.arguments += ["--statsd-stream-socket", self.stream_socket, *arguments]
        # The ports of its lines, where it has them.
        self.graphite = {}
        self.process = None
        self.start()
        self.key = self.command("user", "key", "local").strip()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def start(self):
        if self.secret:
            os.makedirs(self.data, exist_ok=True)
            Path(self.data, "secret").write_text(self.secret + "\n")
        command = [*self.prefix, BINARY, "serve", "--data-dir", self.data, *self.arguments]
        for option, address in self.addresses.items():
            command += [f"--{option}", address]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            words = line.split()
            if words[:1] == ["listening"]:
                self.addresses["http"] = words[1].removeprefix("http://")
                self.addresses["udp"] = words[3]
            elif words[:2] == ["statsd", "tcp"]:
                self.addresses["statsd-tcp"] = words[2]
            elif words[:2] == ["graphite", "tcp"]:
                self.graphite = {"tcp": int(words[2].rsplit(":", 1)[1]), "udp": int(words[4].rsplit(":", 1)[1])}
            elif words[:1] == ["ready"]:
                return
        raise AssertionError(f"the server did not start: {command}")

    def command(self, *arguments):
        """What a command says about the server's data."""
        return subprocess.run(
            [BINARY, *arguments, "--data-dir", self.data], check=True, capture_output=True, text=True).stdout

    def bring_in(self, lines):
        """Gives the user local a past, while the server does not run: lines of CSV."""
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            self.command("import", "--user", "local", file.name)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def discard(self):
        self.kill()
        shutil.rmtree(self.folder)

    def port(self, name):
        return int(self.addresses[name].rsplit(":", 1)[1])

    def request(self, method, path, body=None, headers=None):
        """The status and the text of an answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        request = urllib.request.Request(f"http://{self.addresses['http']}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def get(self, path):
        status, text = self.request("GET", path)
        assert status == 200, (path, status, text)
        return json.loads(text)

    def bytes(self, path):
        request = urllib.request.Request(f"http://{self.addresses['http']}{path}", headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def status(self):
        """By kind and path."""
        status = self.get("/api/v1/status")
        return {(kind, one["pth"]): one for kind in ("c", "ms", "g") for one in status[kind]}

    def series(self, kind, path):
        """All points of a statistic in one."""
        points = self.get(f"/api/v1/series/{kind}/{path}?step=1440")["points"]
        assert points, f"no series of {kind} {path}"
        total = {"cnt": sum(point["cnt"] for point in points), "sum": sum(point["sum"] for point in points)}
        total["min"] = min(point["min"] for point in points)
        total["max"] = max(point["max"] for point in points)
        total["exact"] = all(point.get("exact", True) for point in points)
        total["points"] = points
        return total

    def metric(self, name):
        """Of /metrics, by its name with its labels."""
        for line in self.request("GET", "/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[-1]))
        raise AssertionError(f"no metric {name}")

    def refused_lines(self):
        """By reason, those that there are."""
        found = {}
        for line in self.request("GET", "/metrics")[1].splitlines():
            if line.startswith("dattss_udp_lines_refused_total{"):
                count = int(float(line.split()[-1]))
                if count:
                    found[line.split('"')[1]] = count
        return found


def eventually(condition, seconds=60):
    """Asks again, up to a limit, until something holds: for what the server does once a second."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except (OSError, AssertionError, KeyError):
            if time.monotonic() > deadline:
                raise
            found = None
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        # Waits: a real server is asked again.
        time.sleep(0.05)

"""The real binary on a folder of its own, on ephemeral ports of the loopback."""

import csv
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import from_disk

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("DATTSS_BINARY", os.path.join(ROOT, ".build/debug/dattss"))


def prepare(*packages):
    """Installs what a test needs besides the server and a browser."""
    subprocess.run([os.path.join(ROOT, "scripts/prepare"), *packages], check=True)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    def __init__(self, *options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="dattss-browser-")
        self.data = os.path.join(self.folder, "data")
        self.http = self.udp = "127.0.0.1:0"
        self.environment = {}
        self.process = None
        self.sign_in = None

    def command(self, *arguments, text=None):
        """Runs another command of the binary on the same folder; answers what it printed."""
        done = subprocess.run(
            [BINARY, *arguments, "--data-dir", self.data], input=text, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"dattss {' '.join(arguments)}: {done.stderr}{done.stdout}")
        return done.stdout

    def load(self, samples):
        """Imports `(epoch seconds, kind, path, value)`, before the start."""
        lines = io.StringIO()
        csv.writer(lines).writerows([("timestamp", "kind", "path", "value"), *samples])
        self.command("import", "-", text=lines.getvalue())

    def start(self):
        """Starts, or starts again at the same addresses."""
        self.log = open(os.path.join(self.folder, "log"), "a")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self.data, "--http", self.http, "--udp", self.udp,
             *self.options], env={**os.environ, **self.environment}, stdout=subprocess.PIPE, stderr=self.log, text=True)
        printed = ""
        for line in self.process.stdout:
            printed += line
            if line.strip() == "ready":
                break
        addresses = re.search(r"listening\s+http://(\S+)\s+udp (\S+)", printed)
        if not addresses:
            raise RuntimeError(f"the server did not start: {printed}{open(self.log.name).read()}")
        self.http, self.udp = addresses.groups()
        link = re.search(r"sign in\s+(http://\S+)", printed)
        self.sign_in = link[1] if link else self.sign_in
        self.key = self.command("user", "key", "local").strip()
        return self

    @property
    def url(self):
        if not os.environ.get("DATTSS_PAGE_FROM_DISK"):
            return f"http://{self.http}"
        self.before = getattr(self, "before", None) or from_disk.stand_before(f"http://{self.http}")
        return self.before

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process.stdout.close()
            self.log.close()
            self.process = None

    def discard(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What clients do

    def request(self, path, body=None, method="GET", headers=None):
        request = urllib.request.Request(
            self.url + path, data=body, method=method, headers={"Authorization": f"Bearer {self.key}", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def api(self, path):
        status, _, body = self.request(f"/api/v1/{path}")
        assert status == 200, f"{path}: {status} {body[:300]}"
        return json.loads(body)

    def send(self, *samples, process=None):
        """Sends `(kind, path, value)` or `(kind, path, value, True)`, emphasised, as one batch."""
        partials = {"c": [], "ms": [], "g": []}
        for kind, path, value, *emphasised in samples:
            partial = {name: value for name in ("sum", "max", "min", "fst", "lst", "top", "bot")}
            partials[kind].append({"typ": kind, "pth": path, "cnt": 1, "emp": bool(emphasised), **partial})
        batch = {"prt": partials, **({"nam": process} if process else {})}
        status, _, body = self.request("/agg", json.dumps(batch).encode(), "PUT")
        assert status == 200, f"{status} {body}"


def until(condition, seconds=30, what=None):
    """Asks again and again until the answer is true; answers it."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what or 'the condition'}")
        # Waits: a real browser is asked again.
        time.sleep(0.03)

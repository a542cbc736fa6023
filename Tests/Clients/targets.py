"""Where minutes are forwarded to: the real carbon, VictoriaMetrics and Prometheus from Debian, which can be killed and started again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

from .prometheus import ask, free_port
from .server import eventually


# Whisper reads nothing that is in the future, and the clock of the server that is tested may be ahead.
AHEAD = ["faketime", "-f", "+2h"]


def kill_behind_faketime(process):
    """faketime is the parent of what it runs, and waits for it."""
    parent = process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in children or [parent]:
        os.kill(int(child), signal.SIGKILL)
    process.wait()


class Target:
    """A program with a folder and a port of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dattss-target-")
        self.port = free_port()
        self.process = None
        self.prepare()
        self.start()

    def prepare(self):
        pass

    def start(self):
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.is_ready)

    def is_ready(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True

    def answers(self, path):
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            return answer.status == 200

    def kill(self):
        kill_behind_faketime(self.process)

    def discard(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class PrometheusReceiver(Target):
    @property
    def address(self):
        return f"prometheus://127.0.0.1:{self.port}/api/v1/write"

    def prepare(self):
        with open(os.path.join(self.folder, "prometheus.yml"), "w", encoding="utf-8") as file:
            file.write("global: {}\n")

    def command(self):
        return [
            "prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/storage",
            f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.retention.time=10y",
            "--web.enable-remote-write-receiver"]  # fmt: skip

    def is_ready(self):
        return self.answers("/-/ready")

    def samples(self, selector, end, seconds=7200):
        """Of each series all samples, by its labels and then by their times."""
        status, answer = ask(self.url, "query", {"query": f"{selector}[{seconds}s]", "time": end})
        assert status == 200, answer
        return {
            labels(one["metric"]): {round(float(at)): float(value) for at, value in one["values"]}
            for one in answer["data"]["result"]
        }


class VictoriaMetrics(Target):
    @property
    def address(self):
        return f"victoriametrics://127.0.0.1:{self.port}"

    def command(self):
        return [
            "victoria-metrics", f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={self.folder}/storage",
            "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]  # fmt: skip

    def is_ready(self):
        return self.answers("/health")

    def samples(self, selector, end, seconds=7200):
        text = urllib.parse.urlencode({"match[]": selector, "start": end - seconds, "end": end})
        with urllib.request.urlopen(f"{self.url}/api/v1/export?{text}", timeout=30) as answer:
            lines = [json.loads(line) for line in answer.read().decode().splitlines()]
        return {
            labels(one["metric"]): {at // 1000: value for at, value in zip(one["timestamps"], one["values"])} for one in lines
        }


class Carbon(Target):
    @property
    def address(self):
        return f"graphite://127.0.0.1:{self.port}/fwd"

    def prepare(self):
        with open(os.path.join(self.folder, "carbon.conf"), "w", encoding="utf-8") as file:
            file.write(
                f"[cache]\nSTORAGE_DIR = {self.folder}\nCONF_DIR = {self.folder}\nLOG_DIR = {self.folder}\n"
                f"PID_DIR = {self.folder}\nLOCAL_DATA_DIR = {self.folder}/whisper\nENABLE_UDP_LISTENER = False\n"
                f"LINE_RECEIVER_INTERFACE = 127.0.0.1\nLINE_RECEIVER_PORT = {self.port}\n"
                "PICKLE_RECEIVER_INTERFACE = 127.0.0.1\nPICKLE_RECEIVER_PORT = 0\n"
                "CACHE_QUERY_INTERFACE = 127.0.0.1\nCACHE_QUERY_PORT = 0\n"
                "MAX_CREATES_PER_MINUTE = inf\nMAX_UPDATES_PER_SECOND = inf\nENABLE_TAGS = False\n")
        with open(os.path.join(self.folder, "storage-schemas.conf"), "w", encoding="utf-8") as file:
            file.write("[all]\npattern = .*\nretentions = 60s:1d\n")

    def command(self):
        # (Its pid file would keep it from starting again after a kill.)
        for name in os.listdir(self.folder):
            if name.endswith(".pid"):
                os.remove(os.path.join(self.folder, name))
        return [*AHEAD, "/usr/bin/carbon-cache", f"--config={self.folder}/carbon.conf", f"--pidfile={self.folder}/carbon.pid",
                "--nodaemon", "start"]  # fmt: skip

    def samples(self, path, start, end):
        """What whisper-fetch reads of a series, by its times; nothing where there is no file."""
        file = os.path.join(self.folder, "whisper", *path.split(".")) + ".wsp"
        if not os.path.exists(file):
            return {}
        text = subprocess.run(
            [*AHEAD, "/usr/bin/whisper-fetch", f"--from={start}", f"--until={end}", "--json", file], check=True, capture_output=True,
            text=True).stdout  # fmt: skip
        found = json.loads(text)
        return {
            found["start"] + number * found["step"]: value for number, value in enumerate(found["values"]) if value is not None
        }


def labels(metric):
    return tuple(sorted(metric.items()))

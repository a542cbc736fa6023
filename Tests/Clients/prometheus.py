"""The real Prometheus from Debian, with the same minutes as a server of ours."""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from .server import eventually


def free_port():
    """A port that nobody has at the moment."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(base, path, parameters, headers=None, post=False, context=None):
    """The status and the JSON of an answer of the API."""
    text = urllib.parse.urlencode(parameters, doseq=True)
    url = f"{base}/api/v1/{path}" + ("" if post else f"?{text}")
    request = urllib.request.Request(url, text.encode() if post else None, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


class Prometheus:
    def __init__(self, open_metrics=None, configuration="global: {}\n"):
        """open_metrics: what it is to know, as text. configuration: its own, in YAML, of which JSON is a part."""
        self.folder = tempfile.mkdtemp(prefix="dattss-prometheus-")
        samples, storage, settings = (os.path.join(self.folder, name) for name in ("samples", "storage", "prometheus.yml"))
        if open_metrics:
            with open(samples, "w", encoding="utf-8") as file:
                file.write(open_metrics)
            subprocess.run(
                ["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, storage], check=True,
                stdout=subprocess.DEVNULL)  # fmt: skip
        with open(settings, "w", encoding="utf-8") as file:
            file.write(configuration)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={storage}",
             f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=10y"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        eventually(lambda: urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200)

    def discard(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

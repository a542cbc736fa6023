"""Alerts end to end: the real server, its command, a real Alertmanager, and a receiver that honours keys."""

import email
import email.policy
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .server import BINARY, REPOSITORY, Server, eventually


class Receiver:
    """A webhook that counts each key once, as a receiver that honours it does."""

    def __init__(self):
        self.bodies = {}
        self.order = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                assert key == body["key"]
                if key not in receiver.bodies:
                    receiver.bodies[key] = body
                    receiver.order += [(alert["event"], alert["subject"]) for alert in body["alerts"]]
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Gauge(threading.Thread):
    """Sends a gauge twice a second, whether or not the server is there."""

    def __init__(self, server, path, value=1):
        super().__init__(daemon=True)
        self.server, self.path, self.value, self.ended = server, path, value, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.5):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                try:
                    sender.sendto(f"{self.path}:{self.value}|g".encode(), ("127.0.0.1", self.server.port("udp")))
                except OSError:
                    pass  # It is being started again.


def post_channel(server, name, **members):
    return server.request("PUT", f"/api/v1/alerts/channels/{name}", json.dumps(members).encode())


def picture_size(png):
    """Width and height of a PNG whose pixels are all there."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n", png[:8]
    width, height = struct.unpack(">II", png[16:24])
    place, rows = 8, b""
    while place < len(png):
        (count,), name = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        data = png[place + 8 : place + 8 + count]
        assert struct.unpack(">I", png[place + 8 + count : place + 12 + count])[0] == zlib.crc32(name + data), name
        rows += data if name == b"IDAT" else b""
        place += 12 + count
    assert len(zlib.decompress(rows)) == height * (width + 1)
    return width, height


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Alerts(unittest.TestCase):
    def setUp(self):
        self.server = Server("--alert-addresses", "127.0.0.1", "--no-self")
        self.addCleanup(lambda: self.server.discard())
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def command(self, *arguments, status=0):
        done = subprocess.run(
            [BINARY, "alert", *arguments, "--url", f"http://{self.server.addresses['http']}", "--auth", self.server.key],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
        return done.stdout + (done.stderr if status else "")

    def channel(self, name, **members):
        status, text = post_channel(self.server, name, **members)
        self.assertEqual(status, 200, text)

    def test_told_within_seconds(self):
        """A threshold is told of within seconds of the sample, and its end too; the command shows and does all of it."""
        self.channel("hook", type="webhook", url=self.receiver.url, secret="s3cret")
        self.assertIn("sent", self.command("test", "hook"))
        rules = Path(self.server.folder) / "rules.yaml"
        rules.write_text(
            "rules:\n  - name: Too hot\n    match: heat.*\n    kind: g\n    measure: value\n    above: 50\n    recover: 40\n"
            "    severity: critical\n    text: \"open: a window\"\n    channels: [hook]\n")
        self.assertIn("+ too-hot", self.command("apply", str(rules), "--dry-run"))
        self.assertNotIn("too-hot", self.command("list"))
        self.assertIn("+ too-hot", self.command("apply", str(rules)))
        gauge = Gauge(self.server, "heat.oven")
        self.addCleanup(gauge.ended.set)
        eventually(lambda: ("g", "heat.oven") in self.server.status())
        gauge.value = 77
        began = time.monotonic()
        eventually(lambda: ("fired", "g:heat.oven") in self.receiver.order)
        print(f"told after {time.monotonic() - began:.1f} s", flush=True)
        self.assertIn("firing", self.command("list"))
        self.assertIn("acknowledged 1", self.command("acknowledge", "too-hot"))
        self.assertIn("acknowledged", self.command("list"))
        gauge.value = 45
        self.assertNotIn(("resolved", "g:heat.oven"), self.receiver.order)
        gauge.value = 20
        eventually(lambda: ("resolved", "g:heat.oven") in self.receiver.order)
        rules.write_text(rules.read_text().replace("50", "60"))
        self.assertIn("above: 50 → 60", self.command("apply", str(rules)))
        self.assertIn("fired", self.command("list", "--events"))
        self.assertIn("acknowledged", self.command("history", "too-hot"))
        self.assertEqual(len(self.command("history", "too-hot", "--limit", "2").splitlines()), 2)
        self.assertEqual(self.command("history", "none"), "")
        self.assertIn("limit: expected a whole number", self.command("history", "--limit", "0", status=65))
        self.assertIn("sent", self.command("list", "--messages"))
        self.command("silence", "--every", "Sun 02:00-04:00 Europe/Paris", "--match", "heat.*")
        self.assertIn("every Sun 02:00-04:00 Europe/Paris", self.command("list"))
        rules.write_text(rules.read_text() + "silences:\n  - every: daily 03:00-04:00\n    match: heat.*\n")
        shown = self.command("apply", str(rules))
        self.assertIn("+ silence daily 03:00-04:00: heat.*", shown)
        self.assertIn("- silence Sun 02:00-04:00 Europe/Paris: heat.*", shown)
        self.assertIn("in 8 days", self.command("backtest", "--match", "heat.*", "--measure", "value", "--above", "10"))
        self.assertIn("measure: is 'p42'", self.command("add", "--match", "a", "--measure", "p42", "--above", "1", status=65))
        self.assertIn("rules[0].above", self.refused_file("rules: [{match: a, measure: sum, above: many}]"))
        self.assertIn("expected 'rules:'", self.refused_file("- a"))

    def refused_file(self, text):
        file = Path(self.server.folder) / "wrong.yaml"
        file.write_text(text)
        return self.command("apply", str(file), status=65)

    def test_alertmanager(self):
        """A real Alertmanager has what fires as long as it does."""
        program = shutil.which("prometheus-alertmanager")
        if not program:
            self.skipTest("no prometheus-alertmanager: apt-get install prometheus-alertmanager")
        folder = tempfile.mkdtemp(prefix="dattss-alertmanager-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (Path(folder) / "config.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        port = free_port()
        process = subprocess.Popen(
            [program, f"--config.file={folder}/config.yml", f"--storage.path={folder}/data", "--cluster.listen-address=",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def alerts():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10) as answer:
                return {alert["labels"]["alertname"]: alert["labels"]["subject"] for alert in json.load(answer)}

        eventually(lambda: alerts() == {})
        self.channel("am", type="alertmanager", url=f"http://127.0.0.1:{port}")
        self.assertIn("sent", self.command("test", "am"))
        self.command("add", "--name", "Too hot", "--match", "heat", "--measure", "value", "--above", "50", "--channel", "am")
        gauge = Gauge(self.server, "heat")
        self.addCleanup(gauge.ended.set)
        gauge.value = 60
        eventually(lambda: alerts() == {"Too hot": "g:heat"})
        gauge.value = 10
        eventually(lambda: alerts() == {})

    def test_mail(self):
        """A letter goes through a real mail server, to the account's own address."""
        mail = subprocess.Popen(
            [str(REPOSITORY / "Tests" / "mail-server")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(mail.stdout.close)
        self.addCleanup(mail.wait)
        self.addCleanup(mail.stdin.close)
        port = mail.stdout.readline().strip()
        self.server.kill()
        self.server.arguments += [
            "--smtp-url", f"smtp://127.0.0.1:{port}", "--smtp-user", "joe", "--mail-from", "d@example.org", "--public-url", "http://d"]
        os.environ["DATTSS_SMTP_PASSWORD"] = "secret"
        self.addCleanup(os.environ.pop, "DATTSS_SMTP_PASSWORD")
        self.server.start()
        self.channel("mail", type="mail", to="ann@example.com")
        self.assertIn("sent", self.command("test", "mail"))
        letter = json.loads(mail.stdout.readline())
        self.assertEqual(letter["to"], ["ann@example.com"])
        self.assertIn("multipart/alternative", letter["text"])
        # With what is known of the statistic there is a picture of it.
        self.server.kill()
        now = int(time.time()) // 60 * 60
        self.server.bring_in(
            ["timestamp,kind,path,value", *(f"{now - 60 * ago},g,heat,{40 + ago % 7}" for ago in range(240, 0, -1))])
        self.server.start()
        self.command("add", "--name", "Hot & dry", "--match", "heat", "--measure", "value", "--above", "50", "--channel", "mail")
        gauge = Gauge(self.server, "heat", 77)
        self.addCleanup(gauge.ended.set)
        letter = email.message_from_string(json.loads(mail.stdout.readline())["text"], policy=email.policy.default)
        self.assertIn("Hot & dry", letter["subject"])
        text, related = letter.iter_parts()
        self.assertEqual(
            [letter.get_content_type(), text.get_content_type(), related.get_content_type()],
            ["multipart/alternative", "text/plain", "multipart/related"])
        self.assertIn("value is 77, above 50", text.get_content())
        page, picture = related.iter_parts()
        self.assertEqual((page.get_content_type(), picture.get_content_type()), ("text/html", "image/png"))
        self.assertEqual(picture.get_content_disposition(), "inline")
        self.assertIn(f'src="cid:{picture["content-id"].strip("<>")}"', page.get_content())
        self.assertIn('alt="heat in the last hours: value from 40 to ', page.get_content())
        self.assertEqual(picture_size(picture.get_content()), (1040, 340))
        path = os.environ.get("DATTSS_PICTURE")
        if path:
            Path(path).write_bytes(picture.get_content())

    def test_metrics(self):
        """What is watched, what fires and what becomes of messages is in /metrics, as promtool wants it."""
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool: apt-get install prometheus")

        def value(name):
            return self.server.metric(name)

        self.channel("hook", type="webhook", url=self.receiver.url)
        self.channel("nowhere", type="webhook", url=f"http://127.0.0.1:{free_port()}/")
        self.command("add", "--name", "Hot", "--match", "heat", "--measure", "value", "--above", "50", "--channel", "hook",
                     "--channel", "nowhere")  # fmt: skip
        self.command("add", "--name", "Quiet", "--match", "none", "--measure", "value", "--above", "50")
        gauge = Gauge(self.server, "heat")
        self.addCleanup(gauge.ended.set)
        gauge.value = 77
        eventually(lambda: value('dattss_alert_rules{state="firing"}') == 1)
        eventually(lambda: value('dattss_alert_messages{state="sent"}') == 1 == value('dattss_alert_messages{state="waiting"}'))
        eventually(lambda: value('dattss_alert_tries_total{outcome="failed"}') >= 1)
        self.assertEqual(value('dattss_alert_tries_total{outcome="sent"}'), 1)
        self.assertEqual(value('dattss_alert_rules{state="no-data"}'), 1)
        self.assertEqual(value('dattss_alert_messages{state="dead"}'), 0)
        self.assertEqual(value("dattss_alert_evaluation_failures_total"), 0)
        self.assertGreater(value("dattss_alert_looks_total"), 0)
        self.assertGreaterEqual(value("dattss_alert_evaluation_seconds_total"), value("dattss_alert_evaluation_last_seconds"))
        self.assertLess(abs(time.time() - value("dattss_alert_last_evaluation_timestamp_seconds")), 120)
        text = self.server.request("GET", "/metrics")[1]
        page = "".join(line for line in text.splitlines(True) if "dattss_alert_" in line)
        done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_private_addresses(self):
        """Without the option no request goes to this machine."""
        self.server.kill()
        self.server.arguments.remove("--alert-addresses")
        self.server.arguments.remove("127.0.0.1")
        self.server.start()
        for number, url in enumerate([self.receiver.url, self.receiver.url.replace("127.0.0.1", "localhost")]):
            self.channel(f"hook{number}", type="webhook", url=url)
            self.assertIn("public network", self.command("test", f"hook{number}", status=69))
        self.assertEqual(self.receiver.bodies, {})


if __name__ == "__main__":
    unittest.main()

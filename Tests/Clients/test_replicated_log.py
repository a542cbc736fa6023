"""The accepted log on a real NATS JetStream of three servers, under load, while servers of either kind are killed, stopped and lost.

What was answered 200 counts exactly once. DATTSS_STREAM_KILLS says how often each thing is killed; scripts/soak has the long run.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

from . import server as server_module
from .engine import Engine
from .server import Server, eventually

KILLS = int(os.environ.get("DATTSS_STREAM_KILLS", "2"))
SEED = int(os.environ.get("DATTSS_SEED", "20261130"))


class Sender(threading.Thread):
    """Sends numbered batches of one hit, each again until it is acknowledged, to whichever server answers."""

    def __init__(self, name, servers):
        super().__init__()
        self.client, self.servers = name, servers
        self.acknowledged = 0
        self.longest = 0.0
        self.refusals = {}
        self.isEnding = False

    def run(self):
        number = 0
        while not self.isEnding:
            number += 1
            started = time.monotonic()
            self.deliver(number)
            self.longest = max(self.longest, time.monotonic() - started)
            self.acknowledged += 1

    def deliver(self, number):
        partial = {"typ": "c", "pth": "load.hits", "sum": 1, "cnt": 1, "max": 1, "min": 1, "top": 1, "bot": 1, "fst": 1, "lst": 1, "pct": 0.1, "emp": False}
        body = json.dumps({"prt": {"c": [partial], "g": [], "ms": []}, "cid": self.client, "seq": number}).encode()
        attempt = 0
        while True:
            server = self.servers[attempt % len(self.servers)]
            attempt += 1
            try:
                request = urllib.request.Request(
                    f"http://{server.addresses['http']}/agg", body, {"Authorization": f"Bearer {server.key}"}, method="PUT")
                with urllib.request.urlopen(request, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except urllib.error.HTTPError as error:
                name = json.loads(error.read())["error"]["name"]
                self.refusals[name] = self.refusals.get(name, 0) + 1
            except OSError:
                pass
            # Waits: a real server is asked again.
            time.sleep(0.02)

    def end(self):
        self.isEnding = True
        self.join()
        return self.acknowledged


class Scene(unittest.TestCase):
    def setUp(self):
        self.engine = Engine()
        self.addCleanup(self.engine.discard)
        self.chance = random.Random(SEED)

    def serve(self, **options):
        server = Server("--accepted-log", self.engine.url(**options), "--no-self", secret="7" * 64)
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        self.addCleanup(shutil.rmtree, server.folder, True)
        return server

    def load(self, *servers, count=3):
        senders = [Sender(f"sender-{number}", servers) for number in range(count)]
        for sender in senders:
            sender.start()
        return senders

    def wait_for(self, senders, more):
        """Until so many batches more are acknowledged."""
        wanted = sum(sender.acknowledged for sender in senders) + more
        eventually(lambda: sum(sender.acknowledged for sender in senders) >= wanted, 120)

    def assert_exact(self, server, senders):
        """Every batch that was acknowledged counts once."""
        total = sum(sender.end() for sender in senders)
        self.assertEqual(server.status()[("c", "load.hits")]["sum"], total, f"seed {SEED}")
        self.assertEqual(server.series("c", "load.hits")["sum"], total, f"seed {SEED}")
        longest = max(sender.longest for sender in senders)
        print(f"{self._testMethodName}: {total} batches, the longest took {longest:.1f} s", flush=True)
        return total


class Faults(Scene):
    def test_servers_of_the_engine_are_killed(self):
        server = self.serve()
        senders = self.load(server)
        self.wait_for(senders, 100)
        for _ in range(KILLS):
            node = self.chance.randrange(3)
            self.engine.kill(node)
            self.wait_for(senders, 100)
            self.engine.start(node)
            eventually(self.engine.is_ready)
            self.wait_for(senders, 100)
        self.assert_exact(server, senders)

    def test_the_server_is_lost_with_its_folder(self):
        server = self.serve()
        senders = self.load(server)
        for _ in range(KILLS):
            self.wait_for(senders, 200)
            server.kill()
            shutil.rmtree(server.data)
            # Accounts, and with them keys, come from the engine; the secret is the operator's to keep.
            server.start()
            self.assertEqual(server.command("user", "key", "local").strip(), server.key)
        self.wait_for(senders, 100)
        self.assert_exact(server, senders)

    def test_server_and_engine_are_killed_at_once(self):
        server = self.serve()
        senders = self.load(server)
        for _ in range(KILLS):
            self.wait_for(senders, 100)
            node = self.chance.randrange(3)
            self.engine.kill(node)
            server.kill()
            server.start()
            self.wait_for(senders, 100)
            self.engine.start(node)
            eventually(self.engine.is_ready)
        self.assert_exact(server, senders)

    def test_an_owner_that_was_stopped_is_deposed_and_ends(self):
        first = self.serve()
        senders = self.load(first)
        self.wait_for(senders, 100)
        first.process.send_signal(signal.SIGSTOP)
        # It answers nobody, and so the second one takes over.
        second = self.serve()
        for sender in senders:
            sender.servers = [second]
        self.wait_for(senders, 100)
        first.process.send_signal(signal.SIGCONT)
        body = b'{"prt":{"c":[{"typ":"c","pth":"late","sum":1,"cnt":1,"max":1,"min":1,"top":1,"bot":1,"fst":1,"lst":1,"pct":0.1,"emp":false}],"g":[],"ms":[]}}'

        def ended():
            """Whether it has ended by what it was asked to write: a batch that was under way may have been stored before."""
            if first.process.poll() is not None:
                return True
            try:
                self.assertEqual(first.request("PUT", "/agg", body)[0], 503)
            except OSError:
                pass
            return False

        eventually(ended)
        self.assertEqual(first.process.returncode, 74)
        first.process.stdout.close()
        self.wait_for(senders, 100)
        self.assert_exact(second, senders)
        self.assertNotIn(("c", "late"), second.status())

    def test_a_server_that_comes_back_stands_by(self):
        first = self.serve()
        senders = self.load(first)
        self.wait_for(senders, 50)
        command = [*first.prefix, server_module.BINARY, "serve", "--data-dir", first.folder + "/second", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0"]
        os.makedirs(first.folder + "/second")
        shutil.copy(first.data + "/secret", first.folder + "/second")
        second = subprocess.Popen([*command, "--accepted-log", self.engine.url(), "--no-self"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in second.stderr:
            if "standing by" in line:
                break
        self.wait_for(senders, 200)
        self.assertIsNone(second.poll())
        self.assertEqual(first.metric("dattss_stream_owned"), 1)
        second.kill()
        second.communicate()
        self.assert_exact(first, senders)

    def test_the_engine_is_away(self):
        server = self.serve()
        senders = self.load(server)
        self.wait_for(senders, 100)
        for node in range(3):
            self.engine.kill(node)
        eventually(lambda: server.request("GET", "/healthz")[0] == 503)
        lines = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        address = ("127.0.0.1", server.port("udp"))
        ends = time.monotonic() + int(os.environ.get("DATTSS_ENGINE_AWAY_SECONDS", "20"))
        sent = 0
        while time.monotonic() < ends:
            lines.sendto(b"line.hits:1|c", address)
            sent += 1
            # Reading goes on.
            self.assertIn(("c", "load.hits"), server.status())
            # Waits: lines come in all of the time.
            time.sleep(0.05)
        lines.close()
        self.assertEqual(server.metric("dattss_stream_answering"), 0)
        for node in range(3):
            self.engine.start(node)
        eventually(self.engine.is_ready)
        self.wait_for(senders, 100)
        self.assert_exact(server, senders)
        self.assertEqual(eventually(lambda: server.status()[("c", "line.hits")]["sum"] == sent and sent), sent)
        self.assertEqual(server.request("GET", "/healthz")[0], 200)
        refusals = {}
        for sender in senders:
            for name, count in sender.refusals.items():
                refusals[name] = refusals.get(name, 0) + count
        self.assertLessEqual(set(refusals), {"outcome_unknown", "log_unavailable", "overloaded"})
        self.assertIn("outcome_unknown", refusals)


class Promises(unittest.TestCase):
    """A start says by name what keeps an engine from being used."""

    def refused(self, engine, **options):
        command = [server_module.BINARY, "serve", "--data-dir", engine.folder + "/data", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0"]
        done = subprocess.run([*command, "--accepted-log", engine.url(**options), "--no-self"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def with_engine(self, **options):
        engine = Engine(nodes=1, **options)
        self.addCleanup(engine.discard)
        return engine

    def test_of_syncing(self):
        self.assertIn("sync_interval: always", self.refused(self.with_engine(sync="2m")))

    def test_of_large_messages(self):
        self.assertIn("max_payload: 8MB", self.refused(self.with_engine(payload="1MB")))

    def test_of_copies(self):
        engine = self.with_engine()
        server = Server("--accepted-log", engine.url(), "--no-self")
        server.discard()
        self.assertIn("expected 3 replicas", self.refused(engine, replicas=3))


if __name__ == "__main__":
    unittest.main()

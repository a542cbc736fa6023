"""Three servers on a real NATS JetStream of three nodes: each of them answers, and each may die.

Under load through all three addresses the one that owns the log is killed and its folder deleted, nodes of the engine are killed, and both at
once. What was answered 200 counts exactly once; an account made just before is there just after. DATTSS_CLUSTER_KILLS says how often;
scripts/soak has the long run.
"""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from .engine import Engine, free_ports
from .server import BINARY, eventually

KILLS = int(os.environ.get("DATTSS_CLUSTER_KILLS", "3"))
SEED = int(os.environ.get("DATTSS_SEED", "20261130"))
# How long nobody may answer after a kill, in seconds: on a machine that is busy with other things; `scripts/soak stream` wants 15.
SILENCE_MAX = float(os.environ.get("DATTSS_CLUSTER_SILENCE", "60"))


class Node:
    """A server of the cluster, which is started again by whoever supervises it when it ends because it was replaced."""

    def __init__(self, folder, number, ports, url):
        self.folder, self.number, self.url = folder, number, url
        self.data = f"{folder}/server{number}"
        self.http, self.udp = f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}"
        self.process = None

    def start(self):
        os.makedirs(self.data, exist_ok=True)
        # The operator gives all of them the same.
        with open(f"{self.data}/secret", "w") as file:
            file.write("7" * 64 + "\n")
        command = [BINARY, "serve", "--data-dir", self.data, "--http", self.http, "--udp", self.udp, "--no-self"]
        with open(f"{self.folder}/server{self.number}.log", "a") as log:
            self.process = subprocess.Popen(
                [*command, "--statsd-user", "local", "--trusted-proxies", "127.0.0.2", "--accepted-log", self.url], stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def lose(self):
        self.kill()
        shutil.rmtree(self.data)

    def request(self, method, path, body=None, headers=None, timeout=10):
        """The status, the text and the headers of an answer, whatever it is."""
        request = urllib.request.Request(f"http://{self.http}{path}", body, headers or {}, method=method)
        try:
            with OPENER.open(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers

    def health(self):
        try:
            return self.request("GET", "/healthz", timeout=2)[1]
        except OSError:
            return ""

    def command(self, *arguments):
        done = subprocess.run([BINARY, *arguments, "--data-dir", self.data], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise OSError(done.stderr)
        return done.stdout.strip()


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


class Sender(threading.Thread):
    """Sends numbered batches of one hit, each again until it is acknowledged, to one server after the other."""

    def __init__(self, number, nodes, key):
        super().__init__()
        self.client, self.nodes, self.key, self.turn = f"sender-{number}", nodes, key, number
        self.acknowledged = 0
        self.times = []
        self.others = set()
        self.isEnding = False

    def run(self):
        number = 0
        while not self.isEnding:
            number += 1
            self.deliver(number)
            self.acknowledged += 1
            self.times.append(time.monotonic())

    def deliver(self, number):
        partial = {"typ": "c", "pth": "load.hits", "sum": 1, "cnt": 1, "max": 1, "min": 1, "top": 1, "bot": 1, "fst": 1, "lst": 1, "pct": 0.1, "emp": False}
        body = json.dumps({"prt": {"c": [partial], "g": [], "ms": []}, "cid": self.client, "seq": number}).encode()
        while True:
            self.turn += 1
            node = self.nodes[self.turn % len(self.nodes)]
            try:
                status, text, _ = node.request("PUT", "/agg", body, {"Authorization": f"Bearer {self.key}"}, timeout=5)
                if status == 200:
                    return
                if status != 503:
                    self.others.add((status, text))
            except (OSError, http.client.HTTPException):
                pass
            # Waits: real servers are asked again.
            time.sleep(0.02)


class Cluster(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dattss-cluster-")
        self.engine = Engine()
        self.chance = random.Random(SEED)
        ports = free_ports(6)
        self.nodes = [Node(self.folder, number, ports[2 * number : 2 * number + 2], self.engine.url()) for number in range(3)]
        for node in self.nodes:
            node.start()
        self.senders = []
        self.ends = threading.Event()
        self.stopped = set()
        self.supervisor = threading.Thread(target=self.supervise)
        self.supervisor.start()
        self.addCleanup(self.discard)
        owner = eventually(self.owner)
        self.key = owner.command("user", "key", "local")
        eventually(lambda: sum(node.health().startswith("standby, passes to ") for node in self.nodes) == 2)

    def supervise(self):
        while not self.ends.wait(0.2):
            for node in self.nodes:
                if node.number not in self.stopped and node.process.poll() == 74:
                    node.start()

    def discard(self):
        for sender in self.senders:
            sender.isEnding = True
        for sender in self.senders:
            sender.join()
        self.ends.set()
        self.supervisor.join()
        for node in self.nodes:
            if node.process.poll() is None:
                node.kill()
        self.engine.discard()
        if os.environ.get("DATTSS_KEEP"):
            print(self.folder)
        else:
            shutil.rmtree(self.folder)

    def owner(self):
        return next((node for node in self.nodes if node.health() == "ok\n"), None)

    def standbys(self):
        return [node for node in self.nodes if node.health().startswith("standby, passes to ")]

    def load(self, count=3):
        self.senders = [Sender(number, self.nodes, self.key) for number in range(count)]
        for sender in self.senders:
            sender.start()

    def wait_for(self, more):
        """Until so many batches more are acknowledged."""
        wanted = sum(sender.acknowledged for sender in self.senders) + more
        eventually(lambda: sum(sender.acknowledged for sender in self.senders) >= wanted, 120)

    def authorized(self, key=None):
        return {"Authorization": f"Bearer {key or self.key}"}

    def hits(self, node):
        status, text, _ = node.request("GET", "/api/v1/status", None, self.authorized())
        self.assertEqual(status, 200, text)
        return {one["pth"]: one["sum"] for one in json.loads(text)["c"]}

    def end_load(self):
        for sender in self.senders:
            sender.isEnding = True
        for sender in self.senders:
            sender.join()
        self.assertEqual(set().union(*(sender.others for sender in self.senders)), set())
        return sum(sender.acknowledged for sender in self.senders)

    def assert_exact(self):
        """Every batch that was acknowledged counts once, whoever is asked."""
        total = self.end_load()
        for node in self.nodes:
            self.assertEqual(eventually(lambda: self.hits(node))["load.hits"], total, f"seed {SEED}")
        return total

    def silence(self, since):
        """The longest time around a moment in which nobody answered anybody."""
        times = sorted(moment for sender in self.senders for moment in sender.times if moment > since - 5)
        return max((after - before for before, after in zip(times, times[1:])), default=0)


class Kills(Cluster):
    def make_account(self, number):
        """What somebody is shown just before the owner is lost: a key, a link to sign in, a board."""
        owner = eventually(self.owner)
        name = f"person{number}"
        key = owner.command("user", "add", name)
        link = owner.command("user", "link", name).split()[-1]
        board = {"name": f"Board {number}", "panels": [{"type": "text", "text": "# Hello", "width": "full"}]}
        # Through one that stands by.
        node = self.chance.choice(self.nodes)
        status, text, _ = node.request("POST", "/api/v1/boards", json.dumps(board).encode(), self.authorized(key))
        self.assertEqual(status, 201, text)
        return name, key, "/sign-in/" + link.rsplit("/", 1)[1], board["name"]

    def assert_account(self, name, key, link, board):
        there = [node for node in self.nodes if node.process.poll() is None]
        node = self.chance.choice(there)
        boards = eventually(lambda: self.boards(node, key))
        self.assertIn(board, boards)
        status, text, headers = node.request("GET", link)
        self.assertIn(status, (302, 303), f"{name}: {text}")
        cookie = headers["Set-Cookie"].split(";")[0]
        # The session that was just made is known to whoever is asked.
        for other in there:
            status, text, _ = eventually(lambda: self.answered(other, "/api/v1/session", {"Cookie": cookie}))
            self.assertEqual(status, 200, text)
            self.assertIn(name, text)

    def answered(self, node, path, headers):
        answer = node.request("GET", path, None, headers)
        return answer if answer[0] != 503 else None

    def boards(self, node, key):
        status, text, _ = node.request("GET", "/api/v1/boards", None, self.authorized(key))
        return text if status == 200 else None

    def test_owners_with_their_folders_and_nodes_of_the_engine_are_lost(self):
        self.load()
        silences = []
        for number in range(KILLS):
            kinds = ["owner", "engine", "both"]
            kind = kinds[number % 3]
            self.wait_for(60)
            account = self.make_account(number)
            owner, node = eventually(self.owner), self.chance.randrange(3)
            since = time.monotonic()
            if kind != "engine":
                owner.lose()
            if kind != "owner":
                self.engine.kill(node)
            self.wait_for(60)
            silences.append(self.silence(since))
            self.assert_account(*account)
            if kind != "engine":
                owner.start()
            if kind != "owner":
                self.engine.start(node)
            eventually(self.engine.is_ready)
            eventually(lambda: self.owner() and len(self.standbys()) == 2)
        total = self.assert_exact()
        print(
            f"{KILLS} kills, {total} batches, without an answer: p50 {statistics.median(silences):.1f} s, "
            f"max {max(silences):.1f} s", flush=True)
        self.assertLessEqual(max(silences), SILENCE_MAX)

    def test_an_owner_that_was_stopped_changes_nothing_when_it_wakes_up(self):
        self.load()
        self.wait_for(30)
        first = eventually(self.owner)
        self.stopped.add(first.number)
        first.process.send_signal(signal.SIGSTOP)
        others = [node for node in self.nodes if node is not first]
        for sender in self.senders:
            sender.nodes = others
        eventually(lambda: any(node.health() == "ok\n" for node in others))
        self.wait_for(30)
        # It is asked in the moment in which it wakes up.
        first.process.send_signal(signal.SIGCONT)
        board = json.dumps({"name": "Late", "panels": []}).encode()
        try:
            status, text, _ = first.request("POST", "/api/v1/boards", board, self.authorized())
            self.assertEqual(status, 503, text)
        except (OSError, http.client.HTTPException):
            pass
        self.assertEqual(first.process.wait(60), 74)
        self.assertNotIn("Late", eventually(lambda: self.boards(others[0], self.key)))
        self.stopped.clear()
        eventually(lambda: first.health().startswith("standby, passes to "))
        self.assert_exact()


class Answers(Cluster):
    def test_whoever_is_asked_answers(self):
        owner = eventually(self.owner)
        standby = self.standbys()[0]
        self.assertIn(owner.http, standby.health())
        with self.subTest("a stream of events goes through as it comes"):
            connection = http.client.HTTPConnection(standby.http, timeout=20)
            connection.request("GET", "/api/v1/live", headers=self.authorized())
            live = connection.getresponse()
            self.assertEqual(live.status, 200)
            lines = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            lines.sendto(b"live.hits:1|c", ("127.0.0.1", int(owner.udp.rsplit(":", 1)[1])))
            lines.close()
            while b"live.hits" not in (line := live.readline()):
                self.assertTrue(line)
            connection.close()
        with self.subTest("large bodies, in pieces, in both directions"):
            partial = {"typ": "c", "sum": 1, "cnt": 1, "max": 1, "min": 1, "top": 1, "bot": 1, "fst": 1, "lst": 1, "pct": 0.1, "emp": False}
            many = [{**partial, "pth": f"many.of_them.number_{number}"} for number in range(5000)]
            body = json.dumps({"prt": {"c": many, "g": [], "ms": []}}).encode()
            for headers in ({}, {"Expect": "100-continue"}):
                status, text, _ = standby.request("PUT", "/agg", body, {**self.authorized(), **headers})
                self.assertEqual(status, 200, text)
            connection = http.client.HTTPConnection(standby.http, timeout=20)
            pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
            connection.request("PUT", "/agg", pieces, self.authorized(), encode_chunked=True)
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b'{"ok":true}'))
            # Over the same connection: the next one, an answer of half a megabyte.
            connection.request("GET", "/api/v1/status", headers=self.authorized())
            answer = connection.getresponse()
            self.assertEqual(len([one for one in json.loads(answer.read())["c"] if one["pth"].startswith("many.")]), 5000)
            connection.request("HEAD", "/", headers=self.authorized())
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b""))
            connection.close()
        with self.subTest("errors are the owner's"):
            self.assertEqual(standby.request("PUT", "/agg", b"{", self.authorized())[0], 400)
            self.assertEqual(standby.request("PUT", "/agg", b"{}")[0], 401)
            self.assertEqual(standby.request("GET", "/nothing")[0], 404)
            self.assertEqual(standby.request("PUT", "/agg", b"x" * (2 << 20), self.authorized())[0], 413)
        with self.subTest("the page"):
            status, text, _ = standby.request("GET", "/", None, {"Accept": "text/html"})
            self.assertIn("<html", text)
        with self.subTest("what was passed on is not passed on again"):
            status, text, headers = standby.request("GET", "/api/v1/status", None, {**self.authorized(), "X-DaTtSs-Passed": "x"})
            self.assertEqual((status, json.loads(text)["error"]["name"], headers["Retry-After"]), (503, "no_owner", "1"))
        with self.subTest("it says how much it passed on"):
            self.assertIn("dattss_standby 1\n", standby.request("GET", "/metrics")[1])
        with self.subTest("the command line says where the accounts are"):
            with self.assertRaises(OSError) as raised:
                standby.command("user", "add", "somebody")
            self.assertRegex(str(raised.exception), "stands by|no data folder")

    def test_what_is_under_way_to_an_owner_that_hangs_ends_and_says_when_to_come_back(self):
        standby = self.standbys()[0]
        owner = eventually(self.owner)
        connection = http.client.HTTPConnection(standby.http, timeout=20)
        connection.request("GET", "/api/v1/live", headers=self.authorized())
        live = connection.getresponse()
        self.stopped.add(owner.number)
        owner.process.send_signal(signal.SIGSTOP)
        status, text, headers = standby.request("GET", "/api/v1/status", None, self.authorized(), timeout=30)
        self.assertEqual((status, json.loads(text)["error"]["name"], headers["Retry-After"]), (503, "no_owner", "1"))
        self.assertEqual(eventually(lambda: self.end_of(live)), True)
        connection.close()
        owner.process.send_signal(signal.SIGCONT)

    def end_of(self, live):
        try:
            while live.readline():
                pass
        except (OSError, http.client.HTTPException):
            pass
        return True


if __name__ == "__main__":
    unittest.main()

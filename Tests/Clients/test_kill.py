"""For each client a program that sends a known mixture for three push periods, across a SIGKILL and restart of the server."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from .server import REPOSITORY, Server, eventually

PROGRAMS = Path(__file__).resolve().parent / "programs"
# A program of Swift has to be built first.
MIXTURE = str(REPOSITORY / ".build" / "debug" / "Mixture")
PERIODS = 3
ROUNDS = 400

# What a program records in each of three periods, ROUNDS times: counters, timers, gauges, and an emphasised statistic.
def expected():
    rounds = range(ROUNDS)
    return {
        ("c", "mix.hits"): [1.0] * ROUNDS * PERIODS,
        ("c", "mix.bytes"): [float(i % 7) for _ in range(PERIODS) for i in rounds],
        ("ms", "mix.wait"): [1 + (i * 37) % 500 + 0.5 for _ in range(PERIODS) for i in rounds],
        ("g", "mix.load"): [float(period * 1000 + i - 200) for period in range(PERIODS) for i in rounds],
    }


class Program:
    """Runs until it says `period N`, and then waits for a line from here."""

    def __init__(self, command, environment):
        # Standard error is shown when a test fails, and has to be empty.
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True)  # fmt: skip

    def read(self, word):
        line = self.process.stdout.readline()
        if not line.startswith(word):
            self.process.kill()
            self.errors.seek(0)
            raise AssertionError(f"expected '{word}', the program said {line!r}; {self.errors.read()}")
        return line

    def go_on(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self):
        """Its last line, and what it wrote to standard error."""
        line = self.read("{")
        self.process.stdin.close()
        code = self.process.wait(30)
        self.process.stdout.close()
        self.errors.seek(0)
        errors = self.errors.read()
        self.errors.close()
        assert code == 0, (code, errors)
        return json.loads(line), errors


class KillTests(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.discard)

    def run_across_a_kill(self, command, **environment):
        program = Program(command, {
            "DATTSS_AUTH_KEY": self.server.key, "DATTSS_SERVER_HTTP_PORT": str(self.server.port("http")),
            "DATTSS_SERVER_UDP_PORT": str(self.server.port("udp")), "DATTSS_PUSH_PERIOD": "0.2", **environment})  # fmt: skip
        # The first period arrives; the second finds nobody, or is killed on its way; the third comes when it is back.
        program.read("period 0")
        eventually(lambda: self.server.status().get(("c", "mix.hits"), {}).get("sum", 0) > 0)
        program.go_on()
        self.server.kill()
        program.read("period 1")
        program.go_on()
        program.read("period 2")
        self.server.start()
        program.go_on()
        return program.end()

    def assert_exact(self):
        eventually(lambda: self.server.status()[("c", "mix.hits")]["sum"] >= ROUNDS * PERIODS)
        status = self.server.status()
        for (kind, path), values in expected().items():
            series = self.server.series(kind, path)
            found = (series["cnt"], series["sum"], series["min"], series["max"])
            self.assertEqual(found, (len(values), sum(values), min(values), max(values)), path)
        self.assertEqual(status[("c", "mix.hits")]["sum"], ROUNDS * PERIODS)
        self.assertTrue(status[("c", "mix.hits")]["emp"])
        self.assertEqual(status[("g", "mix.load")]["lst"], expected()[("g", "mix.load")][-1])
        # The sketch has come through: any percentile is within its error of the nearest rank.
        for quantile, rank in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            values = sorted(expected()[("ms", "mix.wait")])
            true = values[int(-(-rank * len(values) // 1)) - 1]
            points = self.server.series("ms", "mix.wait")["points"]
            if len(points) == 1:
                self.assertAlmostEqual(points[0][quantile] / true, 1, delta=0.0110)
        self.assertNotIn(("c", "dattss.client.dropped"), status)

    def test_node_loses_and_doubles_nothing(self):
        counted, errors = self.run_across_a_kill(["node", str(PROGRAMS / "mixture.js")])
        self.assertEqual((counted["dropped"], errors), (0, ""))
        self.assert_exact()

    def test_python_loses_and_doubles_nothing(self):
        program = [sys.executable, str(PROGRAMS / "mixture.py")]
        counted, errors = self.run_across_a_kill(program, PYTHONPATH=str(REPOSITORY / "clients" / "python"))
        self.assertEqual((counted["dropped"], errors), (0, ""))
        self.assert_exact()

    def test_swift_loses_and_doubles_nothing(self):
        counted, errors = self.run_across_a_kill([MIXTURE])
        self.assertEqual((counted["dropped"], errors), (0, ""))
        self.assert_exact()

    def test_the_end_of_a_swift_program_sends_everything(self):
        program = Program([MIXTURE], {
            "DATTSS_AUTH_KEY": self.server.key, "DATTSS_SERVER_HTTP_PORT": str(self.server.port("http")),
            "DATTSS_PUSH_PERIOD": "99"})  # fmt: skip
        for period in range(PERIODS):
            program.read(f"period {period}")
            program.go_on()
        self.assertEqual(program.end(), ({"dropped": 0}, ""))
        self.assert_exact()

    def test_the_shell_over_http_loses_and_doubles_nothing(self):
        # It waits for its answer, and tries again; so the server comes back while it tries.
        environment = {
            **os.environ, "DATTSS_TRANSPORT": "http", "DATTSS_AUTH_KEY": self.server.key,
            "DATTSS_SERVER_HTTP_PORT": str(self.server.port("http")), "DATTSS_DEBUG": "1"}  # fmt: skip
        script = f". {REPOSITORY}/clients/shell/dattss.sh; for i in 1 2 3; do dattss sh.hits 1c sh.wait ${{i}}ms; done"
        for period in range(3):
            if period == 1:
                self.server.kill()
                program = subprocess.Popen(["sh", "-c", script], env=environment, stderr=subprocess.PIPE, text=True)
                self.server.start()
            else:
                program = subprocess.Popen(["sh", "-c", script], env=environment, stderr=subprocess.PIPE, text=True)
            self.assertEqual((program.communicate(timeout=60)[1], program.returncode), ("", 0))
        series = self.server.series("ms", "sh.wait")
        self.assertEqual((series["cnt"], series["sum"], series["max"]), (9, 18, 3))
        self.assertEqual(self.server.series("c", "sh.hits")["sum"], 9)

    def test_php_loses_only_what_it_sent_while_nobody_was_there(self):
        self.assert_datagrams(["php", str(PROGRAMS / "mixture.php")])

    def test_the_shell_over_udp_loses_only_what_it_sent_while_nobody_was_there(self):
        self.assert_datagrams(["sh", str(PROGRAMS / "mixture.sh")], DATTSS_TRANSPORT="udp")

    def assert_datagrams(self, command, **environment):
        """The program waits between the periods, so that it can say how many samples it sent in each."""
        program = Program(command, {
            "DATTSS_AUTH_KEY": self.server.key, "DATTSS_SERVER_UDP_PORT": str(self.server.port("udp")), **environment})  # fmt: skip
        first = json.loads(program.read("period 0").split(" ", 2)[2])
        eventually(lambda: self.server.status()[("c", "mix.hits")]["sum"] >= first["sent"])
        # What a server has taken in over UDP and not yet written down is lost with it: a second.
        eventually(lambda: self.server.series("c", "mix.hits")["cnt"] == first["sent"])
        self.server.kill()
        program.go_on()
        second = json.loads(program.read("period 1").split(" ", 2)[2])
        self.server.start()
        program.go_on()
        third = json.loads(program.read("period 2").split(" ", 2)[2])
        program.go_on()
        counted, errors = program.end()
        self.assertEqual(errors, "")
        self.assertEqual(counted["sent"] + counted["dropped"], first["sent"] + second["sent"] + second["dropped"] + third["sent"] + third["dropped"])
        self.assertEqual(third["dropped"], 0)
        whole = first["sent"] + third["sent"]
        series = eventually(lambda: self.server.series("c", "mix.hits")["cnt"] >= whole and self.server.series("c", "mix.hits"))
        self.assertEqual((series["cnt"], series["sum"]), (whole, whole))
        waits = self.server.series("ms", "mix.wait")
        self.assertEqual(waits["cnt"], whole)

"""Minutes that are forwarded to the real carbon, VictoriaMetrics and Prometheus, over kills of either side: all are there, with our values.

The server's clock goes twenty times as fast as the machine's, so that minutes pass in seconds. (It is set forward, never back: libfaketime holds up
timers of a clock that is behind.)
"""

import json
import os
import random
import shutil
import socket
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from .server import Server, eventually
from .targets import Carbon, PrometheusReceiver, VictoriaMetrics, kill_behind_faketime, labels

SPEED = 20


class HurriedServer(Server):
    """A server whose clock is set forward again and again, and goes on where it was when it is started again."""

    def __init__(self, *arguments):
        self.began = time.time()
        self.clock = tempfile.TemporaryDirectory(prefix="dattss-clock-")
        self.offset = Path(self.clock.name) / "offset"
        self.ending = threading.Event()
        self.set()
        threading.Thread(target=self.hurry, daemon=True).start()
        # The uptime is the machine's own, as it is when a clock is set.
        super().__init__(*arguments, prefix=[
            "faketime", "--exclude-monotonic", "-f", "+0", "env", "-u", "FAKETIME",
            f"FAKETIME_TIMESTAMP_FILE={self.offset}", "FAKETIME_NO_CACHE=1"])  # fmt: skip

    def hurry(self):
        while not self.ending.wait(0.2):
            self.set()

    def set(self):
        # In one step, so that nobody reads half of it.
        unfinished = self.offset.with_suffix(".tmp")
        unfinished.write_text(f"{round((time.time() - self.began) * (SPEED - 1)):+d}\n")
        unfinished.replace(self.offset)

    def now(self):
        return time.time() + float(self.offset.read_text())

    def discard(self):
        self.ending.set()
        super().discard()
        self.clock.cleanup()

    def kill(self):
        kill_behind_faketime(self.process)
        self.process.stdout.close()

    def points(self, kind, path):
        """Of all minutes, by their beginnings."""
        start = int(self.began) - 3600
        answer = self.get(f"/api/v1/series/{kind}/{path}?step=1&from={start}&to={int(self.now()) + 60}")
        return {point["at"]: point for point in answer["points"]}

    def lag(self, address):
        return self.metric(f'dattss_forward_lag_seconds{{target="{address}"}}')


class Feeder(threading.Thread):
    """Sends batches until each is acknowledged, whatever happens to the server."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.random, self.ending = server, random.Random(seed), threading.Event()
        self.batches = 0

    def run(self):
        sequence = 0
        while not self.ending.is_set():
            sequence += 1
            body = json.dumps({"prt": self.partials(), "cid": "feeder", "seq": sequence}).encode()
            while not self.sent(body):
                if self.ending.wait(0.1):
                    return
            self.batches += 1
            self.send_timers()
            self.ending.wait(0.2)

    def send_timers(self):
        """Lines of statsd, which the server makes distributions of. What a kill takes of them is nowhere."""
        lines = [f"wait:{round(self.random.lognormvariate(3, 1), 3)}|ms" for _ in range(5)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(lines).encode(), ("127.0.0.1", self.server.port("udp")))

    def sent(self, body):
        try:
            return self.server.request("PUT", "/agg", body)[0] == 200
        except OSError:
            return False

    def partials(self):
        def partial(kind, path, value, count=1):
            return {"typ": kind, "pth": path, "sum": value * count, "cnt": count, "max": value, "min": value, "top": value,
                    "bot": value, "fst": value, "lst": value, "pct": 0.1, "emp": False}  # fmt: skip

        counters = [partial("c", "hits.env:prod.host:a", self.random.choice([1, 3, 0.1])), partial("c", "GET_-users", 2)]
        # Silent for minutes at a time.
        if self.random.random() < 0.04:
            counters.append(partial("c", "rare", 1))
        return {
            "c": counters, "g": [partial("g", "load.host:a", round(self.random.uniform(-5, 5), 3))],
            "ms": [],
        }  # fmt: skip


@unittest.skipUnless(shutil.which("faketime"), "there is no faketime here")
class ForwardingTests(unittest.TestCase):
    def setUp(self):
        self.carbon, self.victoria, self.prometheus = self.made(Carbon), self.made(VictoriaMetrics), self.made(PrometheusReceiver)
        self.addresses = [f"{one.address}?user=local" for one in (self.carbon, self.victoria, self.prometheus)]
        self.addresses[1] = self.addresses[1].replace("?", "/api/v1/import?")
        self.server = HurriedServer(*(word for address in self.addresses for word in ("--forward", address)))
        self.addCleanup(self.server.discard)

    def made(self, kind):
        target = kind()
        self.addCleanup(target.discard)
        return target

    def wait_for_minutes(self, count):
        """Lets so many of the server's minutes pass."""
        end = self.server.now() + 60 * count
        eventually(lambda: self.server.now() > end, 60 * count)

    def test_every_minute_is_everywhere_over_kills_of_all(self):
        seed = int(os.environ.get("DATTSS_SEED", "20261130"))
        # A new target begins with the next minute: the feeder begins when all of them have.
        eventually(lambda: all(self.server.lag(address) == 0 for address in self.addresses) and self.cursors() == 3)
        feeder = Feeder(self.server, seed)
        feeder.start()
        self.wait_for_minutes(3)
        # Each target is away for several minutes, and the server is killed meanwhile and once by itself.
        for number, target in enumerate((self.prometheus, self.carbon, self.victoria)):
            failures = self.server.metric(f'dattss_forward_failures_total{{target="{self.addresses[(2, 0, 1)[number]]}"}}')
            target.kill()
            eventually(
                lambda number=number, failures=failures: self.server.metric(
                    f'dattss_forward_failures_total{{target="{self.addresses[(2, 0, 1)[number]]}"}}') > failures)
            self.wait_for_minutes(3)
            self.server.kill()
            self.server.start()
            self.wait_for_minutes(2)
            target.start()
            self.wait_for_minutes(2)
        self.server.kill()
        self.server.start()
        self.wait_for_minutes(2)
        feeder.ending.set()
        feeder.join()
        end = int(self.server.now()) // 60 * 60
        # Until the last minute is everywhere.
        eventually(
            lambda: all(self.server.lag(address) == 0 for address in self.addresses) and self.server.now() > end + 180, 120)
        for address in self.addresses:
            self.assertEqual(self.server.metric(f'dattss_forward_dropped_total{{target="{address}",reason="refused"}}'), 0)
        self.assertGreater(feeder.batches, 50)
        eventually(lambda: self.compare(end) or True, 30)
        print(f"seed {seed}: {feeder.batches} batches", flush=True)

    def cursors(self):
        folder = Path(self.server.data, "forward")
        return len(list(folder.glob("*.minute"))) if folder.exists() else 0

    def compare(self, end):
        hits, rare = (self.server.points("c", path) for path in ("hits.env:prod.host:a", "rare"))
        load, wait = self.server.points("g", "load.host:a"), self.server.points("ms", "wait")
        self.assertGreater(len(hits), 15)
        for one in (self.prometheus, self.victoria):
            later = int(self.server.now()) + 600
            (found,) = one.samples("hits_total", later).values()
            self.compare_totals(found, hits, "sum", one.address)
            (found,) = one.samples("rare_total", later).values()
            self.compare_totals(found, rare, "sum")
            self.assertEqual(self.at_ends(load, "lst"), next(iter(one.samples("load", later).values())))
            (found,) = one.samples("GET__x2d_users_total", later).values()
            self.compare_totals(found, self.server.points("c", "GET_-users"), "sum")
            for metric, field in (("wait_ms_min", "min"), ("wait_ms_max", "max")):
                self.assertEqual(self.at_ends(wait, field), next(iter(one.samples(metric, later).values())))
            for quantile, field in (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99")):
                found = one.samples(f'wait_ms{{quantile="{quantile}"}}', later)
                self.assert_close(self.at_ends(wait, field), next(iter(found.values())))
            self.compare_totals(next(iter(one.samples("wait_ms_count", later).values())), wait, "cnt")
            self.compare_totals(next(iter(one.samples("wait_ms_sum", later).values())), wait, "sum")
        name = labels({"__name__": "hits_total", "env": "prod", "host": "a"})
        self.assertIn(name, self.prometheus.samples("hits_total", end + 600))
        self.compare_carbon(end, hits, rare, load, wait)

    def compare_carbon(self, end, hits, rare, load, wait):
        start = int(self.server.began) - 3600

        def stored(path):
            return self.carbon.samples(f"fwd.stats.{path}", start, int(self.server.now()) + 60)

        for path, points, field in (
            ("counters.hits.env:prod.host:a.count", hits, "sum"), ("counters.rare.count", rare, "sum"),
            ("gauges.load.host:a", load, "lst"), ("timers.wait.count", wait, "cnt"), ("timers.wait.sum", wait, "sum"),
            ("timers.wait.lower", wait, "min"), ("timers.wait.upper", wait, "max"), ("timers.wait.median", wait, "p50"),
            ("timers.wait.upper_95", wait, "p95"), ("timers.wait.upper_99", wait, "p99"),
        ):  # fmt: skip
            found = stored(path)
            expected = {at: point[field] for at, point in points.items()}
            # Silent counters and timers are zero for an hour.
            silent = {at: value for at, value in found.items() if at not in expected}
            self.assert_close(expected, {at: value for at, value in found.items() if at in expected}, path)
            self.assertLessEqual(set(silent.values()), {0.0}, path)
        # As they are answered by our own /render.
        for path in ("counters.rare.count", "timers.wait.upper_90", "counters.rare.rate"):
            answer = self.server.get(f"/graphite/render?target=stats.{path}&from={start}&until={end}&format=json")
            ours = {at: value for value, at in answer[0]["datapoints"] if value is not None}
            theirs = {at: value for at, value in stored(path).items() if at < end}
            self.assert_close({at: value for at, value in ours.items() if at in theirs}, theirs, path)

    def at_ends(self, points, field):
        return {at + 60: point[field] for at, point in points.items()}

    def assert_close(self, expected, found, what=""):
        self.assertEqual(sorted(expected), sorted(found), what)
        for at, value in expected.items():
            self.assertAlmostEqual(found[at], value, delta=abs(value) * 1e-12, msg=f"{what} at {at}")

    def compare_totals(self, found, points, field, what=""):
        """Running totals at the ends of minutes, which never fall; between them a silent counter keeps its own."""
        total, expected = 0, {}
        for at in range(min(points), max(points) + 60, 60):
            total += points.get(at, {field: 0})[field]
            expected[at + 60] = total
        missing = {at + 60 for at in points} - set(found)
        self.assertEqual(missing, set(), what)
        for at, value in found.items():
            if at in expected:
                self.assertAlmostEqual(value, expected[at], delta=1e-9 * abs(total), msg=f"at {at}")
        values = [found[at] for at in sorted(found)]
        self.assertEqual(values, sorted(values), "a total falls")


if __name__ == "__main__":
    unittest.main()

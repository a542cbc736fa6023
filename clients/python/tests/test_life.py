"""Hours of a client inside a program, on a clock that the test turns, beside an oracle that counts every sample."""

import json
import random
import threading
import time
import types
import unittest
import unittest.mock

import dattss._client
from dattss import Dattss

PERIOD = 5.0
REAL_SECONDS_MAX = 20


class HandCondition(threading.Condition):
    """Waits until the hands are turned, or somebody notifies; never for as long as it is told."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.is_idle = clock, False

    def wait(self, timeout=None):
        if threading.current_thread().name == "dattss":
            self.is_idle = True
            self.notify_all()
        return super().wait(REAL_SECONDS_MAX)


class HandClock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def advance(self, client, seconds):
        """Turns the hands, and returns when the sending thread has done everything that is due."""
        condition = client._condition
        with condition:
            self.now += seconds
            condition.is_idle = False
            condition.notify_all()
            deadline = time.monotonic() + REAL_SECONDS_MAX
            while not condition.is_idle:
                assert time.monotonic() < deadline, "the sending thread does not come to rest"
                threading.Condition.wait(condition, REAL_SECONDS_MAX)


class MoodyServer:
    """Counts each batch once, and answers as its mood is: up, away, loses (answers), busy, refuses (the key)."""

    def __init__(self):
        self.mood, self.requests, self.total, self.reported = "up", 0, 0, 0
        self.bodies, self.highest, self.paths, self.unacknowledged, self.problems = {}, 0, {}, {}, []

    def put(self, path, body, timeout):
        self.requests += 1
        if self.mood == "away":
            return None, "away", 0
        if self.mood == "busy":
            return (429, "", 45) if self.requests % 3 == 0 else (503, "", 0)
        if self.mood == "refuses":
            return 401, "", 0
        is_heard = self.mood == "up" or self.requests % 4 == 0
        self.take(body, is_heard)
        return (200, "", 0) if is_heard else (None, "lost", 0)

    def take(self, body, is_heard):
        batch = json.loads(body)
        seq, partials = batch["seq"], [partial for kind in batch["prt"].values() for partial in kind]
        samples = sum(partial["cnt"] for partial in partials if partial["pth"] != "dattss.client.dropped")
        if self.bodies.setdefault(seq, body) != body:
            self.problems.append(f"batch {seq} came again as another")
        if seq > self.highest:
            self.highest = seq
            self.total += samples
            for partial in partials:
                if partial["pth"] == "dattss.client.dropped":
                    self.reported += partial["sum"]
                else:
                    count, total = self.paths.get(partial["pth"], (0, 0))
                    self.paths[partial["pth"]] = (count + partial["cnt"], total + partial["sum"])
        elif seq not in self.unacknowledged:
            self.problems.append(f"batch {seq} came after {self.highest}")
        if is_heard:
            self.unacknowledged.pop(seq, None)
        else:
            self.unacknowledged[seq] = samples

    def close(self):
        pass


class LivingClient(Dattss):
    clock, server = None, None

    def _reset(self):
        super()._reset()
        self._condition = HandCondition(self.clock)

    def _connect(self):
        return self.server


class LifeTests(unittest.TestCase):
    def begin(self, seed):
        self.random, self.clock, self.server, self.recorded = random.Random(seed), HandClock(), MoodyServer(), {}
        fake = types.SimpleNamespace(monotonic=self.clock.monotonic, perf_counter=time.perf_counter, sleep=None)
        patch = unittest.mock.patch.object(dattss._client, "time", fake)
        patch.start()
        self.addCleanup(patch.stop)
        LivingClient.clock, LivingClient.server = self.clock, self.server
        self.client = LivingClient("KEY", "life", on_stop=False, push_period=PERIOD)
        self.client._queue.backoff.random.seed(seed)
        self.addCleanup(self.end)

    def end(self, timeout=2.0):
        """Stops while the clock goes on."""
        answers = []
        stopping = threading.Thread(target=lambda: answers.append(self.client.stop(timeout)))
        stopping.start()
        while stopping.is_alive():
            with self.client._condition:
                self.clock.now += 0.1
                self.client._condition.notify_all()
            stopping.join(0.001)
        return answers[0]

    def record(self, period):
        paths = ["always.a", "always.b", f"often.{period % 7}"]
        # Each is silent for more than an hour, in which it leaves memory, and comes back.
        if period % 50 == 0:
            paths.append(f"rare.{period // 50 % 16}")
        paths += [f"some.{self.random.randrange(300)}" for _ in range(self.random.randrange(6))]
        value = self.random.randrange(1, 1000)

        def add(thread):
            for path in paths:
                (self.client.count, self.client.time, self.client.gauge)[len(path) % 3](path, value + thread)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for path in paths:
            count, total = self.recorded.get(path, (0, 0))
            self.recorded[path] = (count + 3, total + 3 * value + 3)

    def expect_true_books(self, what):
        """recorded = delivered + dropped, where a batch that was counted and of which the client never heard is in both."""
        drops = sum(self.client.drops.values())
        recorded = sum(count for count, _ in self.recorded.values())
        self.assertEqual(self.server.total + drops - sum(self.server.unacknowledged.values()), recorded, what)
        self.assertLessEqual(self.server.reported, drops, what)
        self.assertEqual(self.server.problems, [], what)
        if drops == 0:
            self.assertEqual(self.server.paths, self.recorded, what)

    def test_over_hours_of_a_servers_moods_every_sample_arrives_once_or_is_counted_as_dropped(self):
        for seed, hours_away in [(1, 0), (2, 2)]:
            with self.subTest(seed=seed, hours_away=hours_away):
                self.begin(seed)
                for period in range(5 * 720):
                    if period % 90 == 0:
                        is_away = 2 <= period // 720 < 2 + hours_away
                        mood = self.random.choice(["up", "up", "up", "away", "loses", "busy", "refuses"])
                        self.server.mood = "away" if is_away else mood
                    self.record(period)
                    self.clock.advance(self.client, PERIOD)
                self.server.mood = "up"
                while not self.client.flush():
                    self.clock.advance(self.client, PERIOD)
                self.expect_true_books(f"seed {seed}")
                self.assertEqual(self.client.drops["buffer_full"] > 0, hours_away > 0)
                self.assertTrue(self.end())
                self.expect_true_books(f"seed {seed}, stopped")

    def test_a_program_that_ends_while_its_server_is_away_counts_what_it_gives_up(self):
        self.begin(3)
        for period in range(120):
            self.server.mood = ["up", "loses", "away"][period // 40]
            self.record(period)
            self.clock.advance(self.client, PERIOD)
        self.assertFalse(self.end())
        self.assertGreater(self.client.drops["stopped"], 0)
        self.expect_true_books("stopped")


if __name__ == "__main__":
    unittest.main()

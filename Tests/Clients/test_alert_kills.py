"""Each edge of rules is told once, whenever the server is killed, to a receiver that honours idempotency keys.

DATTSS_ALERT_KILLS says how many kills; scripts/soak has the long run.
"""

import os
import random
import time
import unittest

from .server import Server, eventually
from .test_alerts import Gauge, Receiver, post_channel

KILLS = int(os.environ.get("DATTSS_ALERT_KILLS", "10"))
# A user has 200 messages in an hour.
KILLS_PER_SERVER = 40
# Statistics that cross the edge together, of two rules.
GAUGES = 3


class AlertKills(unittest.TestCase):
    def test_kills(self):
        seed = int(os.environ.get("DATTSS_SEED", "20261129"))
        chance = random.Random(seed)
        missed, twice, told = 0, 0, 0
        for first in range(0, KILLS, KILLS_PER_SERVER):
            receiver = Receiver()
            server = Server("--alert-addresses", "127.0.0.1", "--no-self")
            try:
                expected = self.run_kills(chance, server, receiver, min(KILLS_PER_SERVER, KILLS - first))
            finally:
                server.discard()
                receiver.close()
            found = sorted(receiver.order)
            missed += sum(max(0, expected.count(edge) - found.count(edge)) for edge in set(expected))
            twice += sum(max(0, found.count(edge) - expected.count(edge)) for edge in set(found))
            told += len(found)
            done = min(KILLS, first + KILLS_PER_SERVER)
            print(f"{done} kills, {told} edges told: {missed} missed, {twice} told twice", flush=True)
        self.assertEqual((missed, twice), (0, 0), f"seed {seed}")

    def run_kills(self, chance, server, receiver, kills):
        """The edges that there were."""
        status, text = post_channel(server, "hook", type="webhook", url=receiver.url)
        self.assertEqual(status, 200, text)
        for rule in [
            b'{"match":"heat.*","kind":"g","measure":"value","above":50,"channels":["hook"]}',
            b'{"match":"cold.*","kind":"g","measure":"value","below":50,"channels":["hook"]}',
        ]:
            status, text = server.request("POST", "/api/v1/alerts/rules", rule)
            self.assertEqual(status, 201, text)
        expected = []
        gauges = []
        for number in range(kills):
            begins = number % 2 == 0
            # Each twice only: what comes and goes more often flaps, which is told once.
            if begins:
                paths = [f"{'cold' if place == 0 else 'heat'}.{number}-{place}" for place in range(GAUGES)]
                gauges = [Gauge(server, path, 60 if path.startswith("cold") else 1) for path in paths]
                eventually(lambda: {("g", path) for path in paths} <= set(server.status()))
            for gauge in gauges:
                isCold = gauge.path.startswith("cold")
                gauge.value = (10 if begins else 60) if isCold else (60 if begins else 10)
                expected.append(("fired" if begins else "resolved", f"g:{gauge.path}"))
            # Waits: a kill may come at any moment of a real process.
            time.sleep(chance.uniform(0, 7))
            server.kill()
            server.start()
            count = len(expected)
            try:
                eventually(lambda: len(receiver.order) >= count)
            except AssertionError:
                print(f"after kill {number + 1}: {sorted(set(expected) - set(receiver.order))} are missing", flush=True)
            if not begins:
                for gauge in gauges:
                    gauge.ended.set()
        # Waits: what is told twice may come late.
        time.sleep(6)
        return sorted(expected)


if __name__ == "__main__":
    unittest.main()

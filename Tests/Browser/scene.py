"""What the tests look at: a small shop's week, and the base of all test cases."""

import math
import random
import time
import unittest

from page import Page
from server import Server

SEED = 7


def noon_zone():
    """A time zone in which it is about noon now, so that no test runs into midnight."""
    ahead = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{'-' if ahead >= 0 else '+'}{abs(ahead)}"


def week(now=None, step=60):
    """Samples of seven days and today until now; nothing came from 65 to 35 minutes ago."""
    chance = random.Random(SEED)
    now = int(now or time.time()) // 60 * 60
    samples = []
    for at in range(now - 7 * 86400 - 20 * 3600, now, step):
        hour = at % 86400 / 3600
        load = 0.25 + 0.75 * (math.exp(-(((hour - 11) / 3.2) ** 2)) + 1.15 * math.exp(-(((hour - 20.2) / 2.4) ** 2)))
        if 35 * 60 < now - at <= 65 * 60:
            continue
        for name, weight in (("home", 9), ("product", 14), ("search", 5), ("cart", 2.2)):
            samples.append((at, "c", f"shop.pages.{name}", max(0, round(weight * load * 6 + chance.gauss(0, 1)))))
        samples.append((at, "c", "shop.orders", max(0, round(3 * load + chance.random()))))
        for _ in range(3):
            samples.append((at, "ms", "shop.checkout.time", round(chance.lognormvariate(4.6, 0.4), 1)))
        samples.append((at, "g", "host.web1.load.1m", round(max(0.05, load * 1.4 + chance.gauss(0, 0.1)), 2)))
        samples.append((at, "g", "queue.mail.length", max(0, round(8 * load + chance.gauss(0, 2)))))
    return samples


class Scene(unittest.TestCase):
    """A server and a browser for each class of tests."""

    options = ()
    zone = noon_zone()
    signs_in = True

    @classmethod
    def prepare(cls, server):
        """Before the server starts."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options)
        cls.addClassCleanup(cls.server.discard)
        cls.prepare(cls.server)
        cls.server.start()
        cls.page = Page(cls.server, cls.zone)
        cls.addClassCleanup(cls.page.close)
        if cls.signs_in:
            cls.page.sign_in()

    def assert_sound(self):
        self.assertEqual(self.page.problems(), [])

import unittest

from bench.runs import by_turns, highest, median


class Receiver:
    """One that takes `limit` a second, from a sender that reaches `reach`."""

    def __init__(self, limit, reach=1e12, losses=()):
        self.limit, self.reach, self.losses, self.asked = limit, reach, list(losses), []

    def __call__(self, samples, rate, paths, seconds):
        self.asked.append(rate)
        reached = min(rate, self.reach)
        lost = self.losses.pop(0) if self.losses else max(0, 1 - self.limit / reached)
        return reached, lost, rate / 1000


class RunsTests(unittest.TestCase):
    def test_medians_are_taken_part_by_part_and_measures_take_turns(self):
        asked = []

        def measure(name, results):
            values = iter(results)
            return lambda: asked.append(name) or next(values)
        self.assertEqual(
            by_turns(measure("a", [(1, 9), (3, 7), (2, 8)]), measure("b", [(10,), (30,), (20,)]), runs=3), [[2, 8], [20]])
        self.assertEqual(asked, ["a", "b"] * 3)
        self.assertEqual(median([4, 1, 3, 2]), 2.5)

    def test_the_highest_rate_is_found_within_a_tenth_below_the_limit(self):
        for limit in (2_000, 49_000, 50_000, 130_000, 777_777, 12_345_678):
            for samples in (1, 20):
                rate, was_limited, cost = highest(Receiver(limit), samples, 1000)
                self.assertLessEqual(rate, limit)
                self.assertGreaterEqual(rate * 1.11, limit)
                self.assertFalse(was_limited)
                self.assertAlmostEqual(cost, rate / 1000, delta=1)

    def test_a_sender_that_gets_no_faster_ends_the_search_and_is_named(self):
        rate, was_limited, _ = highest(Receiver(1e12, reach=300_000), 1, 1000)
        self.assertEqual((rate, was_limited), (300_000, True))

    def test_a_loss_that_does_not_repeat_is_the_machine_s(self):
        receiver = Receiver(90_000, losses=[0.1, 0.01])
        self.assertGreaterEqual(highest(receiver, 1, 1000)[0] * 1.11, 90_000)
        self.assertEqual(receiver.asked[:3], [50_000] * 3)

    def test_a_receiver_that_takes_nothing_ends_the_search(self):
        self.assertEqual(highest(Receiver(1), 1, 1000), (0, False, 0))

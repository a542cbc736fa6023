import json
import os
import tempfile
import unittest

from bench import baseline, report

from .printed import printed


class BaselineTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "bench", "baseline.json")

    def save(self, **ratios):
        with printed():
            report.ratios.update(ratios)
            baseline.save(self.path)

    def compare(self, **ratios):
        with printed() as lines:
            report.ratios.update(ratios)
            holds = baseline.compare(self.path)
        return holds, lines[5:]

    def test_what_grew_by_more_than_the_tolerance_is_worse(self):
        self.save(a=1, b=2, c=1, gone=1)
        self.assertEqual(self.compare(a=1.2, b=2.42, c=0.5, new=9), (False, [
            "| a | 1.00 | 1.20 |  |", "| b | 2.00 | 2.42 | **21% worse** |", "| c | 1.00 | 0.50 | 50% better |"]))
        self.assertTrue(self.compare(a=1.2, b=1)[0])

    def test_saving_leaves_the_ratios_of_other_parts(self):
        self.save(a=1, b=2)
        self.save(b=3)
        with open(self.path) as file:
            self.assertEqual(json.load(file)["ratios"], {"a": 1, "b": 3})

    def test_without_a_baseline_it_is_said_how_to_make_one(self):
        with self.assertRaises(SystemExit) as failure:
            baseline.compare(self.path)
        self.assertIn("--save", str(failure.exception))

    def test_the_baseline_of_this_repository_can_be_read(self):
        with open(baseline.PATH) as file:
            ratios = json.load(file)["ratios"]
        self.assertGreater(len(ratios), 20)
        self.assertTrue(all(ratio > 0 for ratio in ratios.values()))

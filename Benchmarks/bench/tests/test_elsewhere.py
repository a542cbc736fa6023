import unittest

from bench import elsewhere, report

from .printed import printed


class QueriesTests(unittest.TestCase):
    def test_a_question_is_told_beside_its_limit_and_what_it_takes_without_merging(self):
        with printed() as lines:
            elsewhere.answers(["p99\t1500.0\tms\t3000.0\t2000.0", "sum\t150.0\tms\t\t100.0", "first\t7.5\tms\t\t"])
            kept, exceeded = dict(report.ratios), list(report.exceeded)
        self.assertEqual(lines[-3:], [
            "| p99 | 1500.00 ms, at most 2000 wanted | 3000.00 ms | 0.50 |",
            "| sum | 150.00 ms, at most 100 wanted: **beyond** |  |  |",
            "| first | 7.50 ms |  |  |",
        ])  # fmt: skip
        self.assertEqual(kept, {"p99: against without merging": 0.5})
        self.assertEqual(exceeded, ["sum: 150.00 ms, at most 100 wanted"])

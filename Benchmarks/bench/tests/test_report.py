import unittest

from bench import report
from bench.stages import stage_cells

from .printed import printed


class ReportTests(unittest.TestCase):
    def test_a_table_is_markdown(self):
        with printed() as lines:
            report.table("Title", ["figure", "value"])
            report.line("rate", "1,000")
        self.assertEqual(lines, ["", "### Title", "", "| figure | value |", "| --- | --- |", "| rate | 1,000 |"])

    def test_a_row_tells_both_numbers_and_keeps_their_ratio(self):
        with printed() as lines:
            report.row("CPU", 3000.25, 2000, "name", 1)
            kept = dict(report.ratios)
        self.assertEqual(lines, ["| CPU | 3,000.2 | 2,000.0 | 1.50 |"])
        self.assertEqual(kept, {"name": 1.5})

    def test_of_what_less_is_worse_the_inverse_is_kept(self):
        with printed() as lines:
            report.row("rate", 1000, 4000, "name", 0, inverted=True)
            kept = dict(report.ratios)
        self.assertEqual(lines, ["| rate | 1,000 | 4,000 | 0.25 |"])
        self.assertEqual(kept, {"name": 4})

    def test_nothing_to_compare_with_divides_by_nothing(self):
        with printed() as lines:
            report.row("rate", 1000, 0, "name", 0)
        self.assertEqual(lines, ["| rate | 1,000 | 0 | inf |"])

    def test_a_rate_says_when_it_was_the_load_s(self):
        self.assertEqual(report.rate(1234567.8, False), "1,234,568")
        self.assertEqual(report.rate(1234567.8, True), "≥ 1,234,568")

    def test_what_keeps_its_limit_says_so_and_fails_nothing(self):
        with printed():
            for value in (-3, 0, 9.999, 10):
                self.assertEqual(report.at_most("delay", value, 10, "ms"), f"{value:.2f} ms, at most 10 wanted")
            self.assertEqual(report.exceeded, [])

    def test_what_is_beyond_its_limit_is_marked_and_kept_as_a_sentence(self):
        with printed():
            self.assertEqual(report.at_most("delay", 10.01, 10, "ms"), "10.01 ms, at most 10 wanted: **beyond**")
            self.assertIn("beyond", report.at_most("count", float("nan"), 10, "ms"))
            self.assertEqual(report.exceeded[0], "delay: 10.01 ms, at most 10 wanted")
            self.assertEqual(len(report.exceeded), 2)

    def test_a_stage_says_when_nothing_counted_its_allocations(self):
        figure = {"stage": "decode", "nanoseconds": 12.34, "floorNanoseconds": 6.17, "ratio": 2, "allocations": None, "allocatedBytes": None}
        self.assertEqual(stage_cells(figure), ["decode", "12.3", "6.17", "2.00", "–", "–"])
        counted = {**figure, "allocations": 0, "allocatedBytes": 8}
        self.assertEqual(stage_cells(counted)[-2:], ["0.00", "8.0"])

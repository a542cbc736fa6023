import contextlib
import io
import json
import unittest

from bench import live, load, start, udp
from bench.command import PARTS, Request


class CommandTests(unittest.TestCase):
    def test_without_a_part_all_run_and_the_log_is_the_first(self):
        request = Request.read([])
        self.assertEqual(request, Request(list(PARTS)))
        self.assertEqual(request.parts[0], "log")

    def test_parts_run_in_the_order_in_which_they_are_named_after_the_log(self):
        self.assertEqual(Request.read(["udp", "http", "--save"]), Request(["udp", "http"], saves=True))
        self.assertEqual(Request.read(["--compare", "http", "log"]), Request(["log", "http"], compares=True))

    def test_what_follows_the_log_is_the_log_s(self):
        self.assertEqual(Request.read(["log", "--quick", "udp"]), Request(["log"], ["--quick", "udp"]))

    def test_what_nobody_knows_is_told_with_the_usage(self):
        for arguments in (["speed"], ["udp", "--fast"], ["-x"]):
            with self.assertRaises(SystemExit) as failure:
                Request.read(arguments)
            self.assertIn(f"unknown: {arguments[-1]}\n", str(failure.exception))
            self.assertIn("scripts/bench --compare", str(failure.exception))

    def test_help_names_every_part(self):
        with contextlib.redirect_stdout(io.StringIO()) as output, self.assertRaises(SystemExit) as end:
            Request.read(["--help"])
        self.assertEqual(end.exception.code, 0)
        words = output.getvalue().replace(",", " ").split()
        self.assertLessEqual(set(PARTS), set(words))


class LoadTests(unittest.TestCase):
    def test_only_many_paths_are_sent_once_before(self):
        self.assertIsNone(udp.warmed_up(1000))
        self.assertEqual(udp.warmed_up(100_000), load.udp_options(20, 100_000, 100_000, 1.5))

    def test_a_sender_without_time_left_was_the_limit(self):
        self.assertTrue(load.was_limit({"senderCPUSeconds": 2.9}, 3))
        self.assertFalse(load.was_limit({"senderCPUSeconds": 2.8}, 3))

    def test_a_day_to_import_ends_now_and_has_every_kind(self):
        lines = list(start.lines(600, minutes=2, statistics=10))
        self.assertEqual(len(lines), 20)
        self.assertEqual(lines[0], "480,c,bench.some.path.0,0\n")
        self.assertEqual(lines[-1], "540,g,bench.some.path.9,9\n")
        self.assertEqual([line.split(",")[1] for line in lines[:10]], ["c"] * 5 + ["ms"] * 4 + ["g"])

    def test_a_live_body_has_as_many_counters_as_asked(self):
        self.assertEqual(len(json.loads(live.batch(7))["prt"]["c"]), 7)

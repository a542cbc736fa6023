import contextlib
import io
import json
import unittest
from unittest import mock

from bench import command, http, live, load, start, udp
from bench.command import PARTS, Request

from .printed import printed


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


class LimitTests(unittest.TestCase):
    """A figure that is printed beside a limit, and is beyond it, ends the run with 1; one that keeps it does not."""

    def run_edges(self, at, between):
        def figures(p999):
            return {"p50": 0.5, "p99": 1.2, "p999": p999, "max": 20}
        result = {"streams": [{"edgeLatency": figures(at), "calmLatency": figures(between)}]}
        server = mock.MagicMock()
        server.return_value.__enter__.return_value.load.return_value = result
        status = 0
        with mock.patch.object(http, "Server", server), mock.patch.object(command.programs, "build"), printed() as lines:
            try:
                command.main(["edges"])
            except SystemExit as end:
                status = end.code
        return status, lines

    def test_a_minute_s_edge_within_its_limit_ends_well(self):
        for at, between in ((4.8, 4.4), (14.4, 4.4), (1, 9)):
            status, lines = self.run_edges(at, between)
            self.assertEqual(status, 0)
            self.assertFalse([line for line in lines if "beyond" in line])

    def test_a_minute_s_edge_beyond_its_limit_fails_behind_its_table(self):
        status, lines = self.run_edges(14.5, 4.4)
        self.assertEqual(status, 1)
        self.assertIn("10.10 ms, at most 10 wanted: **beyond**", lines[-2])
        self.assertEqual(lines[-1], "beyond its limit: p99.9 at a minute's edge: 10.10 ms, at most 10 wanted")


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

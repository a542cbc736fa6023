"""`dattss status` in a real terminal: colours, width, order, JSON, and its end."""

import json
import os
import re
import signal
import subprocess
import unittest

from shell import BINARY, ShellTest, environment, eventually

LONG = "ec2_cpu_utilization." + "b" * 60 + ".5f5533"


class StatusTests(ShellTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        pairs = [LONG, "4c", "shop.orders", "12c", "shop.stock", "9000g", "shop.alarm", "1c!"]
        for words in (pairs, ["shop.time", "30ms", "70ms"]):
            done = self.run_here("send", "--data-dir", self.data, *words)
            self.assertEqual(done.returncode, 0, done)

    def status(self, *options, **more):
        done = self.run_here("status", "--data-dir", self.data, *options, **more)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def rows(self, *options):
        return [line.split()[1] for line in self.status(*options).splitlines()[1:]]

    def test_a_counter_is_told_per_minute_and_the_rate_comes_first(self):
        lines = self.status("shop").splitlines()
        self.assertLess(lines[0].index("last minute"), lines[0].index("value"))
        by_name = {line.split()[1]: line.split() for line in lines[1:]}
        # All of it came within the last minute: the API's average is that of a second.
        self.assertEqual(by_name["shop.orders"][2:4], ["12/min", "12"])
        self.assertEqual(by_name["shop.time"][2:4], ["50", "–"])
        self.assertEqual(by_name["shop.stock"][2:4], ["9000", "9000"])

    def test_order(self):
        self.assertEqual(self.rows("shop"), ["shop.alarm", "shop.orders", "shop.stock", "shop.time"])
        self.assertEqual(self.rows("shop", "--sort", "rate"), ["shop.stock", "shop.time", "shop.orders", "shop.alarm"])
        self.assertEqual(self.rows("shop", "--sort", "value")[:2], ["shop.stock", "shop.orders"])
        self.assertEqual(self.run_here("status", "--sort", "size").returncode, 64)

    def test_the_latest_first(self):
        before = json.loads(self.status("--json"))["at"]
        eventually(lambda: json.loads(self.status("--json"))["at"] > before)
        self.run_here("send", "--data-dir", self.data, "shop.stock", "1g")
        self.assertEqual(self.rows("shop", "--sort", "seen")[0], "shop.stock")

    def test_json(self):
        answer = json.loads(self.status("--json"))
        orders = next(row for row in answer["c"] if row["pth"] == "shop.orders")
        self.assertEqual((orders["sum"], orders["typ"]), (12, "c"))
        self.assertAlmostEqual(orders["avg"] * 60, 12)
        self.assertEqual([row["pth"] for row in json.loads(self.status("--json", "stock"))["g"]], ["shop.stock"])
        self.assertEqual(json.loads(self.status("--json", "stock"))["c"], [])

    def test_nothing_to_see_is_said(self):
        done = self.run_here("status", "--data-dir", self.data, "no.such.path")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 1))
        self.assertIn("no such statistics", done.stderr)

    def test_a_pipe_has_whole_names_and_no_colours(self):
        text = self.status()
        self.assertIn(LONG, text)
        self.assertNotIn("\x1b", text)

    def test_a_long_name_wraps_no_row(self):
        for columns in (60, 80, 132, 400):
            with self.subTest(columns):
                terminal = self.terminal("status", "--data-dir", self.data, columns=columns)
                self.assertEqual(terminal.read_to_end(), 0)
                lines = terminal.plain.splitlines()
                self.assertEqual(len(lines), 6, terminal.plain)
                self.assertLessEqual(max(map(len, lines)), columns)
                row = next(line for line in lines if "ec2_" in line)
                if columns < 400:
                    # Cut in the middle, for the ends tell such names apart.
                    self.assertRegex(row, r"ec2_\S*…\S*5533 ")
                else:
                    self.assertIn(LONG, row)
                self.assertTrue(any("12/min" in line for line in lines))

    def test_colours_are_for_terminals(self):
        def printed(**changes):
            terminal = self.terminal("status", "--data-dir", self.data, env=environment(**changes))
            self.assertEqual(terminal.read_to_end(), 0)
            return terminal.text

        self.assertIn("\x1b[1m", printed())
        self.assertRegex(printed(), r"\x1b\[1;33m[^\n]*shop\.alarm")
        self.assertNotIn("\x1b", printed(NO_COLOR="1"))
        self.assertNotIn("\x1b", printed(TERM="dumb"))

    def test_watch_is_as_large_as_the_terminal_and_goes_on(self):
        terminal = self.terminal("status", "--watch", "--data-dir", self.data, columns=70, rows=5)
        terminal.read_until(r"and 3 more")
        first = len(terminal.text)
        self.run_here("send", "--data-dir", self.data, "shop.alarm", "1000c")
        terminal.read_until(r"1001/min", since=first)
        for frame in terminal.text.split("\x1b[H")[1:-1]:
            lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", frame).replace("\r", "").splitlines()
            self.assertLessEqual(len(lines), 4)
            self.assertLessEqual(max(map(len, lines)), 70)
        self.assertEqual(terminal.end(signal.SIGINT), -signal.SIGINT)

    def test_watch_outlives_the_server_and_says_that_it_is_away(self):
        terminal = self.terminal("status", "--watch", "--data-dir", self.data, columns=200)
        terminal.read_until("shop.orders")
        self.server.end(signal.SIGKILL)
        away = terminal.read_until("no server runs on .*trying again").end()
        terminal.read_until("shop.orders", since=away)
        self.server.start()
        back = len(terminal.text)
        terminal.read_until(r"\x1b\[H(\x1b\[1m)?  +statistic", since=back)

    def test_watch_ends_with_the_program_that_reads_it(self):
        for options in ([], ["--json"]):
            with self.subTest(options):
                command = f"{BINARY} status --watch {' '.join(options)} --data-dir {self.data} | head -n 3 >/dev/null; echo ${{PIPESTATUS[0]}}"
                done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, env=environment())
                self.assertEqual((done.stdout.strip(), done.stderr), (str(128 + signal.SIGPIPE), ""))

    def test_every_command_ends_with_the_program_that_reads_it(self):
        for command in ("user list", "log dump --records", "log stat", "log verify", "status", "status --json"):
            with self.subTest(command):
                reader, writer = os.pipe()
                os.close(reader)
                try:
                    done = self.run_here(*command.split(), "--data-dir", self.data, stdout=writer, stderr=subprocess.PIPE)
                finally:
                    os.close(writer)
                self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ""))


if __name__ == "__main__":
    unittest.main()

"""What somebody sees who starts a server at a terminal, stops it, and starts it again."""

import os
import re
import signal
import subprocess
import unittest
import urllib.request

from shell import BINARY, ROOT, ShellTest, environment


class ServeTests(ShellTest):
    def start(self, *options):
        terminal = self.terminal(
            "serve", "--data-dir", self.data, "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", *options, columns=200)
        terminal.read_until(r"  ready")
        return terminal

    def follow(self, link):
        """Whether the link signs in."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        try:
            urllib.request.build_opener(Stay).open(link)
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.headers["Location"] == "/"

    def test_each_start_at_a_terminal_prints_a_link_that_signs_in(self):
        for number in range(3):
            with self.subTest(number):
                terminal = self.start()
                link = terminal.read_until(r"sign in +(http://\S+/sign-in/\S+)").group(1)
                self.assertTrue(self.follow(link))
                self.assertFalse(self.follow(link), "once")
                self.assertEqual(terminal.end(signal.SIGINT), 0)

    def test_a_start_in_the_background_says_how_to_get_a_link(self):
        """So that not every log is full of links."""
        server = self.serve()
        link = re.search(r"sign in +(http://\S+)", server.printed)
        self.assertTrue(self.follow(link.group(1)))
        server.end()
        server.start()
        self.assertNotIn("/sign-in/", server.printed)
        command = re.search(r"sign in +by the link of '(dattss user link local --data-dir \S+)'", server.printed).group(1)
        done = subprocess.run([BINARY, *command.split()[1:]], capture_output=True, text=True, env=environment())
        self.assertTrue(self.follow(done.stdout.strip()), done)

    def test_the_address_of_the_demo_is_printed(self):
        self.assertNotIn("demo", self.serve().printed)
        self.data += "-demo"
        server = self.serve("--demo", "--demo-days", "1")
        link = re.search(r"demo +(http://\S+)", server.printed).group(1)
        with urllib.request.urlopen(link) as page:
            self.assertIn("<html", page.read().decode())

    def test_a_server_that_cannot_start_does_not_disturb_the_terminal_with_usage(self):
        first = self.start()
        address = first.read_until(r"listening +http://(\S+)").group(1)
        # Many times: what stops before it has begun is full of races.
        for _ in range(10):
            second = self.terminal("serve", "--data-dir", self.data + "2", "--http", address, "--udp", "127.0.0.1:0", columns=200)
            self.assertEqual(second.read_to_end(), 69)
            self.assertIn(f"Error: {address} is taken by another program; try --http 127.0.0.1:", second.plain)
            self.assertNotIn("ready", second.plain)
            self.assertNotIn("USAGE", second.plain.upper())


class FirstStepsTests(ShellTest):
    """What README tells somebody new to type, with a build that is done already."""

    def first_steps(self):
        tools = os.path.join(self.work, "tools")
        os.makedirs(tools, exist_ok=True)
        swift = os.path.join(tools, "swift")
        with open(swift, "w") as file:
            file.write(f"#!/bin/sh\ncase $* in *--show-bin-path*) echo {os.path.dirname(BINARY)} ;; esac\n")
        os.chmod(swift, 0o755)
        return self.terminal(
            command=[os.path.join(ROOT, "scripts/serve"), "--demo", "--demo-days", "1", "--data-dir", self.data, "--http",
                     "127.0.0.1:0", "--udp", "127.0.0.1:0"],
            columns=200, cwd=self.work, env=environment(PATH=f"{tools}:{os.environ['PATH']}"))

    def test_scripts_serve_leads_to_the_page_the_demo_and_the_table(self):
        terminal = self.first_steps()
        command = terminal.read_until(r"In another terminal:\r\n +(\S+ status --watch --data-dir \S+)").group(1)
        terminal.read_until(r"demo +http://\S+/demo")
        terminal.read_until(r"sign in +http://\S+/sign-in/")
        watching = self.terminal(command=command.split(), columns=100, rows=40)
        watching.read_until(r"host\.\S+cpu\.user")
        self.assertEqual(watching.end(signal.SIGINT), -signal.SIGINT)
        os.kill(terminal.pid, signal.SIGTERM)
        self.assertEqual(terminal.read_to_end(), 0)
        self.assertFalse(os.path.exists(os.path.join(self.data, "address")))

    def test_scripts_serve_is_not_misled_by_a_server_that_was_killed(self):
        server = self.serve()
        server.end(signal.SIGKILL)
        self.assertTrue(os.path.exists(os.path.join(self.data, "address")))
        terminal = self.first_steps()
        terminal.read_until("Sampling this machine")
        self.assertIn("ready", terminal.plain)
        self.assertNotIn("Error", terminal.plain)
        os.kill(terminal.pid, signal.SIGTERM)
        self.assertEqual(terminal.read_to_end(), 0)


class HelpTests(ShellTest):
    def test_help_is_as_wide_as_the_terminal_and_breaks_no_command(self):
        for columns in (50, 80, 160):
            with self.subTest(columns):
                terminal = self.terminal("serve", "--help", columns=columns)
                self.assertEqual(terminal.read_to_end(), 0)
                lines = terminal.plain.splitlines()
                example = "  dattss serve --data-dir /var/lib/dattss --http 127.0.0.1:3002 --udp 127.0.0.1:8125 --statsd-user local"
                self.assertIn(example, lines)
                long = [line for line in lines if len(line) > columns and line != example and " <" not in line and len(line.split()) > 1]
                self.assertEqual(long, [])
                self.assertIn("WHERE IT LISTENS:", lines)

    def test_what_is_no_command_gets_the_usage_on_standard_error(self):
        done = self.run_here("serv")
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("Usage:", done.stderr)
        for words in (["--help"], ["help"], ["help", "serve"], ["status", "--help"], ["--version"]):
            with self.subTest(words):
                done = self.run_here(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.strip())


if __name__ == "__main__":
    unittest.main()

"""A key of a data folder goes to the folder's own server, and to nobody else who happens to listen there."""

import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import unittest
import urllib.request

from shell import BINARY, PATIENCE_SECONDS, ShellTest, environment, eventually, free_port

UNAVAILABLE, NO_PERMISSION = 69, 77
# Each would send a key.
COMMANDS = [["status"], ["send", "--timeout", "1", "a", "1c"]]


class KeyTests(ShellTest):
    def assert_told_nothing(self, listener):
        self.assertNotIn(b"local.", listener.received)
        self.assertNotIn(b"Authorization", listener.received)

    def test_no_key_goes_to_the_standard_address_without_a_server(self):
        """As long as the folder's server is down, whoever listens at port 3002 is told nothing."""
        self.serve().end()
        try:
            listener = self.listener(3002)
        except OSError:
            self.skipTest("port 3002 is taken")
        for command in COMMANDS:
            with self.subTest(command):
                done = self.run_here(*command, "--data-dir", self.data)
                self.assert_failure(done, UNAVAILABLE, "no server runs on", "dattss serve")
                self.assertEqual(listener.received, b"")

    def test_no_key_goes_to_a_stranger_at_an_old_address(self):
        server = self.serve()
        server.end(signal.SIGKILL)
        self.assertTrue(os.path.exists(os.path.join(self.data, "address")), "a server that is killed leaves it behind")
        for command in COMMANDS:
            with self.subTest(command):
                self.assert_failure(self.run_here(*command, "--data-dir", self.data), UNAVAILABLE, "nothing listens")
        listener = self.listener(server.port)
        for command in COMMANDS:
            with self.subTest(command):
                done = self.run_here(*command, "--data-dir", self.data)
                self.assert_failure(done, UNAVAILABLE, "is not the server of", server.http)
                self.assertIn(b"challenge=", listener.received)
                self.assert_told_nothing(listener)

    def test_a_stranger_who_asks_the_real_server_for_the_proof_gets_no_key(self):
        """The proof is of an address, so it cannot be passed on from another one."""
        server = self.serve()
        told = []

        class Relay(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                told.append(str(self.headers) + self.path)
                with urllib.request.urlopen(f"http://{server.http}{self.path}") as answer:
                    body = answer.read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        self.addCleanup(relay.server_close)
        self.addCleanup(relay.shutdown)
        with open(os.path.join(self.data, "address"), "w") as file:
            file.write(f"http://127.0.0.1:{relay.server_port}\n")
        done = self.run_here("status", "--data-dir", self.data)
        self.assert_failure(done, UNAVAILABLE, "is not the server of")
        self.assertEqual(len(told), 1)
        self.assertNotIn("Authorization", told[0])

    def test_the_load_generator_keeps_to_it_as_well(self):
        bench = os.path.join(os.path.dirname(BINARY), "dattss-bench")
        if not os.path.exists(bench):
            self.skipTest("scripts/benchmarks build")

        def load(*arguments):
            done = subprocess.run([bench, "load", "--quiet", "--seconds", "0.1", *arguments], cwd=self.work, env=environment(),
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
            self.assertNotEqual(done.returncode, 0, done)
            return done.stderr

        load("--data-dir", "mistyped")
        self.assertEqual(os.listdir(self.work), [])
        server = self.serve()
        elsewhere = self.listener()
        self.assertIn("--key", load("--data-dir", self.data, "--http", f"127.0.0.1:{elsewhere.port}"))
        self.assertEqual(elsewhere.received, b"")
        server.end(signal.SIGKILL)
        listener = self.listener(server.port)
        self.assertIn("is not the server of", load("--data-dir", self.data))
        self.assertIn(b"challenge=", listener.received)
        self.assert_told_nothing(listener)

    def test_the_load_generators_lines_tell_keys_to_the_folders_server_only(self):
        """A datagram asks nobody for a proof: so it is the proven server that says where its lines go."""
        bench = os.path.join(os.path.dirname(BINARY), "dattss-bench")
        if not os.path.exists(bench):
            self.skipTest("scripts/benchmarks build")
        self.serve()
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(stranger.close)
        stranger.bind(("127.0.0.1", 0))

        def load(*arguments):
            return subprocess.run(
                [bench, "load", "--quiet", "--json", "--seconds", "0.3", "--rate", "100", "--over", "udp", "--data-dir", self.data,
                 *arguments], cwd=self.work, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=PATIENCE_SECONDS)

        elsewhere = f"127.0.0.1:{stranger.getsockname()[1]}"
        for lines in ("keyed", "dattss"):
            with self.subTest(lines):
                refused = load("--lines", lines, "--udp", elsewhere)
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn("only go there", refused.stderr)
        # Without --udp they go where the server says, whatever port that is.
        done = load("--lines", "dattss")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(json.loads(done.stdout)["server"]["udpSamples"], 0)
        # A key that is given goes where it is told to; and so do lines without one.
        load("--lines", "dattss", "--udp", elsewhere, "--key", "nobody.00000000000000000000000000000000", "--blind")
        stranger.settimeout(PATIENCE_SECONDS)
        self.assertTrue(stranger.recv(65536).startswith(b"nobody."))

    def test_another_folders_server_gets_no_key(self):
        server = self.serve()
        port = server.port
        server.end(signal.SIGKILL)
        self.data, mine = os.path.join(self.work, "other"), self.data
        self.serve(http=f"127.0.0.1:{port}")
        self.assert_failure(self.run_here("status", "--data-dir", mine), UNAVAILABLE, "is not the server of")

    def test_an_address_that_the_folder_does_not_name_needs_a_key_of_its_own(self):
        server = self.serve()
        listener = self.listener()
        url = f"http://127.0.0.1:{listener.port}"
        for command in (["status"], ["send", "a", "1c"], ["host"]):
            with self.subTest(command):
                done = self.run_here(*command, "--data-dir", self.data, "--url", url)
                self.assert_failure(done, NO_PERMISSION, server.http, "--auth")
        self.assertEqual(listener.received, b"")
        # Named as the folder names it, it is the same.
        self.assertEqual(self.run_here("status", "--data-dir", self.data, "--url", f"http://{server.http}").returncode, 0)

    def test_a_link_says_which_server_it_is_for(self):
        """Whoever opens it gives what is in it to the server at its address."""
        server = self.serve()
        for command in (["link", "local"], ["reset", "local"], ["invite"]):
            done = self.run_here("user", *command, "--data-dir", self.data)
            self.assertTrue(done.stdout.startswith(f"http://{server.http}/"), done)
            self.assertEqual(done.stderr, "")
        server.end()
        for command in (["link", "local"], ["reset", "local"], ["invite"]):
            done = self.run_here("user", *command, "--data-dir", self.data)
            self.assertTrue(done.stdout.startswith("http://127.0.0.1:3002/"), done)
            self.assertIn("no server runs on", done.stderr)
            self.assertIn("--public-url", done.stderr)
            done = self.run_here("user", *command, "--data-dir", self.data, "--public-url", "https://stats.example.com")
            self.assertTrue(done.stdout.startswith("https://stats.example.com/"), done)
            self.assertEqual(done.stderr, "")

    def test_host_asks_again_when_the_server_was_away(self):
        """What listens at the address after a restart may be somebody else."""
        server = self.serve()
        host = self.terminal("host", "--data-dir", self.data, "--interval", "0.1", "--prefix", "box")
        seen = lambda: "box.uptime" in self.run_here("status", "--data-dir", self.data).stdout
        eventually(seen)
        server.end(signal.SIGKILL)
        listener = self.listener(server.port)
        host.read_until("is not the server of")
        self.assert_told_nothing(listener)
        listener.close()
        # It finds the server at its new address, and loses nothing.
        server.http = f"127.0.0.1:{free_port()}"
        server.start()
        host.read_until("sending again")
        self.assertEqual(host.end(signal.SIGTERM), 0)

    def test_host_waits_for_a_server_that_comes_later(self):
        """Whoever starts both at once, as a machine does, need not care which is ready first."""
        server = self.serve()
        server.end()
        listener = self.listener(server.port)
        host = self.terminal("host", "--data-dir", self.data, "--interval", "0.1", "--prefix", "box")
        host.read_until("no answer from the server of .*no server runs on")
        self.assertEqual(listener.received, b"")
        server.http = "127.0.0.1:0"
        server.start()
        host.read_until("sending again")
        eventually(lambda: "box.uptime" in self.run_here("status", "--data-dir", self.data).stdout)
        self.assertEqual(host.end(signal.SIGTERM), 0)

    def test_host_with_a_wrong_key_says_so_once_and_ends(self):
        server = self.serve()
        key = self.run_here("user", "revoke", "local", "--data-dir", self.data).stdout.strip()
        wrong = re.sub(r"[0-9a-f]{4}$", lambda end: "0000" if end.group() != "0000" else "1111", key)
        host = self.terminal("host", "--url", f"http://{server.http}", "--auth", wrong, "--interval", "0.1")
        self.assertEqual(host.read_to_end(), NO_PERMISSION)
        self.assertEqual(len(host.plain.strip().splitlines()), 1, host.plain)
        self.assertIn("refuses the key", host.plain)
        self.assertNotIn("kept", host.plain)
        self.assertNotIn("dropped", host.plain)


class ProofTests(ShellTest):
    def test_only_a_challenge_is_answered(self):
        server = self.serve()

        def ask(query):
            try:
                with urllib.request.urlopen(f"http://{server.http}/api/v1/server-proof{query}") as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, json.load(error)

        for query in ("", "?challenge=", "?challenge=short", "?challenge=" + "a" * 65, "?challenge=" + "A" * 16,
                      "?challenge=0123456789abcde%20", "?challenge=0123456789abcde:"):
            with self.subTest(query):
                status, answer = ask(query)
                self.assertEqual((status, answer["error"]["name"]), (400, "bad_value"))
        status, first = ask("?challenge=0123456789abcdef")
        self.assertEqual((status, list(first)), (200, ["proof"]))
        self.assertRegex(first["proof"], "^[0-9a-f]{64}$")
        self.assertEqual(ask("?challenge=0123456789abcdef")[1], first)
        self.assertNotEqual(ask("?challenge=0123456789abcdee")[1]["proof"], first["proof"])


if __name__ == "__main__":
    unittest.main()

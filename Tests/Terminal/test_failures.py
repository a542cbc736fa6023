"""What can go wrong, in words that name the way out, and with exit codes that scripts can tell apart (sysexits.h)."""

import gzip
import os
import signal
import socket
import subprocess
import unittest

from shell import BINARY, ShellTest, environment, free_port, run, unprivileged

NO_INPUT, NO_USER, NO_HOST, UNAVAILABLE, CANNOT_CREATE, IO_ERROR, NO_PERMISSION, CONFIGURATION = 66, 67, 68, 69, 73, 74, 77, 78
DATA = 65


class StartTests(ShellTest):
    """`serve` that cannot start says so before it is ready."""

    def serve_here(self, *options, **more):
        done = self.run_here("serve", "--data-dir", self.data, *options, **more)
        self.assertNotIn("ready", done.stdout)
        return done

    def test_a_port_that_is_taken_is_named(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        self.addCleanup(datagrams.close)
        cases = {
            "--http": (taken, "127.0.0.1:0"), "--udp": (datagrams, "127.0.0.1:0"), "--statsd-tcp": (taken, "127.0.0.1:0"),
        }
        for option, (other, _) in cases.items():
            with self.subTest(option):
                address = f"127.0.0.1:{other.getsockname()[1]}"
                addresses = {"--http": "127.0.0.1:0", "--udp": "127.0.0.1:0", option: address}
                done = self.serve_here(*[word for pair in addresses.items() for word in pair])
                self.assert_failure(done, UNAVAILABLE, f"{address} is taken", f"try {option} 127.0.0.1:")

    def test_a_socket_that_another_server_listens_to_stays_its_own(self):
        for option, kind in (("--statsd-socket", socket.SOCK_DGRAM), ("--statsd-stream-socket", socket.SOCK_STREAM)):
            with self.subTest(option):
                path = os.path.join(self.work, f"lines{kind}.sock")
                with socket.socket(socket.AF_UNIX, kind) as other:
                    other.bind(path)
                    if kind == socket.SOCK_STREAM:
                        other.listen()
                    done = self.serve_here("--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", option, path)
                self.assert_failure(done, UNAVAILABLE, path, option)

    def test_a_folder_in_use_is_told_with_its_server(self):
        server = self.serve()
        done = self.serve_here("--http", "127.0.0.1:0", "--udp", "127.0.0.1:0")
        self.assert_failure(done, UNAVAILABLE, "a server runs on", self.data, server.http, "--data-dir")
        # And that one is as it was.
        self.assertEqual(self.run_here("status", "--data-dir", self.data).returncode, 0)
        for command in (["log", "compact"], ["log", "repair", "--to", "new"], ["import", __file__]):
            with self.subTest(command):
                self.assert_failure(
                    self.run_here(*command, "--data-dir", self.data), UNAVAILABLE, "a server runs on", server.http)

    def test_addresses_that_cannot_be_had(self):
        cases = [
            ("--http", "nowhere.invalid:3002", NO_HOST, "nowhere.invalid"), ("--udp", "nowhere.invalid:1", NO_HOST, "--udp"),
            ("--http", "192.0.2.1:3002", UNAVAILABLE, "no address of this machine"),
            ("--udp", "192.0.2.1:8125", UNAVAILABLE, "no address of this machine"),
            ("--statsd-tcp", "192.0.2.1:8125", UNAVAILABLE, "0.0.0.0:8125"),
            ("--graphite", "192.0.2.1:2003", UNAVAILABLE, "0.0.0.0:2003"),
            ("--statsd-socket", "/nowhere/at/all.sock", 71, "does not exist"),
            ("--statsd-stream-socket", "/" + "long/" * 30, 71, "too long"),
        ]
        for option, place, code, words in cases:
            with self.subTest(option, place=place):
                addresses = {"--http": "127.0.0.1:0", "--udp": "127.0.0.1:0", option: place}
                done = self.serve_here(*[word for pair in addresses.items() for word in pair])
                self.assert_failure(done, code, words)

    def test_lines_of_nobody_are_refused_at_the_start(self):
        for user in ("nobody", "dattss"):
            with self.subTest(user):
                done = self.serve_here("--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--statsd-user", user)
                self.assert_failure(done, NO_USER, f"there is no user '{user}'", f"dattss user add {user}")
        # 'local' is made by the first start.
        server = self.serve("--statsd-user", "local")
        self.assertIn("lines belong to the user 'local'", server.printed)

    def test_files_that_are_missing_or_wrong(self):
        empty = os.path.join(self.work, "empty")
        open(empty, "w").close()
        common = ["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0"]
        self.assert_failure(self.serve_here(*common, "--config", "nowhere.conf"), NO_INPUT, "nowhere.conf", "configuration")
        with open(os.path.join(self.work, "bad.conf"), "w") as file:
            file.write("htpp = 127.0.0.1:0\n")
        self.assert_failure(self.serve_here("--config", "bad.conf"), CONFIGURATION, "bad.conf:1", "'htpp'")
        self.assert_failure(
            self.serve_here(*common, "--tls-certificate", "nowhere.pem", "--tls-key", empty), NO_INPUT, "nowhere.pem")
        self.assert_failure(
            self.serve_here(*common, "--tls-certificate", empty, "--tls-key", empty), DATA, "PEM")

    def test_a_wrong_option_is_a_matter_of_usage(self):
        done = self.serve_here("--retention-days", "0")
        self.assertEqual(done.returncode, 64, done)
        self.assertIn("--retention-days", done.stderr)


class FolderTests(ShellTest):
    """Only `serve` and `import` make a data folder: a name that is mistyped does not."""

    COMMANDS = [
        ["user", "list"], ["user", "key", "x"], ["user", "invite"], ["user", "add", "ann"], ["user", "link", "local"],
        ["user", "reset", "local"], ["user", "revoke", "local"], ["user", "delete", "local"], ["user", "keys", "list", "local"],
        ["user", "keys", "add", "local", "x"], ["user", "sessions", "list", "local"], ["user", "email", "local", "a@example.com"],
        ["user", "retention", "local"], ["team", "list", "local"], ["team", "invite", "local"], ["log", "stat"], ["log", "verify"], ["log", "dump"], ["log", "export", "--user", "local"],
        ["log", "compact"], ["log", "repair", "--to", "repaired"],
    ]

    def test_a_missing_folder_is_told_and_not_made(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                done = self.run_here(*command, "--data-dir", "mistyped")
                self.assert_failure(done, NO_INPUT, "there is no data folder 'mistyped'", "--data-dir")
                self.assertEqual(os.listdir(self.work), [])
        done = self.run_here("replay", "--from", "mistyped")
        self.assert_failure(done, NO_INPUT, "there is no data folder 'mistyped'", "--from")
        self.assertEqual(os.listdir(self.work), [])

    def test_a_folder_of_something_else_is_told_and_left_alone(self):
        other = os.path.join(self.work, "other")
        os.mkdir(other)
        open(os.path.join(other, "letter.txt"), "w").close()
        for command in self.COMMANDS + [["replay", "--from", other]]:
            with self.subTest(command):
                done = self.run_here(*command, *([] if command[0] == "replay" else ["--data-dir", other]))
                self.assert_failure(done, NO_INPUT, "is no data folder")
                self.assertEqual(os.listdir(other), ["letter.txt"])

    def test_commands_that_send_make_none_either(self):
        for command in (["status"], ["host"], ["send", "a", "1c"]):
            with self.subTest(command):
                self.assert_failure(self.run_here(*command, "--data-dir", "mistyped"), NO_INPUT, "mistyped", "--data-dir")
                self.assertEqual(os.listdir(self.work), [])

    def test_a_lost_secret_is_not_replaced(self):
        self.serve().end()
        os.remove(os.path.join(self.data, "secret"))
        for command in (["user", "key", "local"], ["user", "add", "ann"], ["status"], ["send", "a", "1c"], ["host"]):
            with self.subTest(command):
                done = self.run_here(*command, "--data-dir", self.data)
                self.assert_failure(done, NO_INPUT, "secret", "backup")
                self.assertFalse(os.path.exists(os.path.join(self.data, "secret")))


class FileTests(ShellTest):
    def test_permissions(self):
        self.serve().end()
        os.chmod(self.data, 0o700)
        mine = unprivileged()
        if not mine:
            os.chmod(self.data, 0o000)
            self.addCleanup(os.chmod, self.data, 0o700)
        for command in (["user", "list"], ["log", "verify"], ["log", "stat"], ["serve", "--http", "127.0.0.1:0"], ["status"]):
            with self.subTest(command):
                done = self.run_here(*command, "--data-dir", self.data, **mine)
                self.assert_failure(done, NO_PERMISSION, "no permission for", self.data)

    def test_a_folder_that_cannot_be_made(self):
        os.chmod(self.work, 0o555)
        self.addCleanup(os.chmod, self.work, 0o755)
        done = self.run_here("serve", "--data-dir", self.data, **unprivileged())
        self.assert_failure(done, NO_PERMISSION, self.data)
        file = os.path.join(self.work, "file")
        os.chmod(self.work, 0o755)
        open(file, "w").close()
        self.assert_failure(self.run_here("serve", "--data-dir", file + "/data"), NO_INPUT, file, "is a file")

    def test_input_files(self):
        common = ["--data-dir", self.data]
        self.assert_failure(self.run_here("import", "nowhere.csv", *common), NO_INPUT, "there is no nowhere.csv")
        self.assert_failure(self.run_here("import", self.work, *common), NO_INPUT, "is a folder")
        secret = os.path.join(self.work, "secret.csv")
        with open(secret, "w") as file:
            file.write("timestamp,value\n")
        os.chmod(secret, 0o000)
        self.assert_failure(self.run_here("import", secret, *common, **unprivileged()), NO_PERMISSION, secret)
        cut = os.path.join(self.work, "cut.csv.gz")
        with open(cut, "wb") as file:
            file.write(gzip.compress(os.urandom(100_000))[:5000])
        self.assertEqual(self.run_here("import", cut, *common).returncode, DATA)
        self.assertFalse(os.path.exists(self.data), "nothing is made before the files are read")
        good = os.path.join(self.work, "good.csv")
        with open(good, "w") as file:
            file.write("timestamp,value\n")
        self.assert_failure(
            self.run_here("import", good, "--user", "ann", *common), NO_USER, "there is no user 'ann'", "dattss user add ann")

    def test_users(self):
        self.serve().end()
        here = ["--data-dir", self.data]
        self.assert_failure(self.run_here("user", "key", "nobody", *here), NO_USER, "no user 'nobody'")
        self.assert_failure(self.run_here("user", "link", "nobody", *here), NO_USER, "nobody")
        self.assert_failure(self.run_here("user", "add", "local", *here), CANNOT_CREATE, "already")

    def test_a_full_disk_behind_standard_output(self):
        server = self.serve()
        self.assertEqual(self.run_here("send", "a", "1c", "--data-dir", self.data).returncode, 0)
        server.end()
        for command in (["user", "list"], ["user", "key", "local"], ["log", "stat"], ["log", "verify"], ["log", "dump"]):
            with self.subTest(command), open("/dev/full", "w") as full:
                done = self.run_here(*command, "--data-dir", self.data, stdout=full, stderr=subprocess.PIPE)
                self.assert_failure(done, IO_ERROR, "the disk is full", "standard output")

    def test_a_full_disk_below_the_data_folder(self):
        disk = os.path.join(self.work, "disk")
        os.mkdir(disk)
        inside = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
        mount = f"mount -t tmpfs -o size=64k none {disk}"
        if subprocess.run([*inside, "sh", "-c", mount], capture_output=True).returncode != 0:
            self.skipTest("nobody may mount here")
        serve = f"{BINARY} serve --data-dir {disk}/data --http 127.0.0.1:0 --udp 127.0.0.1:0"
        done = subprocess.run(
            [*inside, "sh", "-c", f"{mount} && head -c 65536 /dev/zero >{disk}/filler; {serve}"], capture_output=True, text=True,
            env=environment())
        self.assertEqual(done.returncode, IO_ERROR, done)
        self.assertIn("the disk is full", done.stderr)


class ServerAwayTests(ShellTest):
    def test_a_dead_address_is_told_at_once(self):
        dead = f"http://127.0.0.1:{free_port()}"
        # A limit far below the ten seconds of silence that it was, and far above what it takes.
        done = self.run_here("status", "--url", dead, "--auth", "local.00")
        self.assert_failure(done, UNAVAILABLE, dead, "nothing listens there")
        self.assert_failure(self.run_here("status", "--url", "http://nowhere.invalid:1", "--auth", "x"), NO_HOST, "nowhere.invalid")
        self.assert_failure(self.run_here("send", "--timeout", "0.5", "--url", dead, "--auth", "x", "a", "1c"), UNAVAILABLE, "nothing listens")
        self.assert_failure(self.run_here("status", "--url", "here", "--auth", "x"), DATA, "no address")

    def test_what_is_no_server_of_ours_is_told_so(self):
        answers = {
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}": "no DaTtSs server",
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>": "answers 404",
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n": "answers 302",
            b"220 mail.example.com ESMTP\r\n": "does not speak HTTP", b"": "closed the connection",
        }
        for answer, words in answers.items():
            with self.subTest(answer):
                url = f"http://127.0.0.1:{self.listener(answer=answer).port}"
                self.assert_failure(self.run_here("status", "--url", url, "--auth", "x"), UNAVAILABLE, url, words)

    def test_tls_to_a_server_without_it_is_told_so(self):
        url = f"https://{self.serve().http}"
        self.assert_failure(self.run_here("status", "--url", url, "--auth", "x"), UNAVAILABLE, url, "not https://")

    def test_a_server_that_hangs_is_told_so(self):
        server = self.serve()
        server.process.send_signal(signal.SIGSTOP)
        self.assert_failure(self.run_here("status", "--data-dir", self.data), UNAVAILABLE, server.http, "in time")

    def test_a_certificate_of_another_name_is_told_with_the_way_out(self):
        pem = os.path.join(self.work, "own.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stats",
             "-keyout", pem + ".key", "-out", pem], check=True, capture_output=True)
        server = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self.data, "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--tls-certificate", pem,
             "--tls-key", pem + ".key"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.assertTrue(any(line.strip() == "ready" for line in server.stdout))
        done = self.run_here("status", "--data-dir", self.data)
        self.assert_failure(done, UNAVAILABLE, "no secure connection to https://127.0.0.1:", "--url", "--auth")

    def test_a_wrong_key_is_told_with_the_way_to_a_right_one(self):
        server = self.serve()
        url = f"http://{server.http}"
        for command in (["status"], ["send", "a", "1c"], ["host"]):
            with self.subTest(command):
                done = self.run_here(*command, "--url", url, "--auth", "local.0123456789abcdef0123456789abcdef")
                self.assert_failure(done, NO_PERMISSION, "refuses the key", "dattss user key", "--auth")

    def test_a_key_that_may_only_read_is_told_so(self):
        server = self.serve()
        key = self.run_here("user", "keys", "add", "local", "reader", "--scope", "read", "--data-dir", self.data).stdout.strip()
        command = ["send", "a", "1c", "--url", f"http://{server.http}", "--auth", key]
        done = run(*command)
        for _ in range(100):
            # The server notices new keys within a second.
            if "refuses the key" not in done.stderr:
                break
            done = run(*command)
        self.assert_failure(done, NO_PERMISSION, "does not let the key do that", "--scope all")


if __name__ == "__main__":
    unittest.main()

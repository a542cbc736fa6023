"""The real command, typed into a shell: in pipes, and in a terminal of its own (a pty)."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("DATTSS_BINARY", os.path.join(ROOT, ".build/debug/dattss"))

# All tests of a machine may run at once: this is how long something that is known to come may take.
PATIENCE_SECONDS = 120


def environment(**changes):
    """Without what the caller has set for himself."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DATTSS_") and name != "NO_COLOR"}
    return {**own, "TERM": "xterm-256color", **changes}


def unprivileged():
    """Arguments for subprocess: root may do everything, so that what is forbidden has to be tried as somebody else."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def run(*arguments, cwd=None, **options):
    """Runs a command to its end."""
    return subprocess.run(
        [BINARY, *arguments], cwd=cwd, env=options.pop("env", None) or environment(), stdin=subprocess.DEVNULL,
        capture_output="stdout" not in options, text=True, timeout=PATIENCE_SECONDS, **options)


class Terminal:
    """A program in a terminal of a certain size; what it prints is read as it comes."""

    def __init__(self, command, columns=80, rows=24, cwd=None, env=None):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd or ".")
                os.execvpe(command[0], command, env or environment())
            finally:
                os._exit(127)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.text = ""
        self.status = None

    def read_until(self, pattern, since=0):
        """Reads until the pattern is in what was printed since a position; answers the match."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = re.search(pattern, self.text[since:])
            if found:
                return found
            if time.monotonic() > deadline or not self._read(1):
                raise AssertionError(f"{pattern!r} was not printed: {self.text!r}")

    def read_to_end(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read(1):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"it did not end; the last that it printed: {self.text[-2000:]!r}")
        return self.wait()

    def _read(self, seconds):
        """Whether there may be more to read."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait(self):
        """The exit code, or minus the number of the signal that ended it."""
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def end(self, number=signal.SIGKILL):
        if self.status is None:
            os.kill(self.pid, number)
            self.read_to_end()
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        return self.status

    @property
    def plain(self):
        """Without codes for colours and the cursor."""
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.text).replace("\r\n", "\n")


class Listener:
    """A stranger's program at a port, which notes every byte that it is told."""

    def __init__(self, port=0, answer=None):
        self.received = b""
        self.socket = socket.create_server(("127.0.0.1", port))
        self.answer = answer if answer is not None else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE_SECONDS)
                try:
                    self.received += connection.recv(65536)
                    connection.sendall(self.answer)
                except OSError:
                    pass

    def close(self):
        if self.socket.fileno() >= 0:
            # Ends the accept of the other thread, too.
            self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()


class Server:
    """The real server on a folder of its own."""

    def __init__(self, folder, *options, http="127.0.0.1:0", udp="127.0.0.1:0"):
        self.folder, self.options, self.http, self.udp = folder, options, http, udp
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self.folder, "--http", self.http, "--udp", self.udp, *self.options],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.printed = ""
        for line in self.process.stdout:
            self.printed += line
            if line.strip() == "ready":
                break
        self.http = re.search(r"listening\s+http://(\S+)", self.printed).group(1)
        self.udp = re.search(r"udp (\S+)", self.printed).group(1)
        self.port = int(self.http.rsplit(":", 1)[1])

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stdout.close()
        return status


class ShellTest(unittest.TestCase):
    """Has a folder to work in."""

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="dattss-terminal-")
        os.chmod(self.work, 0o755)
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        self.data = os.path.join(self.work, "data")

    def serve(self, *options, **addresses):
        server = Server(self.data, *options, **addresses)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def terminal(self, *arguments, command=None, **options):
        terminal = Terminal(command or [BINARY, *arguments], **options)
        self.addCleanup(terminal.end)
        return terminal

    def listener(self, *arguments, **options):
        listener = Listener(*arguments, **options)
        self.addCleanup(listener.close)
        return listener

    def run_here(self, *arguments, **options):
        return run(*arguments, cwd=self.work, **options)

    def assert_failure(self, done, code, *words):
        """One line in plain words, with the code for its kind, and no usage below it."""
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("Error: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        for kernel in ("errno", "(errno", "NIO", "bind", "flock", "mkdir", "Optional("):
            self.assertNotIn(kernel, done.stderr)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def eventually(condition):
    """Asks again until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        # Waits: a real program is asked again.
        time.sleep(0.05)

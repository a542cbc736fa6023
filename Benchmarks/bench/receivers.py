"""What is sent to: the server, the bare loops that it is compared with, and nginx."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from . import process
from .load import load
from .programs import beside, dattss, prepare


class Receiver:
    """A process on the first core, of which the processor time is taken."""

    def __init__(self, command, announcement, last=None):
        """Waits for a line that `announcement` matches, and then for the line `last`, if there is to be one."""
        began = time.monotonic()
        self.process = subprocess.Popen(process.pinned(process.SERVER_CORE, command), stdout=subprocess.PIPE, text=True)
        self.match = None
        for line in self.process.stdout:
            self.match = self.match or re.search(announcement, line)
            if self.match and (last is None or line.strip() == last):
                break
        self.start_seconds = time.monotonic() - began
        if not self.match:
            raise SystemExit(f"{command[0]} did not start")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            return process.cpu_seconds(stat.read())

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return process.resident_bytes(status.read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        output = self.process.stdout.read()
        self.process.wait()
        return output

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Server(Receiver):
    """The server on a folder of its own."""

    def __init__(self, *options, folder=None):
        self.keeps = folder is not None
        self.folder = folder or tempfile.mkdtemp()
        super().__init__(
            [dattss(), "serve", "--data-dir", self.folder, "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--statsd-user", "local",
             "--no-self", *options], r"http://127\.0\.0\.1:(\d+) +udp 127\.0\.0\.1:(\d+)", last="ready")
        self.http, self.udp = self.match[1], self.match[2]

    def load(self, *options):
        """Runs `dattss-bench load`, and returns its result; the books have to balance."""
        result = load("--data-dir", self.folder, "--http", f"127.0.0.1:{self.http}", "--udp", f"127.0.0.1:{self.udp}",
                      "--alone", *options)
        if result["problems"]:
            raise SystemExit(f"the books do not balance: {result['problems']}")
        return result

    def key(self):
        return subprocess.run([dattss(), "user", "key", "local", "--data-dir", self.folder], check=True,
                              capture_output=True, text=True).stdout.strip()

    def get(self, path):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}{path}", headers={"Authorization": f"Bearer {self.key()}"})
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def __exit__(self, *error):
        super().__exit__(*error)
        if not self.keeps:
            shutil.rmtree(self.folder)


class Floor(Receiver):
    """A loop that does next to nothing: `udp` in C, `http` as a handler of NIO."""

    def __init__(self, port):
        super().__init__([beside("dattss-bench"), "floor", port], r"listening (\d+)")
        self.address = f"127.0.0.1:{self.match[1]}"


class Nginx(Receiver):
    """A well-known server that answers each request with the constant of PUT /agg."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{self.folder}/nginx.conf", "w") as file:
            file.write(f"""daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/errors;
                events {{ worker_connections 1024; }}
                http {{ {temporary} access_log off; keepalive_requests 1000000000; client_max_body_size 64m;
                  client_body_buffer_size 64k; default_type application/json; tcp_nodelay on;
                  server {{ listen {self.address}; location / {{ return 200 '{{"ok":true}}'; }} }} }}""")
        # Not Receiver's: it announces nothing.
        self.process = subprocess.Popen(
            process.pinned(process.SERVER_CORE, [self.program(), "-c", f"{self.folder}/nginx.conf", "-e", f"{self.folder}/errors"]),
            stdout=subprocess.PIPE, text=True)
        host, port = self.address.split(":")
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.05)
        with open(f"{self.folder}/errors") as errors:
            raise SystemExit(f"nginx did not start: {errors.read()}")

    @staticmethod
    def program():
        return shutil.which("nginx") or "/usr/sbin/nginx"

    @staticmethod
    def install():
        prepare("nginx=nginx")

    def __exit__(self, *error):
        super().__exit__(*error)
        shutil.rmtree(self.folder)

"""The vectors of Fixtures/wire that concern a client that sends lines, and what the shell functions do besides."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

SHELL = sys.argv[1:]
FILE = Path(__file__).resolve().parents[1] / "dattss.sh"
WIRE = FILE.parents[2] / "Fixtures" / "wire"


def run(script, *arguments, **env):
    environment = {**os.environ, "DATTSS_AUTH_KEY": "KEY", **{name: str(value) for name, value in env.items()}}
    command = [*SHELL, "-c", f'set -eu; . "{FILE}"; {script}', "test", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)


def same(found, expected, what):
    if found != expected:
        sys.exit(f"{' '.join(SHELL)}: {what}: expected {expected!r}, found {found!r}")


def cases(name):
    return json.loads((WIRE / f"{name}.json").read_text())["cases"]


# One shell for all lines: each would take some milliseconds of its own.
lines = [case for case in cases("lines") if "dattss" in case and ":" not in case["dattss"]["auth"]]
pairs = [(case["dattss"]["pth"], case["dattss"]["sample"], case["line"], case["dattss"]["process"]) for case in lines]
# It leaves the range of numbers to the server.
samples = [case for case in cases("samples") if "\n" not in case["text"] and "999" not in case["text"]]
pairs += [("a", case["text"], f"KEY:sh:a:{case['text']}" if "reason" not in case else "-", "sh") for case in samples]
pairs += [("a b", "1c", "-", "sh"), ("", "1c", "-", "sh"), ("p" * 256, "1c", "-", "sh"), ("é", "1c", "-", "sh")]
script = 'while [ $# -gt 0 ]; do DATTSS_PROCESS=$3; DATTSS_AUTH_KEY=$4; _dattss_line "$1" "$2" || echo -; shift 4; done'
arguments = [text for path, sample, line, process in pairs
             for text in (path, sample, process, line.split(":")[0] if line != "-" else "KEY")]  # fmt: skip
found = run(script, *arguments)
same(found.stderr, "", "standard error")
for (path, sample, line, _), said in zip(pairs, found.stdout.splitlines()):
    same(said, line, f"the line of '{path}' '{sample}'")
same(len(found.stdout.splitlines()), len(pairs), "how many lines")

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("127.0.0.1", 0))
listener.settimeout(5)
udp = {"DATTSS_SERVER_UDP_PORT": listener.getsockname()[1]}
result = run("dattss hits 1c load -3g! nothing; dattss 'a b' 1c; dattss; echo $?", **udp)
same((result.returncode, result.stdout, result.stderr), (0, "0\n", ""), "what a call returns and prints")
same([listener.recv(999), listener.recv(999)], [b"KEY:sh:hits:1c", b"KEY:sh:load:-3g!"], "the datagrams")
result = run("set +e; dattss_time work sh -c 'echo out; exit 7'; echo $?", **udp)
same((result.stdout, result.stderr), ("out\n7\n", ""), "a timed command")
same(listener.recv(999).startswith(b"KEY:sh:work:"), True, "a timed command's time")

bodies = []
statuses = [503, 200, 200]


class Handler(BaseHTTPRequestHandler):
    def do_PUT(self):
        bodies.append((self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(statuses.pop(0))
        self.end_headers()

    def log_message(self, *arguments):
        pass


http = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=http.serve_forever, daemon=True).start()
over_http = {"DATTSS_TRANSPORT": "http", "DATTSS_SERVER_HTTP_PORT": http.server_address[1]}
result = run("dattss wait +1.5ms! hits 2c", **over_http)
same((result.returncode, result.stdout, result.stderr), (0, "", ""), "over HTTP")
same(len(bodies) == 3 and bodies[0] == bodies[1] and bodies[0][0] == "Bearer KEY", True, "the same bytes again")
batch = json.loads(bodies[0][1])
one = {field: 1.5 for field in ("sum", "max", "min", "top", "bot", "fst", "lst")}
same(batch["prt"], {"c": [], "ms": [{"pth": "wait", "cnt": 1, "emp": True, **one}], "g": []}, "a batch")
same((batch["nam"], batch["seq"], len(batch["cid"])), ("sh", 1, 32), "its number")
http.shutdown()
http.server_close()
result = run("dattss hits 1c; echo done", **{**over_http, "DATTSS_SERVER_HTTP_PORT": 1})
same((result.returncode, result.stdout, result.stderr), (0, "done\n", ""), "a server that is away")
result = run("dattss hits 1x", DATTSS_DEBUG=1)
same("is no path and sample" in result.stderr, True, "what debugging says")

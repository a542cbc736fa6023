#!/usr/bin/python3
"""The dashboard's files as they lie on the disk, in front of a server that answers everything else.

The binary has its own copy of them, so that each edit would need a build. With DATTSS_PAGE_FROM_DISK=1 the tests look at the
files instead; by itself it stands in front of a server that runs: `Tests/Browser/from_disk.py http://127.0.0.1:3002`.
"""

import http.client
import http.server
import os
import sys
import threading
import urllib.parse

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "Sources/DattssServer/Dashboard")
PAGES = {"/": "index.html", "/demo": "index.html", "/server": "index.html", "/account": "account.html", "/shared": "shared.html"}
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
# As DashboardRoutes.swift sends it.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
          "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behind = ""

    def file(self):
        path = urllib.parse.urlsplit(self.path).path
        name = PAGES.get(path, path.removeprefix("/assets/") if path.startswith("/assets/") else None)
        full = name and os.path.join(FOLDER, os.path.basename(name))
        return full if full and os.path.isfile(full) else None

    def answer(self):
        file = self.file()
        if self.command == "GET" and file:
            with open(file, "rb") as opened:
                body = opened.read()
            self.send_response(200)
            self.send_header("Content-Type", TYPES[file.rsplit(".", 1)[1]] + "; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            return self.wfile.write(body)
        self.pass_on()

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        self.close_connection = True
        server = http.client.HTTPConnection(self.behind, timeout=600)
        try:
            server.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "connection"})
            answer = server.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while part := answer.read1(65536):
                self.wfile.write(part)
                self.wfile.flush()
        except (OSError, http.client.HTTPException):
            # Either side has gone; a browser sees that the connection ended.
            return
        finally:
            server.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        """Nothing: the browser's own console says what failed."""


def stand_before(url, port=0):
    """Listens before a server; answers the address."""
    handler = type("Handler", (Handler,), {"behind": urllib.parse.urlsplit(url).netloc})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    print(stand_before(sys.argv[1], 3003), flush=True)
    threading.Event().wait()

"""Behind a real proxy (haproxy), which speaks TLS to browsers and HTTP to the server."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from certificate import Certificate
from page import until
from scene import Scene
from server import free_port, prepare

# The proxy is at 127.0.0.2, and so can be told from browsers, which come from 127.0.0.1 and from other addresses of the loopback.
PROXY = "127.0.0.2"
CONFIGURATION = """
global
    log stderr format raw local0 err
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option forwardfor
frontend browsers
    bind 127.0.0.1:{port} ssl crt {pem}
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    default_backend dattss
backend dattss
    server dattss {server} source {proxy}
"""


class Proxy:
    """In front of a server that runs."""

    def __init__(self, server):
        self.server = server
        self.folder = tempfile.TemporaryDirectory()
        own = Certificate(self.folder.name)
        self.context = ssl.create_default_context(cafile=own.certificate)
        pem, configuration = (os.path.join(self.folder.name, name) for name in ("proxy.pem", "haproxy.cfg"))
        Path(pem).write_text(Path(own.certificate).read_text() + Path(own.key).read_text())
        self.port = free_port()
        Path(configuration).write_text(CONFIGURATION.format(port=self.port, pem=pem, server=server.http, proxy=PROXY))
        # Where administrators' programs are is not on everybody's path.
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self.process = subprocess.Popen(["haproxy", "-db", "-f", configuration], env=environment)
        until(self.listens, 30, "the proxy")

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def sign_in(self):
        return self.server.sign_in.replace(self.server.url, self.url)

    def discard(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class BehindAProxy(Scene):
    options = ("--trusted-proxies", PROXY)
    signs_in = False

    @classmethod
    def setUpClass(cls):
        prepare("haproxy", "openssl")
        super().setUpClass()
        cls.server.command("user", "add", "ann")
        cls.proxy = Proxy(cls.server)
        cls.addClassCleanup(cls.proxy.discard)

    def ask(self, origin, method, path, body=None, headers=None, through=True):
        """A request from an address of the loopback: the status, the headers, the body."""
        port = self.proxy.port if through else int(self.server.http.rsplit(":", 1)[1])
        kind, options = (http.client.HTTPSConnection, {"context": self.proxy.context}) if through else (http.client.HTTPConnection, {})
        connection = kind("127.0.0.1", port, timeout=20, source_address=(origin, 0), **options)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def session(self, origin, headers, through=True):
        """Signs in by a link; the cookie as it was set, and the address by which the session is listed."""
        link = urllib.parse.urlsplit(self.server.command("user", "link", "ann").strip()).path

        def cookie():
            _, answer, _ = self.ask(origin, "GET", link, headers=headers, through=through)
            return answer["Location"] == "/" and answer["Set-Cookie"]

        # The server notices a new link within a second.
        cookie = until(cookie, 30, "the link to work")
        listed = self.ask(origin, "GET", "/api/v1/sessions", headers={"Cookie": cookie.split(";")[0], **headers}, through=through)[2]
        return cookie, next(session["address"] for session in json.loads(listed) if session["isCurrent"])

    def test_the_page_is_live_and_its_cookie_secure(self):
        page = self.page
        page.server = self.proxy
        # Nobody vouches for the certificate.
        page.cdp("Security.setIgnoreCertificateErrors", ignore=True)
        page.sign_in()
        page.one("#key")
        self.assertIn(f"curl -X PUT '{self.proxy.url}/agg", page.text("#example code"))
        cookie, = page.cdp("Network.getCookies")["cookies"]
        self.assertEqual((cookie["secure"], cookie["httpOnly"], cookie["sameSite"]), (True, True, "Lax"))

        self.server.send(("c", "proxied.hits", 1))
        page.dashboard()
        self.assertEqual(page.row("proxied.hits (counter)")["value"], "1/min")
        self.server.send(("c", "proxied.hits", 41))
        until(lambda: page.row("proxied.hits (counter)")["average"] == "Σ 42", 30, "the sample")
        self.assertEqual(page.text("#live span"), "Live")

        # What a session changes carries its token through the proxy, too.
        page.one(".plot button.star").click()
        until(lambda: self.server.api("favourites")["favourites"] == [{"typ": "c", "pth": "proxied.hits"}], 30, "the favourite")
        self.assert_sound()
        page.open("/account")
        page.until_text("main", "127.0.0.1; since")

    def test_a_stream_asks_proxies_to_hold_nothing_back(self):
        connection = http.client.HTTPConnection(self.server.http, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"/api/v1/live?auth={self.server.key}")
        answer = connection.getresponse()
        self.assertEqual((answer.headers["X-Accel-Buffering"], answer.headers["Cache-Control"]), ("no", "no-store"))

    def test_a_session_has_the_address_that_the_proxy_saw_and_not_the_one_that_a_browser_made_up(self):
        cookie, address = self.session("127.0.0.3", {"X-Forwarded-For": "198.51.100.9"})
        self.assertEqual(address, "127.0.0.3")
        self.assertIn("; Secure", cookie)

    def test_who_is_no_proxy_is_not_believed(self):
        forged = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example.org"}
        cookie, address = self.session("127.0.0.3", forged, through=False)
        self.assertEqual(address, "127.0.0.3")
        self.assertNotIn("Secure", cookie)

    def test_who_guesses_waits_and_others_behind_the_same_proxy_do_not(self):
        # Asking for letters counts as passwords do, and no password has to be worked out.
        def guess(origin, number):
            return self.ask(origin, "POST", "/api/v1/password-reset", json.dumps({"email": f"nobody{number}@example.org"}))[0]

        found = [guess("127.0.0.4", number) for number in range(40)]
        self.assertEqual(found[0], 202)
        self.assertEqual(found[-1], 429)
        self.assertEqual(guess("127.0.0.5", 0), 202)


if __name__ == "__main__":
    import unittest

    unittest.main()

"""What strangers can do with connections: open too many, ask for another protocol, not read, break off. The server goes on."""

import socket
import subprocess
import time
import unittest

from Clients.server import Server, eventually

UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
BODY = (
    '{"prt":{"c":[{"pth":"upgraded","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}],"ms":[],"g":[]}}'
)


def connect(server, receive_bytes=None):
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(20)
    client.connect(("127.0.0.1", server.port("http")))
    return client


def receive(client, count, pattern=b"HTTP/1.1 "):
    """Reads until so many answers have begun, or nothing comes any more."""
    received = b""
    while received.count(pattern) < count:
        part = client.recv(65536)
        if not part:
            break
        received += part
    return received


def counted(server, name):
    lines = server.request("GET", "/metrics")[1].splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((name + " ", name + "{")))


class Descriptors(unittest.TestCase):
    def test_more_silent_connections_than_descriptors(self):
        # Goal: whoever opens more connections than there are descriptors keeps neither the log nor anybody else from working.
        for descriptors in (64, 256):
            # The hard limit too, which the server cannot raise.
            server = Server(prefix=["prlimit", f"--nofile={descriptors}:{descriptors}"])
            self.addCleanup(server.discard)
            silent = []
            for _ in range(descriptors + 200):
                silent.append(connect(server))
            # From another address there is still room, and what is sent from there is kept.
            other = socket.create_connection(("127.0.0.1", server.port("http")), 20, source_address=("127.0.0.2", 0))
            other.settimeout(20)
            self.addCleanup(other.close)
            for _ in range(3):
                other.sendall(
                    f"PUT /agg HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
                    f"Content-Length: {len(BODY)}\r\n\r\n{BODY}".encode())
                self.assertIn(b"200 OK", receive(other, 1))
            for client in silent:
                client.close()
            # Room comes back.
            eventually(lambda: server.request("GET", "/healthz")[0] == 200)
            self.assertGreater(counted(server, "dattss_http_connections_refused_total"), 0)
            self.assertEqual(server.status()["c", "upgraded"]["sum"], 3)
            server.kill()
            server.start()
            self.assertEqual(server.status()["c", "upgraded"]["sum"], 3)


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--request-seconds", "3", "--max-statistics", "100000")
        cls.addClassCleanup(cls.server.discard)

    def test_an_offer_to_upgrade_is_ignored(self):
        # Goal: a connection goes on behind each such request, for the fast lane and the router alike, however its bytes come.
        get = f"GET /healthz HTTP/1.1\r\nHost: x\r\n{UPGRADE}\r\n"
        put = (
            f"PUT /agg?auth={self.server.key} HTTP/1.1\r\nHost: x\r\n{UPGRADE}Content-Length: {len(BODY)}\r\n\r\n{BODY}"
        )
        plain = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        all = (get + put + plain + get + plain + put + get).encode()
        for size in (1, 7, len(all)):
            with connect(self.server) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for start in range(0, len(all), size):
                    client.sendall(all[start:start + size])
                self.assertEqual(receive(client, 7).count(b"HTTP/1.1 200 OK"), 7)
        # (Each of the three rounds sent the batch twice.)
        self.assertEqual(self.server.status()["c", "upgraded"]["sum"], 6)
        url = f"http://{self.server.addresses['http']}/healthz"
        curl = subprocess.run(["curl", "--silent", "--http2", url, url], capture_output=True, text=True)
        self.assertEqual((curl.returncode, curl.stdout), (0, "ok\nok\n"))

    def test_a_client_that_does_not_read(self):
        # Goal: an answer that is not read is given up, and costs no more memory than all of them together may.
        for part in range(40):
            partials = ",".join(
                '{"pth":"%s.%d.%d","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}' % ("x" * 100, part, n)
                for n in range(1000))
            status, text = self.server.request("PUT", "/agg", ('{"prt":{"c":[%s],"ms":[],"g":[]}}' % partials).encode())
            self.assertEqual(status, 200, text)
        request = f"GET /api/v1/status?auth={self.server.key} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        clients = [connect(self.server, 4096) for _ in range(20)]
        for client in clients:
            client.sendall(request)
        eventually(lambda: counted(self.server, "dattss_http_slow_readers_total") >= 1, 60)
        # One that reads is served, as soon as there is room.
        eventually(lambda: len(self.server.status()) >= 40_000, 60)
        for client in clients:
            client.close()

    def test_a_broken_request_is_the_senders_mistake(self):
        # Goal: a bad chunk and an upload that breaks off are no errors of the server.
        with connect(self.server) as client:
            client.sendall(f"POST /v1/metrics?auth={self.server.key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode())
            self.assertIn(b"HTTP/1.1 400 ", receive(client, 1))
        with connect(self.server) as client:
            client.sendall(f"PUT /api/v1/favourites HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.key}\r\n"
                           "Content-Length: 100\r\n\r\n{".encode())
        self.assertEqual(self.server.request("GET", "/healthz")[0], 200)


class Shutdown(unittest.TestCase):
    def test_a_reader_does_not_hold_up_the_end(self):
        # Goal: SIGTERM ends the server within ten seconds, whoever is still being answered.
        server = Server()
        self.addCleanup(server.discard)
        clients = [connect(server, 4096) for _ in range(5)]
        for client in clients:
            client.sendall(f"GET /api/v1/live?auth={server.key} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        clients += [connect(server) for _ in range(5)]
        half = connect(server)
        half.sendall(b"PUT /agg HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        eventually(lambda: counted(server, "dattss_http_connections") >= 11)
        began = time.monotonic()
        server.process.terminate()
        self.assertEqual(server.process.wait(60), 0)
        self.assertLess(time.monotonic() - began, 10)
        for client in clients + [half]:
            client.close()


if __name__ == "__main__":
    unittest.main()

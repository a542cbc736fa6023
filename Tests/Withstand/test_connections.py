"""What strangers can do with connections: open too many, ask for another protocol, not read, break off. The server goes on."""

import shutil
import signal
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
        # Goal: a connection goes on behind each such request, for the fast path and the router alike, however its bytes come.
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
        for part in range(10):
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
        eventually(lambda: len(self.server.status()) >= 10_000, 60)
        for client in clients:
            client.close()

    def test_a_coding_for_the_transfer_that_nobody_takes_off(self):
        # Goal: what is compressed for the transfer is not taken for the body.
        for path in ("/agg", "/v1/metrics"):
            for coding, status in (("gzip, chunked", 400), ("chunked, gzip", 400), ("chunked", 200), ("Chunked", 200)):
                with connect(self.server) as client:
                    body = BODY.replace("upgraded", "coded") if path == "/agg" else "{}"
                    client.sendall(
                        f"POST {path}?auth={self.server.key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        f"Transfer-Encoding: {coding}\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n".encode())
                    self.assertIn(f"HTTP/1.1 {status} ".encode(), receive(client, 1), (path, coding))
        self.assertEqual(self.server.status()["c", "coded"]["sum"], 2)

    def test_a_tunnel_that_nobody_opens(self):
        # Goal: a connection goes on behind CONNECT, which is refused like any method that is not there.
        with connect(self.server) as client:
            for _ in range(3):
                client.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n")
                self.assertIn(b"HTTP/1.1 4", receive(client, 1))
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"HTTP/1.1 200 OK", receive(client, 1))

    def test_a_length_that_no_body_has(self):
        # Goal: who announces too much is told at once, and not when the time for it is over.
        for path in ("/agg", "/v1/metrics"):
            for length in (2_000_000, 1 << 40, (1 << 63) - 1, (1 << 64) - 1):
                began = time.monotonic()
                with connect(self.server) as client:
                    client.sendall(
                        f"POST {path}?auth={self.server.key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        f"Content-Length: {length}\r\n\r\n".encode())
                    self.assertIn(b"HTTP/1.1 413 ", receive(client, 1), (path, length))
                # (The limit of this server is 3 seconds.)
                self.assertLess(time.monotonic() - began, 2.5, (path, length))

    def test_slow_heads_are_counted(self):
        # Goal: an operator sees that somebody holds connections with requests that never come to their end.
        name = "dattss_request_timeouts_total"
        for beginning in (b"PUT /agg?auth=x HTTP/1.1\r\nHost: ", b"GET /healthz HTTP/1.1\r\nHost: "):
            before = counted(self.server, name)
            with connect(self.server) as client:
                client.sendall(beginning)
                self.assertEqual(receive(client, 1), b"")
            eventually(lambda: counted(self.server, name) == before + 1)

    def test_an_offer_to_upgrade_with_bytes_behind(self):
        # Goal: however the bytes behind such a request come, they are read as what they are.
        get = f"GET /healthz HTTP/1.1\r\nHost: x\r\n{UPGRADE}"
        for first in (f"{get}\r\n", f"{get}Content-Length: 5\r\n\r\nhello",
                      f"{get}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"):
            both = (first + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").encode()
            for size in (1, 3, len(first), len(both)):
                with connect(self.server) as client:
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for start in range(0, len(both), size):
                        client.sendall(both[start:start + size])
                    received = receive(client, 2)
                    self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 2, (first, size, received))

    def test_a_broken_request_is_the_senders_mistake(self):
        # Goal: a bad chunk and an upload that breaks off are no errors of the server.
        with connect(self.server) as client:
            client.sendall(f"POST /v1/metrics?auth={self.server.key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode())
            self.assertIn(b"HTTP/1.1 400 ", receive(client, 1))
        with connect(self.server) as client:
            client.sendall(f"PUT /api/v1/favourites HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.key}\r\n"
                           "Content-Length: 100\r\n\r\n{".encode())
        self.assertEqual(self.server.request("GET", "/healthz")[0], 200)

    def test_a_poll_whose_sender_closes_its_side(self):
        # Goal: it is told to poll again, and that is no error of the server.
        body = '{"process":"half"}'
        with connect(self.server) as client:
            client.sendall(f"PUT /process?auth={self.server.key} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            client.shutdown(socket.SHUT_WR)
            received = receive(client, 2)
            self.assertIn(b"HTTP/1.1 200 OK", received)
            self.assertIn(b"Connection: close", received)

    def test_a_request_names_its_host_once(self):
        # Goal: no proxy and no server behind it can take a request for two different hosts.
        for path in ("/healthz", f"/agg?auth={self.server.key}"):
            method, body = ("GET", "") if path == "/healthz" else ("PUT", BODY.replace("upgraded", "host"))
            for hosts, status in ((("x",), 200), ((), 400), (("x", "y"), 400), (("x", "x"), 400)):
                fields = "".join(f"Host: {host}\r\n" for host in hosts)
                with connect(self.server) as client:
                    client.sendall(f"{method} {path} HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                    self.assertIn(f"HTTP/1.1 {status} ".encode(), receive(client, 1), (path, hosts))
        self.assertEqual(self.server.status()["c", "host"]["sum"], 1)

    def test_a_sender_that_speaks_an_older_protocol(self):
        # Goal: whoever reads to the end of the connection, as HTTP/1.0 does, comes to it.
        for fields, is_kept in (("", False), ("Connection: keep-alive\r\n", True)):
            with connect(self.server) as client:
                client.sendall(f"GET /healthz HTTP/1.0\r\n{fields}\r\n".encode())
                received = receive(client, 1)
                self.assertIn(b" 200 OK", received)
                client.settimeout(1)
                try:
                    while client.recv(100):
                        pass
                    self.assertFalse(is_kept)
                except TimeoutError:
                    self.assertTrue(is_kept)

    def test_a_further_head_that_drips(self):
        # Goal: the time for a request to arrive holds for every one of a connection, from its first byte.
        with connect(self.server) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"200 OK", receive(client, 1))
            began = time.monotonic()
            # A good head, but for its speed.
            drops = iter(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Padding: " + b"a" * 1000)
            client.settimeout(0.2)
            with self.assertRaises(ConnectionError):
                while time.monotonic() - began < 20:
                    client.sendall(bytes([next(drops)]))
                    try:
                        if not client.recv(100):
                            raise ConnectionError
                    except TimeoutError:
                        pass
            self.assertGreater(time.monotonic() - began, 2)
            self.assertLess(time.monotonic() - began, 15)

    def test_a_time_zone_with_a_nul(self):
        # Goal: what is behind a NUL is part of the name.
        self.server.request("PUT", "/agg", BODY.replace("upgraded", "zone").encode())
        for zone, status in (("UTC", 200), ("UTC%00", 400), ("UTC%00x", 400), ("%00", 400), ("", 400)):
            self.assertEqual(self.server.request("GET", f"/api/v1/day/c/zone?tz={zone}")[0], status, zone)


class Uploads(unittest.TestCase):
    def test_bodies_that_do_not_come_to_their_end(self):
        # Goal: bodies on their way are bounded all together; a small batch that comes at once is always taken in.
        server = Server()
        self.addCleanup(server.discard)
        resident = lambda: counted(server, "process_resident_memory_bytes") / 1e6
        before = resident()
        part = b"x" * 900_000
        clients = []
        for number in range(300):
            client = connect(server)
            self.addCleanup(client.close)
            path = "/agg" if number % 2 else "/v1/metrics"
            head = (f"POST {path}?auth={server.key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    "Content-Length: 1000000\r\n\r\n")
            client.setblocking(False)
            data = head.encode() + part
            clients.append([client, data])
        answers = {}
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(data for _, data in clients):
            for entry in clients:
                client, data = entry
                try:
                    if data:
                        entry[1] = data[client.send(data[:65536]):]
                except BlockingIOError:
                    pass
                except ConnectionError:
                    entry[1] = b""
        for client, _ in clients:
            try:
                answers[client.recv(12)] = answers.get(client.recv(0), 0) + 1
            except (BlockingIOError, ConnectionError):
                pass
        self.assertIn(b"HTTP/1.1 503", answers)
        self.assertEqual(server.request("PUT", "/agg", BODY.encode())[0], 200)
        self.assertLess(resident() - before, 300)


class Streams(unittest.TestCase):
    def test_live_streams_that_nobody_reads(self):
        # Goal: what many begin with is in memory once.
        server = Server("--max-statistics", "100000")
        self.addCleanup(server.discard)
        for part in range(3):
            partials = ",".join(
                '{"pth":"%s.%d.%d","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}' % ("x" * 100, part, n)
                for n in range(1000))
            self.assertEqual(server.request("PUT", "/agg", ('{"prt":{"c":[%s],"ms":[],"g":[]}}' % partials).encode())[0], 200)
        resident = lambda: counted(server, "process_resident_memory_bytes") / 1e6
        before = resident()
        request = f"GET /api/v1/live?auth={server.key} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        clients = [connect(server, 4096) for _ in range(300)]
        for client in clients:
            self.addCleanup(client.close)
            client.sendall(request)
        for client in clients:
            self.assertIn(b"200 OK", receive(client, 1))
        # (It was 500 KB for each of them.)
        self.assertLess(resident() - before, 80)
        # Who reads has all of it.
        received = receive(clients[0], 1, b"event: processes")
        self.assertGreater(len(received), 300_000)


class Folder(unittest.TestCase):
    def test_a_deleted_data_folder_ends_the_server(self):
        # Goal: nothing is acknowledged into files that nobody will find.
        server = Server()
        self.addCleanup(server.process.stdout.close)
        server.request("PUT", "/agg", BODY.encode())
        shutil.rmtree(server.folder)
        deadline = time.monotonic() + 20
        while server.process.poll() is None and time.monotonic() < deadline:
            try:
                server.request("PUT", "/agg", BODY.encode())
            except OSError:
                break
        self.assertEqual(server.process.wait(20), 74)

    def test_a_terminal_that_closes(self):
        # Goal: SIGHUP ends the server in order, and what was sent over UDP a moment ago is kept.
        server = Server()
        self.addCleanup(server.discard)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"late:7|c", ("127.0.0.1", server.port("udp")))
        eventually(lambda: counted(server, "dattss_udp_datagrams_total") >= 1)
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.process.wait(20), 0)
        server.process.stdout.close()
        server.start()
        self.assertEqual(server.status()["c", "late"]["sum"], 7)


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

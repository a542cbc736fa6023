"""Lines of Graphite's plaintext protocol, those of the real collectd among them."""

import os
import random
import socket
import subprocess
import tempfile
import time
import unittest

from .server import Server, eventually


class LineTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--graphite", "127.0.0.1:0")
        cls.addClassCleanup(cls.server.discard)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.server.graphite["tcp"]))
        self.addCleanup(connection.close)
        return connection

    def gauge(self, path):
        return self.server.status().get(("g", path), {}).get("lst")

    def test_lines_over_tcp_and_udp_are_gauges(self):
        now = int(time.time())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"both.udp 2.5 %d\nboth.now 3\n" % now, ("127.0.0.1", self.server.graphite["udp"]))
        self.connect().sendall(b"both.tcp;host=b;az=a 7 %d\r\n both/x\t1 -1\n" % now)
        for path, value in (("both.udp", 2.5), ("both.now", 3), ("both.tcp.az:a.host:b", 7), ("both-x", 1)):
            eventually(lambda path=path, value=value: self.gauge(path) == value)

    def test_a_stream_is_cut_into_lines_wherever_its_packets_are_cut(self):
        connection = self.connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"drip.a 1\r\n\ndrip.b 20 -1\nbad\ndrip.c 300":
            connection.send(bytes([byte]))
            # Waits: the server is to read byte by byte.
            time.sleep(0.002)
        # The last line ends with the connection.
        connection.close()
        for path, value in (("drip.a", 1), ("drip.b", 20), ("drip.c", 300)):
            eventually(lambda path=path, value=value: self.gauge(path) == value)

    def test_books_balance_and_what_is_refused_is_counted_by_reason(self):
        names = ("dattss_udp_lines_total", "dattss_udp_samples_total")
        before, refused = [self.server.metric(name) for name in names], self.server.refused_lines()
        now = int(time.time())
        bad = {
            "bad_time": ["books.old 1 %d" % (now - 7200), "books.new 1 %d" % (now + 7200), "books.odd 1 N"],
            "bad_value": ["books.x nan -1", "books.x inf -1", "books.x U -1"],
            "bad_format": ["books", "books 1 2 3"],
            "bad_path": [";a=b 1 -1", "\u00fc 1 -1"],
        }
        lines = [line for lines in bad.values() for line in lines] + ["books.good %d -1" % n for n in range(100)]
        random.Random(2003).shuffle(lines)
        self.connect().sendall("\n".join(lines + [""]).encode())

        def balances():
            after = [self.server.metric(name) for name in names]
            return after[0] - before[0] == len(lines) and after[1] - before[1] == 100

        eventually(balances)
        found = {reason: count - refused.get(reason, 0) for reason, count in self.server.refused_lines().items()}
        self.assertEqual({k: v for k, v in found.items() if v}, {reason: len(lines) for reason, lines in bad.items()})
        eventually(lambda: self.server.series("g", "books.good")["cnt"] == 100)

    def test_a_line_without_an_end_ends_its_connection_and_no_other(self):
        other, endless = self.connect(), self.connect()
        endless.settimeout(10)
        before = self.server.refused_lines().get("bad_format", 0)
        with self.assertRaises(OSError):
            while True:
                endless.sendall(b"x" * 65536)
        other.sendall(b"endless.other 1\n")
        eventually(lambda: self.gauge("endless.other") == 1)
        eventually(lambda: self.server.refused_lines().get("bad_format", 0) > before)

    def test_collectd_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            settings = os.path.join(folder, "collectd.conf")
            with open(settings, "w", encoding="utf-8") as file:
                file.write(
                    f'Hostname "box"\nFQDNLookup false\nInterval 1\nBaseDir "{folder}"\nPIDFile "{folder}/pid"\n'
                    "LoadPlugin load\nLoadPlugin memory\nLoadPlugin write_graphite\n"
                    '<Plugin write_graphite>\n<Node "dattss">\nHost "127.0.0.1"\n'
                    f'Port "{self.server.graphite["tcp"]}"\nProtocol "tcp"\nPrefix "collectd."\n</Node>\n</Plugin>\n')
            process = subprocess.Popen(
                ["/usr/sbin/collectd", "-f", "-C", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                def written():
                    found = {path: one for (kind, path), one in self.server.status().items() if kind == "g"}
                    return found.get("collectd.box.load.load.shortterm") and found.get("collectd.box.memory.memory-free")

                self.assertGreater(eventually(written)["lst"], 0)
            finally:
                process.kill()
                process.wait()

"""The clients of others, as they come from PyPI and from the distribution, and lines by hand, over UDP, TCP and Unix sockets."""

import os
import socket
import subprocess
import threading
import time
import unittest

import datadog.dogstatsd
import statsd

from .server import Server, eventually


# The distribution's clients of other languages: each counts 5, times 42 ms, and sets a gauge to 7.
PERL = """use Net::Statsd; ($Net::Statsd::HOST, $Net::Statsd::PORT) = ("127.0.0.1", shift); my $at = shift;
Net::Statsd::increment("$at.hits") for 1..3; Net::Statsd::update_stats("$at.hits", 2);
Net::Statsd::timing("$at.wait", 42); Net::Statsd::gauge("$at.load", 7);"""
RUBY = """require "statsd"; stats = Statsd.new("127.0.0.1", ARGV[0].to_i); stats.namespace = ARGV[1]
3.times { stats.increment("hits") }; stats.count("hits", 2); stats.timing("wait", 42); stats.gauge("load", 7)"""
NODE = """const stats = new (require("lynx"))("127.0.0.1", +process.argv[1], { scope: process.argv[2] });
for (let i = 0; i < 3; i++) stats.increment("hits"); stats.count("hits", 2); stats.timing("wait", 42); stats.gauge("load", 7);
setTimeout(() => stats.close(), 200);"""
OTHERS = {"perl": ["perl", "-e", PERL], "ruby": ["ruby", "-e", RUBY], "node": ["node", "--no-deprecation", "-e", NODE]}


class StatsdTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)

    def use(self, client, prefix):
        """Everything that a statsd client can do, and what it should come to."""
        for _ in range(10):
            client.incr(f"{prefix}.hits")
        client.incr(f"{prefix}.hits", 5)
        client.decr(f"{prefix}.hits", 2)
        client.timing(f"{prefix}.wait", 320.5)
        with client.timer(f"{prefix}.work"):
            time.sleep(0.01)
        client.gauge(f"{prefix}.load", 70)
        client.gauge(f"{prefix}.load", 5, delta=True)
        client.gauge(f"{prefix}.load", -15, delta=True)
        client.gauge(f"{prefix}.cold", -3)
        client.set(f"{prefix}.users", "bob")
        with client.pipeline() as pipeline:
            for i in range(100):
                pipeline.timing(f"{prefix}.many", i)
                pipeline.incr(f"{prefix}.hits")

        def arrived():
            status = self.server.status()
            return status if status.get(("c", f"{prefix}.hits"), {}).get("sum") == 113 else None

        status = eventually(arrived)
        self.assertEqual(self.server.series("ms", f"{prefix}.wait")["sum"], 320.5)
        self.assertGreater(self.server.series("ms", f"{prefix}.work")["min"], 9)
        self.assertEqual(status[("g", f"{prefix}.load")]["lst"], 60)
        self.assertEqual(status[("g", f"{prefix}.cold")]["lst"], -3)
        self.assertEqual(status[("g", f"{prefix}.users")]["lst"], 1)
        many = self.server.series("ms", f"{prefix}.many")
        self.assertEqual((many["cnt"], many["sum"], many["max"]), (100, 4950, 99))

    def test_statsd_over_udp(self):
        client = statsd.StatsClient("127.0.0.1", self.server.port("udp"))
        self.addCleanup(client.close)
        self.use(client, "udp")

    def test_statsd_over_tcp(self):
        client = statsd.TCPStatsClient("127.0.0.1", self.server.port("statsd-tcp"), timeout=5)
        self.addCleanup(client.close)
        self.use(client, "tcp")

    def test_statsd_over_a_unix_stream_socket(self):
        client = statsd.UnixSocketStatsClient(self.server.stream_socket, timeout=5)
        self.addCleanup(client.close)
        self.use(client, "unix")

    def use_datadog(self, client, prefix):
        for _ in range(10):
            client.increment(f"{prefix}.hits", tags=["env:prod", "az:b"])
        client.histogram(f"{prefix}.size", 7.5)
        client.distribution(f"{prefix}.size", 8.5)
        client.timing(f"{prefix}.size", 9)
        client.gauge(f"{prefix}.load", 3.25)
        client.set(f"{prefix}.users", "bob")

        @client.timed(f"{prefix}.work")
        def work():
            time.sleep(0.01)

        work()
        client.event("title", "text")
        client.service_check("redis", 0)
        client.flush()

        def arrived():
            status = self.server.status()
            return status.get(("c", f"{prefix}.hits.az:b.env:prod"), {}).get("sum") == 10

        eventually(arrived)
        eventually(lambda: ("g", f"{prefix}.users") in self.server.status())
        eventually(lambda: self.server.series("ms", f"{prefix}.work")["cnt"] == 1)
        status = self.server.status()
        size = self.server.series("ms", f"{prefix}.size")
        self.assertEqual((size["cnt"], size["sum"]), (3, 25))
        self.assertEqual(status[("g", f"{prefix}.load")]["lst"], 3.25)
        self.assertEqual(status[("g", f"{prefix}.users")]["lst"], 1)
        client.stop()
        client.close_socket()

    def test_clients_of_other_languages(self):
        for name, command in OTHERS.items():
            with self.subTest(name):
                done = subprocess.run(
                    [*command, str(self.server.port("udp")), name], env={**os.environ, "NODE_PATH": "/usr/share/nodejs"},
                    capture_output=True, text=True, timeout=30)  # fmt: skip
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                eventually(lambda: self.server.status()[("c", f"{name}.hits")]["sum"] == 5)
                eventually(lambda: self.server.status()[("g", f"{name}.load")]["lst"] == 7)
                wait = eventually(lambda: self.server.series("ms", f"{name}.wait"))
                self.assertEqual((wait["cnt"], wait["sum"]), (1, 42))

    def test_datadog_over_udp(self):
        client = datadog.dogstatsd.DogStatsd("127.0.0.1", self.server.port("udp"), disable_telemetry=True)
        before = self.server.refused_lines()
        events, checks = (self.server.metric(f'dattss_udp_messages_total{{type="{typ}"}}') for typ in ("event", "service_check"))
        self.use_datadog(client, "dog")
        eventually(lambda: self.server.metric('dattss_udp_messages_total{type="event"}') == events + 1)
        eventually(lambda: self.server.metric('dattss_udp_messages_total{type="service_check"}') == checks + 1)
        self.assertEqual(self.server.refused_lines(), before)

    def test_datadog_over_a_unix_datagram_socket(self):
        client = datadog.dogstatsd.DogStatsd(socket_path=self.server.socket, socket_timeout=5, disable_telemetry=True)
        self.use_datadog(client, "unixdog")

    def test_names_that_are_no_paths_are_rewritten_as_statsd_does(self):
        before = self.server.metric("dattss_udp_names_rewritten_total")
        client = statsd.StatsClient("127.0.0.1", self.server.port("udp"), prefix="web/GET")
        self.addCleanup(client.close)
        client.incr("/users/caf = 'x'")
        client.incr("/users/caf_x")
        eventually(lambda: self.server.status().get(("c", "web-GET.-users-caf_x"), {}).get("sum") == 1)
        eventually(lambda: self.server.status().get(("c", "web-GET.-users-caf__x"), {}).get("sum") == 1)
        self.assertEqual(self.server.metric("dattss_udp_names_rewritten_total"), before + 2)

    def test_a_stream_is_cut_into_lines_wherever_its_packets_are_cut(self):
        connection = socket.create_connection(("127.0.0.1", self.server.port("statsd-tcp")))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"drip.hits:1|c\r\n\ndrip.hits:20|c\nbad line\ndrip.hits:300|c":
            connection.send(bytes([byte]))
            time.sleep(0.002)
        # The last line ends with the connection.
        connection.close()
        eventually(lambda: self.server.status().get(("c", "drip.hits"), {}).get("sum") == 321)
        self.assertGreaterEqual(self.server.refused_lines().get("bad_format", 0), 1)

    def test_a_line_without_an_end_ends_its_connection_and_no_other(self):
        other = socket.create_connection(("127.0.0.1", self.server.port("statsd-tcp")))
        endless = socket.create_connection(("127.0.0.1", self.server.port("statsd-tcp")))
        endless.settimeout(10)
        before = self.server.refused_lines().get("bad_format", 0)
        with self.assertRaises(OSError):
            while True:
                endless.sendall(b"x" * 65536)
        endless.close()
        other.sendall(b"other.hits:1|c\n")
        eventually(lambda: self.server.status().get(("c", "other.hits"), {}).get("sum") == 1)
        eventually(lambda: self.server.refused_lines().get("bad_format", 0) > before)
        other.close()

    def test_many_connections_at_once_lose_nothing(self):
        def send(n):
            with socket.create_connection(("127.0.0.1", self.server.port("statsd-tcp"))) as connection:
                for i in range(200):
                    connection.sendall(b"conns.hits:1|c\nconns.wait:%d|ms\n" % i)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: self.server.status().get(("c", "conns.hits"), {}).get("sum") == 4000)
        eventually(lambda: self.server.series("ms", "conns.wait")["cnt"] == 4000)


class RestartTests(unittest.TestCase):
    def test_a_killed_servers_socket_file_does_not_keep_the_next_one_from_starting(self):
        server = Server()
        self.addCleanup(server.discard)
        server.kill()
        server.start()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"again.hits:1|c", server.socket)
        eventually(lambda: server.status().get(("c", "again.hits"), {}).get("sum") == 1)

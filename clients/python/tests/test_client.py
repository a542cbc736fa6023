import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from dattss import Dattss
from dattss._push import Numbering, Push, PushQueue
from dattss._recorder import Recorder
from dattss._transport import Transport

HERE = Path(__file__).resolve().parents[1]


class ScriptedServer:
    """Answers as the test says, and counts like the real one: a number of a client only once."""

    def __init__(self, *answers, port=0):
        self.answers = list(answers)
        self.bodies, self.counted, self.seen, self.auth, self.on_poll = [], {}, set(), None, None
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                outer.connections += 1
                super().setup()

            def do_PUT(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.auth = self.headers["Authorization"]
                answer = outer.take(text) if self.path == "/agg" else outer.polled(json.loads(text))
                if answer == "lost":
                    self.close_connection = True
                    return
                status, content = (answer, b"{}") if isinstance(answer, int) else (200, answer.encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        ThreadingHTTPServer.daemon_threads = True
        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def polled(self, body):
        return self.on_poll(body) if self.on_poll else ""

    def take(self, text):
        answer = self.answers.pop(0) if self.answers else 200
        body = json.loads(text)
        self.bodies.append(text)
        if answer in (200, "lost") and (body["cid"], body["seq"]) not in self.seen:
            self.seen.add((body["cid"], body["seq"]))
            for partial in [*body["prt"]["c"], *body["prt"]["ms"], *body["prt"]["g"]]:
                key = f"{partial['typ']} {partial['pth']}"
                self.counted[key] = self.counted.get(key, 0) + partial["cnt"]
        return answer

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class ClientTests(unittest.TestCase):
    def server(self, *answers, **options):
        server = ScriptedServer(*answers, **options)
        self.addCleanup(server.close)
        return server

    def client(self, server, **options):
        client = Dattss("KEY", http_port=server.port, **{"push_period": 90, **options})
        client._queue.backoff.jittered = lambda seconds: 0.02
        self.addCleanup(client.stop, 0)
        return client

    def until(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not happen in 30 s")
            # Waits: a real server or program is looked at again.
            time.sleep(0.005)

    def run_program(self, server, source, ending=None, **env):
        environment = {**os.environ, "DATTSS_AUTH_KEY": "KEY", "DATTSS_SERVER_HTTP_PORT": str(server.port), **env}
        program = subprocess.Popen(
            [sys.executable, "-c", source], cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        if ending is not None:
            self.assertEqual(program.stdout.readline(), "ready\n")
            program.send_signal(ending)
        output = program.communicate(timeout=20)[0]
        return program.returncode, output

    def test_what_is_recorded_arrives_with_the_key_as_a_bearer_token(self):
        server = self.server()
        client = self.client(server, process="a b")
        client.agg("hits", "2c")
        client.count("hits", 3)
        client.time("wait", 12.5)
        client.gauge("load", 0.5)

        @client.timed("work")
        def work():
            return 7

        @client.timed("work")
        async def work_later():
            return 8

        with client.timed("work"), self.assertRaises(ZeroDivisionError), client.timed("work"):
            1 / 0
        self.assertEqual((work(), asyncio.run(work_later())), (7, 8))
        self.assertTrue(client.flush())
        self.assertEqual(server.auth, "Bearer KEY")
        body = json.loads(server.bodies[0])
        self.assertEqual((body["nam"], body["seq"], body["prt"]["c"][0]["sum"], body["prt"]["g"][0]["lst"]), ("a_b", 1, 5, 0.5))
        self.assertEqual(server.counted["ms work"], 4)
        self.assertTrue(client.stop())

    def test_it_pushes_every_period_and_ignores_while_stopped(self):
        server = self.server()
        with self.client(server, push_period=0.1) as client:
            client.count("hits")
            self.until(lambda: server.counted.get("c hits") == 1)
            client.agg("hits", "1c")
            self.until(lambda: server.counted.get("c hits") == 2)
        client.count("hits")
        client.agg("hits", "1c")
        client.start()
        client.agg("hits", "1c")
        self.assertTrue(client.stop())
        self.assertEqual(server.counted["c hits"], 3)
        self.assertEqual([json.loads(body)["seq"] for body in server.bodies], [1, 2, 3])

    def test_a_sender_that_ends_late_leaves_the_connection_of_the_next_one_alone(self):
        server, closed, begun = self.server(), [], threading.Event()

        class LateTransport(Transport):
            def close(self):
                # The first one's end waits until the second one is connected.
                if self.connection is not None and not closed:
                    closed.append(self)
                    begun.wait(30)
                super().close()

        with unittest.mock.patch("dattss._client.Transport", LateTransport):
            client = self.client(server)
            client.count("hits")
            first = client._thread
            self.assertTrue(client.stop())
            self.until(lambda: closed)
            client.start()
            client.count("hits")
            self.assertTrue(client.flush())
            begun.set()
            first.join(30)
            self.assertEqual(server.connections, 2)
            client.count("hits")
            self.assertTrue(client.stop())
        self.assertEqual([json.loads(body)["seq"] for body in server.bodies], [1, 2, 3])
        self.assertEqual(server.connections, 2)

    def test_after_a_lost_answer_the_same_bytes_come_again_before_the_next_batch_and_count_once(self):
        server = self.server("lost", 503, 200)
        client = self.client(server)
        client.count("hits", 7)
        self.assertFalse(client.flush())
        client.count("hits", 8)
        client.flush()
        self.until(lambda: len(server.bodies) == 4 and not client._queue.waiting)
        self.assertEqual(len(set(server.bodies[:3])), 1)
        self.assertEqual([json.loads(body)["seq"] for body in server.bodies], [1, 1, 1, 2])
        self.assertEqual(server.counted["c hits"], 2)

    def test_while_the_server_is_away_batches_wait_and_are_all_there_when_it_is_back(self):
        gone = ScriptedServer()
        gone.close()
        client = self.client(gone)
        for _ in range(5):
            client.count("hits")
            self.assertFalse(client.flush())
        self.assertIn("no answer", client.last_problem)
        server = self.server(port=gone.port)
        self.until(lambda: server.counted.get("c hits") == 5)
        self.until(lambda: client.last_problem is None)

    def test_a_full_buffer_drops_its_oldest_batches_counts_them_and_reports_the_count(self):
        server = self.server(500)
        client = self.client(server, buffer_batches=2)
        client._queue.backoff.jittered = lambda seconds: 1e6
        for i in range(1, 6):
            client.count(f"hits.{i}")
            client.count(f"hits.{i}")
            client.flush()
        self.assertEqual((client.drops["buffer_full"], [push.seq for push in client._queue.waiting]), (6, [4, 5]))
        client._drain(5)
        client.count("hits.6")
        client.flush()
        report = json.loads(server.bodies[-1])["prt"]["c"][0]
        self.assertEqual((report["pth"], report["sum"]), ("dattss.client.dropped", 6))

    def test_a_refused_batch_is_dropped_and_counted_and_the_next_one_goes_out(self):
        server = self.server(400)
        client = self.client(server)
        client.count("hits", 7)
        self.assertFalse(client.flush())
        self.assertEqual(client.drops["refused"], 1)
        client.count("hits")
        self.assertTrue(client.flush())
        self.assertEqual(server.counted["c dattss.client.dropped"], 1)

    def test_nothing_that_a_program_passes_makes_it_raise(self):
        client = self.client(self.server())
        values = [None, 1, float("nan"), float("inf"), {}, [], "", "x" * 100_000, object(), lambda: 0, 10**400, b"1c", "\ud800"]
        for value in values:
            for other in [*values, "1c"]:
                client.agg(value, other)
            client.agg("a", value)
            client.count(value)
            client.count("a", value)
            client.time("a", value)
            client.gauge(value, value)
        self.assertEqual(client._recorder.count, 2)
        self.assertGreater(min(client.drops["bad_path"], client.drops["bad_sample"]), 10)
        for options in [{"push_period": -1}, {"http_port": "x"}, {"percentile": 9}, {"url": "no"}, {"process": "é" * 99}]:
            Dattss(**options).stop(0)

    def test_memory_is_bounded_by_the_live_paths(self):
        recorder = Recorder(0.1)
        for i in range(20_001):
            recorder.add("c", f"p{i}", 1)
        self.assertEqual((recorder.count, recorder.drops["too_many_statistics"]), (20_000, 1))
        recorder.flush(True)
        with unittest.mock.patch("dattss._recorder.IDLE_PERIODS_MAX", 5):
            for _ in range(6):
                recorder.add("c", "p1", 1)
                recorder.flush(True)
        self.assertEqual(recorder.count, 1)
        for i in range(100_000):
            recorder.add("ms", "wide", 2.0 ** ((i * 7919) % 2000 - 1000) * 1.01)
        counts = recorder.touched[0].sketch.positive
        self.assertLessEqual(len(counts.counts), 1024 + 256)
        [partial], _ = recorder.flush(True)
        self.assertEqual((len(partial["skt"]["p"]), partial["cnt"]), (1024, 100_000))

    def test_threads_lose_nothing(self):
        server = self.server()
        client = self.client(server, push_period=0.1)

        def work():
            for i in range(20_000):
                client.agg("hits", "1c")
                client.time("wait", i)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(client.stop())
        self.assertEqual((server.counted["c hits"], server.counted["ms wait"]), (80_000, 80_000))

    def test_a_signal_handler_may_record_whatever_it_interrupts(self):
        server = self.server()
        client = self.client(server, push_period=0.1)
        interrupts = calls = 0

        def interrupt(number, frame):
            nonlocal interrupts
            interrupts += 1
            client.agg("hits", "1c")
            client.agg("interrupts", "1c")

        before = signal.signal(signal.SIGALRM, interrupt)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        # However few of its ticks a busy machine lets through, a hundred of them have to come.
        while interrupts < 100:
            client.agg("hits", "1c")
            calls += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertTrue(client.stop())
        self.assertEqual((server.counted["c hits"], server.counted["c interrupts"]), (calls + interrupts, interrupts))

    def test_partials_that_are_too_many_or_too_large_for_one_batch_make_several(self):
        recorder = Recorder(0.1)
        for i in range(15_000):
            recorder.add("c", f"p{i}.{'x' * 100}", 1)
        pushes = Numbering("x", None).pushes(recorder.flush(True)[0], 0, 5)
        self.assertTrue(len(pushes) > 2 and all(len(push.body) <= 1 << 20 for push in pushes))
        self.assertEqual([push.seq for push in pushes], list(range(1, len(pushes) + 1)))
        self.assertEqual(sum(push.samples for push in pushes), 15_000)

    def test_back_off_doubles_up_to_30_s_is_jittered_and_waits_as_long_as_a_server_asks(self):
        queue = PushQueue()
        queue.enqueue(Push(1, b"x", 1))
        queue.backoff.random.uniform = lambda low, high: high
        waits = []
        for _ in range(7):
            waits.append(queue.answer(None).seconds)
            queue.resume()
        self.assertEqual(waits, [1, 2, 4, 8, 16, 30, 30])
        self.assertEqual(queue.answer(503, retry_after=77).seconds, 77)
        queue.resume()
        self.assertEqual(queue.answer(503, retry_after=1e9).seconds, 300)
        queue.resume()
        queue.backoff.random.uniform = lambda low, high: low
        self.assertEqual(queue.answer(401).seconds, 15)

    RECORD = "from dattss import Dattss\nc = Dattss(push_period=90)\nfor i in range(9): c.agg('hits', '1c')\n"

    def test_a_program_that_ends_exits_raises_or_is_terminated_loses_nothing(self):
        # Waits: until the signal ends it.
        wait = "import time\nprint('ready', flush=True)\ntime.sleep(60)"
        busy = "print('ready', flush=True)\nwhile True: c.agg('busy', '1c')"
        handler = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *a: sys.exit(4))\n"
        for end, code, ending in [
            ("", 0, None), ("raise SystemExit(3)", 3, None), ("1 / 0", 1, None), (wait, -signal.SIGTERM, signal.SIGTERM),
            (busy, -signal.SIGTERM, signal.SIGTERM), (handler + wait, 4, signal.SIGTERM), (wait, -signal.SIGINT, signal.SIGINT),
        ]:  # fmt: skip
            server = self.server()
            self.assertEqual(self.run_program(server, self.RECORD + end, ending)[0], code, end)
            self.assertEqual(server.counted["c hits"], 9, end)

    def test_a_fork_sends_what_is_its_own_and_nothing_twice(self):
        server = self.server()
        code, output = self.run_program(server, self.RECORD + """
import multiprocessing, os
def child():
    for i in range(5): c.agg('hits', '1c')
process = multiprocessing.get_context('fork').Process(target=child)
process.start(); process.join()
pid = os.fork()
if pid == 0:
    child()
    os._exit(0 if c.flush() else 1)
assert os.waitpid(pid, 0)[1] == 0
""")
        self.assertEqual((code, output), (0, ""))
        self.assertEqual(server.counted["c hits"], 9 + 5 + 5)
        self.assertEqual(len({json.loads(body)["cid"] for body in server.bodies}), 3)

    def test_a_server_that_is_away_does_not_hold_up_the_end_of_a_program_for_long(self):
        gone = ScriptedServer()
        gone.close()
        start = time.monotonic()
        self.assertEqual(self.run_program(gone, self.RECORD), (0, ""))
        # It takes two seconds at most; a busy machine gets some more to start Python, a client that goes on trying none.
        self.assertLess(time.monotonic() - start, 15)

    def test_debugging_says_what_is_sent(self):
        self.assertRegex(self.run_program(self.server(), self.RECORD, DATTSS_DEBUG="1")[1], r"batch 1, \d+ bytes: 200")

    def test_a_program_that_is_asked_to_stop_ends_unless_it_says_otherwise(self):
        server = self.server()
        polls = []

        def poll(body):
            polls.append(body)
            return "KEY-api"

        server.on_poll = poll
        program = """
import threading
from dattss import Dattss
def stop():
    print("told", flush=True)
stats = Dattss(process="api", push_period=90%s)
stats.count("last")
%s
"""
        self.assertEqual(self.run_program(server, program % ("", "threading.Event().wait(60)")), (-signal.SIGTERM, ""))
        self.assertEqual(server.counted["c last"], 1)
        # (The thread that asks ends with its question.)
        waiting = "[thread.join() for thread in threading.enumerate() if thread.name == 'dattss-stop']"
        self.assertEqual(self.run_program(server, program % (", on_stop=stop", waiting)), (0, "told\n"))
        self.assertEqual(len(polls), 2)
        self.assertEqual(self.run_program(server, program % (", on_stop=False", waiting)), (0, ""))
        self.assertEqual((len(polls), server.counted["c last"]), (2, 3))

    def test_a_process_that_asks_for_it_is_told_once_to_stop(self):
        server = self.server()
        polls, stops = [], []

        def poll(body):
            polls.append(body)
            return "" if len(polls) < 2 else "KEY-api"

        server.on_poll = poll
        self.client(server, process="api", on_stop=lambda: stops.append(1))
        self.until(lambda: stops == [1])
        self.assertEqual(polls[0], {"auth": "KEY", "process": "api", "cid": polls[0]["cid"]})
        self.assertRegex(polls[0]["cid"], "^[0-9a-f]{32}$")

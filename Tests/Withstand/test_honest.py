"""The honest client measures what it is made to wait, also when it is never answered."""

import socket
import threading
import unittest

from Withstand.honest import BATCHES_PER_SECOND, Honest, quantile, still_due

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers so many requests, and none after that."""

    def __init__(self, answers):
        self.answers, self.hangs, self.hung = answers, threading.Event(), []
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.run, daemon=True).start()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def run(self):
        connection, _ = self.socket.accept()
        self.hung.append(connection)
        while self.answers and connection.recv(65536):
            connection.sendall(OK)
            self.answers -= 1
        self.hangs.set()
        connection.recv(65536)


class HonestTests(unittest.TestCase):
    def test_what_is_still_due_has_waited_since_it_was(self):
        waiting = still_due(began=100, acknowledged=50, now=101)
        self.assertEqual(len(waiting), 50)
        self.assertAlmostEqual(waiting[0][0], 100.5)
        self.assertAlmostEqual(waiting[0][1], 0.5)
        self.assertAlmostEqual(waiting[-1][1], 0.01)
        self.assertEqual(still_due(began=100, acknowledged=50, now=100.5), [])

    def test_a_server_that_answers_no_more_is_as_slow_as_the_wait(self):
        server = Server(answers=10)
        honest = Honest(server.port, "key")
        self.assertTrue(server.hangs.wait(60))
        # Waits: this is what is measured.
        threading.Event().wait(1)
        server.socket.close()
        for connection in server.hung:
            connection.close()
        times, _, acknowledged = honest.finish()
        self.assertEqual(acknowledged, 10)
        self.assertGreater(len(times), BATCHES_PER_SECOND / 2)
        self.assertGreater(quantile([took for _, took in times], 0.99), 500)


if __name__ == "__main__":
    unittest.main()

"""A client of honest traffic: 100 batches of 10 partials a second over one connection, each acknowledgement timed."""

import json
import multiprocessing
import os
import socket
import time

BATCHES_PER_SECOND = 100
PATHS = [f"honest.path{number}" for number in range(10)]
FORK = multiprocessing.get_context("fork")


class Honest:
    """Runs in a process of its own, on a core if one is given.

    A batch belongs to a time of a schedule, from which its acknowledgement is timed, whenever it could be sent. One that is
    refused or unanswered is sent again under the same number, as the clients do.
    """

    def __init__(self, port, key, core=None):
        self.ended = FORK.Event()
        self.results, results = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=run, args=(port, key, core, self.ended, results), daemon=True)
        self.process.start()

    def finish(self):
        """Times in seconds of each batch, when it was due and how long it took; and how many were sent and acknowledged."""
        self.ended.set()
        result = self.results.recv()
        self.process.join()
        return result


def run(port, key, core, ended, results):
    if core is not None:
        os.sched_setaffinity(0, {core})
    times, tries, acknowledged, connection = [], 0, 0, None
    began = time.monotonic()
    while not ended.is_set():
        due = began + acknowledged / BATCHES_PER_SECOND
        # Waits: until the next batch is due.
        time.sleep(max(0, due - time.monotonic()))
        request = body_of(acknowledged, key)
        while not ended.is_set():
            tries += 1
            try:
                connection = connection or connect(port)
                connection.sendall(request)
                status = answer(connection)
            except OSError:
                if connection:
                    connection.close()
                connection, status = None, 0
            if status == 200:
                times.append((due, time.monotonic() - due))
                acknowledged += 1
                break
            # Waits: who was refused comes again a little later.
            time.sleep(0.05)
    results.send((times + still_due(began, acknowledged, time.monotonic()), tries, acknowledged))


def still_due(began, acknowledged, now):
    """Those that were due and are not acknowledged, as having taken as long as they have waited.

    Without them a server that answers nothing for half of the time would have one slow batch, and be as fast as before.
    """
    due = began + acknowledged / BATCHES_PER_SECOND
    waiting = []
    while due < now:
        waiting.append((due, now - due))
        acknowledged += 1
        due = began + acknowledged / BATCHES_PER_SECOND
    return waiting


def connect(port):
    # From an address of its own, because there is a limit of connections from one.
    connection = socket.create_connection(("127.0.0.1", port), 10, source_address=("127.0.0.99", 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answer(connection):
    received = b""
    while b"}" not in received:
        part = connection.recv(4096)
        if not part:
            raise ConnectionError
        received += part
    return int(received[9:12])


def body_of(number, key):
    partials = [{"pth": path, "sum": 1, "cnt": 1, "max": 1, "min": 1, "fst": 1, "lst": 1, "top": 1, "bot": 1} for path in PATHS]
    body = json.dumps({"prt": {"c": partials, "ms": [], "g": []}, "cid": "honest", "seq": number + 1})
    return (f"PUT /agg HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def quantile(times, share):
    """By nearest rank, in milliseconds; nan of none."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

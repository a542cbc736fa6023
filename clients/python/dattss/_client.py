from __future__ import annotations

import atexit
import functools
import inspect
import json
import os
import re
import secrets
import signal
import sys
import threading
import time
import weakref
from types import TracebackType
from typing import Any, Callable, Literal, TypeVar, cast

from ._push import Backoff, Numbering, PushQueue, Step
from ._recorder import Recorder
from ._transport import Transport

Function = TypeVar("Function", bound=Callable[..., Any])

REQUEST_SECONDS = 15.0
DRAIN_RETRY_SECONDS = 0.2

_clients: weakref.WeakSet[Dattss] = weakref.WeakSet()


class Dattss:
    """Sends what a program counts, times and gauges. One is enough for a program; share it between threads.

    Recording never raises and never waits for the network. What the server has not acknowledged waits in a bounded buffer.
    """

    def __init__(
        self,
        auth: str | None = None,
        process: str | None = None,
        *,
        http_host: str | None = None,
        http_port: int | None = None,
        url: str | None = None,
        percentile: float | None = None,
        push_period: float | None = None,
        buffer_batches: int = 720,
        buffer_bytes: int = 16 << 20,
        exit_timeout: float = 2.0,
        on_stop: Callable[[], None] | Literal[False] | None = None,
        debug: bool | None = None,
    ) -> None:
        """
        auth: the user's key (environment: DATTSS_AUTH_KEY).
        process: the name under which the server lists this program.
        http_host, http_port, or url: where the server is (DATTSS_SERVER_HTTP_HOST, DATTSS_SERVER_HTTP_PORT).
        percentile: which quantiles `bot` and `top` are (DATTSS_PERCENTILE).
        push_period: in seconds; from 100 on milliseconds (DATTSS_PUSH_PERIOD).
        exit_timeout: for how many seconds the end of the program may wait for the server.
        on_stop: called once, from another thread, when somebody asks this program to stop, for which it needs `process`. Without it
            the program gets SIGTERM, and so sends everything before it ends. False: the server is not asked.
        debug: whether to say on standard error what is sent (DATTSS_DEBUG).
        """
        env = os.environ.get
        self.auth = auth if auth is not None else env("DATTSS_AUTH_KEY", "")
        self.process = re.sub(r"[^A-Za-z0-9_.:!-]", "_", str(process)[:64]) if process else None
        host = http_host or env("DATTSS_SERVER_HTTP_HOST") or "127.0.0.1"
        port = _number(1, 65535, 3002, http_port, env("DATTSS_SERVER_HTTP_PORT"))
        self.url = url or f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{int(port)}"
        period = _number(0.1, 86_400_000, 5.0, push_period, env("DATTSS_PUSH_PERIOD"))
        self.push_period = period if period < 100 else max(0.1, period / 1000)
        self.percentile = _number(5e-324, 0.5, 0.1, percentile, env("DATTSS_PERCENTILE"))
        self.debug = debug if debug is not None else env("DATTSS_DEBUG", "").lower() in ("1", "true", "yes")
        self.exit_timeout = exit_timeout
        self.on_stop = on_stop
        self._buffer = (buffer_batches, buffer_bytes)
        self._recorder = Recorder(self.percentile)
        self._is_stopped = True
        self._started_at = time.monotonic()
        self._reset()
        _clients.add(self)
        self.start()

    def _reset(self) -> None:
        """A sender of its own, with nothing waiting: of a new client, and of the child of a fork."""
        self._numbering = Numbering(secrets.token_hex(16), self.process)
        self._queue = PushQueue(*self._buffer)
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._drain_until: float | None = None
        self._flushes = 0
        self._loss_count = 0

    # ---- Recording

    def agg(self, path: str, sample: str) -> None:
        """Adds a sample: `1c` counts, `153ms` times, `23g` gauges; a `!` behind it emphasises the statistic."""
        if not self._is_stopped:
            self._recorder.add_text(path, sample)

    def count(self, path: str, amount: float = 1) -> None:
        """Counts something that happened, `amount` times or with a size."""
        if not self._is_stopped:
            self._recorder.add("c", path, amount)

    def time(self, path: str, milliseconds: float) -> None:
        """Notes how long something took."""
        if not self._is_stopped:
            self._recorder.add("ms", path, milliseconds)

    def gauge(self, path: str, value: float) -> None:
        """Notes how much there is of something."""
        if not self._is_stopped:
            self._recorder.add("g", path, value)

    def timed(self, path: str) -> _Timed:
        """Times a block (`with stats.timed("query"):`) or every call of a function (`@stats.timed("query")`)."""
        return _Timed(self, path)

    # ---- Life

    def start(self) -> None:
        """A new client is started already."""
        with self._condition:
            if not self._is_stopped:
                return
            self._is_stopped = False
            # The method without its check: it is called far more often than everything else.
            self.__dict__["agg"] = self._recorder.add_text
        _install_signal_handler()
        self._ensure_threads()

    def flush(self, timeout: float = REQUEST_SECONDS) -> bool:
        """Sends what was recorded up to now. Returns whether all of it is acknowledged; if not it is kept."""
        if self._is_stopped:
            return False
        self._ensure_threads()
        deadline = time.monotonic() + timeout
        with self._condition:
            losses = self._loss_count
            self._flushes += 1
            flush = self._flushes
            self._condition.notify_all()
            while self._done_flushes < flush or (self._queue.waiting and self._queue.state == "sending"):
                if not self._condition.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    return False
            return not self._queue.waiting and self._loss_count == losses

    def stop(self, timeout: float = 5.0) -> bool:
        """Sends what was recorded, tries for at most `timeout` seconds, and ends sending.

        What is recorded behind it is ignored. Returns whether the server has acknowledged everything.
        """
        with self._condition:
            if self._is_stopped:
                return not self._queue.waiting
            self._is_stopped = True
            self.__dict__.pop("agg", None)
        is_done = self._drain(timeout)
        with self._condition:
            losses = self._queue.abandon()
            self._account(losses)
            self._generation += 1
            self._thread = None
            self._condition.notify_all()
        return is_done

    def __enter__(self) -> Dattss:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None) -> None:
        self.stop()

    @property
    def drops(self) -> dict[str, int]:
        """How many samples were dropped, by reason."""
        return dict(self._recorder.drops)

    @property
    def last_problem(self) -> str | None:
        """What went wrong when something was last sent; None while all goes well."""
        return self._queue.problem

    # ---- Sending

    _generation = 0
    _done_flushes = 0

    def _ensure_threads(self) -> None:
        with self._condition:
            if self._thread is not None and self._thread.is_alive():
                return
            self._done_flushes = self._flushes
            thread = threading.Thread(target=_push_forever, args=(weakref.ref(self), self._generation), daemon=True, name="dattss")
            self._thread = thread
        try:
            thread.start()
        except RuntimeError as error:  # The interpreter is ending.
            self._say(f"cannot start: {error}")
            return
        if self.process and self.on_stop is not False:
            threading.Thread(target=_poll_for_stop, args=(weakref.ref(self), self._generation), daemon=True, name="dattss-stop").start()

    def _connect(self) -> Transport:
        """A thread's own connection: one that ends late after `stop` must not close that of the thread which `start` began."""
        return Transport(self.url, self.auth)

    def _collect(self) -> Step:
        """Ends the push period. Called with the lock held."""
        partials, drops = self._recorder.flush(self._queue.is_working)
        step = Step("rest")
        for push in self._numbering.pushes(partials, round(time.monotonic() - self._started_at), drops):
            found = self._queue.enqueue(push)
            self._account(found.losses)
            if found.action != "rest":
                step = found
        return step

    def _account(self, losses: list[tuple[Any, str]]) -> None:
        for push, reason in losses:
            self._loss_count += 1
            self._recorder.drop(push.samples, reason, push.drops)
            self._say(f"batch {push.seq} is dropped ({reason}): {self._queue.problem}")

    def _drain(self, timeout: float) -> bool:
        """Sends everything, trying again and again for so long."""
        self._ensure_threads()
        deadline = time.monotonic() + timeout
        with self._condition:
            self._drain_until = deadline
            self._flushes += 1
            flush = self._flushes
            losses = self._loss_count
            self._condition.notify_all()
            while self._done_flushes < flush or self._queue.waiting:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self._thread is None or not self._thread.is_alive():
                    break
                self._condition.wait(min(remaining, 0.5))
            self._drain_until = None
            return self._done_flushes >= flush and not self._queue.waiting and self._loss_count == losses

    def _drain_at_exit(self) -> None:
        if self._is_stopped or not (self._recorder.touched or self._recorder.unreported or self._queue.waiting):
            return
        self._drain(self.exit_timeout)

    def _say(self, line: str) -> None:
        if self.debug:
            try:
                print(f"dattss: {line}", file=sys.stderr)
            except (OSError, ValueError, AttributeError):
                pass  # Where standard error is closed there is nobody left to tell.


def _push_forever(reference: weakref.ref[Dattss], generation: int) -> None:
    """Carries out what the queue says: one batch at a time. Ends with its client."""
    client = reference()
    if client is None:
        return
    transport = client._connect()
    del client
    try:
        _push_until_the_end(reference, generation, transport)
    finally:
        transport.close()


def _push_until_the_end(reference: weakref.ref[Dattss], generation: int, transport: Transport) -> None:
    client = reference()
    if client is None:
        return
    condition, period = client._condition, client.push_period
    due = time.monotonic() + period
    pause_until: float | None = None
    step = Step("rest")
    while True:
        with condition:
            if client._generation != generation:
                return
            now = time.monotonic()
            if now >= due or client._done_flushes < client._flushes:
                if now >= due:
                    due = max(due, now) + period
                flushes = client._flushes
                found = client._collect()
                step = found if found.action != "rest" else step
                client._done_flushes = flushes
                condition.notify_all()
            if step.action == "wait":
                pause_until = now + step.seconds
                step = Step("rest")
                condition.notify_all()
            if pause_until is not None and client._drain_until is not None:
                pause_until = min(pause_until, now + DRAIN_RETRY_SECONDS)
            if pause_until is not None and now >= pause_until:
                pause_until = None
                step = client._queue.resume()
            if step.action == "rest":
                wake = due if pause_until is None else min(due, pause_until)
                # Without a strong reference, so that a client nobody uses any more can go.
                client = None
                condition.wait(max(0.0, wake - now))
                client = reference()
                if client is None:
                    return
                continue
            push = step.push
            remaining = REQUEST_SECONDS if client._drain_until is None else max(0.1, client._drain_until - now)
        assert push is not None
        status, body, retry_after = transport.put("/agg", push.body, min(REQUEST_SECONDS, remaining))
        client._say(f"batch {push.seq}, {len(push.body)} bytes: {status} {'' if status == 200 else body}")
        with condition:
            if client._generation != generation:
                return
            step = client._queue.answer(status, body, retry_after)
            client._account(step.losses)
            condition.notify_all()


def _poll_for_stop(reference: weakref.ref[Dattss], generation: int) -> None:
    """Asks the server, again and again, whether this process is to stop."""
    client = reference()
    if client is None:
        return
    transport = client._connect()
    body = json.dumps({"auth": client.auth, "process": client.process, "cid": client._numbering.cid}).encode()
    del client
    try:
        _poll_until_the_end(reference, generation, transport, body)
    finally:
        transport.close()


def _poll_until_the_end(reference: weakref.ref[Dattss], generation: int, transport: Transport, body: bytes) -> None:
    client = reference()
    backoff = Backoff()
    answer = "" if client is None else f"{client.auth}-{client.process}"
    while client is not None and client._generation == generation and not client._is_stopped:
        client = None
        began = time.monotonic()
        status, text, retry_after = transport.put("/process", body, 120.0)
        elapsed = time.monotonic() - began
        client = reference()
        if client is None or client._generation != generation or client._is_stopped:
            return
        if status is not None and 200 <= status < 300:
            backoff.failures = 0
            if text == answer:
                try:
                    (client.on_stop or _end_program)()
                except Exception as error:
                    client._say(f"on_stop raised {error!r}")
                return
            wait = max(0.0, 1.0 - elapsed)
        elif status is None or status in (408, 425, 429) or status >= 500:
            if elapsed >= 30:
                backoff.failures = 0
            wait = backoff.failed(retry_after)
        else:
            wait = backoff.failed_for_long()
        client = None
        time.sleep(wait)
        client = reference()


def _end_program() -> None:
    """As whoever ends programs ends this one: it may clean up, and what it recorded is sent."""
    _drain_all()
    os.kill(os.getpid(), signal.SIGTERM)


class _Timed:
    def __init__(self, client: Dattss, path: str) -> None:
        self._client = client
        self._path = path
        self._starts = threading.local()

    def __enter__(self) -> _Timed:
        starts = self._starts.__dict__.setdefault("stack", [])
        starts.append(time.perf_counter())
        return self

    def __exit__(self, kind: Any, error: Any, place: Any) -> None:
        self._client.time(self._path, (time.perf_counter() - self._starts.stack.pop()) * 1000)

    def __call__(self, function: Function) -> Function:
        client, path = self._client, self._path
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed_coroutine(*args: Any, **kwargs: Any) -> Any:
                start = time.perf_counter()
                try:
                    return await function(*args, **kwargs)
                finally:
                    client.time(path, (time.perf_counter() - start) * 1000)

            return cast(Function, timed_coroutine)

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                client.time(path, (time.perf_counter() - start) * 1000)

        return cast(Function, timed)


def _number(low: float, high: float, usual: float, *candidates: Any) -> float:
    """The first that is a number in the range; what makes no sense is passed over."""
    for candidate in candidates:
        try:
            if candidate not in (None, "") and low <= float(candidate) <= high:
                return float(candidate)
        except (TypeError, ValueError):
            continue
    return usual


# ---- The end of the program, and forks


@atexit.register
def _drain_all() -> None:
    for client in list(_clients):
        client._drain_at_exit()


_is_dying = False


def _install_signal_handler() -> None:
    """Only where the program leaves SIGTERM alone; one that handles it decides itself when it ends."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_terminate)


def _on_terminate(number: int, frame: Any) -> None:
    """Ends the program as the signal would have, when everything is sent.

    In a thread of its own: the main one may hold a lock where the signal has interrupted it.
    """
    global _is_dying
    if _is_dying:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return

    def finish() -> None:
        global _is_dying
        _drain_all()
        _is_dying = True
        os.kill(os.getpid(), number)

    threading.Thread(target=finish, daemon=True).start()


_held: list[Any] = []


def _hold() -> None:
    """So that no thread is in the middle of something in the child, where it does not exist."""
    for client in list(_clients):
        client._recorder.lock.acquire()
        _held.append(client._recorder.lock)


def _release() -> None:
    while _held:
        _held.pop().release()


def _begin_anew() -> None:
    """In the child: what was recorded before the fork is the parent's to send."""
    _held.clear()
    for client in list(_clients):
        recorder = client._recorder
        recorder.lock = threading.RLock()
        recorder.clear()
        client._reset()
        client._generation += 1
        client._done_flushes = 0
        # Most children end soon, or become another program: its thread comes with its first sample.
        recorder.on_first = client._ensure_threads
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # Such a child ends without what was registered at exit.
        util.register_after_fork(_drain_all, lambda drain: util.Finalize(None, drain, exitpriority=100))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_begin_anew)

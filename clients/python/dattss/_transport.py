"""`PUT`s JSON over one connection that is kept."""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit

ANSWER_BYTES_MAX = 64 << 10


class Transport:
    def __init__(self, url: str, auth: str) -> None:
        self.parts = urlsplit(url)
        self.headers = {
            "Authorization": f"Bearer {auth}",
            "Content-Type": "application/json",
            "User-Agent": "dattss-python",
        }
        self.connection: http.client.HTTPConnection | None = None

    def put(self, path: str, body: bytes, timeout: float) -> tuple[int | None, str, float]:
        """Never raises: the status (None when no answer came), the answer's text, and Retry-After in seconds."""
        try:
            connection = self.connection or self._connect(timeout)
            self.connection = connection
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request("PUT", self.parts.path.rstrip("/") + path, body, self.headers)
            response = connection.getresponse()
            text = response.read(ANSWER_BYTES_MAX).decode("utf-8", "replace")
            if response.will_close or not response.isclosed():
                self.close()
            after = response.headers.get("Retry-After", "")
            return response.status, text, float(after) if after.isdigit() else 0.0
        except Exception as error:  # Whatever it was, there is no answer; nothing may reach the program.
            self.close()
            return None, f"{type(error).__name__}: {error}", 0.0

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self.parts.hostname or "127.0.0.1", self.parts.port
        if self.parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=timeout)

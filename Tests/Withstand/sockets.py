"""Many connections of one process, none of which waits for another."""

import errno
import resource
import selectors
import socket
import time


def raise_descriptors():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def open_many(port, count, receive_bytes=None, until=None):
    """Connections from as many addresses as it takes to stay below the limit of one; those that the server left open."""
    raise_descriptors()
    clients = []
    for number in range(count):
        if until and until():
            break
        client = socket.socket()
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.bind((f"127.0.1.{1 + number // 2000}", 0))
        client.settimeout(5)
        try:
            client.connect(("127.0.0.1", port))
        except OSError:
            client.close()
            continue
        client.setblocking(False)
        clients.append(client)
    return clients


class Writer:
    """Writes to each of its connections what a function gives, again and again, as fast as they take it."""

    def __init__(self, port, count, data, reads=True, receive_bytes=None, pause=0.0):
        self.port, self.count, self.data, self.reads = port, count, data, reads
        self.receive_bytes, self.pause = receive_bytes, pause

    def run(self, ended):
        selector, rest = selectors.DefaultSelector(), {}
        events = selectors.EVENT_WRITE | (selectors.EVENT_READ if self.reads else 0)
        for client in open_many(self.port, self.count, self.receive_bytes, ended.is_set):
            selector.register(client, events)
        while not ended.is_set():
            ready = selector.select(0.1)
            for key, mask in ready:
                self.serve(selector, key.fileobj, mask, rest)
            missing = self.count - len(selector.get_map())
            if missing > 0 and self.reads:
                # Who was turned away comes again.
                for client in open_many(self.port, min(missing, 100), self.receive_bytes, ended.is_set):
                    selector.register(client, events)
            if self.pause or not ready:
                # Waits: nobody takes anything, or it is to be sent slowly.
                time.sleep(self.pause or 0.05)

    def serve(self, selector, client, mask, rest):
        try:
            if mask & selectors.EVENT_READ and not client.recv(1 << 18):
                raise ConnectionError
            if mask & selectors.EVENT_WRITE:
                data = rest.get(client) or next(self.data)
                rest[client] = data[client.send(data):]
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK):
                selector.unregister(client)
                rest.pop(client, None)
                client.close()

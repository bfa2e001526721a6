"""The servers of tests/bench/relay: how each is configured, alone or as two nodes that are linked.

Each runs with one thread's worth of processor, keeps nothing on disk, and has those of its limits
lifted that would drop a fast client or hold it back.
"""

import os
import shutil
import socket
import tempfile
import time

from processes import (SERVER_CPU, START_LIMIT_S, BenchError, end, free_port, memory_bytes, start,
                       tree_cpu_s)

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = f"{os.path.dirname(os.path.dirname(HERE))}/build/bench"


def need(program, package):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")
    if not path:
        raise BenchError(f"{program} is missing (try: apt-get install {package})")
    return path


class Node:
    """What a server's command is made of: its own folder and ports, and the node to link to."""

    def __init__(self, folder, number, other=None):
        self.folder = f"{folder}/{number}"
        os.mkdir(self.folder)
        self.number = number
        self.port = free_port()
        self.link_port = free_port()
        self.other = other

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


def limit(_, node):
    return [f"{BUILD}/stream_fan", str(node.port)]


def netkit(options, node):
    link = ["--link", f"tcp://127.0.0.1:{node.other.port}"] if node.other else []
    return [options.netkit, "relay", "-q", "--listen", f"tcp://127.0.0.1:{node.port}", "--state",
            f"{node.folder}/state", "--name", f"node{node.number}", "--rate", "0", *link]


def redis(_, node):
    # Unprotected, since the idle clients come from several addresses of loopback.
    return [need("redis-server", "redis-server"), "--bind", "127.0.0.1", "--port", str(node.port),
            "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", node.folder,
            "--maxclients", "20000"]


def nats(_, node):
    cluster = ["--cluster_name", "bench", "--cluster", f"nats://127.0.0.1:{node.link_port}"]
    if node.other:
        cluster += ["--routes", f"nats://127.0.0.1:{node.other.link_port}"]
    return [need("nats-server", "nats-server"), "-a", "127.0.0.1", "-p", str(node.port), *cluster]


def mosquitto(_, node):
    bridge = ("" if not node.other else
              f"connection bench\naddress 127.0.0.1:{node.other.port}\ntopic # in 0\n"
              "bridge_protocol_version mqttv311\n")
    conf = node.write("mosquitto.conf", f"user root\nlistener {node.port} 127.0.0.1\n"
                      "allow_anonymous true\nmax_queued_messages 0\nmax_connections -1\n"
                      f"set_tcp_nodelay true\n{bridge}")
    return [need("mosquitto", "mosquitto"), "-c", conf]


def ngircd(_, node):
    name = f"node{node.number}.bench"
    link = ("" if not node.other else
            f"[Server]\nName = node{node.other.number}.bench\nHost = 127.0.0.1\n"
            f"Port = {node.other.port}\nMyPassword = bench\nPeerPassword = bench\n")
    # The node that waits must know the one that comes.
    waits = ("" if node.other else
             "[Server]\nName = node1.bench\nPassive = yes\nMyPassword = bench\n"
             "PeerPassword = bench\n")
    conf = node.write("ngircd.conf", f"[Global]\nName = {name}\nInfo = bench\nListen = 127.0.0.1\n"
                      f"Ports = {node.port}\nServerUID = 65534\nServerGID = 65534\n"
                      "MotdPhrase = hello\n[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\n"
                      "MaxPenaltyTime = 0\nMaxNickLength = 20\nConnectRetry = 5\n"
                      f"[Options]\nDNS = no\nIdent = no\nPAM = no\n{link}{waits}")
    return [need("ngircd", "ngircd"), "-n", "-f", conf]


def ncat(_, node):
    return [need("ncat", "ncat"), "-l", "-k", "--chat", "-m", "1020", "127.0.0.1", str(node.port)]


# By name: the load's dialect for it, its command, whether nodes of it link, the largest text.
SERVERS = {
    "limit": ("stream", limit, False, None),
    "netkit": ("frames", netkit, True, None),
    "redis": ("redis", redis, False, None),
    "nats": ("nats", nats, True, None),
    "ncat": ("lines", ncat, False, None),
    "ngircd": ("irc", ngircd, True, 400),  # A line of IRC has 512 bytes.
    "mosquitto": ("mqtt", mosquitto, True, None),
}


class Fan:
    """One server, or two linked nodes of it, on the servers' processor."""

    def __init__(self, name, options, nodes=1):
        self.name = name
        self.dialect, self._command, _, self.size_max = SERVERS[name]
        self._options = options
        self._count = nodes
        self._folder = self._logs = None
        self.processes, self.ports = [], []

    def start(self):
        self._folder = tempfile.TemporaryDirectory()
        os.chmod(self._folder.name, 0o711)  # ngircd gives up root before it reads its folder.
        self._logs = []
        self.processes, self.ports = [], []
        first = None
        for number in range(self._count):
            node = Node(self._folder.name, number, first)
            first = first or node
            self._logs.append(tempfile.TemporaryFile())
            self.processes.append(start(self._command(self._options, node), SERVER_CPU,
                                        stdout=self._logs[-1], stderr=self._logs[-1]))
            self.ports.append(node.port)
            self._wait_for(node.port)
        return self

    def stop(self):
        for process in self.processes:
            end(process)
        for log in self._logs:
            log.close()
        self._folder.cleanup()

    def cpu_s(self):
        return sum(tree_cpu_s(process.pid) for process in self.processes)

    def memory_bytes(self):
        return memory_bytes(self.processes[0].pid)

    def addresses(self):
        return [f"127.0.0.1:{port}" for port in self.ports]

    def complaint(self):
        """The last thing that each node said."""
        said = []
        for log in self._logs:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            said.append(lines[-1] if lines else "it said nothing")
        return "; ".join(said)

    def _wait_for(self, port):
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    time.sleep(0.1)  # ncat ends if a client has left before it could look at it.
                return
            except OSError:
                pass
            if self.processes[-1].poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name} does not start: {self.complaint()}")
            time.sleep(0.01)

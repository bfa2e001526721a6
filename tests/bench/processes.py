"""Processes that the benchmarks start: servers, and what /proc says of their time and memory.

For tests/bench/run. Each process started here is ended by its own id, whatever happens.
"""

import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time

START_LIMIT_S = 10
STOP_LIMIT_S = 5
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU, LOAD_CPU = CPUS[0], CPUS[-1]

_started = []


class BenchError(Exception):
    """What a person must put right, in one line."""


def start(command, cpu, **pipes):
    """Starts `command` pinned to one processor, and remembers it for end_all()."""
    process = subprocess.Popen(["taskset", "-c", str(cpu), *command], **pipes)
    _started.append(process)
    return process


def end(process):
    """Ends the process and its descendants, politely first."""
    pids = tree(process.pid) if process.poll() is None else []
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            _kill(pid, number)
        deadline = time.monotonic() + STOP_LIMIT_S
        while any(_lives(pid, process) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)
        pids = [pid for pid in pids if _lives(pid, process)]
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
    _started.remove(process)


def end_all():
    for process in list(_started):
        end(process)


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _lives(pid, process):
    if pid == process.pid:
        return process.poll() is None
    fields = _stat(pid)
    return fields is not None and fields[0] != "Z"


def _stat(pid):
    """The fields of /proc/PID/stat after the name: state, parent, ...; None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root):
    """The ids of `root` and of all that descend from it, parents first."""
    children = {}
    for name in os.listdir("/proc"):
        fields = _stat(name) if name.isdigit() else None
        if fields:
            children.setdefault(int(fields[1]), []).append(int(name))
    pids = [root]
    for pid in pids:
        pids.extend(children.get(pid, []))
    return pids


def _own_cpu_s(pid):
    """Processor seconds of all threads. schedstat counts nanoseconds, stat ticks of 10 ms."""
    total_ns = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total_ns += int(file.read().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        fields = _stat(pid)
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S if fields else 0
    return total_ns / 1e9


def tree_cpu_s(root):
    """Processor seconds of a process, its descendants, and the children they waited for."""
    total = 0
    for pid in tree(root):
        fields = _stat(pid)
        if fields:
            total += _own_cpu_s(pid) + (int(fields[13]) + int(fields[14])) / TICKS_PER_S
    return total


def memory_bytes(pid):
    """Resident memory, and its proportional share: a page of two processes counts half in each."""
    def kib(path, key):
        with open(path, encoding="latin-1") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key))

    return {"rss": kib(f"/proc/{pid}/status", "VmRSS:") * 1024,
            "pss": kib(f"/proc/{pid}/smaps_rollup", "Pss:") * 1024}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One echo server. Its command tells how its port is found.

    {port_file} in it: netkit, which writes the ports it bound there; {port}: a free port is put
    there; neither: it prints "port N" on its first line.
    """

    def __init__(self, name, command):
        self.name = name
        self.command = shlex.split(command) if isinstance(command, str) else command
        self.ports = {}
        self.process = None
        self._log = None
        self._processes_at_rest = 1

    def start(self):
        self._log = tempfile.TemporaryFile()
        with tempfile.TemporaryDirectory() as folder:
            marks = {"{port_file}": f"{folder}/ports", "{port}": str(free_port())}
            command = []
            for word in self.command:
                for mark, value in marks.items():
                    word = word.replace(mark, value)
                command.append(word)
            self.process = start(command, SERVER_CPU, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=self._log)
            whole = " ".join(self.command)
            if "{port_file}" in whole:
                self.ports = self._wait(lambda: self._read_port_file(marks["{port_file}"]))
            elif "{port}" in whole:
                self.ports = {"tcp": int(marks["{port}"]), "ws": int(marks["{port}"])}
                self._wait(self._accepts)
            else:
                words = self.process.stdout.readline().split()
                if not words:
                    raise BenchError(f"{self.name} does not start: {self.complaint()}")
                self.ports = {"tcp": int(words[-1]), "ws": int(words[-1])}
        time.sleep(0.1)  # The connection of _accepts may still be known to a forking server.
        self._processes_at_rest = len(tree(self.process.pid))
        return self

    def stop(self):
        end(self.process)
        self._log.close()

    def settle(self):
        """Waits until the processes that a forking server had for gone clients are gone too."""
        deadline = time.monotonic() + STOP_LIMIT_S
        while len(tree(self.process.pid)) > self._processes_at_rest:
            if time.monotonic() > deadline:
                raise BenchError(f"{self.name} keeps processes for clients that left")
            time.sleep(0.02)

    def cpu_s(self):
        return tree_cpu_s(self.process.pid)

    def memory_bytes(self):
        return memory_bytes(self.process.pid)

    def complaint(self):
        """The last thing it said on stderr."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _wait(self, attempt):
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            result = attempt()
            if result:
                return result
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name} does not start: {self.complaint()}")
            time.sleep(0.01)

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.ports["tcp"]), timeout=1).close()
            return True
        except OSError:
            return False

    @staticmethod
    def _read_port_file(path):
        """{"tcp": PORT, "ws": PORT} from lines like tcp://127.0.0.1:4711; {} until it is there."""
        try:
            with open(path, encoding="ascii") as file:
                lines = file.read().split()
        except FileNotFoundError:
            return {}
        return {line.partition("://")[0]: int(line.rpartition(":")[2]) for line in lines}

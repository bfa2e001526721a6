"""The scenarios tcp and ws: rows of load, run against several servers in interleaved rounds.

For tests/bench/run, which turns the samples that come back into tables.
"""

import dataclasses
import json
import subprocess
import sys

from processes import LOAD_CPU, BenchError, Server, end, start

WARM_UP_S = 0.3


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of load."""

    connections: int
    size: int
    outstanding: int = 1

    @property
    def label(self):
        size = f"{self.size // 1024} KiB" if self.size >= 1024 else f"{self.size} B"
        many = f", {self.outstanding} outstanding" if self.outstanding > 1 else ""
        return f"{self.connections} x {size}{many}"


STREAM = Row(4, 64 * 1024, outstanding=8)
TCP_ROWS = [*(Row(count, size) for size in (64, 16 * 1024) for count in (1, 50, 1000)), STREAM]
WS_ROWS = [Row(50, 64), Row(50, 16 * 1024), Row(50, 64, outstanding=32), STREAM]


def load_command(program, protocol, row, port, seconds):
    return [program, "--protocol", protocol, "--connections", str(row.connections),
            "--size", str(row.size), "--outstanding", str(row.outstanding),
            "--seconds", str(seconds), "--warm-up", str(WARM_UP_S), "--gate",
            f"127.0.0.1:{port}"]


def read_line(load, server):
    line = load.stdout.readline()
    if not line:
        raise BenchError(f"the load on {server.name} failed: {load.stderr.read().strip()} "
                         f"({server.name}: {server.complaint()})")
    return line


def sample(command, server):
    """One measurement: what load printed, and the server's processor time for each message."""
    load = start(command, LOAD_CPU, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, text=True)
    read_line(load, server)
    # Both times are read while the server has nothing to do.
    before = server.cpu_s()
    load.stdin.write("\n")
    load.stdin.flush()
    result = json.loads(read_line(load, server))
    cpu_s = server.cpu_s() - before
    load.stdin.close()
    load.wait()
    end(load)
    server.settle()
    result["cpu_us"] = cpu_s / result["messages"] * 1e6
    result["cpu_share"] = cpu_s / result["seconds"]
    return result


def take(command, server):
    """A sample; None if a peer fails, which is its result. Of plain and netkit it is an error."""
    try:
        return sample(command, server)
    except BenchError as error:
        if server.name in ("plain", "netkit"):
            raise
        print(f"bench: {error}", file=sys.stderr)
        server.stop()
        server.start()
        return None


def run_row(protocol, row, servers, options, dialect):
    """{server name: [a sample each round]}, the list empty for a peer that failed. The order of
    the servers turns with the rounds, so that none always follows the same one."""
    samples = {server.name: [] for server in servers}
    failed = set()
    for turn in range(options.rounds):
        print(f"bench: {protocol}, {row.label}, round {turn + 1} of {options.rounds}",
              file=sys.stderr)
        at = turn % len(servers)
        for server in servers[at:] + servers[:at]:
            if server.name in failed:
                continue
            command = load_command(options.load, dialect, row, server.ports[protocol],
                                   options.seconds)
            result = take(command, server)
            if result:
                samples[server.name].append(result)
            else:
                failed.add(server.name)
                samples[server.name] = []
    return samples


def run_rows(protocol, rows, commands, options, dialect=None):
    """{row label: {server name: [a sample each round]}}. `dialect`: the load's --protocol, where
    it is not that of the server's endpoint."""
    servers = [Server(name, command).start() for name, command in commands.items()]
    samples = {row.label: run_row(protocol, row, servers, options, dialect or protocol)
               for row in rows}
    for server in servers:
        server.stop()
    return samples

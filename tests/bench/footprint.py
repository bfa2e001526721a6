"""The scenarios idle and start: what a server costs that does nothing, and how soon it is there.

For tests/bench/run.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile

from echo_load import Row, load_command, read_line, sample
from processes import LOAD_CPU, BenchError, Server, end, start
from report import bound, median, number, ratio, table

IDLE_SOURCES = 5  # Loopback addresses; one has only 28,000 ports.
IDLE_OPEN_FILES = 120_000
IDLE_ROUNDS_MAX = 2  # Memory hardly varies.
START_RUNS = 500


def raise_open_file_limit(wanted):
    """Towards `wanted`, for this process and those it starts. Returns the limit they then have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (max(hard, wanted), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, wanted), limit))
            break
        except (ValueError, OSError):  # Not privileged to raise the hard limit: take what it has.
            pass
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def prepare_idle(connections):
    """Gives the servers their open-file limit, of which netkit uses 0.8 for connections."""
    needed = connections * 5 // 4 + 1000
    limit = raise_open_file_limit(max(IDLE_OPEN_FILES, needed))
    if limit < needed:
        raise BenchError(f"{connections} idle connections need an open-file limit of {needed}, "
                         f"and this one cannot be raised above {limit} (try: as root, with "
                         f"CAP_SYS_RESOURCE; or --idle-connections {(limit - 1000) * 4 // 5})")


def idle_sample(name, command, options):
    """Memory of one fresh server before, and with all connections open."""
    server = Server(name, command).start()
    # Buffers that come with the first connection are not a cost of each further one.
    sample(load_command(options.load, "tcp", Row(1, 64), server.ports["tcp"], 0.1), server)
    before = server.memory_bytes()
    command = [options.load, "--idle", str(options.idle_connections), "--sources",
               str(IDLE_SOURCES), f"127.0.0.1:{server.ports['tcp']}"]
    load = start(command, LOAD_CPU, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, text=True)
    read_line(load, server)
    sample(load_command(options.load, "tcp", Row(1, 64), server.ports["tcp"], 0.1), server)
    after = server.memory_bytes()
    load.stdin.close()
    if load.wait() != 0:
        raise BenchError(f"{name} did not hold {options.idle_connections} connections: "
                         f"{load.stderr.read().strip()}")
    end(load)
    server.stop()
    each = {f"{key}_each": (after[key] - before[key]) / options.idle_connections
            for key in before}
    return {"before": before, "after": after, **each}


def run_idle(commands, options):
    samples = {name: [] for name in commands}
    rounds = min(options.rounds, IDLE_ROUNDS_MAX)
    for turn in range(rounds):
        for name, command in commands.items():
            print(f"bench: idle, {name}, round {turn + 1} of {rounds}", file=sys.stderr)
            samples[name].append(idle_sample(name, command, options))
    return samples


def show_idle(samples, options):
    head = ["connections", "server", "bytes each (RSS)", "bytes each (PSS)", "RSS before, MiB",
            "RSS with all, MiB"]
    count = f"{options.idle_connections:,}"
    lines = [[count, name,
              f"{median(rounds, 'rss_each'):,.0f}",
              f"{median(rounds, 'pss_each'):,.0f}",
              number(max(item["before"]["rss"] for item in rounds) / 2**20),
              number(max(item["after"]["rss"] for item in rounds) / 2**20)]
             for name, rounds in samples.items()]
    print(table(head, lines))
    each = median(samples["netkit"], "rss_each") if "netkit" in samples else None
    return [bound(f"below 2 KiB of netkit's memory for each of {count} idle connections", each,
                  2048, " bytes")]


def run_start(commands, options):
    """Mean start times in ms by name, one for each round; size and idle memory of the one file.
    Of `commands`, "idle server" is netkit as a server, the others are timed."""
    commands = dict(commands)
    idle_command = commands.pop("idle server", None)
    times = {name: [] for name in commands}
    for turn in range(options.rounds):
        print(f"bench: start, round {turn + 1} of {options.rounds}", file=sys.stderr)
        with tempfile.NamedTemporaryFile() as file:
            # No taskset here: where a program starts is the machine's choice, as for users.
            done = subprocess.run(
                ["hyperfine", "-N", "--warmup", "50", "--runs", str(START_RUNS), "--style", "none",
                 "--export-json", file.name, *commands.values()],
                check=False, capture_output=True, text=True)
            if done.returncode != 0:
                raise BenchError("hyperfine failed: " + done.stderr.strip())
            results = json.load(file)["results"]
        for name, result in zip(commands, results):
            times[name].append({"mean_ms": result["mean"] * 1e3, "min_ms": result["min"] * 1e3})
    samples = {"times": times}
    if idle_command:
        server = Server("netkit", idle_command).start()
        samples["idle_rss"] = server.memory_bytes()["rss"]
        server.stop()
        samples["size"] = os.path.getsize(idle_command[0])
    return samples


def show_start(samples, _):
    times = samples["times"]
    busybox = times["busybox true"]
    head = ["program", "asked for", "mean ms", "least ms", "ratio to busybox"]
    lines = []
    for name, rounds in times.items():
        lines.append([*name.split(), f"{median(rounds, 'mean_ms'):.2f}",
                      f"{min(item['min_ms'] for item in rounds):.2f}",
                      f"{ratio(rounds, busybox, 'mean_ms'):.2f}"])
    print(table(head, lines))
    if "size" not in samples:
        return ["goal: start, size and idle memory: not measured"]
    print(f"\nThe one file: {samples['size'] / 2**20:.1f} MiB; an idle echo server: "
          f"{samples['idle_rss'] / 2**20:.1f} MiB resident.")
    mean, limit = median(times["netkit --version"], "mean_ms"), median(busybox, "mean_ms")
    return [bound("netkit --version within 1.3 ms or twice busybox true", mean,
                  max(1.3, 2 * limit), " ms"),
            bound("the one file under 12 MiB", samples["size"] / 2**20, 12, " MiB"),
            bound("an idle server under 8 MiB resident", samples["idle_rss"] / 2**20, 8, " MiB")]

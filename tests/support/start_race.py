#!/usr/bin/env python3
"""Starts echo servers that all want one port, some at a time, with --auto-port, --port-file and
--ready-fd, and counts those that are not there the moment they say so. Used by starts.bats of
tests/e2e and tests/lab/starts.

    start_race.py NETKIT STARTS TOGETHER
"""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

READY_LIMIT_S = 30


def any_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def start(netkit, folder, number, port):
    ready, written = os.pipe()
    process = subprocess.Popen(
        [netkit, "echo", "serve", "-q", "--listen", f"tcp://127.0.0.1:{port}", "--auto-port",
         "--port-file", f"{folder}/{number}.port", "--ready-fd", str(written),
         "--state", f"{folder}/{number}"],
        pass_fds=[written], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    os.close(written)
    return process, ready


def port_of(ready, port_file):
    """What it says at once when it is ready; ends with an error if that is not so."""
    if not select.select([ready], [], [], READY_LIMIT_S)[0]:
        raise AssertionError(f"not ready within {READY_LIMIT_S} s")
    said = os.read(ready, 16)
    if said != b"\n":
        raise AssertionError(f"--ready-fd got {said!r}")
    with open(port_file, encoding="ascii") as opened:
        lines = opened.read()
    found = re.fullmatch(r"tcp://127\.0\.0\.1:([0-9]+)\n", lines)
    if not found:
        raise AssertionError(f"--port-file has {lines!r}")
    with socket.create_connection(("127.0.0.1", int(found[1])), 10) as peer:
        peer.sendall(b"hello\n")
        answer = peer.recv(16)
    if answer != b"hello\n":
        raise AssertionError(f"answered {answer!r}")
    return int(found[1])


def one_round(netkit, together, misses):
    """Starts them at once; each that is missed leaves a sentence in misses."""
    port = any_port()
    ports = []
    with tempfile.TemporaryDirectory() as folder:
        servers = [start(netkit, folder, number, port) for number in range(together)]
        for number, (process, ready) in enumerate(servers):
            try:
                ports.append(port_of(ready, f"{folder}/{number}.port"))
            except (AssertionError, OSError) as error:
                misses.append(str(error))
            os.close(ready)
        for process, _ in servers:
            process.send_signal(signal.SIGTERM)
        for process, _ in servers:
            said = process.communicate(timeout=READY_LIMIT_S)[1].decode()
            if process.returncode != 0 or said:
                misses.append(f"ended with {process.returncode}: {said}")
    if len(set(ports)) != len(ports):
        misses.append(f"ports that came twice: {sorted(ports)}")


def main():
    netkit, starts, together = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    begin, misses = time.monotonic(), []
    for _ in range(starts // together):
        one_round(netkit, together, misses)
    took = time.monotonic() - begin
    print(f"{starts // together * together} starts, {len(misses)} misses, {took:.1f} s")
    print(*misses[:10], sep="\n", end="")
    sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()

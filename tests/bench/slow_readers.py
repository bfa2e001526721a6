#!/usr/bin/env python3
"""Clients that ask for a file and read a byte of it now and then. Run by tests/bench/filesrv and
tests/lab/filesrv_faults.

    slow_readers.py PORT COUNT REQUEST [SECONDS]   REQUEST as a Python bytes literal's inside

Prints "ready" once all have asked and each has had its first byte, and "served N" with the number
of those whose connection was still there when stdin ends. Each reads one byte every SECONDS (2).
"""

import resource
import select
import socket
import sys
import time

READY_LIMIT_S = 60


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    request = sys.argv[3].encode().decode("unicode_escape").encode("latin-1")
    pause_s = float(sys.argv[4]) if len(sys.argv) > 4 else 2.0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
    peers = {}
    poll = select.epoll()
    for number in range(count):
        peer = socket.socket()
        # The less our kernel takes, the more is left to the server.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", port))
        peer.sendall(request)
        peer.setblocking(False)
        peers[peer.fileno()] = peer
        poll.register(peer.fileno(), select.EPOLLIN)
        if number % 100 == 99:
            time.sleep(0.01)  # A listen queue is short.
    waiting = set(peers)
    deadline = time.monotonic() + READY_LIMIT_S
    while waiting and time.monotonic() < deadline:
        for number, _ in poll.poll(1):
            try:
                if peers[number].recv(1):
                    waiting.discard(number)
            except ConnectionError:
                pass
            poll.unregister(number)
    print("ready" if not waiting else f"{len(waiting)} of {count} got no byte", flush=True)
    gone = set()
    while True:
        begin = time.monotonic()
        for number, peer in peers.items():
            try:
                if number not in gone and not peer.recv(1):
                    gone.add(number)
            except BlockingIOError:
                pass
            except ConnectionError:
                gone.add(number)
        left_s = pause_s - (time.monotonic() - begin)
        if select.select([sys.stdin], [], [], max(0, left_s))[0]:
            print(f"served {count - len(gone)}", flush=True)
            return


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Asks a running auth server about one token over one connection, pipelined, as fast as it answers.

    token_checks.py PORT TOKEN SECONDS [--every US]   prints checks a second, or percentiles in us
"""

import hashlib
import os
import select
import socket
import struct
import sys
import time

HELLO = b"\xf7NK\x01" + struct.pack(">HHII", 1, 0, 0, 7) + struct.pack(">H", 5) + b"bench"


def frame(kind, stream, body):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, stream, len(body)) + body


def connect(port):
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(HELLO)
    time.sleep(0.2)
    peer.recv(65536)
    return peer


def whole(peer):
    """One answer."""
    got = b""
    while len(got) < 16 or len(got) < 16 + struct.unpack(">I", got[12:16])[0]:
        got += peer.recv(65536)
    return got


def throughput(peer, check, seconds):
    peer.sendall(check)
    answer = whole(peer)
    assert answer[5] == 36, "the token is not accepted"
    size, batch, ahead = len(answer), check * 1000, 8000
    sent = got = 0
    begin = time.monotonic()
    peer.setblocking(False)
    left = b""
    while time.monotonic() - begin < seconds:
        if not left and sent - got // size < ahead:
            left = batch
            sent += 1000
        reading, writing, _ = select.select([peer], [peer] if left else [], [], 1)
        if writing:
            left = left[os.write(peer.fileno(), left):]
        if reading:
            got += len(peer.recv(1 << 20))
    return got / size / (time.monotonic() - begin)


def latency(peer, check, seconds, every_us):
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        peer.sendall(check)
        whole(peer)
        took.append((time.monotonic() - begin) * 1e6)
        time.sleep(every_us / 1e6)
    took.sort()
    return [took[int(len(took) * part)] for part in (0.5, 0.9, 0.99)] + [took[-1]]


def main():
    port, token, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    peer = connect(port)
    check = frame(32, 1, hashlib.sha256(token.encode()).digest())
    if "--every" in sys.argv:
        every = float(sys.argv[sys.argv.index("--every") + 1])
        print(" ".join(f"{each:.0f}" for each in latency(peer, check, seconds, every)))
    else:
        print(f"{throughput(peer, check, seconds):.0f}")


main()

#!/usr/bin/python3
"""Random and mutated bytes at every listener of a server, for a while. What the server is worth
afterwards is for the caller to see: tests/e2e/faults_random.bats. Standard library; talks only to
the endpoints it is given. The seed is printed first, so that a finding can be repeated.

    random_bytes.py SECONDS SEED ENDPOINT...    SEED 0: a new one
"""

import random
import select
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit

from raw_peer import MASK, SHAPES, UPGRADE, connect

# Whole messages of every dialect: what is nearly right gets further than noise.
WHOLE = [
    b"a line\n" * 20,
    b"\xf7NK\x01\x00\x04" + b"\0" * 6 + b"\0\0\0\x04ping" + b"\xf7NK\x01" + b"\0" * 11 + b"\x00",
    b"5".ljust(64) + b"hello" + b"0".ljust(64),
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    UPGRADE + b"\x81\x85" + MASK + b"hello" + b"\x89\x80" + MASK + b"\x88\x82" + MASK + b"\x03\xe8",
    UPGRADE + b"\x01\x82" + MASK + b"\xc5\xbc" + b"\x89\x81" + MASK + b"x" + b"\x80\x80" + MASK,
    UPGRADE + b"\x82\xfe\x01\x00" + MASK + bytes(256),
    bytes.fromhex("16030100c8010000c40303") + bytes(range(190)),
] + [shape for shape in SHAPES.values() if 0 < len(shape) < 4096]
PIECE_MAX = 20_000


def mutated(chance):
    """A whole message with a few bytes changed, cut, doubled or swapped for noise."""
    if chance.random() < 0.15:
        return chance.randbytes(chance.choice((1, 2, 16, 64, 1000, PIECE_MAX)))
    data = bytearray(chance.choice(WHOLE))
    # A handshake is left whole more often, so that what follows it is reached.
    first = len(UPGRADE) if data.startswith(UPGRADE) and chance.random() < 0.8 else 0
    for _ in range(chance.choice((0, 1, 1, 2, 5, 20))):
        at = chance.randrange(first, len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
        elif kind == 1:
            del data[at:at + chance.randrange(1, 20)]
        elif kind == 2:
            data[at:at] = chance.randbytes(chance.randrange(1, 20))
        elif kind == 3:
            data[at:at] = data[at:at + chance.randrange(1, 200)]
        elif at < len(data):
            data[at] ^= 1 << chance.randrange(8)
    return bytes(data[:PIECE_MAX])


def attack(endpoint, chance):
    """One connection: bytes in pieces of any size, now and then an answer read, any kind of end."""
    url = urlsplit(endpoint)
    if url.scheme == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(mutated(chance), (url.hostname, url.port))
        return
    # Under TLS half of the time, so that what is inside is reached as well as what is outside.
    inside = url.scheme in ("tls", "wss") and chance.random() < 0.5
    plain = endpoint.replace("tls:", "tcp:").replace("wss:", "ws:")
    try:
        peer = connect(endpoint if inside else plain)
    except ssl.SSLError:
        # On a busy machine the first bytes came so late that a server that speaks first, to people
        # with nc, did so. Whether it goes on is asked at the end.
        return
    peer.settimeout(5)
    try:
        for _ in range(chance.randrange(1, 4)):
            data = mutated(chance)
            cut = chance.randrange(len(data) + 1)
            for piece in (data[:cut], data[cut:]):
                peer.sendall(piece)
                if select.select([peer], [], [], chance.choice((0, 0, 0.002)))[0]:
                    peer.recv(1 << 16)
        if chance.random() < 0.3:
            peer.shutdown(socket.SHUT_WR)
    except (OSError, ssl.SSLError):
        pass  # The server has had enough, which is its right.
    finally:
        peer.close()


def main(arguments):
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    seed = int(arguments[1]) or random.SystemRandom().randrange(1, 1 << 32)
    print("seed", seed, flush=True)
    chance = random.Random(seed)
    end = time.monotonic() + float(arguments[0])
    endpoints, count = arguments[2:], 0
    while time.monotonic() < end:
        attack(endpoints[count % len(endpoints)], chance)
        count += 1
    print("connections", count)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

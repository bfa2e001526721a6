"""A peer of an echo server, byte by byte: connections of every scheme, one normal exchange, and the
shapes of bytes that the attackers send. Imported by hostile.py and random_bytes.py; standard
library only; talks to nobody but the endpoint it is given.
"""

import socket
import ssl
import time
from urllib.parse import urlsplit

LIMIT_S = 30
HOST = b"Host: localhost\r\n"
UPGRADE = (b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
MASK = b"\0\0\0\0"
SHAPES = {
    "nothing": b"",
    "half-frame": b"\xf7NK\x01\x00\x00\x00",
    "half-frame-body": b"\xf7NK\x01" + b"\0" * 8 + b"\0\0\0\x08half",
    "half-len64": b"12      ",
    "half-len64-body": b"12".ljust(64) + b"half",
    "half-line": b"half a line",
    "half-request": b"GET / HT",
    "half-request-head": b"GET / HTTP/1.1\r\nHost: a\r\nX",
    "half-websocket": UPGRADE + b"\x82\xff\0\0",
    "half-tls": b"\x16\x03\x01\x02\x00\x01\x00",
    "frame-max": b"\xf7NK\x01" + b"\0" * 8 + b"\xff\xff\xff\xff",
    "len64-2^63": b"9223372036854775808".ljust(64),
    "len64-2^64": b"18446744073709551616".ljust(64),
    "len64-negative": b"-1".ljust(64),
    "websocket-2^63": UPGRADE + b"\x82\xff\x80" + b"\0" * 7 + MASK,
    "websocket-2^62": UPGRADE + b"\x82\xff\x40" + b"\0" * 7 + MASK,
    "websocket-not-utf8": UPGRADE + b"\x81\x82" + MASK + b"\xc3\x28",
    "line-not-utf8": b"good \xff\xfe bad\n",
    "line-megabyte": b"x" * (1 << 20),
    "header-megabyte": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n",
    "target-megabyte": b"GET /" + b"x" * (1 << 20) + b" HTTP/1.1\r\n\r\n",
    "garbage": bytes(range(256)) * 4,
    "frame-garbage": bytes(range(256)) * 4,
}


def connect(endpoint):
    url = urlsplit(endpoint)
    if url.scheme == "unix":
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(LIMIT_S)
        peer.connect(endpoint.removeprefix("unix:"))
        return peer
    peer = socket.create_connection((url.hostname, url.port), LIMIT_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if url.scheme in ("tls", "wss"):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        peer = context.wrap_socket(peer, suppress_ragged_eofs=False)
    return peer


def send_quietly(peer, data):
    """Sends all of it, or as much as a server that has had enough lets through."""
    try:
        peer.sendall(data)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
        pass


def read_to_end(peer):
    """Everything until the server closes; a reset is an end as well."""
    said = b""
    try:
        while piece := peer.recv(1 << 16):
            said += piece
    except (ConnectionResetError, ssl.SSLError):
        pass
    return said


def read_exactly(peer, size):
    got = bytearray()
    while len(got) < size:
        piece = peer.recv(size - len(got))
        if not piece:
            raise AssertionError(f"the server closed after {len(got)} of {size} bytes")
        got += piece
    return bytes(got)


def numbered(size, first=0):
    """Bytes that differ wherever they are cut: numbers in text."""
    data = b"".join(b"%d," % number for number in range(first, first + size // 2))
    return data[:size]


def exchange(peer, websocket):
    text = b"hello %d\n" % time.monotonic_ns()
    frame = (b"\x82" + bytes([0x80 | len(text)]) + MASK + text) if websocket else text
    answer = (b"\x82" + bytes([len(text)]) + text) if websocket else text
    peer.sendall(frame)
    got = read_exactly(peer, len(answer))
    assert got == answer, f"sent {frame!r}, got {got!r}"


def greeted(endpoint):
    """A connection that is ready for exchange()."""
    peer = connect(endpoint)
    websocket = endpoint.startswith("ws")
    if websocket:
        peer.sendall(UPGRADE)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(peer, 1)
        assert head.startswith(b"HTTP/1.1 101 "), head
    return peer, websocket


def works(endpoint):
    peer, websocket = greeted(endpoint)
    exchange(peer, websocket)
    peer.close()

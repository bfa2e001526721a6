"""An auth client made by hand: netkit frames with JSON requests, and the checks of a guard. For
tests that need many connections, raw bytes, or an answer at a known moment."""

import json
import socket
import struct

HELLO, ERROR, GOODBYE, PING, PONG, REQUEST, ANSWER = 1, 2, 3, 4, 5, 16, 17
CHECK, CHECK_TICKET, SPEND, USED, GRANT, DENIED, CHANGED = 32, 33, 34, 35, 36, 37, 38


def frame(kind, body, stream=0):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, stream, len(body)) + body


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


class AuthClient:
    """One connection to 127.0.0.1:PORT, greeted."""

    def __init__(self, port, limit_s=30, name="test"):
        self.socket = socket.create_connection(("127.0.0.1", int(port)), limit_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.last = 0
        self.pushed = []
        self.socket.sendall(frame(HELLO, text(name)))
        kind, _, _ = self.receive()
        if kind != HELLO:
            raise ConnectionError(f"a frame of type {kind} instead of hello")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _take(self, size):
        while len(self.unread) < size:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the server closed")
            self.unread += piece
        taken, self.unread = self.unread[:size], self.unread[size:]
        return taken

    def receive(self):
        """(type, stream, body) of the next frame."""
        head = self._take(16)
        if head[:4] != b"\xf7NK\x01":
            raise ConnectionError(f"no frame: {head!r}")
        kind, _, stream, size = struct.unpack(">HHII", head[4:])
        return kind, stream, self._take(size)

    def send(self, kind, body, stream=0):
        self.socket.sendall(frame(kind, body, stream))

    def answer_to(self, stream):
        """The frame that answers `stream`; what is pushed meanwhile goes to `pushed`."""
        while True:
            kind, number, body = self.receive()
            if kind == CHANGED:
                self.pushed.append(body)
            elif number == stream:
                return kind, body

    def ask(self, do, **members):
        """The answer to a request, as a dict with at least "ok"."""
        self.last += 1
        self.send(REQUEST, json.dumps({"id": self.last, "do": do, **members}).encode(), self.last)
        kind, body = self.answer_to(self.last)
        if kind != ANSWER:
            raise ConnectionError(f"a frame of type {kind} instead of an answer: {body!r}")
        return json.loads(body)

    def check(self, token_hash):
        """(type, body) of the answer about a token: GRANT or DENIED."""
        self.last += 1
        self.send(CHECK, token_hash, self.last)
        return self.answer_to(self.last)

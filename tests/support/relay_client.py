#!/usr/bin/python3
"""Clients of a relay made by hand, for tests: netkit's frames, lines, and the headers of 64 bytes
of the original. Standard library only; talks to nobody but the endpoints it is given.

    relay_client.py frames E [--nick N] [--room R] [--expect N] [TEXT…]   says TEXT, prints NDJSON
    relay_client.py line E [--expect N] [TEXT…]        the same, as lines
    relay_client.py len64 E [--expect N] [TEXT…]       the same, as the original's clients
    relay_client.py storm --relays E,E… …       many clients that check all; see storm --help
"""

import argparse
import json
import secrets
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

HELLO, ERROR, GOODBYE, PING, PONG = 1, 2, 3, 4, 5
ASK, ANSWER, SAY, DIRECT, ACK, SAID, TOLD, EVENT = range(16, 24)
KEPT_MAX = 1024  # Acknowledged messages that are sent again where a relay does not know them.


def address_of(endpoint):
    url = urlsplit(endpoint if "://" in endpoint else f"tcp://{endpoint}")
    return url.hostname, url.port


def str8(text):
    data = text.encode()
    return bytes([len(data)]) + data


def frame(kind, body=b"", stream=0, flags=0):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, flags, stream, len(body)) + body


def frame_of(kind, members, stream=0):
    return frame(kind, json.dumps(members).encode(), stream)


def say_frame(number, room, text):
    return frame(SAY, struct.pack(">Q", number) + str8(room) + text.encode())


def direct_frame(number, to, text):
    return frame(DIRECT, struct.pack(">Q", number) + str8(to) + text.encode())


def take_frames(unread):
    """(type, stream, body) of each whole frame at the front of a bytearray, which loses them."""
    at, frames = 0, []
    while len(unread) - at >= 16:
        if unread[at:at + 4] != b"\xf7NK\x01":
            # What a relay says before it knows the dialect is text; it ends where a frame begins.
            begin = unread.find(b"\xf7NK\x01", at)
            if begin < 0:
                break
            at = begin
            continue
        kind, _, stream, size = struct.unpack_from(">HHII", unread, at + 4)
        if len(unread) - at < 16 + size:
            break
        frames.append((kind, stream, bytes(unread[at + 16:at + 16 + size])))
        at += 16 + size
    del unread[:at]
    return frames


class Message:
    """A said or told frame."""

    __slots__ = ("log", "seq", "time", "sender", "number", "place", "nick", "text")

    def __init__(self, body):
        self.log, self.seq, self.time, self.sender, self.number = struct.unpack_from(">5Q", body)
        at = 40
        self.place = body[at + 1:at + 1 + body[at]].decode()
        at += 1 + body[at]
        self.nick = body[at + 1:at + 1 + body[at]].decode()
        self.text = body[at + 1 + body[at]:].decode()

    def members(self, kind):
        return {"id": f"{self.log:016x}-{self.seq}", "sender": f"{self.sender:016x}",
                "number": self.number, "room" if kind == SAID else "to": self.place,
                "nick": self.nick, "text": self.text}


def enter_request(nick, rooms, secret=None, seen=None, history=None, events=False):
    request = {"do": "enter", "events": events, "rooms": [
        {"room": room, **({"history": history} if history is not None else {})} for room in rooms]}
    if nick:
        request["nick"] = nick
    if secret:
        request["secret"] = secret.hex()
    if seen is not None:
        request["seen"] = {f"{log:016x}": seq for log, seq in seen.items()}
    return request


class Peer:
    """One connection, read with a limit."""

    def __init__(self, endpoint, limit_s=20):
        self.socket = socket.create_connection(address_of(endpoint), limit_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise ConnectionError(f"the relay closed after {bytes(self.unread[-200:])!r}")
        self.unread += piece


class FrameClient(Peer):
    """Blocking; what comes while an answer is awaited is kept in `messages` and `events`."""

    def __init__(self, endpoint, nick=None, rooms=("lobby",), limit_s=20, token=None, **enter):
        super().__init__(endpoint, limit_s)
        self.secret = enter.pop("secret", None) or secrets.token_bytes(32)
        self.number, self.acknowledged, self.last = 0, 0, 0
        self.frames, self.messages, self.events = [], [], []
        self.send(frame_of(HELLO, {"service": "relay", **({"token": token} if token else {})}))
        self.greeting = json.loads(self.wait_for(HELLO))
        self.welcome = self.ask(**enter_request(nick, rooms, self.secret, **enter))

    def next(self):
        """The next frame that is neither a ping nor an acknowledgement, which are dealt with."""
        while True:
            while not self.frames:
                self.more()
                self.frames = take_frames(self.unread)
            kind, stream, body = self.frames.pop(0)
            if kind == PING:
                self.send(frame(PONG, body))
            elif kind == ACK:
                self.acknowledged = struct.unpack(">Q", body)[0]
                return kind, stream, body
            elif kind in (ERROR, GOODBYE):
                raise ConnectionError(f"the relay gives up: {body!r}")
            else:
                return kind, stream, body

    def wait_for(self, wanted, stream=None):
        while True:
            kind, number, body = self.next()
            if kind in (SAID, TOLD):
                self.messages.append((kind, Message(body)))
            elif kind == EVENT:
                self.events.append(json.loads(body))
            if kind == wanted and stream in (None, number):
                return body

    def ask(self, **request):
        """The answer; a refusal is a ConnectionError."""
        answer = self.try_ask(**request)
        if not answer.get("ok"):
            raise ConnectionError(f"refused: {answer}")
        return answer

    def try_ask(self, **request):
        self.last += 1
        self.send(frame_of(ASK, request, self.last))
        return json.loads(self.wait_for(ANSWER, self.last))

    def say(self, text, room="lobby"):
        self.number += 1
        self.send(say_frame(self.number, room, text))
        return self.number

    def direct(self, to, text):
        self.number += 1
        self.send(direct_frame(self.number, to, text))
        return self.number

    def wait_for_ack(self, number):
        while self.acknowledged < number:
            self.wait_for(ACK)

    def hear(self):
        """The next message."""
        while not self.messages:
            kind, _, body = self.next()
            if kind in (SAID, TOLD):
                self.messages.append((kind, Message(body)))
            elif kind == EVENT:
                self.events.append(json.loads(body))
        return self.messages.pop(0)[1]


class LineClient(Peer):
    """As nc: the first line makes it a client of lines."""

    def say(self, text):
        self.send(text.encode() + b"\n")

    def hear(self):
        """The next line, without its end."""
        while b"\n" not in self.unread:
            self.more()
        line, _, rest = bytes(self.unread).partition(b"\n")
        self.unread = bytearray(rest)
        return line.decode().rstrip("\r")

    def hear_like(self, part):
        """The next line that has `part` in it."""
        while part not in (line := self.hear()):
            pass
        return line


class Len64Client(Peer):
    """As the original's client: a header of 64 bytes, answers without any."""

    def say(self, text):
        data = text.encode()
        self.send(str(len(data)).encode().ljust(64) + data)

    def hear_until(self, part):
        """All that came, once `part` is in it."""
        while part.encode() not in self.unread:
            self.more()
        said, self.unread = bytes(self.unread), bytearray()
        return said.decode()


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialect", choices=["frames", "line", "len64"])
    parser.add_argument("endpoint")
    parser.add_argument("texts", nargs="*")
    parser.add_argument("--nick")
    parser.add_argument("--room", default="lobby")
    parser.add_argument("--expect", type=int, default=0, help="messages to wait for")
    parser.add_argument("--limit", type=float, default=20, help="seconds")
    return parser.parse_intermixed_args(arguments)


def converse(options):
    if options.dialect == "frames":
        client = FrameClient(options.endpoint, options.nick, [options.room], options.limit)
        for text in options.texts:
            client.wait_for_ack(client.say(text, options.room))
        for _ in range(options.expect):
            print(json.dumps(client.hear().members(SAID)), flush=True)
        return
    kinds = {"line": LineClient, "len64": Len64Client}
    with kinds[options.dialect](options.endpoint, options.limit) as client:
        for text in options.texts:
            client.say(text)
        if options.dialect == "line":
            for _ in range(options.expect):
                print(client.hear(), flush=True)
            return
        end = time.monotonic() + options.limit
        while options.expect > len(client.unread) and time.monotonic() < end:
            client.more()
        sys.stdout.write(client.unread.decode())


def main():
    if sys.argv[1:2] == ["storm"]:
        import relay_storm
        return relay_storm.main(sys.argv[2:])
    try:
        converse(read_options(sys.argv[1:]))
    except OSError as error:
        print(f"relay_client: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

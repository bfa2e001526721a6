#!/usr/bin/python3
"""A relay that links to another and misbehaves. Each command exits 0 if the relay dealt with it as
it must; who is told nothing wrong by it, is for the caller to see. Needs python3-cryptography.

    relay_link.py honest E            links, says five things in its own log: they are taken
    relay_link.py replay E SECONDS    gives every bundle that it is sent back, and again, and again
    relay_link.py reorder E           its own log in the wrong order, and again where it is wanted
    relay_link.py hole E              says to have what it never gives: the log goes on behind that
    relay_link.py forge E             a bundle in the name of the relay's own log: link refused
    relay_link.py alter E             a genuine bundle with one bit changed: link refused
    relay_link.py invent E            a log whose key is not its own: link refused
    relay_link.py unproven E          links without a proof: refused
    relay_link.py logs E              says to be 5,000 relays: link refused
    relay_link.py crowd E             passes on 1,000 relays that nobody else knows: bounded
    relay_link.py flood E SECONDS     as many bundles as go through, never reading
    relay_link.py garbage E           each type of frame with bytes that mean nothing: link refused
"""

import hashlib
import json
import os
import random
import socket
import struct
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from relay_client import ERROR, GOODBYE, HELLO, PING, PONG, Peer, frame, frame_of, str8, take_frames

PROOF, RELAY, HAVE, BUNDLE, GAP, WANT, ROSTER, WANT_ROSTER, FETCH, FETCHED, PROBE = range(48, 59)
SAY_KIND, ENTER_KIND = 1, 3
REFUSAL_LIMIT_S = 20
HAVE_LIMIT_S = 40


class Key:
    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        digest = hashlib.sha256(b"netkit relay log 1" + self.public).digest()
        self.log = int.from_bytes(digest[:8], "big")

    def sign(self, data):
        return self.private.sign(data)


def record(kind, sender, number, fields):
    body = struct.pack(">BQQQ", kind, time.time_ns() // 1_000_000, sender, number) + fields
    return struct.pack(">I", len(body)) + body


def say_record(sender, number, room, nick, text):
    return record(SAY_KIND, sender, number, str8(room) + str8(nick) + text.encode())


def bundle(key, first, records, log=None):
    head = struct.pack(">QQH", key.log if log is None else log, first, len(records))
    data = head + b"".join(records)
    return data + key.sign(b"netkit relay bundle 1\0" + hashlib.sha256(data).digest())


def facts(key, name, beat=1, hops=0):
    head, rest = struct.pack(">QI", key.log, beat), struct.pack(">Q", time.time_ns() // 1_000_000)
    rest += key.public + struct.pack(">Q", 0) + str8(name)
    signature = key.sign(b"netkit relay beat 1\0" + hashlib.sha256(head + b"\0" + rest).digest())
    return head + bytes([hops]) + rest + signature  # The hops are not signed.


class Link(Peer):
    """An established link, as the connecting side."""

    def __init__(self, endpoint, name="mallory", prove=True):
        super().__init__(endpoint, REFUSAL_LIMIT_S)
        self.key, self.link_key, self.frames, self.bundles = Key(), Key(), [], []
        self.peer_log = 0
        nonce = os.urandom(32)
        self.send(frame_of(HELLO, {"service": "relay-link", "version": 1, "name": name,
                                   "log": f"{self.key.log:016x}", "nonce": nonce.hex(),
                                   "key": self.link_key.public.hex()}))
        peer = json.loads(self.wait_for(HELLO))
        self.peer_log = int(peer["log"], 16)
        signed = (b"netkit relay link 1\0connecting\0" + nonce + bytes.fromhex(peer["nonce"]) +
                  self.link_key.public + bytes.fromhex(peer["key"]) +
                  struct.pack(">QQ", self.key.log, self.peer_log))
        proof = self.link_key.sign(signed) if prove else bytes(64)
        self.send(frame_of(PROOF, {"proof": proof.hex()}))

    def next(self):
        while not self.frames:
            self.more()
            self.frames = take_frames(self.unread)
        kind, _, body = self.frames.pop(0)
        if kind == PING:
            self.send(frame(PONG, body))
        elif kind == BUNDLE:
            self.bundles.append(body)
        return kind, body

    def wait_for(self, wanted):
        while True:
            kind, body = self.next()
            if kind == wanted:
                return body
            if kind in (ERROR, GOODBYE):
                raise ConnectionError(f"refused: {body!r}")

    def introduce(self):
        """That it exists, and that it has nothing: what the relay has will come."""
        self.send(frame(RELAY, facts(self.key, "mallory")) + frame(HAVE))

    def say(self, first, texts, sender=0xBAD):
        records = [say_record(sender, first + at, "elsewhere", "mallory", text)
                   for at, text in enumerate(texts)]
        self.send(frame(BUNDLE, bundle(self.key, first, records)))

    def has(self, last, gives_from=None):
        """Waits until the relay says that it has this link's own log up to there; gives it again
        what it wants, but nothing below `gives_from`."""
        end = time.monotonic() + HAVE_LIMIT_S
        while time.monotonic() < end:
            kind, body = self.next()
            if kind == WANT and gives_from:
                first = max(gives_from, struct.unpack(">QQ", body)[1] + 1)
                for number in range(first, last + 1):
                    self.say(number, [f"given again {number}"])
            for at in range(0, len(body), 24) if kind == HAVE else ():
                log, _, upto = struct.unpack_from(">QQQ", body, at)
                if log == self.key.log and upto >= last:
                    return
            if kind in (ERROR, GOODBYE):
                raise SystemExit(f"refused: {body!r}")
        raise SystemExit(f"the relay never had {last} of this log")

    def is_refused(self):
        """Exits 0 once the relay has ended the link, with a sentence or without."""
        end = time.monotonic() + REFUSAL_LIMIT_S
        try:
            while time.monotonic() < end:
                kind, body = self.next()
                if kind in (ERROR, GOODBYE):
                    print(body.decode(errors="replace"))
                    return
        except (ConnectionError, socket.timeout) as error:
            if isinstance(error, ConnectionError):
                return
        raise SystemExit("the relay keeps the link")


def honest(endpoint):
    with Link(endpoint) as link:
        link.introduce()
        link.say(1, [f"honest {number}" for number in range(1, 6)])
        link.has(5)


def replay(endpoint, seconds):
    with Link(endpoint) as link:
        link.introduce()
        end, sent = time.monotonic() + float(seconds), 0
        link.socket.settimeout(1)
        while time.monotonic() < end:
            try:
                link.next()
            except socket.timeout:
                pass
            for each in random.sample(link.bundles, min(20, len(link.bundles))):
                link.send(frame(BUNDLE, each))
                sent += 1
        print(sent)
        if not sent:
            raise SystemExit("nothing came that could be given back")


def reorder(endpoint):
    with Link(endpoint) as link:
        link.introduce()
        order = list(range(1, 41))
        random.Random(1).shuffle(order)
        for number in order:
            link.say(number, [f"reordered {number}"])
        link.has(40, gives_from=1)


def hole(endpoint):
    with Link(endpoint) as link:
        link.introduce()
        link.send(frame(HAVE, struct.pack(">QQQ", link.key.log, 1, 1001)))
        link.say(1001, ["behind a hole"])
        link.has(1001, gives_from=1001)


def forge(endpoint):
    with Link(endpoint) as link:
        link.introduce()
        records = [say_record(1, 1, "storm", "the relay", "forged")]
        link.send(frame(BUNDLE, bundle(link.key, 1_000_000, records, log=link.peer_log)))
        link.is_refused()


def alter(endpoint):
    with Link(endpoint) as link:
        link.introduce()
        own = bundle(link.key, 1, [say_record(7, 1, "storm", "mallory", "to be altered")])
        at = own.index(b"altered")
        link.send(frame(BUNDLE, own[:at] + b"A" + own[at + 1:]))
        link.is_refused()


def invent(endpoint):
    with Link(endpoint) as link:
        body = bytearray(facts(link.key, "mallory"))
        body[0] ^= 1
        link.send(frame(RELAY, bytes(body)))
        link.is_refused()


def unproven(endpoint):
    try:
        with Link(endpoint, prove=False) as link:
            link.introduce()
            link.is_refused()
    except ConnectionError:
        pass


def logs(endpoint):
    with Link(endpoint) as link:
        try:
            for number in range(5000):
                key = Key()
                link.send(frame(RELAY, facts(key, f"many{number}")))
                link.send(frame(BUNDLE, bundle(key, 1, [say_record(
                    number + 1000, 1, "many", "mallory", "one of many")])))
        except ConnectionError:
            pass
        link.is_refused()


def crowd(endpoint):
    with Link(endpoint) as link:
        link.introduce()
        for number in range(1000):
            key = Key()
            link.send(frame(RELAY, facts(key, f"many{number}", hops=1)))
            link.send(frame(BUNDLE, bundle(key, 1, [say_record(
                number + 1000, 1, "many", "mallory", "one of many")])))
        link.send(frame(PING, b"still here"))
        link.wait_for(PONG)


def flood(endpoint, seconds):
    with Link(endpoint) as link:
        link.introduce()
        link.socket.settimeout(1)
        end, first = time.monotonic() + float(seconds), 1
        try:
            while time.monotonic() < end:
                try:
                    link.say(first, ["flood " + "x" * 200] * 200)
                    first += 200
                except socket.timeout:
                    break  # A frame is now half sent: this link is over.
        except ConnectionError:
            pass
        print(first - 1)


def garbage(endpoint):
    chance = random.Random(1)
    for kind in (*range(0, 4), *range(16, 24), *range(48, 64), 0xFFFF):
        for size in (0, 1, 7, 24, 60, 100, 1000):
            with Link(endpoint) as link:
                try:
                    link.send(frame(kind, chance.randbytes(size)))
                    link.send(frame(kind, b"\xff" * size))
                    link.send(b"no frame at all")
                except ConnectionError:
                    continue
                link.is_refused()


COMMANDS = {each.__name__: each for each in (
    honest, replay, reorder, hole, forge, alter, invent, unproven, logs, crowd, flood,
    garbage)}


def main(arguments):
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    COMMANDS[arguments[0]](*arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

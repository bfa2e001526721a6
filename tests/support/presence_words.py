"""What peers say to a presence daemon and to the group, byte by byte, written without netkit's own
code: announcements signed with Ed25519 and the frames that carry them. For labs that load a daemon
with simulated peers or forge what it hears.
"""

import json
import struct
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

GROUP_V4, GROUP_V6, GROUP_PORT = "239.255.42.99", "ff15::4e4b", 2003
ANNOUNCE, DAEMON, ASK, ANSWER, LEAVE = range(1, 6)
HELLO, PING, PONG = 1, 4, 5
ENTER, WELCOME, BIND, BEAT, UPDATE, SUBSCRIBE, ENTRY, FORGOTTEN, ROSTER_END = range(16, 25)
PACE = 27
CONTEXT = b"netkit presence 1\0"
ASK_SIZE_MIN = 320
SIGNATURE_SIZE = 64
HEAD_SIZE = 16


class Key:
    """Whoever speaks: the key, which run of it, and how much it has said."""

    def __init__(self, instance=None):
        self._private = Ed25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.instance = instance or time.time_ns() // 1000
        self.sequence = 0

    def word(self, kind, name, nonce=0, about=b"", tcp_port=0, udp_port=0, tags=()):
        """A whole signed announcement."""
        self.sequence += 1
        out = b"\xf7NKP" + bytes([1, kind, 0, 0]) + self.public
        out += struct.pack(">QQQ", self.instance, self.sequence, nonce)
        out += about.ljust(32, b"\0") + struct.pack(">HHI", tcp_port, udp_port, 0) + bytes(32)
        out += str8(name) + bytes([len(tags)]) + b"".join(map(str8, tags))
        if kind == ASK:
            out = out.ljust(ASK_SIZE_MIN - SIGNATURE_SIZE, b"\0")
        return out + self._private.sign(CONTEXT + out)


def str8(text):
    encoded = text.encode()
    return bytes([len(encoded)]) + encoded


def frame(kind, body=b""):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, 0, len(body)) + body


def hello(role):
    return frame(HELLO, json.dumps({"service": "presence", "version": 1, "role": role}).encode())


def cut_frames(buffer):
    """Takes the whole frames off the front of a bytearray: pairs of type and body."""
    at, frames = 0, []
    while len(buffer) - at >= HEAD_SIZE:
        kind, size = struct.unpack_from(">H6xI", buffer, at + 4)
        if len(buffer) - at < HEAD_SIZE + size:
            break
        frames.append((kind, bytes(buffer[at + HEAD_SIZE:at + HEAD_SIZE + size])))
        at += HEAD_SIZE + size
    del buffer[:at]
    return frames


def nonce_of(hello_body):
    return int(json.loads(hello_body)["nonce"], 16)




def key_of(entry_body):
    """Of the announcement that ends an entry."""
    at = entry_body.index(b"\xf7NKP") + 8
    return entry_body[at:at + 32]

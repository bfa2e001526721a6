"""The bytes of the agent protocol spelt out, without netkit's code. Used by the two ends that the
tests have of it, agent_server.py and shutdown_peer.py.
"""

import struct


def frame(kind, body):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, 0, len(body)) + body


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def say(*words):
    print(*words, flush=True)

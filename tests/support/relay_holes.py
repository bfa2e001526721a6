#!/usr/bin/python3
"""A client that says something where it may not, in the midst of what it may say: prints how the
relay answered. Usage: relay_holes.py PORT"""

import json
import socket
import sys

sys.dont_write_bytecode = True

import relay_client as relay  # noqa: E402

peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
peer.sendall(relay.frame_of(relay.HELLO, {"service": "relay"}))
peer.sendall(relay.frame_of(relay.ASK, {
    "do": "enter", "nick": "anna", "secret": "ab" * 32, "rooms": [{"room": "lobby"}]}, stream=1))
for number, room, text in ((1, "lobby", "one"), (2, "kitchen", "two"), (3, "lobby", "three")):
    peer.sendall(relay.say_frame(number, room, text))
unread, acked, said = bytearray(), 0, []
while acked < 3 or len(said) < 2:
    got = peer.recv(65536)
    if not got:
        sys.exit("the relay hung up")
    unread += got
    for kind, stream, body in relay.take_frames(unread):
        if kind == relay.ACK:
            acked = int.from_bytes(body, "big")
        elif kind == relay.SAID:
            said.append(bytes(body))
        elif kind == relay.ANSWER and stream == 0:
            answer = json.loads(body)
            print("refused", answer["number"], answer["error"])

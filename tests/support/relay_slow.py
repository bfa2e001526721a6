#!/usr/bin/python3
"""Clients of a relay that read too little. Standard library; talks only to the endpoint given.

    relay_slow.py stop E ROOM       enters, prints "in", stops reading until stdin has a line, then
                                    reads on: prints JSON: what came, and of which gaps it was told
    relay_slow.py crowd E ROOM N    N clients that read 64 bytes a second; prints "in" when all are,
                                    ends with stdin and prints how many are still connected
"""

import json
import resource
import select
import socket
import sys
import time

from relay_client import (ANSWER, ASK, EVENT, HELLO, SAID, address_of, enter_request, frame_of,
                          take_frames)

BUFFER = 4096  # The least that the system keeps for a client that does not read.


def enter(endpoint, room, nick):
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    peer.settimeout(30)
    peer.connect(address_of(endpoint))
    peer.sendall(frame_of(HELLO, {"service": "relay"}) +
                 frame_of(ASK, enter_request(nick, [room], events=False), 1))
    return peer


def wait_until_in(peer):
    unread = bytearray()
    while True:
        piece = peer.recv(1024)
        if not piece:
            raise SystemExit("the relay closed")
        unread += piece
        for kind, _, body in take_frames(unread):
            if kind == ANSWER:
                if not json.loads(body)["ok"]:
                    raise SystemExit(f"refused: {body!r}")
                return unread


def stop(endpoint, room):
    peer = enter(endpoint, room, "stalled")
    unread = wait_until_in(peer)
    print("in", flush=True)
    sys.stdin.readline()
    came, gaps, closed = 0, [], False
    peer.settimeout(3)
    try:
        while piece := peer.recv(1 << 16):
            unread += piece
            for kind, _, body in take_frames(unread):
                came += kind == SAID
                if kind == EVENT and json.loads(body)["event"] == "gap":
                    gaps.append(json.loads(body))
        closed = True
    except socket.timeout:
        pass
    except ConnectionError:
        closed = True
    skipped = sum(each["to"] - each["from"] + 1 for each in gaps)
    print(json.dumps({"came": came, "gaps": len(gaps), "skipped": skipped, "closed": closed,
                      "said": gaps[0].get("text") if gaps else None}))


def crowd(endpoint, room, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, int(count) + 100)), hard))
    peers = []
    for number in range(int(count)):
        peers.append(enter(endpoint, room, f"slow{number}"))
        wait_until_in(peers[-1])
    print("in", flush=True)
    for each in peers:
        each.setblocking(False)
    connected, due = set(peers), time.monotonic()
    while not select.select([sys.stdin], [], [], max(0, due - time.monotonic()))[0]:
        due += 1
        for each in list(connected):
            try:
                if not each.recv(64):
                    connected.discard(each)
            except BlockingIOError:
                pass
            except ConnectionError:
                connected.discard(each)
    print(len(connected))


COMMANDS = {"stop": stop, "crowd": crowd}


def main(arguments):
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    COMMANDS[arguments[0]](*arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

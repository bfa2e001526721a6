#!/usr/bin/python3
"""A client of shutdown-server that no one of netkit wrote: python3-websockets, the agent protocol's
bytes spelt out. Used by tests/e2e/shutdown_server*.bats and tests/interop/shutdown_plain.bats.

    shutdown_peer.py plain URL [--origin O] [--subprotocol P] [--bearer TOKEN] [--field NAME=VALUE]
    shutdown_peer.py agent URL [--host NAME] [--machine HEX] [--boot HEX] [--code C] [--mac HEX]
                               [--obey none|receipt|accepted|refused|going|down] [--why TEXT]
    shutdown_peer.py operator URL|unix:PATH [--bearer TOKEN] [--origin O]

All take --from ADDRESS. Prints a line for each event: `open SUBPROTOCOL`, `denied STATUS`,
`got TIME TEXT` (seconds of the clock), `welcome SERVER HEARTBEAT TOKEN`, `error WHY`,
`order ID FLAGS ISSUER REASON`, `cancel ID`, `closed CODE`. Obeys lines of standard input:
    text TEXT | binary HEX | frame KIND HEX | step KIND ID [WHY] | obey LEVEL | raw HEX
    repeat N LETTER | flood N TEXT | mute | close | abort
"""

import argparse
import asyncio
import ssl
import struct
import sys
import time

import websockets

from agent_protocol import frame, say, text

HELLO, ERROR, GOODBYE, ORDER, CANCEL = 1, 2, 3, 32, 33
STEPS = {"receipt": 16, "accepted": 17, "refused": 18, "going": 19, "cancelled": 20,
         "goodbye": GOODBYE}
# What an agent that obeys so far answers to an order.
OBEDIENCE = {"none": (), "receipt": ("receipt",), "accepted": ("receipt", "accepted"),
             "refused": ("receipt", "refused"), "going": ("receipt", "accepted", "going"),
             "down": ("receipt", "accepted", "going", "goodbye")}


def hello(options):
    macs = b"".join(bytes.fromhex(mac) for mac in options.mac)
    return frame(HELLO, b"\0" + bytes.fromhex(options.machine) + bytes.fromhex(options.boot)
                 + text(options.host) + text("test") + text("true")
                 + bytes([len(options.mac)]) + macs + b"\0" + text(options.code))


def step(name, order, why=""):
    words = text(why) if name in ("refused", "goodbye") else b""
    return frame(STEPS[name], struct.pack(">Q", order) + words)


class Agent:
    """What an agent makes of the server's messages."""

    def __init__(self, peer, options):
        self.peer = peer
        self.options = options

    async def take(self, message):
        kind, body = struct.unpack(">H", message[4:6])[0], message[16:]
        if kind == HELLO:
            size = struct.unpack(">H", body[:2])[0]
            heartbeat = struct.unpack(">I", body[2 + size:6 + size])[0]
            say("welcome", body[2:2 + size].decode(), heartbeat, body[8 + size:].decode())
        elif kind == ERROR:
            say("error", body[2:].decode())
        elif kind == ORDER:
            await self.take_order(body)
        elif kind == CANCEL:
            order = struct.unpack(">Q", body)[0]
            say("cancel", f"{order:016x}")
            if self.options.obey in ("receipt", "accepted"):
                await self.peer.send(step("cancelled", order))

    async def take_order(self, body):
        order, flags = struct.unpack(">Q24xB", body[:33])
        size = struct.unpack(">H", body[33:35])[0]
        say("order", f"{order:016x}", flags, body[35:35 + size].decode(),
            body[37 + size:].decode())
        for name in OBEDIENCE[self.options.obey]:
            await self.peer.send(step(name, order, self.options.why))
        if self.options.obey == "down":
            await self.peer.close()


async def obey(peer, options, line):
    what, _, rest = line.partition(" ")
    words = rest.split(" ")
    if what == "text":
        await peer.send(rest)
    elif what == "binary":
        await peer.send(bytes.fromhex(rest))
    elif what == "frame":
        await peer.send(frame(int(words[0]), bytes.fromhex(words[1] if len(words) > 1 else "")))
    elif what == "step":
        await peer.send(step(words[0], int(words[1], 16), " ".join(words[2:])))
    elif what == "obey":
        options.obey = words[0]
    elif what == "raw":
        peer.transport.write(bytes.fromhex(rest))
    elif what == "repeat":
        await peer.send(words[1] * int(words[0]))
    elif what == "flood":
        peer.transport.pause_reading()
        for _ in range(int(words[0])):
            await peer.write_frame(True, 1, " ".join(words[1:]).encode())
        peer.transport.resume_reading()
    elif what == "mute":
        peer.transport.pause_reading()
    elif what == "close":
        await peer.close()
    elif what == "abort":
        peer.transport.abort()


async def follow_stdin(peer, options):
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        try:
            await obey(peer, options, line.decode().rstrip("\n"))
        except websockets.ConnectionClosed:
            return


def connecting(options):
    subprotocols = {"agent": ["netkit-agent.1"], "operator": ["netkit-operator.1"]}.get(
        options.role, options.subprotocol)
    fields = dict(field.split("=", 1) for field in options.field)
    if options.bearer:
        fields["Authorization"] = "Bearer " + options.bearer
    settings = {"subprotocols": subprotocols or None, "extra_headers": fields,
                "origin": options.origin, "ping_interval": None, "max_size": None,
                "open_timeout": 20, "close_timeout": 5, "compression": None}
    if options.url.startswith("unix:"):
        return websockets.unix_connect(options.url[5:], uri="ws://localhost/operator", **settings)
    if options.url.startswith("wss:"):
        secure = ssl.create_default_context()
        secure.check_hostname = False
        secure.verify_mode = ssl.CERT_NONE
        settings["ssl"] = secure
    if options.source:
        settings["local_addr"] = (options.source, 0)
    return websockets.connect(options.url, **settings)


async def run(options):
    try:
        peer = await connecting(options)
    except websockets.InvalidStatusCode as refusal:
        say("denied", refusal.status_code)
        return 1
    say("open", peer.subprotocol or "-")
    if options.role == "agent":
        await peer.send(hello(options))
    agent = Agent(peer, options)
    following = asyncio.ensure_future(follow_stdin(peer, options))
    try:
        async for message in peer:
            if options.role == "agent" and isinstance(message, bytes):
                await agent.take(message)
            else:
                say("got", f"{time.time():.6f}",
                    message if isinstance(message, str) else message.hex())
    except websockets.ConnectionClosed:
        pass
    say("closed", peer.close_code)
    following.cancel()
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("role", choices=("plain", "agent", "operator"))
    parser.add_argument("url")
    for name in ("origin", "bearer"):
        parser.add_argument("--" + name)
    for name in ("subprotocol", "field", "mac"):
        parser.add_argument("--" + name, action="append", default=[])
    parser.add_argument("--from", dest="source")
    parser.add_argument("--host", default="web1")
    parser.add_argument("--machine", default="1".zfill(32))
    parser.add_argument("--boot", default="b".zfill(32))
    parser.add_argument("--code", default="")
    parser.add_argument("--why", default="")
    parser.add_argument("--obey", default="down", choices=tuple(OBEDIENCE))
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""A shutdown-server for tests of the agent that no one of netkit wrote: python3-websockets and the
bytes of the agent protocol spelt out. Used by tests/e2e/shutdown_agent*.bats; knows no orders.

    agent_server.py [--heartbeat MS] [--token TOKEN] [--code CODE] [--tls CERT KEY] [--unix PATH]
    agent_server.py --raw silence|drip|noise|huge|page

Prints `port N`, then a line for each event: `connect`, `bearer TOKEN`, `hello ...`, `receipt ID`,
`accepted ID`, `refused ID WHY`, `going ID`, `cancelled ID`, `goodbye ID WHY`, `disconnect`.
Obeys lines of standard input, for the newest connection:
    order ID [boot=HEX] [valid=MS] [force] [issuer=TEXT] [reason=TEXT]   (boot: the agent's own)
    offer ID ...       the same, and again after each hello, until it has an answer that ends it
    cancel ID | error TEXT | close | abort | mute | binary HEX | text TEXT | frame HEX
--raw: plain TCP that does no WebSocket: says nothing, one byte at a time, noise, a huge frame
(after a right handshake), a web page.
"""

import argparse
import asyncio
import base64
import hashlib
import os
import ssl
import struct
import sys

import websockets

from agent_protocol import frame, say, text

STEPS = {16: "receipt", 17: "accepted", 18: "refused", 19: "going", 20: "cancelled"}
ENDS = ("refused", "going", "cancelled")


class Reader:
    """The fields of one message from an agent."""

    def __init__(self, message):
        if message[:4] != b"\xf7NK\x01":
            raise ValueError("no frame")
        self.kind, _, _, length = struct.unpack(">HHII", message[4:16])
        self.body = message[16:]
        if length != len(self.body):
            raise ValueError("wrong length")

    def take(self, layout):
        size = struct.calcsize(layout)
        values = struct.unpack(layout, self.body[:size])
        self.body = self.body[size:]
        return values[0] if len(values) == 1 else values

    def text(self):
        size = self.take(">H")
        value, self.body = self.body[:size].decode(), self.body[size:]
        return value


class Server:
    def __init__(self, options):
        self.options = options
        self.peer = None
        self.boot = b""
        self.offers = {}
        self.mute = asyncio.Event()

    async def serve(self, peer, *_):
        self.peer = peer
        say("connect", peer.subprotocol)
        authorization = peer.request_headers.get("Authorization", "")
        if authorization:
            say("bearer", authorization.removeprefix("Bearer "))
        try:
            async for message in peer:
                await self.take(peer, message)
        except websockets.ConnectionClosed:
            pass
        say("disconnect")

    async def take(self, peer, message):
        fields = Reader(message)
        if fields.kind == 1:
            await self.welcome(peer, fields)
        elif fields.kind == 3:
            say("goodbye", f"{fields.take('>Q'):016x}", fields.text())
        else:
            step, order = STEPS[fields.kind], f"{fields.take('>Q'):016x}"
            if step in ENDS:
                self.offers.pop(order, None)
            say(step, order, *([fields.text()] if step == "refused" else []))

    async def welcome(self, peer, fields):
        flags, machine, self.boot = fields.take(">B16s16s")
        host, version, command = fields.text(), fields.text(), fields.text()
        macs = [fields.take("6s") for _ in range(fields.take(">B"))]
        ports = [fields.take(">H") for _ in range(fields.take(">B"))]
        code = fields.text()
        say(f"hello flags={flags} machine={machine.hex()} boot={self.boot.hex()} host={host} "
            f"version={version} macs={len(macs)} ports={','.join(map(str, ports))} code={code} "
            f"exec={command}")
        if code and code != self.options.code:
            await peer.send(frame(2, text("the code is not known")))
            await peer.close()
            return
        token = self.options.token if code else ""
        await peer.send(frame(1, text("fake") + struct.pack(">I", self.options.heartbeat)
                              + text(token)))
        for order in list(self.offers.values()):
            await peer.send(self.order(order))

    def order(self, words):
        named = dict(word.split("=", 1) for word in words if "=" in word)
        boot = bytes.fromhex(named["boot"]) if "boot" in named else self.boot
        return frame(32, struct.pack(">Q16sQB", int(words[0], 16), boot, int(named.get("valid", 0)),
                                     "force" in words)
                     + text(named.get("issuer", "root")) + text(named.get("reason", "")))

    async def obey(self, line):
        what, _, rest = line.partition(" ")
        words = rest.split()
        if what == "offer":
            self.offers[f"{int(words[0], 16):016x}"] = words
        if not self.peer or not self.peer.open:
            return
        if what in ("order", "offer"):
            await self.peer.send(self.order(words))
        elif what == "cancel":
            await self.peer.send(frame(33, struct.pack(">Q", int(words[0], 16))))
        elif what == "error":
            await self.peer.send(frame(2, text(rest)))
        elif what == "close":
            await self.peer.close()
        elif what == "abort":
            self.peer.transport.abort()
        elif what == "mute":
            self.peer.transport.pause_reading()
        elif what == "binary":
            await self.peer.send(bytes.fromhex(rest))
        elif what == "frame":
            self.peer.transport.write(bytes.fromhex(rest))
        elif what == "text":
            await self.peer.send(rest)


async def drip(writer, data, pause_s=0.05):
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(pause_s)


async def raw(kind, reader, writer):
    """One connection of a server that is none."""
    say("connect")
    request = b""
    try:
        while kind != "noise" and b"\r\n\r\n" not in request:
            piece = await reader.read(4096)
            if not piece:
                return
            request += piece
        if kind == "drip":
            await drip(writer, b"HTTP/1.1 101 Switching Protocols\r\n" + b"X-A: b\r\n" * 10_000)
        elif kind == "noise":
            writer.write(os.urandom(100_000))
            await writer.drain()
        elif kind == "page":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            await writer.drain()
        elif kind == "huge":
            key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
            guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(key + guid).digest())
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         b"Connection: Upgrade\r\nSec-WebSocket-Protocol: netkit-agent.1\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                         b"\x82\x7f" + struct.pack(">Q", 1 << 62))
            await writer.drain()
        await reader.read()
    except ConnectionError:
        pass
    finally:
        say("disconnect")
        writer.close()


async def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--heartbeat", type=int, default=15000)
    parser.add_argument("--token", default="nk_" + "t" * 43)
    parser.add_argument("--code", default="right")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--unix")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--raw")
    options = parser.parse_args()
    if options.raw:
        listening = await asyncio.start_server(
            lambda reader, writer: raw(options.raw, reader, writer), "127.0.0.1", options.port)
    else:
        server = Server(options)
        secure = None
        if options.tls:
            secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secure.load_cert_chain(*options.tls)
        settings = {"ping_interval": None, "subprotocols": ["netkit-agent.1"]}
        if options.unix:
            await websockets.unix_serve(server.serve, options.unix, **settings)
            say("port 0")
        else:
            listening = await websockets.serve(server.serve, "127.0.0.1", options.port, ssl=secure,
                                               **settings)
    if not options.unix:
        say("port", listening.sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        try:
            await server.obey(line.decode().strip())
        except websockets.ConnectionClosed:
            pass
    await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())

#!/usr/bin/python3
"""Wires between relays that a test can cut, stall or make slow: forwards TCP connections. Standard
library; loopback only.

    relay_wire.py [--delay SECONDS] PORT=TARGET-PORT…     prints "ready"

Reads commands from stdin and prints "done" after each; it ends with stdin.
    cut PORT|all       its connections are reset; new ones are forwarded
    down PORT|all      they are reset, and new ones are reset at once
    stall PORT|all     nothing gets through either way, and nobody is told
    up PORT|all        as at the beginning; what was stalled gets through
"""

import argparse
import asyncio
import socket
import struct
import sys

PIECE = 1 << 16
QUEUE_MAX = 4 << 20  # Under way on a slow wire, each direction.


class Wire:
    def __init__(self, port, target, delay):
        self.port, self.target, self.delay = port, target, delay
        self.pairs = set()
        self.is_down = False
        self.open = asyncio.Event()
        self.open.set()

    async def serve(self, reader, writer):
        if self.is_down:
            reset(writer)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            reset(writer)
            return
        pair = (writer, back)
        self.pairs.add(pair)
        for each in pair:
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.gather(self.pass_on(reader, back), self.pass_on(there, writer))
        except (OSError, EOFError):
            pass
        finally:
            self.pairs.discard(pair)
            for each in pair:
                reset(each)

    async def pass_on(self, reader, writer):
        """Both ways end with the first that ends: relays close links as a whole."""
        queue, size = asyncio.Queue(), 0
        loop = asyncio.get_running_loop()

        async def deliver():
            nonlocal size
            while True:
                due, piece = await queue.get()
                await asyncio.sleep(max(0, due - loop.time()))
                await self.open.wait()
                writer.write(piece)
                await writer.drain()
                size -= len(piece)

        delivering = asyncio.create_task(deliver())
        try:
            while not delivering.done():
                if size > QUEUE_MAX:
                    await asyncio.sleep(0.01)
                    continue
                piece = await reader.read(PIECE)
                if not piece:
                    raise EOFError
                size += len(piece)
                queue.put_nowait((loop.time() + self.delay, piece))
        finally:
            delivering.cancel()

    def cut(self):
        for pair in list(self.pairs):
            for each in pair:
                reset(each)

    def do(self, command):
        if command in ("cut", "down"):
            self.cut()
        if command != "cut":
            self.is_down = command == "down"
        if command == "stall":
            self.open.clear()
        else:
            self.open.set()


def reset(writer):
    sock = writer.get_extra_info("socket")
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass  # It is closed already.
    writer.transport.abort()


async def run(options):
    wires = {}
    for pair in options.wires:
        port, _, target = pair.partition("=")
        wires[port] = Wire(int(port), int(target), options.delay)
        await asyncio.start_server(wires[port].serve, "127.0.0.1", int(port))
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command, name = line.split()
        for wire in wires.values() if name == "all" else [wires[name]]:
            wire.do(command)
        print("done", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("wires", nargs="+", metavar="PORT=TARGET")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

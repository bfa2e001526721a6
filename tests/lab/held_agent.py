"""An agent that accepts an order and goes no further until the order is offered again: how the lab
holds an order in the state `accepted`. Written without netkit's code; obeys any certificate.

Usage: /usr/bin/python3 held_agent.py wss://ADDRESS:PORT NAME MACHINE_ID BOOT_ID
Prints a line for each connection and each order.
"""

import asyncio
import ssl
import struct
import sys

import websockets

HELLO, RECEIPT, ACCEPTED, GOING, ORDER = 1, 16, 17, 19, 32
RECONNECT_S = 0.2
HEARTBEAT_S = 0.5


def frame(kind, body):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, 0, len(body)) + body


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def hello(name, machine, boot):
    return frame(HELLO, b"\0" + bytes.fromhex(machine) + bytes.fromhex(boot) + text(name)
                 + text("0.1.0") + text("held") + b"\0\0" + text(""))


async def session(peer, introduction, seen):
    print("connected", flush=True)
    await peer.send(introduction)
    async for message in peer:
        if struct.unpack_from(">H", message, 4)[0] != ORDER:
            continue
        order = message[16:24]
        print("order", order.hex(), flush=True)
        if order in seen:
            await peer.send(frame(GOING, order))
        else:
            seen.add(order)
            await peer.send(frame(RECEIPT, order))
            await peer.send(frame(ACCEPTED, order))


async def main(uri, name, machine, boot):
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    seen = set()
    while True:
        try:
            async with websockets.connect(
                    uri, ssl=trust, subprotocols=["netkit-agent.1"], open_timeout=2,
                    ping_interval=HEARTBEAT_S, ping_timeout=2 * HEARTBEAT_S,
                    close_timeout=0.1) as peer:
                await session(peer, hello(name, machine, boot), seen)
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as error:
            print("lost", type(error).__name__, flush=True)
        await asyncio.sleep(RECONNECT_S)


asyncio.run(main(*sys.argv[1:]))

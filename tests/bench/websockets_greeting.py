"""What the original shutdown server said to its WebSocket clients, on python3-websockets: the
client's address, then `Echo: ` before each message. A peer of tests/bench/shutdown.

Usage: /usr/bin/python3 websockets_greeting.py PORT. Heartbeats are off, for the load program counts
bytes; nothing else differs from the defaults.
"""

import asyncio
import contextlib
import sys

import websockets


async def greet(connection):
    await connection.send(connection.remote_address[0])
    with contextlib.suppress(websockets.ConnectionClosed):  # A load that leaves without a word.
        async for message in connection:
            await connection.send(f"Echo: {message}")


async def main():
    async with websockets.serve(greet, "127.0.0.1", int(sys.argv[1]), ping_interval=None):
        await asyncio.get_running_loop().create_future()


asyncio.run(main())

"""WebSocket echo on python3-websockets, as its manual writes it: a peer of tests/bench/run.

Usage: /usr/bin/python3 websockets_echo.py PORT. Heartbeats are off, for the load program counts
bytes; nothing else differs from the defaults, and messages of up to 1 MiB pass.
"""

import asyncio
import sys

import websockets


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    async with websockets.serve(echo, "127.0.0.1", int(sys.argv[1]), ping_interval=None):
        await asyncio.get_running_loop().create_future()


asyncio.run(main())

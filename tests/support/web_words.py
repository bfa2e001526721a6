#!/usr/bin/python3
"""python3-websockets at the file server: words as text messages, a file as one of bytes. Used by
tests/interop/filesrv_http.bats; talks to the given URL alone.

    web_words.py URL FOLDER    0: the server of FOLDER answers as it should
"""

import asyncio
import re
import sys
from pathlib import Path

import websockets

LIMIT_S = 20


def same(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r:.200}, expected {expected!r:.200}")


async def talk(url, folder):
    async with websockets.connect(url, max_size=None, compression=None) as peer:
        async def ask(words):
            await peer.send(words)
            return await asyncio.wait_for(peer.recv(), LIMIT_S)

        same(await ask("list"), "a.txt\ndocs/\nlarge\n")
        same(await ask("list docs/deep"), "file\n")
        same(await ask("get a.txt"), b"hello\n")
        same(await ask("get large"), (folder / "large").read_bytes())
        same(await ask("get docs/deep/file"), b"deep")
        same(bool(re.fullmatch(r"\d\d:\d\d:\d\d", await ask("time"))), True)
        same("state online" in await ask("info"), True)
        for words in "get nothing", "get docs", "get ../large", "list a.txt", "nonsense":
            answer = await ask(words)
            same(answer.startswith("netkit: cannot "), True)
            same(words.split()[-1] in answer, False)
        await (await peer.ping())
        same(await ask("hora_atual") != "", True)
        await peer.send("quit")
        await asyncio.wait_for(peer.wait_closed(), LIMIT_S)
        same(peer.close_code, 1000)


async def refused(url, origin):
    try:
        await websockets.connect(url, origin=origin)
    except websockets.InvalidStatusCode as answer:
        same(answer.status_code, 403)
    else:
        raise AssertionError(f"a page of {origin} was let in")


async def main():
    url, folder = sys.argv[1], Path(sys.argv[2])
    await talk(url, folder)
    await refused(url, "http://evil.example")
    await refused(url, "null")


asyncio.run(main())

#!/usr/bin/python3
"""python3-websockets at the other end: as a client that checks one claim about an echo server, or
as an echo server. Used by tests/interop/websockets.bats; never reaches beyond the URL it is given.

    websocket_peer.py check CLAIM URL         exit code 0 if the claim holds
    websocket_peer.py serve [--greet] [--tls CERT KEY]    prints `port N`, serves until killed
"""

import asyncio
import os
import ssl
import sys

import websockets

LIMIT_S = 20
OP_CONTINUATION, OP_TEXT, OP_CLOSE = 0, 1, 8
CLAIMS = {}


def claim(check):
    CLAIMS[check.__name__] = check
    return check


def same(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r:.200}, expected {expected!r:.200}")


async def echoes(peer, message):
    await peer.send(message)
    same(await peer.recv(), message)


async def closed_with(peer, code):
    """The server ends the connection, and says why."""
    try:
        while True:
            await peer.recv()
    except websockets.ConnectionClosed as closed:
        same(closed.rcvd.code if closed.rcvd else None, code)


@claim
async def text(peer):
    for message in ("hello", "", "żółw 🐢", "\x00", "a" * 125, "a" * 126, "a" * 65535, "a" * 65536):
        await echoes(peer, message)


@claim
async def binary(peer):
    for size in (0, 1, 125, 126, 127, 65535, 65536, 100_000):
        await echoes(peer, os.urandom(size))


@claim
async def fragments(peer):
    """An iterable is sent as one message of many fragments; a ping may stand between them."""
    async def parts():
        for number, part in enumerate(("one ", "", "two ", "ż" * 100)):
            yield part
            await peer.ping(f"between {number}")
    await peer.send(parts())
    same(await peer.recv(), "one two " + "ż" * 100)
    # A character cut in two is text all the same.
    await peer.write_frame(False, OP_TEXT, b"\xc5")
    await peer.write_frame(True, OP_CONTINUATION, b"\xbc")
    same(await peer.recv(), "ż")


@claim
async def ping(peer):
    for body in (b"", b"x", b"p" * 125):
        await asyncio.wait_for(await peer.ping(body), LIMIT_S)
    await echoes(peer, "still here")


@claim
async def mebibyte(peer):
    await echoes(peer, os.urandom(1 << 20))
    await echoes(peer, "ü" * (1 << 19))


@claim
async def many(peer):
    """Messages sent ahead of their answers come back in order."""
    async def send_all():
        for number in range(500):
            await peer.send(f"{number}")
    sending = asyncio.ensure_future(send_all())
    for number in range(500):
        same(await peer.recv(), f"{number}")
    await sending


@claim
async def close_codes(peer):
    for code in (1000, 1001, 3000, 4999):
        async with connected(peer.url) as other:
            await other.close(code, "bye")
            same(other.close_code, code)
            same(other.close_rcvd.code, code)


@claim
async def close_codes_refused(peer):
    """A code that may not stand in a close frame (RFC 6455, 7.4): 1002."""
    for body in (b"\x03", b"\x03\xed", b"\x03\xe7", b"\x13\x88"):
        async with connected(peer.url) as other:
            await other.write_frame(True, OP_CLOSE, body)
            await closed_with(other, 1002)


@claim
async def bad_utf8(peer):
    """1007 at the first wrong byte, before the rest of the message is there."""
    await peer.write_frame(False, OP_TEXT, b"good \xff")
    await closed_with(peer, 1007)


@claim
async def bad_utf8_cut(peer):
    await peer.write_frame(True, OP_TEXT, b"cut \xc5")
    await closed_with(peer, 1007)


@claim
async def unmasked(peer):
    peer.is_client = False
    await peer.write_frame(True, OP_TEXT, b"not masked")
    peer.is_client = True
    await closed_with(peer, 1002)


@claim
async def unknown_op(peer):
    peer.transport.write(b"\x83\x80\0\0\0\0")
    await closed_with(peer, 1002)


@claim
async def lonely_continuation(peer):
    await peer.write_frame(True, OP_CONTINUATION, b"of nothing")
    await closed_with(peer, 1002)


@claim
async def long_ping(peer):
    peer.transport.write(b"\x89\xfe\x00\x7e" + b"\0" * 4 + b"p" * 126)
    await closed_with(peer, 1002)


@claim
async def too_big(peer):
    """For a server with --max-message 64KiB: refused from the header alone."""
    await echoes(peer, "a" * 65536)
    peer.transport.write(b"\x82\xff" + (65537).to_bytes(8, "big") + b"\0\0\0\0")
    await closed_with(peer, 1009)


@claim
async def going_away(peer):
    """A server that is told to stop says so: 1001. The process id comes on stdin."""
    await echoes(peer, "hello")
    os.kill(int(sys.stdin.readline()), 15)
    await closed_with(peer, 1001)


def connected(url):
    secure = None
    if url.startswith("wss:"):
        secure = ssl.create_default_context()
        secure.check_hostname = False
        secure.verify_mode = ssl.CERT_NONE
    connecting = websockets.connect(url, ssl=secure, max_size=None, open_timeout=LIMIT_S)
    connecting.url = url
    return connecting


async def check(name, url):
    async with connected(url) as peer:
        peer.url = url
        await CLAIMS[name](peer)


async def serve(greeting, secure):
    async def echo(peer):
        if greeting:
            await peer.send("welcome")
        async for message in peer:
            await peer.send(message)
    async with websockets.serve(echo, "127.0.0.1", 0, ssl=secure, max_size=None) as server:
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "check" and arguments[1] in CLAIMS:
        asyncio.run(asyncio.wait_for(check(*arguments[1:]), LIMIT_S))
    elif arguments[:1] == ["serve"]:
        secure = None
        if "--tls" in arguments:
            secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secure.load_cert_chain(*arguments[arguments.index("--tls") + 1:][:2])
        asyncio.run(serve("--greet" in arguments, secure))
    else:
        print(__doc__, *CLAIMS, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/python3
"""Peers that misbehave, against a running echo server: each command exits 0 if the server answered
as it must. Used by tests/e2e/faults*.bats and tests/lab; standard library only; talks to nobody
but the endpoint it is given. Limits are in seconds.

    refused E SHAPE            sends SHAPE; prints the server's last words once it has closed
    silent E SHAPE LIMIT       sends SHAPE, then nothing: closed within LIMIT, and not at once
    crowd E N                  N connections that say nothing, while ten others work
    unread E                   sends until nothing more is taken, then reads all of it back
    resets E N                 N connections that are reset in mid-message
    trickle E SHAPE LIMIT      sends SHAPE byte by byte: closed within LIMIT
    greedy E                   sends and reads as fast as it can, while another works
    flood_after_end E SHAPE    goes on sending after the server has refused SHAPE; others work
    exhaust E N                opens N connections, leaves, and finds the server at work again
    in_flight E N PID          SIGTERM to PID when N connections have sent: all of it comes back
    keep_unread E PID [twice]  SIGTERM to PID, once or twice, with answers that nobody reads
    works E                    one normal exchange
"""

import fcntl
import os
import resource
import select
import signal
import socket
import ssl
import struct
import sys
import termios
import time

from raw_peer import (LIMIT_S, MASK, SHAPES, connect, exchange, greeted, numbered, read_exactly,
                      read_to_end, send_quietly, works)


def refused(endpoint, shape):
    peer = connect(endpoint)
    send_quietly(peer, SHAPES[shape])
    print(read_to_end(peer)[-2000:])
    works_beside(endpoint, shape)


def works_beside(endpoint, shape):
    """A dialect that is pinned has its own normal exchange."""
    if shape.split("-")[0] not in ("frame", "len64") and "frame" not in shape:
        works(endpoint)


def silent(endpoint, shape, limit):
    peer = connect(endpoint)
    begin = time.monotonic()
    peer.sendall(SHAPES[shape])
    peer.settimeout(float(limit))
    try:
        said = read_to_end(peer)
    except TimeoutError as timeout:
        raise AssertionError(f"still open after {limit} s of silence") from timeout
    elapsed = time.monotonic() - begin
    assert elapsed > 0.2, f"closed at once, after {elapsed:.3f} s, saying {said!r:.200}"


def trickle(endpoint, shape, limit):
    peer = connect(endpoint)
    end = time.monotonic() + float(limit)
    try:
        for byte in SHAPES[shape]:
            peer.sendall(bytes([byte]))
            if select.select([peer], [], [], 0.05)[0] and not peer.recv(1 << 16):
                return
            assert time.monotonic() < end, f"still open after {limit} s"
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass


def raise_open_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SystemExit(f"the open-file limit is {hard}, {count} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def crowd(endpoint, count):
    raise_open_files(int(count) + 100)
    plain = endpoint.replace("tls:", "tcp:").replace("wss:", "ws:")
    silent_ones = [connect(plain) for _ in range(int(count))]
    workers = [greeted(endpoint) for _ in range(10)]
    worst = 0
    for _ in range(50):
        for worker in workers:
            begin = time.monotonic()
            exchange(*worker)
            worst = max(worst, time.monotonic() - begin)
    assert worst < 5, f"one exchange took {worst:.1f} s"
    for each in silent_ones:
        each.setblocking(False)
        try:
            raise AssertionError(f"a silent one was told {each.recv(100)!r}")
        except BlockingIOError:
            pass


def unread(endpoint):
    peer, websocket = greeted(endpoint)
    assert not websocket
    data = os.urandom(64 << 20)
    sent = 0
    peer.setblocking(False)
    # Blocked once nothing more has been taken for a second.
    while select.select([], [peer], [], 1)[1]:
        try:
            sent += peer.send(data[sent:sent + (1 << 16)])
        except (BlockingIOError, ssl.SSLWantWriteError):
            pass
        assert sent < len(data), "the server takes without end what it cannot give back"
    peer.settimeout(LIMIT_S)
    works(endpoint)
    got = read_exactly(peer, sent)
    assert got == data[:sent], "what came back is not what was sent"
    print(sent)


def resets(endpoint, count):
    for number in range(int(count)):
        peer, websocket = greeted(endpoint)
        if websocket:
            peer.sendall(b"\x82\xfe\x10\x00" + MASK + b"half of it")
        else:
            peer.sendall(numbered(100_000 if number % 2 else 10))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if isinstance(peer, ssl.SSLSocket):
            peer = socket.socket(fileno=peer.detach())
        peer.close()
    works(endpoint)


def in_background(work):
    """Runs it in a process of its own, which ends with the returned function."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except OSError:
            pass
        os._exit(0)

    def end():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return end


def undisturbed(endpoint, length_s, limit_s):
    """Exchanges on one connection, and new connections, are quick meanwhile."""
    peer, websocket = greeted(endpoint)
    end = time.monotonic() + length_s
    while time.monotonic() < end:
        begin = time.monotonic()
        exchange(peer, websocket)
        works(endpoint)
        elapsed = time.monotonic() - begin
        assert elapsed < limit_s, f"others had to wait for {elapsed:.1f} s"
        select.select([], [], [], 0.02)


def flood_after_end(endpoint, shape):
    """The server reads on after its last words; that must not keep others waiting."""
    peer = connect(endpoint)
    send_quietly(peer, SHAPES[shape])
    peer.recv(1)

    def flood():
        while True:
            peer.sendall(b"x" * (1 << 16))
    end_flood = in_background(flood)
    try:
        undisturbed(endpoint, 3, 1.5)
    finally:
        end_flood()


def greedy(endpoint):
    peer = connect(endpoint)
    data = os.urandom(1 << 20)
    peer.setblocking(False)

    def stuff():
        while True:
            readable, writable, _ = select.select([peer], [peer], [])
            try:
                if readable:
                    peer.recv(1 << 20)
                if writable:
                    peer.send(data)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
    end_stuffing = in_background(stuff)
    try:
        undisturbed(endpoint, 3, 1.5)
    finally:
        end_stuffing()


def exhaust(endpoint, count):
    raise_open_files(int(count) + 100)
    crowd_of = []
    for _ in range(int(count)):
        peer = connect(endpoint)
        peer.sendall(b"?")
        crowd_of.append(peer)
    # Until the server has taken as many as it can: none more is answered or refused for a while.
    end = time.monotonic() + LIMIT_S
    answered, before = 0, -1
    while (answered < 30 or answered != before) and time.monotonic() < end:
        time.sleep(0.3)
        before = answered
        answered = sum(bool(select.select([each], [], [], 0)[0]) for each in crowd_of)
    for each in crowd_of:
        each.close()
    print(answered)
    end = time.monotonic() + 15
    while True:
        try:
            return works(endpoint)
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise


def acknowledged(peer):
    """Waits until the server's side of the network has all that was sent."""
    end = time.monotonic() + LIMIT_S
    left = bytearray(4)
    while True:
        fcntl.ioctl(peer.fileno(), termios.TIOCOUTQ, left)
        if struct.unpack("i", left)[0] == 0:
            return
        assert time.monotonic() < end, "the server's system takes no more"
        select.select([], [], [], 0.01)


def keep_unread(endpoint, pid, twice=""):
    peer = connect(endpoint)
    peer.setblocking(False)
    while select.select([], [peer], [], 0.5)[1]:
        peer.send(bytes(1 << 16))
    begin = time.monotonic()
    for _ in range(2 if twice else 1):
        os.kill(int(pid), signal.SIGTERM)
        select.select([], [], [], 0.5)  # Two signals at once would be one.
    hang_up = select.poll()
    hang_up.register(peer, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
    assert hang_up.poll(LIMIT_S * 1000), "the server keeps the connection"
    assert time.monotonic() - begin < 5


def in_flight(endpoint, count, pid):
    peers = [greeted(endpoint) for _ in range(int(count))]
    sent = []
    for number, (peer, websocket) in enumerate(peers):
        body = numbered(60_000, number)
        head = b"\x82\xfe" + struct.pack(">H", len(body)) + MASK
        peer.sendall(head + body if websocket else body)
        sent.append(b"\x82\x7e" + head[2:4] + body if websocket else body)
    for peer, _ in peers:
        acknowledged(peer)
    os.kill(int(pid), signal.SIGTERM)
    for (peer, websocket), expected in zip(peers, sent):
        got = b""
        while piece := peer.recv(1 << 16):  # A reset is an exception, and a failure.
            got += piece
        if websocket:
            assert got[len(expected):] == b"\x88\x02\x03\xe9", f"the end: {got[-20:]!r}"
            got = got[:len(expected)]
        assert got == expected, f"{len(got)} of {len(expected)} bytes came back"


COMMANDS = {each.__name__: each for each in (
    refused, silent, trickle, crowd, unread, resets, flood_after_end, greedy, exhaust, in_flight,
    keep_unread, works)}


def main(arguments):
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, *SHAPES, file=sys.stderr)
        return 2
    COMMANDS[arguments[0]](*arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Peers of the file server that lie about lengths, hashes and order, as frames by hand: a client to
a real server, and a server to a real client. Standard library; loopback only.

The bytes are those of src/wire/frame.hpp and src/transfer/messages.hpp, written down a second time.
"""

import hashlib
import os
import socket
import struct
import threading

CHUNK = 1 << 20
BLOCK = 1 << 13
LIMIT_S = 10
HELLO, REFUSAL, GOODBYE = 1, 2, 3
LIST, GET, HASHES, PUT, ASK, DATA, CHUNK_HASH, END = range(16, 24)
ENTRY, HAVE, STORED, FAILED, DONE, TEXT = range(48, 54)
REPLACE, RESUME, FOLDER = 1, 2, 4
CHECKED, RECURSIVE = 1, 2
FILE, FOLDER_KIND = 0, 1


def frame(kind, body=b"", stream=1, length=None):
    return (b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, stream,
                                        len(body) if length is None else length) + body)


def put(path, size, flags=0, stream=1):
    return frame(PUT, struct.pack(">BIqQ", flags, 0o644, 0, size) + path, stream)


def get(path, flags=CHECKED, begin=0, count=0, version=0, stream=1):
    return frame(GET, struct.pack(">BQQQ", flags, begin, count, version) + path, stream)


def data(offset, content, stream=1):
    return frame(DATA, struct.pack(">Q", offset) + content, stream)


def chunk(index, hash_, stream=1):
    return frame(CHUNK_HASH, struct.pack(">Q", index) + hash_, stream)


def end(size, root, stream=1):
    return frame(END, struct.pack(">Q", size) + root, stream)


def entry(path, size, kind=FILE, base=0, version=1, stream=1):
    return frame(ENTRY, struct.pack(">BIqQQH", kind, 0o644, 0, size, version, base) + path, stream)


def done(things=1, failed=0, stream=1):
    return frame(DONE, struct.pack(">QQ", things, failed), stream)


def sha256(content):
    return hashlib.sha256(content).digest()


def hash_of(content):
    """Of one chunk: its blocks are hashed first."""
    return sha256(b"".join(sha256(content[at:at + BLOCK])
                           for at in range(0, len(content), BLOCK)))


def root_of(content):
    hashes = b"".join(hash_of(content[at:at + CHUNK]) for at in range(0, len(content), CHUNK))
    return sha256(b"netkit tree 2\n" + struct.pack(">Q", len(content)) + hashes)


def whole(path, content, stream=1):
    """An honest upload of up to one chunk."""
    return (put(path, len(content), stream=stream) + data(0, content, stream) +
            chunk(0, hash_of(content), stream) + end(len(content), root_of(content), stream))


class Frames:
    """A connection in frames."""

    def __init__(self, peer):
        self.peer, self.left = peer, b""
        peer.settimeout(LIMIT_S)

    def send(self, *frames):
        try:
            self.peer.sendall(b"".join(frames))
        except (BrokenPipeError, ConnectionResetError):
            pass  # What it says of it is still to be read.

    def next(self):
        """(type, stream, body); None at the end."""
        while len(self.left) < 16 or len(self.left) < 16 + self._length():
            try:
                piece = self.peer.recv(1 << 16)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return None
            self.left += piece
        kind, _, stream, length = struct.unpack(">HHII", self.left[4:16])
        body, self.left = self.left[16:16 + length], self.left[16 + length:]
        return kind, stream, body

    def _length(self):
        return struct.unpack(">I", self.left[12:16])[0]


def connect(port):
    frames = Frames(socket.create_connection(("127.0.0.1", port), LIMIT_S))
    frames.send(frame(HELLO, b"{}", stream=0))
    return frames


def said(port, *sent):
    """What a server answers to these, until it has said something to each or has had enough."""
    frames = connect(port)
    frames.send(*sent)
    try:
        frames.peer.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    answers = []
    while (answer := frames.next()) is not None:
        answers.append(answer)
    frames.peer.close()
    return [answer for answer in answers if answer[0] != HELLO]


ONE = b"some bytes of a file"
LIES = {
    "a wrong hash of a chunk": put(b"lie", len(ONE)) + data(0, ONE) + chunk(0, hash_of(b"x")) +
    end(len(ONE), root_of(ONE)),
    "a wrong root": put(b"lie", len(ONE)) + data(0, ONE) + chunk(0, hash_of(ONE)) +
    end(len(ONE), root_of(b"x")),
    "no hash of the chunk": put(b"lie", len(ONE)) + data(0, ONE) + end(len(ONE), bytes(32)),
    "fewer bytes than announced": put(b"lie", 2 * len(ONE)) + data(0, ONE) +
    chunk(0, hash_of(ONE)) + end(len(ONE), root_of(ONE)),
    "fewer bytes, and a root of as many as announced": put(b"lie", 2 * len(ONE)) + data(0, ONE) +
    end(2 * len(ONE), root_of(ONE + ONE)),
    "more bytes than announced": put(b"lie", 4) + data(0, ONE) + chunk(0, hash_of(ONE)) +
    end(len(ONE), root_of(ONE)),
    "bytes beyond the end": put(b"lie", len(ONE)) + data(CHUNK, ONE),
    "an offset of 2^63": put(b"lie", 1 << 62) + data(1 << 63, ONE),
    "an offset that wraps": put(b"lie", 1 << 62) + data((1 << 64) - 4, ONE),
    "a size of 2^63": put(b"lie", 1 << 63) + data(0, ONE),
    "a size of 2^63 - 1": put(b"lie", (1 << 63) - 1) + data(0, ONE) + chunk(0, hash_of(ONE)),
    "a hole before the bytes": put(b"lie", 3 * CHUNK) + data(CHUNK, ONE),
    "bytes that cross a chunk's end": put(b"lie", 2 * CHUNK) + data(0, bytes(CHUNK - 1)) +
    data(CHUNK - 1, b"ab"),
    "a hash of a chunk that did not come": put(b"lie", 2 * CHUNK) +
    chunk((1 << 64) - 1, bytes(32)),
    "a frame of 2^32 - 1 bytes": put(b"lie", 1 << 40) +
    frame(DATA, b"\0" * 16, length=(1 << 32) - 1),
    "a request of a megabyte": frame(GET, b"\1" + b"x" * CHUNK),
    "data of no file": data(0, ONE),
    "a hash of no file": chunk(0, bytes(32)),
    "two files in one another": put(b"lie", 10) + put(b"lie2", 10, stream=2),
    "data for another file": put(b"lie", len(ONE)) + data(0, ONE, stream=9),
    "a name with ..": whole(b"a/../lie", ONE),
    "an absolute name": whole(b"/lie", ONE),
    "a name with NUL": whole(b"l\0ie", ONE),
    "no name": whole(b"", ONE),
    "a name of 300 bytes": whole(b"x" * 300, ONE),
    "a name that ends in .part": whole(b"lie.part", ONE),
    "flags of no meaning": put(b"lie", len(ONE), flags=0xf8) + data(0, ONE),
    "a resume of what is not there, and nothing sent": put(b"lie", len(ONE), flags=RESUME) +
    end(len(ONE), root_of(ONE)),
    "an answer instead of a question": frame(STORED, bytes(8)),
    "a type of no meaning": frame(999, b"x"),
    "a request cut short": frame(PUT, b"\0\0\0"),
    "a question of no meaning": frame(ASK, b"\x09"),
}
RANGES = {
    "from 2^63": get(b"good", begin=1 << 63), "from 2^64 - 1": get(b"good", begin=(1 << 64) - 1),
    "count 2^63": get(b"good", count=1 << 63), "from behind the end": get(b"good", begin=CHUNK),
    "from within a chunk, checked": get(b"good", begin=1),
    "another version": get(b"good", version=12345),
    "a name with ..": get(b"../good"), "a name with ../ within": get(b"a/../../good"),
    "an absolute name": get(b"/etc/passwd"), "a name with NUL": get(b"good\0"),
    "flags of no meaning": get(b"good", flags=0xf8),
}


def lies(served, top):
    """(claim, whether it held, what was seen) for each lie to a server of the folder `top`."""
    with open(f"{top}/good", "wb") as file:
        file.write(ONE)
    answers = said(served.port, whole(b"honest", ONE))
    yield ("who does not lie is believed", [each[0] for each in answers] == [STORED] and
           open(f"{top}/honest", "rb").read() == ONE, answers)
    names = set(os.listdir(top))
    for claim, sent in LIES.items():
        answers = said(served.port, sent)
        came = {name for name in os.listdir(top) if not name.endswith(".part")} - names
        believed = any(kind == STORED for kind, _, _ in answers)
        yield (f"{claim}: no file comes of it", not came and not believed and served.lives(),
               (came, answers, served.said()))
        for name in os.listdir(top):
            if name not in names:
                os.remove(f"{top}/{name}")
    for claim, sent in RANGES.items():
        answers = said(served.port, sent)
        content = b"".join(body[8:] for kind, _, body in answers if kind == DATA)
        refused = not content and not any(kind == DONE and body[8:] == bytes(8)
                                          for kind, _, body in answers)
        yield (f"a range: {claim}: nothing is sent", refused and served.lives(),
               (answers, served.said()))
    answers = said(served.port, get(b"good", begin=0, count=0))
    content = b"".join(body[8:] for kind, _, body in answers if kind == DATA)
    yield ("an honest range is served", content == ONE, answers)


def in_a_hurry(served, top):
    """(claim, whether it held, what was seen) of who says all at once and then no more: it hears of
    each of many files, in their order, once they are in their places."""
    count = 1000
    for name, last in (("goodbye", frame(GOODBYE, stream=0)), ("nothing more", b""),
                       ("a question", frame(LIST, b"\0a question", stream=count + 1))):
        files = [b"%s/%d" % (name.encode(), i) for i in range(count)]
        answers = said(served.port, *(whole(path, path, i + 1) for i, path in enumerate(files)),
                       last)
        stored = [stream for kind, stream, _ in answers if kind == STORED]
        listed = sum(kind == ENTRY for kind, _, _ in answers)
        there = [open(f"{top}/{path.decode()}", "rb").read() for path in files]
        yield (f"{count} files at once, then {name}: each is stored, and told in its order",
               stored == list(range(1, count + 1)) and there == files and
               listed == (count if name == "a question" else 0),
               (len(stored), listed, answers[:3], served.said()))


class FalseServer:
    """Answers the first request of each connection with frames that were made up before."""

    def __init__(self, frames):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.frames = frames
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.port}"

    def _serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            frames = Frames(peer)
            try:
                frames.send(frame(HELLO, b'{"service":"filesrv"}', stream=0))
                while (asked := frames.next()) is not None and asked[0] == HELLO:
                    pass
                if asked:
                    # As if it were the stream that was asked on.
                    stream = struct.pack(">I", asked[1])
                    frames.send(*(each[:8] + stream + each[12:] for each in self.frames))
                while frames.next() is not None:
                    pass
            except OSError:
                pass
            peer.close()

    def end(self):
        self.socket.close()


FALSE = {
    "a wrong hash of a chunk": [entry(b"it", len(ONE)), data(0, ONE), chunk(0, hash_of(b"x")),
                                end(len(ONE), root_of(ONE)), done()],
    "a wrong root": [entry(b"it", len(ONE)), data(0, ONE), chunk(0, hash_of(ONE)),
                     end(len(ONE), root_of(b"x")), done()],
    "fewer bytes than announced": [entry(b"it", 2 * len(ONE)), data(0, ONE), chunk(0, hash_of(ONE)),
                                   end(len(ONE), root_of(ONE)), done()],
    "more bytes than announced": [entry(b"it", 4), data(0, ONE), chunk(0, hash_of(ONE)),
                                  end(len(ONE), root_of(ONE)), done()],
    "done without the file": [done()],
    "done in the midst of the file": [entry(b"it", len(ONE)), data(0, ONE[:4]), done()],
    "a name that leads out": [entry(b"../it", len(ONE)), data(0, ONE), chunk(0, hash_of(ONE)),
                              end(len(ONE), root_of(ONE)), done()],
    "another name than was asked for": [entry(b"other", len(ONE)), data(0, ONE),
                                        chunk(0, hash_of(ONE)), end(len(ONE), root_of(ONE)),
                                        done()],
    "a size of 2^63 - 1": [entry(b"it", (1 << 63) - 1), data(0, ONE)],
    "a file that begins within another": [entry(b"it", len(ONE)), data(0, ONE[:4]),
                                          entry(b"it", 0), end(0, root_of(b"")), done()],
    "bytes of no file": [data(0, ONE), done()],
    "garbage": [b"\xf7NK\x01" + bytes(range(256))],
    "nothing but an end": [],
}


# What comes first is whole; the rest is nothing that may do anything.
TOO_MUCH = {
    "a second end": end(len(ONE), root_of(ONE)),
    "a hash behind the end": chunk(0, hash_of(b"")),
    "bytes behind the end": data(0, b"\x1b]0;owned\a"),
}

# There is no name there that could be another.
HARMLESS_ON_STDOUT = ("a name that leads out", "another name than was asked for")


def who_says_too_much(run, home):
    """No signal ends who hears it, and nothing of it is printed."""
    for claim, more in TOO_MUCH.items():
        server = FalseServer([entry(b"it", len(ONE)), data(0, ONE), chunk(0, hash_of(ONE)),
                              end(len(ONE), root_of(ONE)), more, done()])
        for target in "-", home:
            for check in (), ("--no-check",):
                client = run(server, "get", "it", "-o", target, "--timeout", "2s", *check)
                seen = (client.code, client.said(), client.printed()[:100])
                yield (f"{claim}, -o {os.path.basename(target)} {' '.join(check)}: it fails",
                       client.code in (1, 3, 4, 5, 6) and b"owned" not in seen[2], seen)
        server.end()


def false_servers(run, home):
    """The same for servers that lie to `run(server, "get", ...)`, which puts things into `home`."""
    honest = [entry(b"it", len(ONE)), data(0, ONE), chunk(0, hash_of(ONE)),
              end(len(ONE), root_of(ONE)), done()]
    for claim, frames in {"who does not lie is believed": honest, **FALSE}.items():
        server = FalseServer(frames)
        printed = run(server, "get", "it", "-o", "-", "--timeout", "2s")
        seen = (printed.code, printed.said(), printed.printed()[:100])
        if frames is honest:
            yield f"{claim}, to stdout", seen == (0, "", ONE), seen
        elif claim not in HARMLESS_ON_STDOUT:
            yield f"{claim}, to stdout: it fails", printed.code in (1, 3, 4, 5, 6), seen
        client = run(server, "get", "it", "-o", home, "--timeout", "2s")
        server.end()
        came = sorted(name for name in os.listdir(home) if not name.endswith(".part"))
        if frames is honest:
            yield (claim, client.code == 0 and came == ["it"], (client.code, client.said(), came))
        else:
            yield (f"{claim}: no file comes of it", client.code in (1, 3, 4, 5, 6) and not came and
                   "it" not in os.listdir(os.path.dirname(home)),
                   (client.code, client.said(), came))
        for name in os.listdir(home):
            os.remove(f"{home}/{name}")

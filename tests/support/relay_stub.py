#!/usr/bin/python3
"""The least relay that the clients of relay_client.py can talk to, which can be told to misbehave:
shows that what checks relays finds faults. Standard library; listens on loopback.

    relay_stub.py [--fault lose|twice|disorder|alter|forget]    prints "listening on tcp://…"

Each fault is made at every 50th message: lose (one client misses it), twice (with the same id),
disorder (after its sender's next one), alter (its text), forget (acknowledged, given to nobody).
"""

import argparse
import asyncio
import hashlib
import json
import struct
import sys

from relay_client import ACK, ANSWER, ASK, HELLO, SAID, SAY, frame, frame_of, str8, take_frames

LOG = 0x5EED
EVERY = 50


class Stub:
    def __init__(self, fault):
        self.fault = fault
        self.seq = 0
        self.known = {}
        self.frames = []  # Of all messages, for those who resume.
        self.writers = []
        self.held = {}  # By sender.

    async def serve(self, reader, writer):
        unread, nick, sender = bytearray(), "", 0
        try:
            while piece := await reader.read(1 << 16):
                unread += piece
                for kind, stream, body in take_frames(unread):
                    if kind == HELLO:
                        writer.write(frame_of(HELLO, {"service": "relay", "name": "stub"}))
                    elif kind == ASK:
                        nick, sender = self.enter(writer, stream, json.loads(body))
                    elif kind == SAY:
                        self.say(writer, nick, sender, body)
        except OSError:
            pass  # The client has gone, as clients do.
        finally:
            if writer in self.writers:
                self.writers.remove(writer)
            writer.close()

    def enter(self, writer, stream, request):
        secret = bytes.fromhex(request["secret"])
        sender = int.from_bytes(hashlib.sha256(secret).digest()[:8], "big")
        writer.write(frame_of(ANSWER, {
            "ok": True, "relay": "stub", "nick": request["nick"], "sender": f"{sender:016x}",
            "known": self.known.get(sender, 0), "have": {f"{LOG:016x}": self.seq}}, stream))
        seen = request.get("seen", {}).get(f"{LOG:016x}")
        if seen is not None:
            writer.write(b"".join(self.frames[seen:]))
        self.writers.append(writer)
        return request["nick"], sender

    def say(self, writer, nick, sender, body):
        number = struct.unpack_from(">Q", body)[0]
        room, text = body[9:9 + body[8]], body[9 + body[8]:]
        if number > self.known.get(sender, 0):
            self.known[sender] = number
            self.seq += 1
            bad = self.fault if self.seq % EVERY == 0 else None
            text = text.upper() if bad == "alter" else text
            self.deliver(frame(SAID, struct.pack(">5Q", LOG, self.seq, 0, sender, number) +
                               str8(room.decode()) + str8(nick) + text), bad, sender)
        writer.write(frame(ACK, struct.pack(">Q", number)))

    def deliver(self, said, bad, sender):
        self.frames.append(said)
        if bad == "disorder":
            self.held[sender] = said
            return
        late = self.held.pop(sender, b"")
        for index, writer in enumerate(self.writers if bad != "forget" else []):
            if not (bad == "lose" and index == 0):
                writer.write(said * (2 if bad == "twice" else 1) + late)


async def run(fault):
    server = await asyncio.start_server(Stub(fault).serve, "127.0.0.1", 0)
    print(f"listening on tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", choices=["lose", "twice", "disorder", "alter", "forget"])
    asyncio.run(run(parser.parse_args().fault))
    return 0


if __name__ == "__main__":
    sys.exit(main())

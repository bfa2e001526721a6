"""Many clients of many relays that check everything: ids, the order of each sender, that nothing is
lost among what was acknowledged and nothing comes twice. Run as `relay_client.py storm`.

Each client is at one relay, goes on to the next when it is lost, resumes behind what it has seen
and says again what its relay does not know. The clients hear one another; the summary is one JSON
object on stdout. Exit status 1 on any fault.
"""

import argparse
import asyncio
import collections
import hashlib
import json
import random
import struct
import sys
import time

from relay_client import (ACK, ANSWER, ASK, ERROR, EVENT, GOODBYE, HELLO, KEPT_MAX, PING, PONG,
                          SAID, Message, address_of, enter_request, frame, frame_of, say_frame,
                          take_frames)

UNACKNOWLEDGED_MAX = 256
CONNECT_LIMIT_S = 3
WELCOME_LIMIT_S = 10
SETTLE_S = 5
ROOM = "storm"


class Client:
    """One client; `storm` counts for all."""

    def __init__(self, storm, index):
        self.storm = storm
        self.index = index
        self.home = index
        self.random = random.Random(storm.options.seed * 1000 + index)
        self.secret = hashlib.sha256(f"{storm.options.seed} {index}".encode()).digest()
        self.sender = None
        self.seen = None  # How far each log was heard and is settled; None before the welcome.
        self.kept = collections.deque()  # (number, text) that may have to be said again.
        self.said = self.acknowledged = self.connections = 0
        self.heard = collections.defaultdict(set)  # Numbers by sender.
        self.arrivals = collections.deque()  # (time, log, seq) of what is not settled.
        self.ids, self.asked = {}, {}  # Of this connection: what came, and behind what.
        self.last = collections.defaultdict(int)
        self.writer = None
        self.room_to_say = asyncio.Event()
        self.room_to_say.set()
        self.is_in = asyncio.Event()

    async def run(self):
        relays = self.storm.options.relays
        while not self.storm.is_over:
            try:
                await self.attend(relays[self.home % len(relays)])
            except (OSError, asyncio.TimeoutError, EOFError):
                self.storm.counts["lost connections"] += 1
            finally:
                self.leave()
            self.home += 1
            await asyncio.sleep(self.random.uniform(0.05, 0.3))

    def leave(self):
        if self.writer:
            self.writer.transport.abort()
        self.writer = None

    async def attend(self, endpoint):
        """One connection, until it breaks or it is time to move on."""
        host, port = address_of(endpoint)
        self.ids = collections.defaultdict(set)
        self.asked = {} if self.seen is None else self.resume_at()
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port),
                                                CONNECT_LIMIT_S)
        try:
            writer.write(frame_of(HELLO, {"service": "relay"}) + frame_of(ASK, enter_request(
                f"n{self.index}", [ROOM], self.secret,
                None if self.seen is None else self.asked), 1))
            unread, stay = bytearray(), self.storm.options.move
            patience = self.storm.options.patience
            end = time.monotonic() + (self.random.uniform(0.5, 1.5) * stay if stay else 1e9)
            limit = WELCOME_LIMIT_S
            while time.monotonic() < end and not self.storm.is_over:
                try:
                    piece = await asyncio.wait_for(reader.read(1 << 17), limit)
                except asyncio.TimeoutError:
                    if self.writer and not patience:
                        continue
                    raise
                if not piece:
                    raise EOFError
                unread += piece
                for kind, _, body in take_frames(unread):
                    self.hear(kind, body, writer)
                limit = 0.5 if stay else patience or 60
        finally:
            writer.transport.abort()

    def hear(self, kind, body, writer):
        if kind == SAID:
            self.hear_message(Message(body))
        elif kind == ACK:
            self.acknowledge(struct.unpack(">Q", body)[0])
        elif kind == ANSWER:
            self.enter(json.loads(body), writer)
        elif kind == EVENT:
            event = json.loads(body)
            if event.get("event") == "gap":
                self.storm.note("gaps", f"client {self.index} is told {event}", event["relay"])
        elif kind == PING:
            writer.write(frame(PONG, body))
        elif kind in (ERROR, GOODBYE):
            self.storm.counts["refusals"] += 1
            raise EOFError

    def enter(self, welcome, writer):
        if not welcome.get("ok"):
            self.storm.note("refusals", f"client {self.index}: {welcome}")
            raise EOFError
        self.connections += 1
        self.sender = int(welcome["sender"], 16)
        if self.seen is None:
            self.seen = {int(log, 16): seq for log, seq in welcome.get("have", {}).items()}
        known = welcome.get("known", 0)
        self.acknowledge(welcome.get("acked", known))
        again = [(number, text) for number, text in self.kept if number > known]
        self.storm.counts["said again"] += len(again) if self.connections > 1 else 0
        writer.write(b"".join(say_frame(number, ROOM, text) for number, text in again))
        self.writer = writer
        self.is_in.set()

    def resume_at(self):
        """How far each log was heard SETTLE_S ago. Later messages are asked for again: what waits
        at a relay for the one before it of its sender comes out of its log's order."""
        until = time.monotonic() - SETTLE_S
        while self.arrivals and self.arrivals[0][0] <= until:
            _, log, seq = self.arrivals.popleft()
            self.seen[log] = max(seq, self.seen.get(log, 0))
        return dict(self.seen)

    def hear_message(self, message):
        if message.seq in self.ids[message.log] or message.seq <= self.asked.get(message.log, 0):
            self.storm.note("repeated", f"client {self.index} heard {message.log:016x}-"
                            f"{message.seq} again, who had asked behind "
                            f"{self.asked.get(message.log)}")
        self.ids[message.log].add(message.seq)
        self.arrivals.append((time.monotonic(), message.log, message.seq))
        self.storm.counts["deliveries"] += 1
        numbers = self.heard[message.sender]
        if message.number in numbers:
            # Asked for again, or said again at another relay after the first was lost.
            self.storm.counts["repeats dropped"] += 1
            return
        if message.number < self.last[message.sender]:
            self.storm.note("disordered", f"client {self.index} heard {message.number} of "
                            f"{message.sender:016x} after {self.last[message.sender]}")
        if message.text != self.storm.text_of(message.number):
            self.storm.note("altered", f"client {self.index} heard {message.text!r:.80}")
        numbers.add(message.number)
        self.last[message.sender] = max(self.last[message.sender], message.number)

    def acknowledge(self, number):
        self.acknowledged = max(self.acknowledged, number)
        while self.kept and self.kept[0][0] <= self.acknowledged - KEPT_MAX:
            self.kept.popleft()
        if self.said - self.acknowledged < UNACKNOWLEDGED_MAX:
            self.room_to_say.set()

    async def say_all(self, count, interval_s):
        due = time.monotonic() + self.random.uniform(0, interval_s)
        for number in range(1, count + 1):
            await asyncio.sleep(max(0, due - time.monotonic()))
            due += interval_s
            if number - self.acknowledged >= UNACKNOWLEDGED_MAX:
                self.room_to_say.clear()
                await self.room_to_say.wait()
            text = self.storm.text_of(number)
            self.kept.append((number, text))
            self.said = number
            if self.writer:
                self.writer.write(say_frame(number, ROOM, text))


class Storm:
    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()
        self.is_over = False
        self.examples = collections.defaultdict(list)
        self.clients = [Client(self, index) for index in range(options.clients)]

    def note(self, what, example, of=""):
        """Keeps three examples of each kind."""
        self.counts[what] += 1
        kind = f"{what} of {of}" if of else what
        if len(self.examples[kind]) < 3:
            self.examples[kind].append(example)

    def text_of(self, number):
        return f"text {number} ".ljust(self.options.size, "x")

    def missing(self):
        """(client, sender, number) of what was acknowledged and not heard by everyone."""
        for sender in self.clients[:self.options.senders]:
            wanted = range(1, sender.acknowledged + 1)
            for client in self.clients:
                numbers = client.heard[sender.sender]
                if len(numbers) < len(wanted):
                    yield from ((client.index, sender.index, number) for number in wanted
                                if number not in numbers)

    async def settle(self, limit_s):
        """Until everyone has heard all that was acknowledged."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end and any(True for _ in self.missing()):
            await asyncio.sleep(0.1)

    async def run(self):
        options = self.options
        tasks = [asyncio.create_task(client.run()) for client in self.clients]
        begin = time.monotonic()
        await asyncio.wait_for(asyncio.gather(*(client.is_in.wait() for client in self.clients)),
                               options.limit)
        print("storm: all are in", file=sys.stderr, flush=True)
        interval_s = options.senders / options.rate
        saying = [asyncio.create_task(client.say_all(options.messages, interval_s))
                  for client in self.clients[:options.senders]]
        late = (await asyncio.wait(saying, timeout=options.limit))[1]
        print("storm: all is said", file=sys.stderr, flush=True)
        end = time.monotonic() + options.settle
        while time.monotonic() < end and any(
                client.acknowledged < client.said for client in self.clients):
            await asyncio.sleep(0.1)
        await self.settle(max(0, end - time.monotonic()))
        # wait_for() may swallow a cancellation that comes with its result.
        self.is_over = True
        for task in (*tasks, *saying):
            task.cancel()
        await asyncio.wait(tasks, timeout=2)
        return self.summary(time.monotonic() - begin, bool(late))

    def summary(self, seconds, is_late):
        missing = list(self.missing())
        faults = {"lost": len(missing), "late": int(is_late), **{
            what: self.counts[what] for what in ("repeated", "disordered", "altered", "refusals")}}
        senders = self.clients[:self.options.senders]
        acknowledged = sum(client.acknowledged for client in senders)
        said = sum(client.said for client in senders)
        faults["unacknowledged"] = said - acknowledged
        return {**faults, "said": said, "acknowledged": acknowledged,
                "deliveries": self.counts["deliveries"], "gaps": self.counts["gaps"],
                "repeats_dropped": self.counts["repeats dropped"],
                "said_again": self.counts["said again"],
                "reconnects": sum(client.connections - 1 for client in self.clients),
                "seconds": round(seconds, 1), "seed": self.options.seed,
                "examples": {**self.examples, "lost": [str(each) for each in missing[:3]]},
                "ok": not any(faults.values())}


def read_options(arguments):
    parser = argparse.ArgumentParser(prog="relay_client.py storm", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relays", required=True, type=lambda text: text.split(","))
    parser.add_argument("--clients", type=int, default=10, help="that hear (10)")
    parser.add_argument("--senders", type=int, default=5, help="of these, that say (5)")
    parser.add_argument("--messages", type=int, default=200, help="of each (200)")
    parser.add_argument("--rate", type=float, default=500, help="messages a second of all (500)")
    parser.add_argument("--size", type=int, default=40, help="bytes of a text (40)")
    parser.add_argument("--move", type=float, default=0,
                        help="each client goes on to another relay after about so many seconds")
    parser.add_argument("--patience", type=float, default=0, help="each client goes on to another "
                        "relay after so many seconds of silence, not with --move")
    parser.add_argument("--limit", type=float, default=120, help="seconds to say all (120)")
    parser.add_argument("--settle", type=float, default=20, help="seconds to hear all (20)")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments):
    try:
        summary = asyncio.run(Storm(read_options(arguments)).run())
    except asyncio.TimeoutError:
        print("storm: not all of the clients were let in", file=sys.stderr)
        return 1
    print(json.dumps(summary))
    return 0 if summary["ok"] else 1

"""Floods a presence group and its daemon with what nobody may believe, until stdin ends: valid
signatures of keys that answer no question, replays of what others said, the same with a byte
changed, random bytes, questions. Used by tests/lab/presence_faults.

Usage: presence_forger.py DAEMON_ADDRESS OWN_ADDRESS...
The source addresses are taken in turn, since each sender is limited. Prints "ready" once it has
recorded somebody, and in the end how much of each it has sent, as a JSON object.
"""

import collections
import json
import os
import random
import select
import socket
import struct
import sys
import time

import presence_words as words

KEYS = 64
RECORDED_MAX = 200
RECORD_LIMIT_S = 40
PER_SECOND = 1500
TCP_PORT = 2002


def listen():
    group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    group.bind(("", words.GROUP_PORT))
    group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(words.GROUP_V4) + socket.inet_aton(sys.argv[2]))
    group.setblocking(False)
    return group


def speak_as(address):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((address, 0))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sender.setblocking(False)
    return sender


class Forger:
    def __init__(self):
        self.daemon = sys.argv[1]
        self.group = listen()
        self.senders = [speak_as(address) for address in sys.argv[2:]]
        self.keys = [words.Key() for _ in range(KEYS)]
        self.recorded = collections.deque(maxlen=RECORDED_MAX)
        self.places = {(words.GROUP_V4, words.GROUP_PORT)}
        self.sent = collections.Counter()

    def record(self):
        own = set(sys.argv[2:])
        while select.select([self.group], [], [], 0)[0]:
            data, sender = self.group.recvfrom(2048)
            if sender[0] not in own and data[:4] == b"\xf7NKP":
                self.recorded.append(data)
                self.places.add(sender)  # Where it takes questions.

    def unknown(self):
        key = random.choice(self.keys)
        return key.word(random.choice((words.ANNOUNCE, words.LEAVE)), f"nobody {key.instance % 97}",
                        tcp_port=1, udp_port=1)

    def answer(self):
        """To a question that nobody asked."""
        return random.choice(self.keys).word(words.ANSWER, "nobody", nonce=random.getrandbits(64))

    def question(self):
        return random.choice(self.keys).word(words.ASK, "nobody")

    def replay(self):
        return random.choice(self.recorded)

    def changed(self):
        """As if somebody known left, or came anew, or was elsewhere; the signature is the old."""
        forged = bytearray(random.choice(self.recorded))
        how = random.randrange(4)
        if how == 0:
            forged[5] = words.LEAVE
        elif how == 1:
            instance, sequence = struct.unpack_from(">QQ", forged, 40)
            struct.pack_into(">QQ", forged, 40, instance + random.randrange(2), sequence + 1000)
        elif how == 2:
            struct.pack_into(">HH", forged, 96, 1, 1)
        else:
            forged[random.randrange(len(forged))] ^= 1 << random.randrange(8)
        return bytes(forged)

    def noise(self):
        head = random.choice((b"", b"\xf7NKP", b"\xf7NKP\x01", b"\xf7NK\x01"))
        return head + os.urandom(random.randrange(1400))

    def send(self):
        what = random.choice((self.unknown, self.answer, self.question, self.replay, self.changed,
                              self.noise))
        where = random.choice(((words.GROUP_V4, words.GROUP_PORT), *self.places))
        try:
            random.choice(self.senders).sendto(what(), where)
            self.sent[what.__name__] += 1
        except OSError:
            self.sent["not_sent"] += 1

    def converse(self):
        """Enters with what another signed, or a nonce of its own, or sends noise."""
        try:
            with socket.create_connection((self.daemon, TCP_PORT), 1) as daemon:
                daemon.sendall(words.hello("peer"))
                choice = random.randrange(3)
                if choice == 0:
                    daemon.sendall(words.frame(words.ENTER, self.replay()))
                elif choice == 1:
                    daemon.sendall(words.frame(words.ENTER, self.keys[0].word(
                        words.ANNOUNCE, "nobody", nonce=random.getrandbits(64))))
                else:
                    daemon.sendall(os.urandom(300))
                daemon.settimeout(0.2)
                daemon.recv(1000)
            self.sent["conversations"] += 1
        except OSError:
            self.sent["conversations"] += 1


def main():
    forger = Forger()
    deadline = time.monotonic() + RECORD_LIMIT_S
    while not forger.recorded:
        if time.monotonic() > deadline:
            raise SystemExit("nobody says anything to the group")
        select.select([forger.group], [], [], 0.1)
        forger.record()
    print("ready", flush=True)
    begin, count = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        forger.record()
        # No more at once than a tenth of a second's: what does not keep up must still hear its end.
        due = int(PER_SECOND * (time.monotonic() - begin)) - count
        for _ in range(min(due, PER_SECOND // 10)):
            forger.send()
            count += 1
            if count % PER_SECOND == 0:
                forger.converse()
    print(json.dumps(forger.sent), flush=True)


if __name__ == "__main__":
    main()

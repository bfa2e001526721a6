"""Many simulated peers of one presence daemon in one process: each enters with a key of its own,
over TCP or TLS, binds an SCTP association in UDP if it is to, and beats at the pace the daemon
says. For tests/lab/presence_load.
"""

import asyncio
import socket
import ssl
import struct
import time

import presence_words as words

# More would keep each from the end of its handshake for longer than a daemon waits.
ENTER_AT_ONCE = 20
TICK_S = 0.02
PING_S = 30
DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT = range(7)
COOKIE_ECHO, COOKIE_ACK = 10, 11
CONNECTION_LIMIT_S = 60
UDP_BUFFER_SIZE = 4 << 20


class Peer(asyncio.Protocol):
    """One of the crowd. `muted` ones say nothing any more, but keep their connection."""

    def __init__(self, crowd, number):
        self.crowd, self.number = crowd, number
        self.name = f"crowd {number}"
        self.key = words.Key()
        self.transport, self.association = None, None
        self.inside = asyncio.get_running_loop().create_future()
        self.muted = False
        self._pinged = time.monotonic()
        self._buffer = bytearray()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(words.hello("peer"))

    def connection_lost(self, error):
        self.lose()
        if not self.inside.done():
            self.inside.set_exception(error or EOFError("the daemon ended the connection"))

    def lose(self):
        """One that fell silent is to lose its conversation."""
        self.crowd.lost += not self.muted

    def data_received(self, data):
        self._buffer += data
        for kind, body in words.cut_frames(self._buffer):
            if kind == words.HELLO:
                word = self.key.word(words.ANNOUNCE, self.name, nonce=words.nonce_of(body),
                                     tcp_port=1, tags=("service=crowd",))
                self.transport.write(words.frame(words.ENTER, word))
            elif kind == words.WELCOME:
                self._welcome(*struct.unpack(">IH16s", body))
            elif kind == words.PACE:
                self.crowd.period_s = struct.unpack(">I", body)[0] / 1000
            elif kind == words.PING:
                self.crowd.asked += 1
                if not self.muted:
                    self.transport.write(words.frame(words.PONG, body))

    def _welcome(self, period_ms, sctp_port, cookie):
        self.crowd.period_s = period_ms / 1000
        if not self.crowd.sctp:
            self.inside.set_result(None)
            return
        self.association = Association(self, sctp_port)
        self.association.begin([words.hello("peer"), words.frame(words.BIND, cookie)])

    def _ping(self):
        """Beats go another way: the conversation is kept as a peer keeps it."""
        now = time.monotonic()
        if now - self._pinged > PING_S:
            self._pinged = now
            self.transport.write(words.frame(words.PING))

    def beat(self):
        if self.muted:
            return
        if self.association:
            self.association.send(words.frame(words.BEAT))
            self._ping()
        else:
            self.transport.write(words.frame(words.BEAT))


class Association:
    """The least of SCTP (RFC 9260) in UDP (RFC 6951) that a daemon takes: it sends small messages
    on one stream, acknowledges, answers heartbeats. Sends nothing again: loopback loses little."""

    def __init__(self, peer, server_port):
        self._peer = peer
        self._port, self._server_port = 1024 + peer.number, server_port
        self._tag, self._own_tag = 0, 0x10000000 + peer.number
        self._tsn, self._sequence = 1, 0
        self._first = []
        peer.crowd.associations[self._port] = self

    def begin(self, messages):
        self._first = messages
        self._emit(0, INIT, struct.pack(">IIHHI", self._own_tag, 65536, 1, 64, self._tsn))

    def send(self, message):
        head = struct.pack(">IHHI", self._tsn, 0, self._sequence, 0)
        self._tsn = (self._tsn + 1) & 0xFFFFFFFF
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._emit(self._tag, DATA, head + message, flags=3)

    def take(self, packet):
        at = 12
        while at + 4 <= len(packet):
            kind, _, size = struct.unpack_from(">BBH", packet, at)
            body = packet[at + 4:at + size]
            if kind == INIT_ACK:
                self._tag = struct.unpack_from(">I", body)[0]
                self._emit(self._tag, COOKIE_ECHO, cookie_of(body[16:]))
            elif kind == COOKIE_ACK:
                for message in self._first:
                    self.send(message)
                if not self._peer.inside.done():
                    self._peer.inside.set_result(None)
            elif kind == DATA:
                tsn = struct.unpack_from(">I", body)[0]
                self._emit(self._tag, SACK, struct.pack(">IIHH", tsn, 65536, 0, 0))
            elif kind == HEARTBEAT:
                self._emit(self._tag, HEARTBEAT_ACK, body)
            elif kind == ABORT:
                self._peer.lose()
            at += max(4, size + 3 & ~3)

    def _emit(self, tag, kind, body, flags=0):
        chunk = struct.pack(">BBH", kind, flags, 4 + len(body)) + body + bytes(-len(body) % 4)
        head = struct.pack(">HHI", self._port, self._server_port, tag)
        crc = crc32c(head + bytes(4) + chunk)
        self._peer.crowd.udp.sendto(head + struct.pack("<I", crc) + chunk)


def cookie_of(parameters):
    """Of an INIT ACK."""
    at = 0
    while at + 4 <= len(parameters):
        kind, size = struct.unpack_from(">HH", parameters, at)
        if kind == 7:
            return parameters[at + 4:at + size]
        at += max(4, size + 3 & ~3)
    return b""


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = crc_table()


def crc32c(data):
    crc, table = 0xFFFFFFFF, CRC_TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Udp(asyncio.DatagramProtocol):
    """One socket for all associations, which their SCTP ports tell apart."""

    def __init__(self, crowd):
        self._crowd = crowd

    def datagram_received(self, data, _):
        association = self._crowd.associations.get(struct.unpack_from(">H", data, 2)[0])
        if association:
            self._crowd.datagrams += 1
            association.take(data)


class Crowd:
    """`carrier`: tcp, tls, or sctp (TLS for the conversation, as a peer off loopback has it)."""

    def __init__(self, carrier, port, sctp_port):
        self.sctp = carrier == "sctp"
        self._context = None
        if carrier != "tcp":
            self._context = ssl.create_default_context()
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        self._port, self._sctp_port = port, sctp_port
        self.peers, self.associations = [], {}
        self.udp = None
        self.period_s = 1.0
        self.lost, self.asked, self.datagrams = 0, 0, 0
        self._beats = None

    async def enter(self, count):
        loop = asyncio.get_running_loop()
        if self.sctp and not self.udp:
            self.udp, _ = await loop.create_datagram_endpoint(
                lambda: Udp(self), remote_addr=("127.0.0.1", self._sctp_port))
            self.udp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                                         UDP_BUFFER_SIZE)
        gate = asyncio.Semaphore(ENTER_AT_ONCE)
        await asyncio.gather(*[self._enter_one(gate, len(self.peers) + i) for i in range(count)])
        if not self._beats:
            self._beats = asyncio.create_task(self._beat())

    async def _enter_one(self, gate, number):
        async with gate:
            _, peer = await asyncio.get_running_loop().create_connection(
                lambda: Peer(self, number), "127.0.0.1", self._port, ssl=self._context)
            async with asyncio.timeout(CONNECTION_LIMIT_S):
                await peer.inside
            self.peers.append(peer)

    async def _beat(self):
        """Each once a period, evenly spread, in the order in which they came."""
        due, at = 0.0, 0
        before = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            due += len(self.peers) * (now - before) / self.period_s
            before = now
            for _ in range(int(due)):
                self.peers[at % len(self.peers)].beat()
                at += 1
            due -= int(due)

    def end(self):
        if self._beats:
            self._beats.cancel()
        for peer in self.peers:
            peer.transport.abort()
        if self.udp:
            self.udp.close()

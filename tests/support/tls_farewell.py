"""A TLS client whose last bytes and farewell are one write, and which then waits for the other's:
tls_farewell.py PORT BYTES [LINES] prints what it got of what an echo server owes it. Standard
library; loopback only.
"""

import socket
import ssl
import sys

LIMIT_S = 10


class Client:
    def __init__(self, port):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward)
        self.take(self.tls.do_handshake)

    def flush(self):
        self.socket.sendall(self.outward.read())

    def take(self, step):
        """What `step` returns once enough has come for it."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                piece = self.socket.recv(1 << 16)
                self.inward.write(piece) if piece else self.inward.write_eof()
            finally:
                self.flush()

    def leave(self, size):
        self.tls.write(b"x" * size)
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def rest(self):
        got = 0
        while True:
            try:
                piece = self.take(lambda: self.tls.read(1 << 16))
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                return got
            got += len(piece)


client = Client(int(sys.argv[1]))
client.leave(int(sys.argv[2]))
print(client.rest())

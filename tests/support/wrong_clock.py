"""A clock that is wrong by some seconds, for tests of who asks other machines for the time: answers
SNTP on UDP, and any HTTP request with a Date.

    wrong_clock.py SECONDS udp|tcp PORT [ADDRESS]     prints "ready" once it listens
"""

import socket
import struct
import sys
import time
from email.utils import formatdate

UNIX_TO_NTP_S = 2208988800


def ntp_bytes(unix_s):
    """Seconds since 1900 with 32 bits behind the point."""
    return struct.pack("!Q", int((unix_s + UNIX_TO_NTP_S) * 2**32) % 2**64)


def serve_sntp(listener, shift_s):
    while True:
        question, sender = listener.recvfrom(512)
        now = ntp_bytes(time.time() + shift_s)
        # Version 4 of a server, stratum 1; the question's transmit time comes back as originate.
        answer = bytes([0x24, 1, 0, 0]) + bytes(20) + question[40:48] + now + now
        listener.sendto(answer, sender)


def serve_http(listener, shift_s):
    while True:
        peer, _ = listener.accept()
        with peer:
            if not peer.recv(4096):
                continue
            date = formatdate(time.time() + shift_s, usegmt=True)
            head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nConnection: close\r\n\r\n"
            peer.sendall(head.encode())


def main():
    shift_s, kind, port = float(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    place = (sys.argv[4] if len(sys.argv) > 4 else "127.0.0.1", port)
    if kind == "udp":
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(place)
        serve = serve_sntp
    else:
        listener = socket.create_server(place)
        serve = serve_http
    print("ready", flush=True)
    serve(listener, shift_s)


main()

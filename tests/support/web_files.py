#!/usr/bin/python3
"""Asks the file server over HTTP what curl cannot show: parts of a multipart answer, requests in a
row on one connection, digests, bodies that break off. Standard library only; used by
tests/interop/filesrv_http.bats; talks to the given port of loopback alone.

    web_files.py PORT CASE [ARGUMENT...]    0: the case holds
"""

import base64
import email.parser
import email.policy
import hashlib
import http.client
import os
import socket
import struct
import sys

LIMIT_S = 20


def connect():
    return http.client.HTTPConnection("127.0.0.1", PORT, timeout=LIMIT_S)


def ask(connection, method, path, body=None, **fields):
    """The answer, and its body."""
    connection.request(method, path, body=body,
                       headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    return answer, answer.read()


def expect(condition, *shown):
    if not condition:
        raise SystemExit(f"does not hold: {shown}")


def digest(body):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"


def parts(path, local):
    """A multipart answer has the parts that were asked for, and the length that it says."""
    with open(local, "rb") as file:
        whole = file.read()
    answer, body = ask(connect(), "GET", path, Range="bytes=0-9,100-199,-5")
    expect(answer.status == 206, answer.status, body)
    expect(int(answer.headers["Content-Length"]) == len(body))
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    found = [(part["Content-Range"], part.get_payload(decode=True))
             for part in message.iter_parts()]
    size = len(whole)
    expect([where for where, _ in found] ==
           [f"bytes 0-9/{size}", f"bytes 100-199/{size}", f"bytes {size - 5}-{size - 1}/{size}"],
           found)
    expect([len(part) for _, part in found] == [10, 100, 5], found)
    expect(b"".join(part for _, part in found) == whole[:10] + whole[100:200] + whole[-5:])


def kept():
    """One connection carries answers of all kinds one after the other."""
    connection = connect()
    socket_before = None
    for method, path, status in [("GET", "/a.txt", 200), ("HEAD", "/a.txt", 200),
                                 ("GET", "/missing", 404), ("GET", "/docs", 308),
                                 ("OPTIONS", "/", 204), ("DELETE", "/a.txt", 405),
                                 ("GET", "/docs/?json", 200), ("GET", "/docs/?tar", 200),
                                 ("PUT", "/kept", 201), ("PUT", "/kept", 412),
                                 ("GET", "/large", 200), ("GET", "/", 200)]:
        body = b"" if method == "PUT" else None
        answer, _ = ask(connection, method, path, body)
        expect(answer.status == status, method, path, answer.status)
        expect(socket_before in (None, connection.sock), "a new connection", method, path)
        expect(connection.sock is not None, "closed after", method, path)
        socket_before = connection.sock


def pipelined():
    """Requests that were sent at once are answered in their order."""
    with socket.create_connection(("127.0.0.1", PORT), LIMIT_S) as stream:
        stream.sendall(b"PUT /pipe HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       b"3\r\none\r\n4;x=y\r\n two\r\n0\r\nTrailer: x\r\n\r\n"
                       b"GET /pipe HTTP/1.1\r\nHost: a\r\n\r\n"
                       b"GET /pipe HTTP/1.1\r\nHost: a\r\nRange: bytes=4-\r\n"
                       b"Connection: close\r\n\r\n")
        answers = b"".join(iter(lambda: stream.recv(65536), b""))
    expect(answers.startswith(b"HTTP/1.1 201 "), answers)
    expect(answers.count(b"HTTP/1.1 ") == 3, answers)
    expect(b"\r\n\r\none two" + b"HTTP/1.1 206 " in answers, answers)
    expect(answers.endswith(b"\r\n\r\ntwo"), answers)


def digests(path, local):
    """Whole answers have digests of their bytes; an upload with a wrong one is refused."""
    with open(local, "rb") as file:
        whole = file.read()
    connection = connect()
    answer, body = ask(connection, "GET", path, Want_Repr_Digest="sha-256=1")
    expect(answer.headers["Repr-Digest"] == digest(whole), answer.headers["Repr-Digest"])
    expect(answer.headers["Content-Digest"] == digest(body))
    answer, body = ask(connection, "GET", path, Range="bytes=0-4", Want_Repr_Digest="sha-256=1")
    expect(answer.headers["Repr-Digest"] == digest(whole))
    expect(answer.headers["Content-Digest"] is None and body == whole[:5])
    answer, _ = ask(connection, "HEAD", path, Want_Repr_Digest="sha-256=1")
    expect(answer.headers["Repr-Digest"] == digest(whole))
    expect(answer.headers["Content-Digest"] is None)
    answer, _ = ask(connection, "PUT", "/right", b"right", Overwrite="T",
                    Content_Digest=digest(b"right"))
    expect(answer.status in (201, 204), answer.status)
    for said in digest(b"wrong"), "sha-256=:AAAA:", "sha-256=right":
        answer, _ = ask(connect(), "PUT", "/wrong", b"right", Content_Digest=said)
        expect(answer.status == 400, said, answer.status)
    answer, _ = ask(connection, "GET", "/wrong")
    expect(answer.status == 404, answer.status)


def broken(how):
    """An upload that breaks off leaves nothing."""
    framing = {"length": b"Content-Length: 100\r\n\r\nhello",
               "chunks": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
               "nonsense": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"}[how]
    with socket.create_connection(("127.0.0.1", PORT), LIMIT_S) as stream:
        stream.sendall(b"PUT /broken HTTP/1.1\r\nHost: a\r\n" + framing)
        if how == "nonsense":
            expect(stream.recv(65536).startswith(b"HTTP/1.1 400 "))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def continues():
    """100 is said once the request may go on; a refusal comes instead of it."""
    for path, expected in ("/expected", b"HTTP/1.1 100 "), ("/a.txt", b"HTTP/1.1 412 "):
        with socket.create_connection(("127.0.0.1", PORT), LIMIT_S) as stream:
            stream.sendall(b"PUT " + path.encode() + b" HTTP/1.1\r\nHost: a\r\n"
                           b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            said = stream.recv(65536)
            expect(said.startswith(expected), said)
            if b" 100 " in said:
                stream.sendall(b"hello")
                expect(stream.recv(65536).startswith(b"HTTP/1.1 201 "))


def shrinks(local):
    """A file that is cut while it is sent: the connection breaks, and another one works."""
    connection = connect()
    connection.request("GET", "/shrinks")
    answer = connection.getresponse()
    expect(len(answer.read(1000)) == 1000)
    os.truncate(local, 2000000)
    try:
        rest = answer.read()
    except (ConnectionResetError, http.client.IncompleteRead):
        pass
    else:
        expect(False, "it ended in order", len(rest))
    answer, _ = ask(connect(), "HEAD", "/shrinks")
    expect(answer.headers["Content-Length"] == "2000000")


def busy():
    """While one writes a file, another cannot, and is told so."""
    with socket.create_connection(("127.0.0.1", PORT), LIMIT_S) as stream:
        stream.sendall(b"PUT /both HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                       b"Expect: 100-continue\r\n\r\n")
        expect(stream.recv(65536).startswith(b"HTTP/1.1 100 "))
        answer, _ = ask(connect(), "PUT", "/both", b"other")
        expect(answer.status == 409, answer.status)
        stream.sendall(b"first")
        expect(stream.recv(65536).startswith(b"HTTP/1.1 201 "))
    _, body = ask(connect(), "GET", "/both")
    expect(body == b"first", body)


def tokens(token):
    """Each request is judged by what it shows itself, not by what another one has shown."""
    connection = connect()
    for credential, status in (token, 200), ("", 401), (token, 200), ("nk_wrong", 401):
        fields = {"Authorization": "Bearer " + credential} if credential else {}
        answer, _ = ask(connection, "GET", "/a.txt", **fields)
        expect(answer.status == status, credential, answer.status)


PORT = int(sys.argv[1])
CASES = parts, kept, pipelined, digests, broken, continues, shrinks, busy, tokens
{each.__name__: each for each in CASES}[sys.argv[2]](*sys.argv[3:])

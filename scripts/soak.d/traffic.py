# SPDX-License-Identifier: Apache-2.0
"""What comes in on a bad day. Each kind is a function that is called again and again, with a port."""

import gzip
import json
import random
import socket
import time

from connection import Connection, request


def expect(found, expected):
    if found != expected:
        raise ValueError("%s instead of %s" % (str(found)[:200], str(expected)[:200]))


def ask(connection, data, status):
    connection.send(data)
    found, fields, body = connection.answer()
    expect(found, status)
    return fields, body


def description(count):
    return {"name": "soak", "version_id": 1, "fields": [
        {"name": "a", "info": "uint32", "flags": ["VMS_ARRAY"], "num": count}, {"name": "b", "info": "buffer", "flags": ["VMS_BUFFER"], "size": 64}]}


def document(count):
    """An array and a buffer with other content each time: request to decode, request to encode, and the bytes."""
    values = [random.getrandbits(32) for _ in range(count)]
    buffer = random.randbytes(64).hex()
    stream = b"".join(value.to_bytes(4, "big") for value in values) + bytes.fromhex(buffer)
    state = {"a": values, "b": buffer}
    decode = json.dumps({"vmsd": description(count), "stream": stream.hex()}).encode()
    encode = json.dumps({"vmsd": description(count), "state": state}).encode()
    return decode, encode, state, stream


def gets(port):
    connection = Connection(port)
    for _ in range(50):
        for path in ("/healthz", "/readyz", "/livez"):
            ask(connection, request("GET", path), 200)
    _, body = ask(connection, request("GET", "/openapi.yaml", None, "Accept-Encoding: gzip"), 200)
    expect(gzip.decompress(body)[:8], b"openapi:")
    connection.close()


def decodes(port):
    connection = Connection(port)
    for _ in range(50):
        decode, _, state, _ = document(random.randint(200, 300))
        expect(json.loads(ask(connection, request("POST", "/v1/decode", decode), 200)[1])["state"], state)
    connection.close()


def encodes(port):
    connection = Connection(port)
    for _ in range(5):
        _, encode, _, stream = document(random.randint(8000, 10000))
        expect(ask(connection, request("POST", "/v1/encode", encode), 200)[1], stream)
    connection.close()


def large(port):
    """Some megabytes in, and out."""
    decode, _, state, _ = document(random.randint(100_000, 400_000))
    connection = Connection(port)
    expect(json.loads(ask(connection, request("POST", "/v1/decode", decode), 200)[1])["state"], state)
    connection.close()
    time.sleep(0.5)


def zipped(port):
    connection = Connection(port)
    for count in (500, 1000, 5000):
        decode, _, state, _ = document(count)
        fields, body = ask(connection, request(
            "POST", "/v1/decode", gzip.compress(decode, 1), "Content-Encoding: gzip", "Accept-Encoding: gzip"), 200)
        expect(fields.get("content-encoding"), "gzip")
        expect(json.loads(gzip.decompress(body))["state"], state)
    connection.close()


BOMB = gzip.compress(bytes(64 << 20), 9)


def errors(port):
    decode, _, _, _ = document(100)
    post = "POST", "/v1/decode"
    short = json.dumps({"vmsd": description(100), "stream": "00"}).encode()
    for status, data in [
        (400, request(*post, b"{")),
        (400, request(*post, b"{}", "Content-Length: 7")),
        (400, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
        (400, request(*post, b"not gzip", "Content-Encoding: gzip")),
        (400, request(*post, gzip.compress(decode)[:-9], "Content-Encoding: gzip")),
        (400, request(*post, None, "Content-Type: application/json", "Transfer-Encoding: chunked") + b"xyz\r\n"),
        (404, request("GET", "/nothing")),
        (405, request("DELETE", "/v1/decode")),
        (406, request(*post, decode, "Accept: image/png")),
        (411, request(*post, None, "Content-Type: application/json")),
        (413, request(*post, None, "Content-Type: application/json", "Content-Length: 1000000000000")),
        (413, request(*post, BOMB, "Content-Encoding: gzip")),
        (414, request("GET", "/" + "a" * 9000)),
        (415, request(*post, decode, "Content-Type: text/html")),
        (417, request(*post, decode, "Expect: the-unexpected")),
        (422, request(*post, short)),
        (431, request("GET", "/", None, "X-Long: " + "a" * 20000)),
        (501, request(*post, None, "Transfer-Encoding: rot13, chunked")),
        (505, b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"),
    ]:
        connection = Connection(port)
        try:
            fields, body = ask(connection, data, status)
        except Exception as error:
            raise ValueError("%d for %r: %s" % (status, data[:60], error)) from None
        expect(fields["content-type"], "application/problem+json")
        expect(json.loads(body)["status"], status)
        connection.close()


def resets(port):
    """Gone in the middle of a header, of a body, of an answer, of work."""
    decode, encode, _, _ = document(20000)
    for data in (b"GET /hea", request("POST", "/v1/decode", decode)[:-1000], request("POST", "/v1/decode", decode),
                 request("POST", "/v1/encode", encode), request("GET", "/openapi.yaml") * 20):
        for pause in (0, 0.002, 0.02):
            connection = Connection(port)
            connection.send(data)
            time.sleep(pause)
            connection.reset()


def pipelined(port):
    decode, encode, state, stream = document(300)
    connection = Connection(port)
    turn = [request("GET", "/healthz"), request("POST", "/v1/decode", decode), request("POST", "/v1/encode", encode),
            request("GET", "/nothing")]
    connection.send(b"".join(turn * 8))
    for _ in range(8):
        answers = [connection.answer() for _ in turn]
        expect([status for status, _, _ in answers], [200, 200, 200, 404])
        expect((json.loads(answers[1][2])["state"], answers[2][2]), (state, stream))
    connection.close()


def dripped(port):
    """A request in small pieces, in time; then one that stops, until it is answered with 408."""
    decode, _, state, _ = document(3)
    connection = Connection(port)
    whole = request("POST", "/v1/decode", decode)
    for start in range(0, len(whole), 5):
        connection.send(whole[start:start + 5])
        time.sleep(0.001)
    status, _, body = connection.answer()
    expect((status, json.loads(body)["state"]), (200, state))
    for cut in (20, len(whole) - 1):
        stopped = Connection(port)
        stopped.send(whole[:cut])
        expect(stopped.answer()[0], 408)
        stopped.close()
    connection.close()


def slow_reader(port):
    """Takes a large answer in pieces, or leaves in the middle of it."""
    _, encode, _, stream = document(60000)
    for whole in (True, False):
        connection = Connection(port)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(request("POST", "/v1/encode", encode))
        if whole:
            time.sleep(0.5)
            expect(connection.answer()[2], stream)
        else:
            connection.take(1000)
            time.sleep(0.1)
        connection.close()


def idle(port):
    """Connections that say nothing, before a request and after one, until they are closed."""
    connections = [Connection(port) for _ in range(20)]
    for connection in connections[:10]:
        ask(connection, request("GET", "/healthz"), 200)
    for connection in connections:
        expect(connection.socket.recv(1), b"")
        connection.close()


KINDS = [gets, decodes, encodes, large, zipped, errors, resets, pipelined, dripped, slow_reader, idle]

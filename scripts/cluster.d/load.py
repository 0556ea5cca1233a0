# SPDX-License-Identifier: Apache-2.0
"""Clients with kept connections that try nothing twice and look at every answer."""

import json
import random
import socket
import threading
import time

# How long one answer may take, in seconds.
PATIENCE = 10
WORDS = [{"name": "r%d" % number, "info": "uint32"} for number in range(32)]
# Zeros that the answer leaves out: a large request with a small answer.
PAD = 20000


def decode_request(is_large):
    """A body for /v1/decode, and the answer that it must get."""
    values = [random.getrandbits(32) for _ in WORDS]
    fields, stream = list(WORDS), "".join("%08x" % value for value in values)
    if is_large:
        fields.insert(0, {"name": "pad", "info": "unused_buffer", "flags": ["VMS_BUFFER"], "size": PAD})
        stream = "00" * PAD + stream
    body = json.dumps({"vmsd": {"name": "load", "version_id": 1, "fields": fields}, "stream": stream})
    state = {field["name"]: value for field, value in zip(WORDS, values)}
    return body.encode(), {"state": state, "version_id": 1, "consumed": len(stream) // 2}


class Client(threading.Thread):
    def __init__(self, load):
        super().__init__(daemon=True)
        self.load = load
        self.connection = None
        self.input = b""

    def run(self):
        sent = 0
        while not self.load.is_over.is_set():
            kind = ("get", "decode", "decode", "large")[sent % 4]
            try:
                self.one(kind)
                self.load.note(kind, None)
            except Exception as error:
                self.load.note(kind, "%s: %s" % (type(error).__name__, error))
                self.leave()
                # A cluster that is down does not fill the report with millions of lines.
                time.sleep(0.1)
            sent += 1
        self.leave()

    def leave(self):
        if self.connection is not None:
            self.connection.close()
        self.connection, self.input = None, b""

    def one(self, kind):
        if kind == "get":
            (status, answer), expected = self.exchange("GET", "/healthz", b""), {"status": "ok"}
        else:
            body, expected = decode_request(kind == "large")
            status, answer = self.exchange("POST", "/v1/decode", body)
        if status != 200 or json.loads(answer) != expected:
            raise ValueError("%d %r instead of 200 %r" % (status, answer[:200], expected))

    def exchange(self, method, path, body):
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.load.port), timeout=PATIENCE)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = "%s %s HTTP/1.1\r\nHost: cluster\r\n" % (method, path)
        if method == "POST":
            head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self.connection.sendall(head.encode() + b"\r\n" + body)
        while b"\r\n\r\n" not in self.input:
            self.read()
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        start, *lines = head.decode().split("\r\n")
        fields = dict((part.strip().lower() for part in line.split(":", 1)) for line in lines)
        length = int(fields["content-length"])
        while len(self.input) < length:
            self.read()
        answer, self.input = self.input[:length], self.input[length:]
        if self.input:
            raise ValueError("more than the answer: %r" % self.input[:200])
        if "x-request-id" not in fields:
            raise ValueError("no X-Request-Id")
        return int(start.split()[1]), answer

    def read(self):
        piece = self.connection.recv(65536)
        if not piece:
            raise ConnectionError("closed before the end of the answer")
        self.input += piece


class Load:
    """So many clients, from start() to stop()."""

    def __init__(self, port, clients):
        self.port = port
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.good = {"get": 0, "decode": 0, "large": 0}
        self.failures = []
        self.clients = [Client(self) for _ in range(clients)]

    def note(self, kind, failure):
        with self.lock:
            if failure is None:
                self.good[kind] += 1
            else:
                self.failures.append("%s: %s" % (kind, failure))

    def start(self):
        for client in self.clients:
            client.start()

    def stop(self):
        self.is_over.set()
        for client in self.clients:
            client.join(timeout=2 * PATIENCE)
            if client.is_alive():
                self.note("any", "a client still waits")

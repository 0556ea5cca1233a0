# SPDX-License-Identifier: Apache-2.0
"""Clients with kept connections that try nothing twice and look at every answer."""

import json
import random
import threading
import time

from connection import PATIENCE, Connection, request

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
        self.connection = None

    def one(self, kind):
        if self.connection is None:
            self.connection = Connection(self.load.port)
        if kind == "get":
            data, expected = request("GET", "/healthz"), {"status": "ok"}
        else:
            body, expected = decode_request(kind == "large")
            data = request("POST", "/v1/decode", body)
        self.connection.send(data)
        status, fields, answer = self.connection.answer()
        if status != 200 or json.loads(answer) != expected:
            raise ValueError("%d %r instead of 200 %r" % (status, answer[:200], expected))
        if self.connection.input or "x-request-id" not in fields:
            raise ValueError("more than the answer, or no X-Request-Id")


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

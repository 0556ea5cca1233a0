# SPDX-License-Identifier: Apache-2.0
"""A connection to a service on this machine, that shows everything as it is: no second try, no help with a broken answer."""

import socket
import struct

# How long one answer may take, in seconds.
PATIENCE = 10


def request(method, path, body=None, *fields):
    """The bytes of a request; fields are lines of the header."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", *fields]
    if body is not None:
        lines += ["Content-Length: %d" % len(body)]
        if not any(field.lower().startswith("content-type:") for field in fields):
            lines += ["Content-Type: application/json"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """Status, header by names in small letters, and body of the next answer."""
        start, *lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.until(b"\r\n"), 16):
                body += self.take(size)
                self.take(2)
            self.take(2)
        else:
            body = self.take(int(fields["content-length"]))
        return int(start.split()[1]), fields, body

    def until(self, end):
        while end not in self.input:
            self.read()
        piece, _, self.input = self.input.partition(end)
        return piece

    def take(self, count):
        while len(self.input) < count:
            self.read()
        piece, self.input = self.input[:count], self.input[count:]
        return piece

    def read(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("closed before the end of the answer")
        self.input += piece

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with a reset in place of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

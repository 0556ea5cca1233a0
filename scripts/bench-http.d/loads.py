# SPDX-License-Identifier: Apache-2.0
"""The loads, and wrk that makes them."""

import json
import os
import re
import socket
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURE = os.path.join(ROOT, "Tests", "TestSupport", "Fixtures", "devices", "q35-10.0-usb-ptr")
CONNECTIONS = 64
IDLE_CONNECTIONS = 10000
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Load:
    def __init__(self, name, path, script=None, batch=1):
        self.name, self.path, self.script, self.batch = name, path, script, batch


class Sample:
    """What one run of wrk says, and the processor time that the server used meanwhile."""

    def __init__(self, server, output, cpu):
        found = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)", output)
        self.requests = int(found[1])
        self.rate = self.requests / (float(found[2]) * UNITS[found[3]])
        self.cpu = cpu / max(1, self.requests)
        self.p50, self.p99 = latency(output, "50%"), latency(output, "99%")
        errors = re.search(r"(Socket errors|Non-2xx).*", output)
        if errors:
            raise SystemExit("%s: %s" % (server.name, errors[0]))


def latency(output, quantile):
    found = re.search(re.escape(quantile) + r"\s+([\d.]+)(us|ms|s|m)", output)
    return float(found[1]) * UNITS[found[2]]


def decode_request():
    """A request of 2000 bytes: a device of real QEMU, its description and its section."""
    with open(os.path.join(FIXTURE, "vmsd.json")) as file:
        vmsd = json.load(file)
    with open(os.path.join(FIXTURE, "wire.hex")) as file:
        stream = "".join(file.read().split())
    return json.dumps({"vmsd": vmsd, "stream": stream}, separators=(",", ":"))


def all_loads(folder):
    def script(name, text):
        path = os.path.join(folder, name + ".lua")
        with open(path, "w") as file:
            file.write(text)
        return path

    def post(name, body, media_type):
        return script(
            name,
            "wrk.method = 'POST'\nwrk.body = %s\nwrk.headers['Content-Type'] = '%s'\n" % (body, media_type),
        )

    decode = post("decode", "[==[%s]==]" % decode_request(), "application/json")
    pipeline = script(
        "pipeline",
        "local batch\ninit = function(args)\n  local one = wrk.format('GET', '/healthz')\n"
        "  batch = string.rep(one, 16)\nend\nrequest = function() return batch end\n",
    )
    return [
        Load("GET", "/healthz"),
        Load("GET, 16 pipelined", "/healthz", pipeline),
        Load("POST 1 KB", "/sink", post("small", "string.rep('x', 1024)", "application/octet-stream")),
        Load("POST 100 KB", "/sink", post("large", "string.rep('x', 102400)", "application/octet-stream")),
        Load("POST decode, 2 KB", "/v1/decode", decode),
    ]


def run(load, server, seconds):
    url = "http://127.0.0.1:%d%s" % (server.port, load.path)
    command = ["wrk", "-t2", "-c%d" % CONNECTIONS, "-d%ds" % seconds, "--latency", url]
    if load.script:
        command[1:1] = ["-s", load.script]
    before = server.cpu()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Sample(server, output, server.cpu() - before)


def measure(load, running, rounds, seconds):
    """Samples of each server that has the route, one a round, after a short round that does not count."""
    takers = [server for server in running if load.path in server.routes]
    for server in takers:
        run(load, server, 1)
    samples = {server.name: [] for server in takers}
    for number in range(rounds):
        # Each round begins with another server, so that none is always the first.
        for server in takers[number % len(takers):] + takers[:number % len(takers)]:
            samples[server.name].append(run(load, server, seconds))
    return samples


def measure_idle(everyone, rounds, seconds):
    """The load GET beside many idle connections: samples, and bytes of memory for each idle connection."""
    load = Load("GET", "/healthz")
    result = {}
    for server in everyone:
        server.start()
        run(load, server, 1)
        before = server.resident()[0]
        clients = []
        try:
            for _ in range(IDLE_CONNECTIONS):
                clients.append(socket.create_connection(("127.0.0.1", server.port)))
            samples = [run(load, server, seconds) for _ in range(max(1, rounds // 2))]
            each = (server.resident()[0] - before) / len(clients)
        finally:
            for client in clients:
                client.close()
            server.stop()
        result[server.name] = (samples, each)
    return result

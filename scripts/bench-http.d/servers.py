# SPDX-License-Identifier: Apache-2.0
"""The servers that are measured: how they start, and what the kernel says about them."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

NGINX = """\
worker_processes auto;
daemon off;
pid %(folder)s/nginx.pid;
error_log /dev/null crit;
worker_rlimit_nofile 16384;
events { worker_connections 12000; }
http {
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
    uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    server {
        listen 127.0.0.1:%(port)d;
        location / { default_type application/json; return 200 '{"status":"ok"}'; }
    }
}
"""


class Server:
    def __init__(self, name, routes, command, environment=None):
        self.name, self.routes, self.command, self.environment = name, routes, command, environment or {}
        self.process = None
        self.port = None

    def start(self):
        """Starts it and returns when it has answered: seconds from before the fork to the answer."""
        self.port = free_port()
        command = self.command(self.port)
        environment = dict(os.environ, **self.environment)
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False
        )
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as client:
                    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    answer = client.recv(4096)
                    took = time.perf_counter() - begin
                    assert answer.startswith(b"HTTP/1.1 200 "), answer
                    return took
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.perf_counter() - begin > 30:
                    raise SystemExit("%s does not start: %s" % (self.name, " ".join(command)))

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def pids(self):
        """Its process and the children, nginx's workers."""
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            return [self.process.pid] + [int(word) for word in file.read().split()]

    def cpu(self):
        """Seconds of processor time so far, user and system."""
        ticks = 0
        for pid in self.pids():
            with open("/proc/%d/stat" % pid) as file:
                fields = file.read().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def started_cpu(self):
        """Seconds of processor time so far, to the nanosecond; only of the threads that still run."""
        total = 0
        for pid in self.pids():
            for task in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/schedstat" % (pid, task)) as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def resident(self):
        """Bytes in memory: all of it, and what no file backs."""
        total, anonymous = 0, 0
        for pid in self.pids():
            with open("/proc/%d/status" % pid) as file:
                for line in file:
                    if line.startswith("VmRSS:"):
                        total += int(line.split()[1]) * 1024
                    elif line.startswith("RssAnon:"):
                        anonymous += int(line.split()[1]) * 1024
        return total, anonymous


class Running:
    """All servers started, and stopped at the end."""

    def __init__(self, everyone):
        self.everyone = everyone

    def __enter__(self):
        for server in self.everyone:
            server.start()
        return self.everyone

    def __exit__(self, *_):
        for server in self.everyone:
            server.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_times(server, count):
    """Wall time and processor time from the fork to the first answer, in seconds, of each of `count` starts."""
    times = []
    for _ in range(count):
        took = server.start()
        times.append((took, server.started_cpu()))
        server.stop()
    return times


def stripped_size(program):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "-o", file.name, program], check=True)
        return os.path.getsize(file.name)


def all_servers(program, peers, folder):
    def nginx(port):
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(NGINX % {"folder": folder, "port": port})
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", path]

    def peer(name):
        return lambda port: [os.path.join(peers, name), str(port)]

    everything = ["/healthz", "/sink", "/v1/decode"]
    return [
        Server("qevm serve", ["/healthz", "/v1/decode"], lambda port: [program, "serve", "--port", str(port)],
               {"QEVM_CONNECTIONS": "12000", "QEVM_LOG_LEVEL": "error"}),
        Server("HTTP module", ["/healthz", "/sink"], peer("sockets-peer")),
        Server("SwiftNIO", everything, peer("nio-peer")),
        Server("Hummingbird", everything, peer("hummingbird-peer")),
        Server("nginx", ["/healthz"], nginx),
    ]

# SPDX-License-Identifier: Apache-2.0
"""HAProxy and instances of qevm that cannot outlive the script or keep it waiting."""

import csv
import os
import random
import signal
import socket
import subprocess
import time

# How long a process may take for anything, in seconds.
PATIENCE = 5
running = []


def wait(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("%s: not after %d seconds" % (what, PATIENCE))
        time.sleep(0.02)


def free_port():
    """A port that no outgoing connection takes while the instance that has it is away."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first = int(file.read().split()[0])
    while True:
        port = random.randrange(10000, max(first, 20000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def start(arguments, log, **options):
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
    running.append(process)
    return process


def end_all():
    for process in running:
        process.kill()
    for process in running:
        process.wait()


class Instance:
    """One qevm, always on the same port."""

    # Longer than HAProxy needs to see that /readyz says 503.
    DRAIN_DELAY = 3

    def __init__(self, program, folder, number):
        self.program = program
        self.name = "qevm-%d" % number
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.log = open(os.path.join(folder, self.name + ".log"), "w+")
        self.start()

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QEVM")}
        environment["QEVM_DRAIN_DELAY"] = str(self.DRAIN_DELAY)
        self.process = start([self.program, "serve", "--port", str(self.port)], self.log, env=environment)
        wait(self.answers, "%s: an answer" % self.name)

    def answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise RuntimeError("%s ended with status %d: %s" % (self.name, self.process.returncode, self.log.read()))
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def ended(self):
        """Waits for the end; the exit status, negative for a signal."""
        return self.process.wait(timeout=self.DRAIN_DELAY + PATIENCE)


class HAProxy:
    """HAProxy with a configuration of deploy/."""

    def __init__(self, configuration, folder, instances):
        self.stats = os.path.join(folder, "stats")
        self.port = free_port()
        self.log_path = os.path.join(folder, "haproxy.log")
        user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        group = subprocess.run(["id", "-gn"], check=True, capture_output=True, text=True).stdout.strip()
        environment = {
            **os.environ, "QEVM_BIND": "127.0.0.1:%d" % self.port, "QEVM_RATE": "1000000000",
            "HAPROXY_STATS": self.stats, "HAPROXY_USER": user, "HAPROXY_GROUP": group,
            **{"QEVM_%d" % number: instance.address for number, instance in enumerate(instances, 1)},
        }
        # Debian's haproxy is in /usr/sbin, which is not on every user's path.
        environment["PATH"] = environment.get("PATH", "") + ":/usr/sbin"
        check = subprocess.run(
            ["haproxy", "-c", "-f", configuration], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        if check.returncode != 0 or "WARNING" in check.stdout:
            raise RuntimeError("haproxy -c: " + check.stdout)
        with open(self.log_path, "w") as log:
            self.process = start(["haproxy", "-db", "-f", configuration], log, env=environment)
        wait(lambda: self.process.poll() is None and os.path.exists(self.stats), "HAProxy's socket")

    def servers(self):
        """The rows of `show stat` of the backend, by name of the server; BACKEND is the sum."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self.stats)
            connection.sendall(b"show stat\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        rows = csv.DictReader(text.lstrip("# ").strip().splitlines())
        return {row["svname"]: row for row in rows if row["pxname"] == "qevm"}

    def is_up(self, instance):
        return self.servers()[instance.name]["status"] == "UP"

    def answered(self, instance):
        """How many answers with status 200 HAProxy has had from the instance."""
        return int(self.servers()[instance.name]["hrsp_2xx"])

    def unusual_lines(self):
        """The last lines of the log that tell of a request that was not answered with 200."""
        with open(self.log_path) as log:
            return [line.rstrip() for line in log if "HTTP/1.1" in line and " 200 " not in line][-12:]

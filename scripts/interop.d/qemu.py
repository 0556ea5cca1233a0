# SPDX-License-Identifier: Apache-2.0
"""A QEMU under QMP that cannot outlive the script or keep it waiting."""

import json
import os
import socket
import subprocess
import time

PROGRAM = "qemu-system-x86_64"
MACHINE = [
    PROGRAM, "-accel", "tcg", "-M", "pc-i440fx-7.2", "-m", "16M", "-nodefaults", "-display", "none", "-S", "-serial", "null",
    "-device", "cirrus-vga,addr=2", "-device", "rtl8139,addr=3", "-device", "ich9-ahci,addr=4",
    "-chardev", "null,id=lpt", "-device", "isa-parallel,chardev=lpt",
    "-blockdev", "null-co,node-name=disk,size=1048576,read-zeroes=on", "-device", "ide-hd,drive=disk,bus=ide.0",
]
# How long anything may take that QEMU does, in seconds.
PATIENCE = 30


class QemuEnded(Exception):
    """QEMU is gone: with what exit status (negative: the signal), and what it said."""

    def __init__(self, status, words):
        super().__init__("QEMU ended with status %d: %s" % (status, words or "no message"))
        self.status = status
        self.words = words


class Qemu:
    running = []

    def __init__(self, folder, *arguments, machine=MACHINE):
        path = os.path.join(folder, "qmp-%d" % time.monotonic_ns())
        self.log = open(path + ".log", "w+")
        self.process = subprocess.Popen(
            [*machine, "-qmp", "unix:%s,server=on,wait=off" % path, *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        Qemu.running.append(self)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.wait(lambda: self.connect(path), "a QMP connection")
        self.file = self.socket.makefile("rw")
        self.answer()
        self.command("qmp_capabilities")

    def connect(self, path):
        try:
            self.socket.connect(path)
            return True
        except OSError:
            return False

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                raise self.ended()
            if time.monotonic() > end:
                raise TimeoutError("QEMU: no %s after %d seconds" % (what, PATIENCE))
            time.sleep(0.02)

    def ended(self):
        status = self.process.wait(timeout=PATIENCE)
        self.log.seek(0)
        return QemuEnded(status, self.log.read().strip())

    def answer(self):
        """The next line of QMP that is no event."""
        while True:
            try:
                line = self.file.readline()
            except ConnectionError:
                line = ""
            if not line:
                raise self.ended()
            answer = json.loads(line)
            if "event" not in answer:
                return answer

    def command(self, name, /, **arguments):
        try:
            self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            self.file.flush()
        except ConnectionError:
            raise self.ended() from None
        answer = self.answer()
        if "error" in answer:
            raise RuntimeError("QMP %s: %s" % (name, answer["error"]["desc"]))
        return answer["return"]

    def monitor(self, line):
        return self.command("human-monitor-command", **{"command-line": line}).strip()

    def migrated(self):
        answer = self.command("query-migrate")
        if answer.get("status") == "failed":
            raise RuntimeError("the migration failed: " + answer.get("error-desc", "no message"))
        return answer.get("status") == "completed"

    def save(self, path):
        self.command("migrate", uri="exec:cat > " + path)
        self.wait(self.migrated, "end of the migration")
        with open(path, "rb") as file:
            return file.read()

    @classmethod
    def load(cls, folder, stream):
        path = os.path.join(folder, "incoming")
        with open(path, "wb") as file:
            file.write(stream)
        qemu = cls(folder, "-incoming", "exec:cat " + path)
        qemu.wait(qemu.migrated, "end of the incoming migration")
        return qemu

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.socket.close()
        Qemu.running.remove(self)

    @classmethod
    def close_all(cls):
        for qemu in list(cls.running):
            qemu.close()

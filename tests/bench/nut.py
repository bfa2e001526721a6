"""NUT as a peer of tests/bench/shutdown: upsd with a dummy UPS and a primary upsmon on one host, a
secondary upsmon on the other, whose SHUTDOWNCMD is the command that is waited for.

Each host is a network namespace; each program sees a /run of its own, for upsmon keeps its process
id at a fixed place there. Nothing outside of the caller's namespaces is touched.
"""

import os
import subprocess
import time

from processes import BenchError

FOLDERS = ("/lib/nut", "/usr/lib/nut")
START_LIMIT_S = 20
# The first pause of upsmon is 5 s whatever its settings say: it is measured after that.
SETTLED_S = 6

# What upsmon.conf.sample of NUT 2.8 says the defaults are, and the least that upsmon takes:
# DEADTIME must be three times POLLFREQ.
DEFAULTS = {"POLLFREQ": 5, "POLLFREQALERT": 5, "HOSTSYNC": 15, "DEADTIME": 15, "FINALDELAY": 5}
LEAST = {"POLLFREQ": 1, "POLLFREQALERT": 1, "HOSTSYNC": 0, "DEADTIME": 3, "FINALDELAY": 0}


def program(name):
    """The program itself: what is on PATH is a wrapper that wants a line in /etc/nut/nut.conf."""
    for folder in FOLDERS:
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    raise BenchError(f"{name} is missing (try: apt-get install nut-server nut-client)")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o600)


class Nut:
    """One set-up, from its start to the command on the other host."""

    def __init__(self, folder, hosts, port, timings, command):
        self.folder = folder
        self.ups_host, self.ups_address = hosts[0]
        self.other_host = hosts[1][0]
        self.port = port
        self.primary = None
        self.processes = []
        self._configure(timings, command)

    def _configure(self, timings, command):
        poll = timings["POLLFREQ"] if timings is LEAST else 2
        for name in ("ups", "primary", "secondary"):
            os.makedirs(f"{self.folder}/{name}/state", mode=0o700)
        write(f"{self.folder}/ups/ups.dev", "ups.status: OL\nbattery.charge: 100\n")
        write(f"{self.folder}/ups/ups.conf",
              f"pollinterval = {poll}\n[ups]\n driver = dummy-ups\n mode = dummy-once\n"
              f" port = {self.folder}/ups/ups.dev\n")
        write(f"{self.folder}/ups/upsd.conf", f"LISTEN {self.ups_address} {self.port}\n")
        write(f"{self.folder}/ups/upsd.users",
              "[primary]\n password = one\n upsmon primary\n"
              "[secondary]\n password = two\n upsmon secondary\n")
        for name, password, run in (("primary", "one", "true"), ("secondary", "two", command)):
            lines = [f"MONITOR ups@{self.ups_address}:{self.port} 1 {name} {password} {name}",
                     "MINSUPPLIES 1", "RUN_AS_USER root", f'SHUTDOWNCMD "{run}"',
                     f"POWERDOWNFLAG {self.folder}/{name}/killpower",
                     *(f"{key} {value}" for key, value in timings.items())]
            write(f"{self.folder}/{name}/upsmon.conf", "\n".join(lines) + "\n")

    def _start(self, host, part, *command):
        """The program on its host; what it says is kept for the moment in which it fails."""
        folder = f"{self.folder}/{part}"
        log = open(f"{folder}/{os.path.basename(command[0])}.log", "w+b")  # Closed by stop().
        process = subprocess.Popen(
            ["ip", "netns", "exec", host, "unshare", "--mount", "sh", "-c",
             'mount -t tmpfs none /run && mkdir /run/nut && exec "$@"', "sh", *command],
            env={**os.environ, "NUT_CONFPATH": folder, "NUT_STATEPATH": f"{self.folder}/ups/state",
                 "NUT_ALTPIDPATH": f"{folder}/state", "NUT_QUIET_INIT_UPSNOTIFY": "true"},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.log = log
        self.processes.append(process)
        return process

    def start(self):
        self._start(self.ups_host, "ups", program("dummy-ups"), "-a", "ups", "-u", "root", "-F")
        self._until(lambda: os.path.exists(f"{self.folder}/ups/state/dummy-ups-ups"))
        self._start(self.ups_host, "ups", program("upsd"), "-u", "root", "-F")
        # Both monitors are there once upsd has let them in.
        for host, part in ((self.ups_host, "primary"), (self.other_host, "secondary")):
            process = self._start(host, part, program("upsmon"), "-F", "-p", "-D")
            self._until(lambda process=process: self._monitors(process))
            if part == "primary":
                self.primary = process

    def _monitors(self, process):
        process.log.flush()
        with open(process.log.name, encoding="utf-8", errors="replace") as file:
            return "Logged into UPS" in file.read()

    def _until(self, true):
        deadline = time.monotonic() + START_LIMIT_S
        while not true():
            dead = [process for process in self.processes if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                process = (dead or self.processes)[-1]
                process.log.seek(0)
                said = process.log.read().decode(errors="replace").strip().splitlines()
                raise BenchError(f"NUT does not start: {said[-1] if said else 'no word from it'}")
            time.sleep(0.02)

    def order(self):
        """`upsmon -c fsd` on the UPS's host: that program finds the other by its process id."""
        subprocess.run(["nsenter", "--mount", "--net", "--target", str(self.primary.pid),
                        program("upsmon"), "-c", "fsd"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
            process.log.close()
        self.processes.clear()

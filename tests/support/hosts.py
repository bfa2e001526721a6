"""Hosts as network namespaces on one bridge, with cables that can be cut, loss, delay, and
processes that end with them. Used by the labs and measurements that are written in Python; never
touches what is outside of the namespaces that enter() makes.
"""

import heapq
import os
import select
import struct
import subprocess
import sys
import threading
import time
from fcntl import ioctl

INSIDE = "NETKIT_HOSTS_INSIDE"
BRIDGE = "lab0"
CARRIER_LIMIT_S = 10
STOP_LIMIT_S = 10
# Losing these would cut a line for seconds, which is another fault than a lossy one.
NEIGHBOUR_DISCOVERY = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"


def enter():
    """Goes on in namespaces of its own (mount, network, process), which end with it."""
    if os.environ.pop(INSIDE, None):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        # `ip netns` keeps its names in /run/netns: ours must not be seen outside.
        run("mount", "-t", "tmpfs", "none", "/run")
        run("ip", "link", "set", "lo", "up")
        return
    mine = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *mine, "--mount", "--net", "--pid", "--fork", "--kill-child",
                          "--mount-proc", sys.executable, *sys.argv])


def run(*command, text=None):
    """What it says; an exception with what it complained of if it failed."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False,
                          timeout=60)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def until(true, limit_s, step_s=0.01):
    """The seconds that it took until true() was; None at the limit."""
    begin = time.monotonic()
    while not true():
        if time.monotonic() - begin > limit_s:
            return None
        time.sleep(step_s)
    return time.monotonic() - begin


class Lan:
    """A bridge and its hosts. Their interface is eth0; the bridge's end of it is lab-NAME."""

    def __init__(self):
        self.addresses = {}
        self._delays = []
        run("ip", "link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", BRIDGE, "up")

    def host(self, name, address, plugged=True):
        """`plugged`: else it has its loopback alone until plug()."""
        self.addresses[name] = address
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        if plugged:
            self.plug(name)

    def plug(self, name):
        run("ip", "link", "add", f"lab-{name}", "type", "veth", "peer", "name", "eth0", "netns",
            name)
        run("ip", "link", "set", f"lab-{name}", "master", BRIDGE, "up")
        # An address that waits for duplicates cannot be spoken from for a second.
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0")
        run("ip", "-n", name, "address", "add", f"{self.addresses[name]}/16", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        until(lambda: self._carries(name), CARRIER_LIMIT_S)

    def end(self):
        """All hosts and the bridge; no process is there any more."""
        ports = run("ip", "-o", "link", "show", "type", "veth")
        for name in self.addresses:
            # With the host alone it would go some time later.
            if f" lab-{name}@" in ports:
                run("ip", "link", "del", f"lab-{name}")
            run("ip", "netns", "del", name)
        run("ip", "link", "del", BRIDGE)
        self.drop()

    def cut(self, name):
        """The cable, at the bridge: the host sees that it has no carrier."""
        run("ip", "link", "set", f"lab-{name}", "down")

    def mend(self, name):
        run("ip", "link", "set", f"lab-{name}", "up")
        until(lambda: self._carries(name), CARRIER_LIMIT_S)

    def lower(self, name):
        """The host's own interface is set down."""
        run("ip", "-n", name, "link", "set", "eth0", "down")

    def lift(self, name):
        run("ip", "-n", name, "link", "set", "eth0", "up")
        until(lambda: self._carries(name), CARRIER_LIMIT_S)

    def _carries(self, name):
        return "state forwarding" in run("bridge", "link", "show", "dev", f"lab-{name}")

    def drop(self, *rules):
        """Replaces what the bridge drops by these rules of nft; none: it drops nothing."""
        chain = "add table bridge lab\ndelete table bridge lab\n"
        if rules:
            chain += "table bridge lab { chain forward { type filter hook forward priority 0;\n"
            chain += "".join(f"{rule}\n" for rule in rules) + "}\n}\n"
        run("nft", "-f", "-", text=chain)

    def lose(self, percent):
        """That share of all that crosses the bridge, each way, at random; 0 ends it."""
        if not percent:
            return self.drop()
        share = f"numgen random mod 100 < {percent} drop"
        return self.drop(NEIGHBOUR_DISCOVERY, f"meta protocol ip {share}",
                         f"meta protocol ip6 {share}")

    def silence(self, *names):
        """Nobody hears these hosts any more, which go on hearing all."""
        self.drop(f"iifname {self._ports(names)} drop")

    def deafen(self, *names):
        """These hosts hear nobody any more, and all go on hearing them."""
        self.drop(f"oifname {self._ports(names)} drop")

    def split(self, *groups):
        """Nothing passes between these groups of hosts."""
        rules = []
        for one in groups:
            for other in groups:
                if one is not other:
                    rules.append(f"iifname {self._ports(one)} oifname {self._ports(other)} drop")
        self.drop(*rules)

    @staticmethod
    def _ports(names):
        return "{ " + ", ".join(f'"lab-{name}"' for name in names) + " }"

    def delay(self, name, seconds):
        """All that the host sends and gets is so late, from now until undelay()."""
        self._delays.append(Delay(f"lab-{name}", seconds))

    def undelay(self):
        for delay in self._delays:
            delay.end()
        self._delays = []


class Delay:
    """Carries frames between a port of the bridge and the bridge, each `seconds` late. In place of
    netem, which not every kernel has."""

    def __init__(self, port, seconds):
        self._port, self._seconds = port, seconds
        run("ip", "link", "add", "slow0", "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", "slow0", "up")
        self._taps = [self._tap("near0", "slow0"), self._tap("far0", BRIDGE)]
        run("ip", "link", "set", port, "master", "slow0")
        self._ends, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    @staticmethod
    def _tap(name, bridge):
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        ioctl(tap, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1002))  # IFF_TAP, IFF_NO_PI
        run("ip", "link", "set", name, "master", bridge, "up")
        return tap

    def _carry(self):
        waiting, number = [], 0
        while True:
            wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready = select.select([*self._taps, self._ends], [], [], wait)[0]
            if self._ends in ready:
                return
            for tap in ready:
                number += 1
                other = self._taps[1 - self._taps.index(tap)]
                due = time.monotonic() + self._seconds
                heapq.heappush(waiting, (due, number, other, os.read(tap, 65536)))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, tap, frame = heapq.heappop(waiting)
                try:
                    os.write(tap, frame)
                except OSError:
                    pass  # A full queue loses it, as a wire's would.

    def end(self):
        os.write(self._wake, b"x")
        self._thread.join()
        run("ip", "link", "set", self._port, "master", BRIDGE)
        for each in (*self._taps, self._ends, self._wake):
            os.close(each)
        run("ip", "link", "del", "slow0")


class Process:
    """A program on a host. stdout goes to `out` (a file by default), stderr to FOLDER/NAME.err."""

    def __init__(self, host, folder, name, command, out=None, stdin=subprocess.DEVNULL):
        self.name, self.host = name, host
        self.out_path, self.err_path = f"{folder}/{name}.out", f"{folder}/{name}.err"
        # ip execs the program, so that the process is the program's own.
        with open(self.out_path, "ab") as own, open(self.err_path, "ab") as err:
            self.popen = subprocess.Popen(["ip", "netns", "exec", host, *command],
                                          stdin=stdin, stdout=out or own, stderr=err)
        self.pid = self.popen.pid

    def lives(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.lives():
            os.kill(self.pid, number)

    def wait(self, limit_s=STOP_LIMIT_S):
        """Its exit code; None if it outlives the limit."""
        try:
            return self.popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def said(self, lines=12):
        """The end of its stderr."""
        with open(self.err_path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

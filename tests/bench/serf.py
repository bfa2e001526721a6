"""serf agents on the hosts of a LAN, at their default LAN profile, for tests/bench/presence: each
tells in its log whom it sees come, go and fail.
"""

import re
import shutil
import subprocess
import threading
import time

import hosts
from processes import BenchError

PORT = 7946
EVENT = re.compile(rb"serf: EventMember(Join|Leave|Failed): (\S+)")
JOIN_LIMIT_S = 60


def program():
    path = shutil.which("serf")
    if not path:
        raise BenchError("serf is missing (try: apt-get install serf)")
    return path


class Agents:
    """One a host. `seen[who][about]` is the last that one saw of another, and when."""

    name = "serf"

    def __init__(self, lan, folder, names):
        self._lan, self._folder, self.names = lan, folder, names
        self._changed = threading.Condition()
        self.processes, self.seen = {}, {}
        self.struck, self.alarms = set(), []

    def start(self, name):
        words = [program(), "agent", f"-node={name}", f"-bind={self._lan.addresses[name]}"]
        if name != self.names[0]:
            words.append(f"-join={self._lan.addresses[self.names[0]]}")
        elif self.processes:
            words.append(f"-join={self._lan.addresses[self.names[1]]}")
        process = hosts.Process(name, self._folder, f"serf-{name}", words, out=subprocess.PIPE)
        self.processes[name] = process
        self.seen[name] = {}
        threading.Thread(target=self._read, args=(name, process), daemon=True).start()

    def _read(self, name, process):
        for line in process.popen.stdout:
            found = EVENT.search(line)
            if not found:
                continue
            what, about = found[1].decode(), found[2].decode()
            with self._changed:
                self.seen[name][about] = (what, time.monotonic())
                if what == "Failed" and about not in self.struck and name not in self.struck:
                    self.alarms.append((name, about))
                self._changed.notify_all()

    def _wait(self, true, limit_s):
        with self._changed:
            return self._changed.wait_for(true, limit_s)

    def all_see(self, names, what="Join", limit_s=JOIN_LIMIT_S):
        """Whether all who are well see all of `names` so within the limit."""
        return self._wait(lambda: all(self.seen[who].get(about, ("",))[0] == what
                                      for who in self._well() for about in names if about != who),
                          limit_s)

    def _well(self):
        return [name for name in self.names if name not in self.struck]

    def begin(self):
        for name in self.names:
            self.start(name)
            if name == self.names[0]:
                hosts.until(lambda: self.seen[self.names[0]], JOIN_LIMIT_S)
        if not self.all_see(self.names):
            raise BenchError("serf's members do not find one another")

    def gone(self, name, since, limit_s):
        """Seconds until the first and the last of the others saw it fail; None: not all did."""
        if not self.all_see([name], "Failed", limit_s):
            return None
        times = [self.seen[who][name][1] - since for who in self._well() if who != name]
        return min(times), max(times)

    def again(self, name):
        """A killed one is started anew; one that hung or lost its line is told to join, which it
        would else try in half a minute."""
        if self.processes[name].lives():
            other = next(each for each in self.names if each != name)
            subprocess.run(["ip", "netns", "exec", name, program(), "join",
                            self._lan.addresses[other]], capture_output=True, check=False)
        else:
            self.start(name)
        if not self.all_see([name]):
            raise BenchError(f"serf's {name} does not come back")
        self.struck.discard(name)
        self.all_see(self.names)

    def end(self):
        for process in self.processes.values():
            process.kill()

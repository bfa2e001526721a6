"""Presence daemons and peers on hosts of a LAN, and watchers that say who was seen how and when.
For the labs of presence and their measurement beside others.
"""

import json
import os
import re
import signal
import subprocess
import threading
import time

import hosts
import tap

READY_LIMIT_S = 20
ONLINE_LIMIT_S = 20
HERE = ("online", "away")
REPORT = re.compile(r"^(==\d+==ERROR: |.*runtime error: )", re.MULTILINE)


class Watcher:
    """`netkit peer watch --json` on a host; each event gets the time at which it was read."""

    def __init__(self, lan, name, host, *words):
        self._lan = lan
        self._changed = threading.Condition()
        self.states, self.events, self.sources = {}, [], []
        self.process = hosts.Process(
            host, lan.folder, name, [lan.netkit, "peer", "watch", "--json", "--state",
                                     f"{lan.folder}/{name}", *lan.group, *words],
            out=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.popen.stdout:
            now, said = time.monotonic(), json.loads(line)
            with self._changed:
                if said["event"] == "source":
                    self.sources.append((now, said))
                else:
                    name = said["name"]
                    self.states[name] = said["event"]
                    self.events.append((now, name, said["event"]))
                    if said["event"] == "offline" and self._is_false(name):
                        self._lan.alarms.append((self.process.name, name, now))
                self._changed.notify_all()

    def _is_false(self, name):
        """Who was cut off learns late, and rightly, that its own host was."""
        return name not in self._lan.struck and name != self.process.host

    def wait_for(self, true, limit_s):
        """Whether true() was so within the limit."""
        with self._changed:
            return self._changed.wait_for(true, limit_s)

    def saw(self, name, event, since, limit_s=ONLINE_LIMIT_S):
        """Seconds from `since` to that event; None if it does not come within the limit."""
        def found():
            return next((at - since for at, who, what in self.events
                         if who == name and what == event and at >= since), None)
        self.wait_for(lambda: found() is not None, since + limit_s - time.monotonic())
        return found()

    def sees(self, names, states=HERE, limit_s=ONLINE_LIMIT_S):
        """Seconds until all of them are in one of those states at once; None at the limit."""
        begin = time.monotonic()
        good = self.wait_for(lambda: all(self.states.get(each) in states for each in names),
                             limit_s)
        return time.monotonic() - begin if good else None

    def isolated(self):
        return bool(self.sources) and self.sources[-1][1]["isolated"]

    def daemon(self):
        """The name of the one that tells it; None: it hears the peers itself."""
        if not self.sources or self.sources[-1][1]["daemon"] is None:
            return None
        return self.sources[-1][1]["name"]


class PresenceLan:
    """A host `desk` for the daemon, one `eye` that watches, and p1 to pN with a peer each."""

    def __init__(self, folder, netkit, peers):
        self.folder, self.netkit = folder, netkit
        self.group = []
        self.lan = hosts.Lan()
        self.struck, self.alarms = set(), []
        self.processes, self.done = {}, []
        self.names = [f"p{i + 1}" for i in range(peers)]
        os.environ.update(HOME=f"{folder}/home", XDG_STATE_HOME=f"{folder}/home/state",
                          XDG_CONFIG_HOME=f"{folder}/home/config",
                          ASAN_OPTIONS="exitcode=99:quarantine_size_mb=8",
                          UBSAN_OPTIONS="exitcode=99")
        self.lan.host("desk", "10.77.0.1")
        self.lan.host("eye", "10.77.0.2")
        for number, name in enumerate(self.names):
            self.lan.host(name, f"10.77.1.{number + 1}")

    def start(self, host, name, *words, **pipes):
        process = hosts.Process(host, self.folder, name, [self.netkit, *words], **pipes)
        self.processes[name] = process
        return process

    def daemon(self, name="daemon", host="desk", *words):
        """Returns once it listens."""
        ports = f"{self.folder}/{name}.ports"
        if os.path.exists(ports):
            os.remove(ports)
        self.start(host, name, "presenced", "run", "--name", name, "--state",
                   f"{self.folder}/{name}", "--port-file", ports, *self.group, *words)
        if hosts.until(lambda: os.path.exists(ports), READY_LIMIT_S) is None:
            raise SystemExit(f"{name} does not start: {self.processes[name].said()}")

    def status(self, name="daemon", host="desk"):
        """What `presenced status` says; {} if it does not."""
        said = self.ask(host, "presenced", "status", "--json", "--state", f"{self.folder}/{name}")
        return json.loads(said.stdout) if said.returncode == 0 else {}

    def ask(self, host, *words, **how):
        return subprocess.run(["ip", "netns", "exec", host, self.netkit, *words],
                              capture_output=True, text=True, check=False, timeout=60, **how)

    def peer(self, name, host=None, *words):
        """`netkit peer listen` there."""
        return self.start(host or name, name, "peer", "listen", "--name", name, "--state",
                          f"{self.folder}/peer-{name}", *self.group, *words)

    def watch(self, name, host, *words):
        watcher = Watcher(self, name, host, *words)
        self.processes[name] = watcher.process
        return watcher

    def roster(self, host, *words):
        """{name: state} by `peer list`, and what it said on stderr."""
        said = self.ask(host, "peer", "list", "--json", "--state", f"{self.folder}/list",
                        *self.group, *words)
        lines = [json.loads(line) for line in said.stdout.splitlines()]
        return {line["name"]: line["state"] for line in lines}, said.stderr

    def strike(self, *names):
        """What happens to them from now on is no false alarm."""
        self.struck.update(names)

    def spare(self, watchers, *names):
        """They are well again: waits until all see so. Returns the seconds, None at the limit."""
        times = [watcher.sees(names) for watcher in watchers]
        self.struck.difference_update(names)
        return None if None in times else max(times)

    def check_alarms(self, claim):
        tap.check(not self.alarms, f"{claim}: nobody is taken for offline who is not", self.alarms)
        self.alarms = []

    def kill(self, name):
        self.done.append(self.processes.pop(name))
        self.done[-1].kill()

    def end(self, name, number=signal.SIGTERM):
        """By that signal, if any; its exit code, None if it had to be killed."""
        process = self.processes.pop(name)
        self.done.append(process)
        if number:
            process.signal(number)
        code = process.wait()
        if code is None:
            process.kill()
        return code

    def end_all(self):
        """All that still run, and a check of each: in order, and without a sanitizer's report."""
        names = list(self.processes)
        for name in names:
            self.processes[name].signal(signal.SIGTERM)
        codes = {name: self.end(name, None) for name in names}
        wrong = {name: code for name, code in codes.items() if code not in (0, 130)}
        tap.check(not wrong, "all end in order", wrong)
        reports = []
        for process in self.done:
            with open(process.err_path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            if REPORT.search(text):
                reports.append(text[REPORT.search(text).start():][:2000])
        tap.check(not reports, "no report of a sanitizer", *reports)
        self.lan.end()

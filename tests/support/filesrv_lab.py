"""A file server and its clients as the labs need them: started, stopped in mid-transfer, killed,
asked what they said. Talks to loopback only; ends by their ids the processes that it started.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))

import hosts  # noqa: E402
import tap  # noqa: E402
from footprint import raise_open_file_limit  # noqa: E402
from processes import memory_bytes  # noqa: E402

START_LIMIT_S = 20
RUN_LIMIT_S = 120
CHUNK = 1 << 20
# What was freed is kept for a while by AddressSanitizer: 256 MiB, if it is not told otherwise.
ENVIRONMENT = {"ASAN_OPTIONS": "exitcode=99:quarantine_size_mb=8",
               "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1", "LSAN_OPTIONS": "exitcode=99"}
REPORTS = ("ERROR: ", "runtime error", "WARNING: Thread")


class Served:
    """`netkit filesrv serve` of one folder. It comes back on the port that it had."""

    def __init__(self, netkit, folder, top, *more):
        self.netkit, self.folder, self.top, self.more = netkit, folder, top, more
        self.port = 0
        self.log = f"{folder}/server.log"
        self.process = None
        self.start()

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.port}"

    def start(self):
        ports = f"{self.folder}/port"
        if os.path.exists(ports):
            os.remove(ports)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.netkit, "filesrv", "serve", self.top, "--listen", self.endpoint,
                 "--state", f"{self.folder}/state", "--port-file", ports, *self.more],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={**os.environ, **ENVIRONMENT})
        deadline = time.monotonic() + START_LIMIT_S
        while not os.path.exists(ports):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise OSError(f"the file server does not start: {self.said()}")
            time.sleep(0.005)
        with open(ports, encoding="ascii") as file:
            self.port = int(file.read().strip().rpartition(":")[2])

    def lives(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """How it ends when it is told to: 0 is right."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def pss(self):
        return memory_bytes(self.process.pid)["pss"]

    def said(self, lines=5):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def reports(self):
        """What a sanitizer complained of."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return [line for line in file if any(word in line for word in REPORTS)]


class Client:
    """One run of `netkit filesrv VERB`, in progress."""

    def __init__(self, served, verb, *words, folder=None, stdout=None):
        self.folder = folder or served.folder
        self.out, self.err = f"{self.folder}/client.out", f"{self.folder}/client.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [served.netkit, "filesrv", verb, served.endpoint, *words],
                stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=err,
                env={**os.environ, **ENVIRONMENT})

    def lives(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self, limit_s=RUN_LIMIT_S):
        """The exit code; None if it had to be killed at the limit."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def said(self):
        with open(self.err, encoding="utf-8", errors="replace") as file:
            return file.read()

    def printed(self):
        with open(self.out, "rb") as file:
            return file.read()

    def events(self):
        """The objects that --json printed."""
        return [json.loads(line) for line in self.printed().splitlines() if line.startswith(b"{")]

    def kept(self):
        """What it says it had of the file already; None if it does not say."""
        told = [event["kept"] for event in self.events()
                if event.get("event") == "file" and "kept" in event]
        return told[-1] if told else None


def run(served, verb, *words, **more):
    """A whole run; the client after it, with its exit code as `code`."""
    client = Client(served, verb, *words, **more)
    client.code = client.wait()
    return client


def size_of(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def until_size(path, size, client, limit_s=RUN_LIMIT_S):
    """Until the file has grown to `size`. False if the client ended before, or the time did."""
    deadline = time.monotonic() + limit_s
    while size_of(path) < size:
        if not client.lives() or time.monotonic() > deadline:
            return False
        time.sleep(0.0001)
    return client.lives()


def sha256(path):
    """None for what is not there."""
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_file(path, size):
    with open(path, "wb") as file:
        for begin in range(0, size, CHUNK):
            file.write(os.urandom(min(CHUNK, size - begin)))
    return sha256(path)


def tree_of(top):
    """{path below top, as bytes: SHA-256 of its bytes}."""
    top = os.fsencode(top)
    found = {}
    for place, _, names in os.walk(top):
        for name in names:
            path = os.path.join(place, name)
            found[os.path.relpath(path, top)] = sha256(path)
    return found


def remove(*paths):
    for path in paths:
        if os.path.lexists(path):
            os.remove(path)


class Yard:
    """A server of its own for one act: what it serves, and where its clients put things."""

    def __init__(self, netkit, folder, name, *more):
        self.folder = f"{folder}/{name}"
        self.top, self.home = f"{self.folder}/top", f"{self.folder}/home"
        for each in (self.folder, self.top, self.home):
            os.mkdir(each)
        self.served = Served(netkit, self.folder, self.top, "--upload", *more)

    def get(self, *words, **more):
        return run(self.served, "get", *words, **more)

    def put(self, *words, **more):
        return run(self.served, "put", *words, **more)

    def end(self, claim):
        """It still serves, and ends in order; no sanitizer complained."""
        with open(f"{self.top}/last", "wb") as file:
            file.write(b"last words")
        client = self.get("last", "-o", "-")
        tap.check(client.printed() == b"last words", f"{claim}: the server lives and serves",
                  client.code, client.said(), self.served.said())
        tap.check(self.served.end() == 0, f"{claim}: the server ends in order", self.served.said())
        tap.check(not self.served.reports(), f"{claim}: no sanitizer complains",
                  *self.served.reports()[:5])


def enact(doc, acts, seed):
    """The script's main(): each act in a folder on a tmpfs, in namespaces of our own. ONLY in the
    environment names those that are wanted; SEED is what `seed` came of."""
    if len(sys.argv) > 1:
        print(doc.strip())
        sys.exit(0 if sys.argv[1] in ("-h", "--help") else 2)
    hosts.enter()
    tap.note(f"seed {seed}")
    raise_open_file_limit(16_384)
    only = os.environ.get("ONLY", "").split()
    with tempfile.TemporaryDirectory() as folder:
        hosts.run("mount", "-t", "tmpfs", "-o", "size=6g", "none", folder)
        os.environ.update(HOME=folder, XDG_STATE_HOME=f"{folder}/state",
                          XDG_CONFIG_HOME=f"{folder}/config")
        for act in acts:
            if only and act.__name__ not in only:
                continue
            begin = time.monotonic()
            try:
                act(folder)
            except (OSError, subprocess.SubprocessError) as error:
                tap.check(False, f"{act.__name__}: goes through", repr(error))
            tap.note(f"{act.__name__} took {time.monotonic() - begin:.1f} s")
        hosts.run("umount", "-l", folder)
    tap.end()

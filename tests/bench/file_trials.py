"""What tests/bench/filesrv measures: one transfer of each kind as a function that gives a sample,
and the rounds in which they take turns. What arrived is compared with what was sent.
"""

import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(f"{ROOT}/tests/support")

import file_servers as servers  # noqa: E402
import filesrv_liar as frames  # noqa: E402
from file_servers import quote, run  # noqa: E402
from processes import BenchError, end, free_port, start  # noqa: E402

MIB = 1 << 20


def say(message):
    print(f"bench: {message}", file=sys.stderr)


class Bench:
    """The folder, what is in it to be fetched, and the servers that were started."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.source, self.out = f"{folder}/source", f"{folder}/out"
        os.mkdir(self.source)
        self.size = options.size_mib * MIB
        self.running = []

    def started(self, server):
        self.running.append(server)
        return server

    def stop_servers(self):
        for server in self.running:
            server.stop()
        self.running = []

    def wanted(self, name):
        return not self.options.only or name.startswith(tuple(self.options.only))

    def large_file(self):
        path = f"{self.source}/large"
        if not os.path.exists(path):
            with open(path, "wb") as file:
                for _ in range(self.options.size_mib):
                    file.write(os.urandom(MIB))
            self.large_hash = sha256(path)
        return path

    def tree(self):
        top = f"{self.source}/tree"
        if not os.path.exists(top):
            for number_ in range(self.options.files):
                folder = f"{top}/{number_ // 100:03}"
                os.makedirs(folder, exist_ok=True)
                with open(f"{folder}/{number_:05}", "wb") as file:
                    file.write(os.urandom(4096))
            self.tree_hash = tree_hash(top)
        return top

    def clear(self):
        """The place where things arrive, empty."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)

    def rounds(self, scenario, trials):
        """{name: [sample]} of {name: function}, which take turns; names not asked for left out."""
        samples = {}
        trials = {name: trial for name, trial in trials.items() if self.wanted(name)}
        for turn in range(self.options.rounds):
            say(f"{scenario}, round {turn + 1} of {self.options.rounds}")
            for name, trial in trials.items():
                self.clear()
                samples.setdefault(name, []).append(trial())
        self.stop_servers()
        self.clear()
        return samples


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_hash(top):
    """Of all names and bytes below; None if it is not there."""
    if not os.path.isdir(top):
        return None
    whole = hashlib.sha256()
    for place, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = f"{place}/{name}"
            whole.update(f"{os.path.relpath(path, top)} {sha256(path)}\n".encode())
    return whole.hexdigest()


def check_file(bench, sample, what):
    if sha256(f"{bench.out}/large") != bench.large_hash:
        raise BenchError(f"{what}: what arrived is not what was sent")
    sample["gb_per_s"] = bench.size / sample["seconds"] / 1e9
    sample["cpu_s_per_gb"] = sample["cpu_s"] / (bench.size / 1e9)
    return sample


def to_nowhere(bench, sample):
    sample["gb_per_s"] = bench.size / sample["seconds"] / 1e9
    sample["cpu_s_per_gb"] = sample["cpu_s"] / (bench.size / 1e9)
    return sample


def fetching(bench, name, command_to, server=None, sender=None):
    """A trial for each destination. `command_to(path)` and `sender()` give commands."""
    def trial(path):
        port = sender_command = None
        if sender:
            port = free_port()
            sender_command = sender(port)
        command = command_to(path, port) if sender else command_to(path)
        sample = run(name, command, bench.folder, server, sender_command, port)
        return to_nowhere(bench, sample) if path == "/dev/null" else check_file(bench, sample, name)

    return {"/dev/null": lambda: trial("/dev/null"), "file": lambda: trial(f"{bench.out}/large")}


def netkit_get(bench, server, scheme, *more):
    endpoint = f"{scheme}://127.0.0.1:{server.port}"
    command = [bench.options.netkit, "filesrv", "get", endpoint, "large", "-q", *more, "-o"]
    # What is no file is refused as a place for one; stdout of all clients here is /dev/null.
    return lambda path: [*command, "-" if path == "/dev/null" else path]


def netkit_trials(bench, scheme, *more):
    if not bench.wanted("netkit"):
        return {}
    server = bench.started(servers.netkit(bench.options, bench.source, bench.folder,
                                          tls=scheme == "tls"))
    return {name: fetching(bench, name, netkit_get(bench, server, scheme, *more, *how), server)
            for name, how in (("netkit", []), ("netkit --no-check", ["--no-check"]))}


def by_place(trials):
    return {f"{name}, to {place}": trial for name, places in trials.items()
            for place, trial in places.items()}


def run_file(bench):
    bench.large_file()
    trials = netkit_trials(bench, "tcp")
    if bench.wanted("nginx"):
        nginx = bench.started(servers.nginx(bench.source, bench.folder))
        url = f"http://127.0.0.1:{nginx.port}/large"
        trials["nginx to curl"] = fetching(
            bench, "nginx to curl", lambda path: ["curl", "-s", "-f", "-o", path, url], nginx)
    if bench.wanted("socat"):
        servers.need("socat")
        large = bench.large_file()
        trials["socat"] = fetching(
            bench, "socat", sender=lambda port: ["socat", "-u", "-b262144", f"FILE:{large}",
                                                 f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr"],
            command_to=lambda path, port: ["socat", "-u", "-b262144", f"TCP:127.0.0.1:{port}",
                                           f"OPEN:{path},creat,trunc,wronly"])
    if bench.wanted("rsync"):
        rsync = bench.started(servers.rsyncd(bench.source, bench.folder))
        url_ = f"rsync://127.0.0.1:{rsync.port}/data/large"
        trials["rsync -W"] = fetching(
            bench, "rsync", lambda path: ["rsync", "-W", "-q", url_, path], rsync)
        del trials["rsync -W"]["/dev/null"]  # It writes files only.
    return bench.rounds("file", by_place(trials))


def run_tls(bench):
    bench.large_file()
    servers.certificate(bench.folder)
    authority = f"{bench.folder}/cert.pem"
    trials = netkit_trials(bench, "tls", "--tls-ca", authority)
    if bench.wanted("nginx"):
        nginx = bench.started(servers.nginx(bench.source, bench.folder, tls=True))
        url = f"https://127.0.0.1:{nginx.port}/large"
        trials["nginx to curl"] = fetching(
            bench, "nginx to curl", lambda path: ["curl", "-s", "-f", "--cacert", authority, "-o",
                                                  path, url], nginx)
    return bench.rounds("tls", by_place(trials))


def tree_trial(bench, name, command, server=None, sender=None, arrives=None):
    """`arrives`: the folders of which one is what arrived."""
    def trial():
        port = free_port() if sender else None
        made = command(port) if sender else command
        sample = run(name, made, bench.folder, server, sender(port) if sender else None, port)
        places = arrives or [f"{bench.out}/tree", bench.out]
        if bench.tree_hash not in map(tree_hash, places):
            raise BenchError(f"{name}: what arrived is not what was sent")
        sample["cpu_us_per_file"] = sample["cpu_s"] / bench.options.files * 1e6
        return sample

    return trial


def curl_list(bench, port):
    """A file that tells curl all addresses and where they go; its folders are made by it."""
    path = f"{bench.folder}/curl-{port}"
    with open(path, "w", encoding="ascii") as file:
        for number_ in range(bench.options.files):
            name = f"{number_ // 100:03}/{number_:05}"
            file.write(f'url = "http://127.0.0.1:{port}/tree/{name}"\n'
                       f'output = "{bench.out}/{name}"\n')
    return path


def netkit_tree_trials(bench):
    if not bench.wanted("netkit"):
        return {}
    tree, program = bench.tree(), bench.options.netkit
    received = f"{bench.folder}/received"
    os.makedirs(received, exist_ok=True)
    giving = bench.started(servers.netkit(bench.options, bench.source, bench.folder))
    taking = bench.started(servers.netkit(bench.options, received, bench.folder, upload=True))

    def put():
        for name in os.listdir(received):
            shutil.rmtree(f"{received}/{name}")
        return tree_trial(bench, "netkit put -r", [
            program, "filesrv", "put", f"tcp://127.0.0.1:{taking.port}", tree, "-r", "-q"],
            taking, arrives=[f"{received}/tree", received])()

    get = tree_trial(bench, "netkit get -r", [
        program, "filesrv", "get", f"tcp://127.0.0.1:{giving.port}", "tree", "-r", "-o",
        bench.out, "-q"], giving)
    return {"netkit get -r": get, "netkit put -r": put}


def run_tree(bench):
    bench.tree()
    trials = netkit_tree_trials(bench)
    if bench.wanted("tar"):
        servers.need("tar", "nc")
        trials["tar through nc"] = tree_trial(
            bench, "tar through nc",
            lambda port: f"nc 127.0.0.1 {port} | {quote('tar', 'xf', '-', '-C', bench.out)}",
            sender=lambda port: (f"{quote('tar', 'cf', '-', '-C', bench.source, 'tree')} | "
                                 f"nc -N -l 127.0.0.1 {port}"))
    if bench.wanted("rsync"):
        rsync = bench.started(servers.rsyncd(bench.source, bench.folder))
        trials["rsync -a"] = tree_trial(bench, "rsync -a", [
            "rsync", "-a", "-q", f"rsync://127.0.0.1:{rsync.port}/data/tree", bench.out], rsync)
    for name, make, more in (("nginx to curl -Z", servers.nginx, ["-Z", "--parallel-max", "8"]),
                             ("http.server to curl", servers.http_server, [])):
        if bench.wanted(name):
            server = bench.started(make(bench.source, bench.folder))
            trials[name] = tree_trial(bench, name, [
                "curl", "-s", "-f", "--create-dirs", *more, "-K", curl_list(bench, server.port)],
                server)
    return bench.rounds("tree", trials)


# As slow_readers.py takes them.
SLOW_REQUESTS = {"line": r"get large\n",
                 "frame": "".join(f"\\x{byte:02x}" for byte in
                                  frames.frame(frames.HELLO, b"{}", 0) + frames.get(b"large")),
                 "http": r"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"}


def slow_sample(bench, server, request, fetch):
    """Memory before and with the slow clients, and a fast client's rate without and with them: the
    best of three each, as one alone says little on a machine that does other things."""
    fetch()  # What comes with the first connection is not a cost of each further one.
    alone = min(fetch()["seconds"] for _ in range(3))
    before = server.pss_bytes()
    count = bench.options.clients
    crowd = start([servers.PYTHON, "-B", f"{HERE}/slow_readers.py", str(server.port), str(count),
                   request], servers.ALL_CPUS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said = crowd.stdout.readline().decode().strip()
    if said != "ready":
        raise BenchError(f"{server.name}, slow clients: {said or 'they did not come'}")
    after = server.pss_bytes()
    beside = min(fetch()["seconds"] for _ in range(3))
    crowd.stdin.close()
    served = crowd.stdout.readline().decode().strip()
    end(crowd)
    if served != f"served {count}":
        raise BenchError(f"{server.name}: of {count} slow clients it {served}")
    return {"kib_per_client": (after - before) / count / 1024, "alone_s": alone,
            "beside_s": beside, "rate_kept": alone / beside}


def run_slow(bench):
    bench.large_file()
    options = bench.options
    trials = {}

    def fresh(make, request, client):
        """A server of its own for each sample: memory that it once took it may keep."""
        def trial():
            server = make()
            try:
                return slow_sample(bench, server, request,
                                   lambda: run(server.name, client(server), bench.folder, server))
            finally:
                server.stop()
        return trial

    def netkit_client(server):
        return netkit_get(bench, server, "tcp")("/dev/null")

    def curl(server):
        return ["curl", "-s", "-f", "-o", "/dev/null", f"http://127.0.0.1:{server.port}/large"]

    for dialect, request in SLOW_REQUESTS.items():
        trials[f"netkit, {dialect}"] = fresh(
            lambda: servers.netkit(options, bench.source, bench.folder), request, netkit_client)
    trials["nginx, http"] = fresh(lambda: servers.nginx(bench.source, bench.folder),
                                  SLOW_REQUESTS["http"], curl)
    return bench.rounds("slow", trials)

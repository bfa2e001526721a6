"""The file servers that tests/bench/filesrv measures, and how a transfer is run and timed: netkit,
nginx, rsync, socat, tar through nc, Python's http.server.

All listen on loopback, on ports of their own, and are ended by processes.end_all().
"""

import os
import shlex
import shutil
import subprocess
import threading
import time

from processes import (CPUS, START_LIMIT_S, BenchError, _kill, end, free_port, memory_bytes, start,
                       tree, tree_cpu_s)

ALL_CPUS = ",".join(map(str, CPUS))
RUN_LIMIT_S = 300
PYTHON = "/usr/bin/python3"
PACKAGES = {"nginx": "nginx-light", "curl": "curl", "rsync": "rsync", "socat": "socat",
            "nc": "netcat-openbsd", "tar": "tar", "openssl": "openssl", PYTHON: "python3"}

NGINX_CONF = """\
daemon off;
{user}worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 16384; }}
worker_rlimit_nofile 32768;
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 60;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/nginx-temp;
  proxy_temp_path {folder}/nginx-temp;
  fastcgi_temp_path {folder}/nginx-temp;
  uwsgi_temp_path {folder}/nginx-temp;
  scgi_temp_path {folder}/nginx-temp;
  server {{
    listen 127.0.0.1:{port}{tls};
    root {root};
  }}
}}
"""
NGINX_TLS = """ ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem"""

RSYNCD_CONF = """\
use chroot = no
reverse lookup = no
{user}
[data]
path = {root}
read only = yes
"""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise BenchError(f"{program} is missing (try: apt-get install {PACKAGES[program]})")


def is_listening(port):
    """By the kernel's list: a server for one connection must not get one of ours."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
                   for line in file.readlines()[1:])


class FileServer:
    """A server that runs through all rounds."""

    def __init__(self, name, command, port, folder, environment=None):
        self.name, self.port = name, port
        self.log = f"{folder}/{name}-{port}.log"
        with open(self.log, "wb") as log:
            self.process = start(command, ALL_CPUS, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, env={**os.environ, **(environment or {})})
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + START_LIMIT_S
        while not is_listening(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name} does not start: {said(self.log)}")
            time.sleep(0.01)

    def cpu_s(self):
        return tree_cpu_s(self.process.pid)

    def pss_bytes(self):
        return sum(memory_bytes(pid)["pss"] for pid in tree(self.process.pid))

    def stop(self):
        end(self.process)


def said(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def netkit(options, root, folder, tls=False, upload=False):
    port = free_port()
    command = [options.netkit, "filesrv", "serve", root, "--listen", f"tcp://127.0.0.1:{port}",
               "--threads", str(options.threads), "--state", f"{folder}/state-{port}", "-q",
               "--max-connections", "16000"]
    if tls:
        command += ["--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem"]
    if upload:
        command += ["--upload"]
    return FileServer("netkit", command, port, folder)


def nginx(root, folder, tls=False):
    need("nginx", "curl")
    port = free_port()
    user = "user root;\n" if os.geteuid() == 0 else ""
    conf = NGINX_CONF.format(folder=folder, root=root, port=port, user=user,
                             tls=NGINX_TLS.format(folder=folder) if tls else "")
    path = f"{folder}/nginx-{port}.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(conf)
    return FileServer("nginx", ["nginx", "-p", folder, "-e", f"{folder}/nginx.log", "-c", path],
                      port, folder)


def rsyncd(root, folder):
    need("rsync")
    port = free_port()
    user = "uid = root\ngid = root\n" if os.geteuid() == 0 else ""
    path = f"{folder}/rsyncd.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(RSYNCD_CONF.format(root=root, user=user))
    return FileServer("rsync", ["rsync", "--daemon", "--no-detach", f"--config={path}",
                                "--address=127.0.0.1", f"--port={port}"], port, folder)


def http_server(root, folder):
    need(PYTHON)
    port = free_port()
    return FileServer("http.server", [PYTHON, "-m", "http.server", "--bind", "127.0.0.1",
                                      "--directory", root, str(port)], port, folder)


def certificate(folder):
    """One for all who speak TLS: folder/cert.pem and key.pem."""
    need("openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                   check=True, capture_output=True)


def finish(process, what, log):
    """Waits for the process; its processor seconds, those of its own children included."""
    watchdog = threading.Timer(RUN_LIMIT_S, lambda: [_kill(pid, 9) for pid in tree(process.pid)])
    watchdog.start()
    _, status, usage = os.wait4(process.pid, 0)
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    end(process)
    if process.returncode != 0:
        raise BenchError(f"{what}: exit code {process.returncode}: {said(log)}")
    return usage.ru_utime + usage.ru_stime


def run(what, command, folder, server=None, sender=None, port=None):
    """One transfer: {"seconds", "cpu_s"}, both ends counted. `server` runs on; `sender` is a
    command that serves one connection at `port` and ends with it. Commands may be shell text."""
    log = f"{folder}/client.log"
    with open(log, "wb") as output:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": output}
        other = None
        if sender:
            other = start(words(sender), ALL_CPUS, **pipes)
            deadline = time.monotonic() + START_LIMIT_S
            while not is_listening(port):
                if other.poll() is not None or time.monotonic() > deadline:
                    raise BenchError(f"{what}: the sender does not start: {said(log)}")
                time.sleep(0.005)
        cpu_s = -server.cpu_s() if server else 0.0
        begin = time.monotonic()
        process = start(words(command), ALL_CPUS, **pipes)
        cpu_s += finish(process, what, log)
        if other:
            cpu_s += finish(other, what, log)
        seconds = time.monotonic() - begin
    if server:
        # A forking server counts its child once that is gone.
        time.sleep(0.05)
        cpu_s += server.cpu_s()
    return {"seconds": seconds, "cpu_s": cpu_s}


def words(command):
    return ["bash", "-o", "pipefail", "-c", command] if isinstance(command, str) else command


def quote(*parts):
    return " ".join(map(shlex.quote, parts))

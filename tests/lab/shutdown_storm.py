"""Kills shutdown-server and its agents by SIGKILL at random points during orders, starts them
again, and counts how often each order's command ran. Used by tests/lab/shutdown_faults.

Usage: shutdown_storm.py NETKIT FOLDER TURNS [SEED]
Prints one JSON object: kills of each kind, orders acknowledged, and those that were lost (their
command never ran), repeated (it ran twice) or unknown (the server forgot them). Each order leaves
the host up, so it ends as `timeout` and the next one may follow.
"""

import collections
import json
import os
import random
import subprocess
import sys
import time

AGENTS = 10
DOWN_LIMIT_S = 5
SETTLE_LIMIT_S = 30
LATEST_KILL_S = 0.35


class Storm:
    def __init__(self, netkit, folder, seed):
        self.netkit = netkit
        self.folder = folder
        self.random = random.Random(seed)
        self.processes = {}
        self.endpoint = None
        self.acknowledged = []
        self.kills = collections.Counter()

    def start(self, name):
        log = open(f"{self.folder}/{name}.log", "ab")
        if name == "server":
            port_file = f"{self.folder}/port"
            command = ["shutdown-server", "serve", "--listen", self.endpoint or "ws://127.0.0.1:0",
                       "--state", f"{self.folder}/server", "--port-file", port_file,
                       "--down-limit", f"{DOWN_LIMIT_S}s", "--heartbeat", "1s"]
        else:
            command = ["shutdown-agent", self.endpoint, "--state", f"{self.folder}/{name}",
                       "--machine-id", f"{int(name[5:]):032x}", "--boot-id", f"{1:032x}",
                       "--exec", f"echo $NETKIT_ORDER >>{self.folder}/ran"]
        self.processes[name] = subprocess.Popen([self.netkit, *command], stdin=subprocess.DEVNULL,
                                                stdout=log, stderr=log)
        log.close()
        if name == "server" and not self.endpoint:
            self.until(lambda: os.path.exists(port_file), "the server listens")
            with open(port_file, encoding="ascii") as file:
                self.endpoint = file.read().split()[0]

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()
        self.kills["server" if name == "server" else "agent"] += 1

    def ask(self, *words):
        """The verb's answer, one object a line; None if it failed."""
        done = subprocess.run(
            [self.netkit, "shutdown-server", *words, "--json", "--state", f"{self.folder}/server"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            return None
        return [json.loads(line) for line in done.stdout.splitlines()]

    def until(self, true, what):
        deadline = time.monotonic() + SETTLE_LIMIT_S
        while not true():
            if time.monotonic() > deadline:
                raise SystemExit(f"storm: never came true: {what}")
            time.sleep(0.02)

    def order_with_kill(self, agent):
        """One order to the agent's host, and a kill at a random moment while it is on its way."""
        victim = self.random.choice(["server", agent])
        order = subprocess.Popen(
            [self.netkit, "shutdown-server", "order", f"{int(agent[5:]):032x}", "--json",
             "--state", f"{self.folder}/server"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(self.random.random() * LATEST_KILL_S)
        self.kill(victim)
        if self.random.random() < 0.3:
            time.sleep(self.random.random() * 0.3)
        self.start(victim)
        try:
            said = order.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            order.kill()
            raise SystemExit("storm: an order had no answer for 60 s") from None
        # Without a word of success nothing was promised; the order may exist all the same.
        if order.returncode == 0:
            self.acknowledged += [json.loads(line)["order"] for line in said.splitlines()[:1]]

    def free(self, agent):
        """Whether the host has no order under way."""
        hosts = self.ask("list")
        machine = f"{int(agent[5:]):032x}"
        mine = [host for host in hosts or [] if host["machine"] == machine]
        return bool(mine) and mine[0]["state"] in ("online", "timeout")

    def ran(self):
        try:
            with open(f"{self.folder}/ran", encoding="ascii") as file:
                return collections.Counter(file.read().split())
        except FileNotFoundError:
            return collections.Counter()

    def run(self, turns):
        self.start("server")
        agents = [f"agent{number + 1}" for number in range(AGENTS)]
        for agent in agents:
            self.start(agent)
        for turn in range(turns):
            agent = agents[turn % AGENTS]
            self.until(lambda agent=agent: self.free(agent), f"{agent} is free in turn {turn}")
            self.order_with_kill(agent)
        for agent in agents:
            self.until(lambda agent=agent: self.free(agent), f"{agent} is free at the end")
        ran = self.ran()
        history = self.ask("history", "--limit", str(turns * 3)) or []
        known = {order["order"]: order for order in history}
        lost = [order for order in self.acknowledged if ran[order] == 0]
        return {
            "turns": turns, "killed": dict(self.kills), "acknowledged": len(self.acknowledged),
            "known": len(known), "ran": sum(ran.values()),
            "lost": [known.get(order, order) for order in lost],
            "repeated": [order for order, count in ran.items() if count > 1],
            "unknown": [order for order in set(self.acknowledged) | set(ran)
                        if order not in known],
        }

    def end(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


def main():
    netkit, folder, turns = sys.argv[1:4]
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
    print(f"storm: seed {seed}", file=sys.stderr)
    os.makedirs(folder, exist_ok=True)
    storm = Storm(netkit, folder, seed)
    try:
        print(json.dumps(storm.run(int(turns))))
    finally:
        storm.end()


main()

"""Kills an auth server by SIGKILL at random moments while accounts register and change their
passwords, starts it again, and tries every password that may be in force. Used by tests/lab/auth,
which says where auth_client is.

Usage: auth_storm.py NETKIT FOLDER TURNS [SEED]
Prints one JSON object: turns, kills, acknowledged (changes that the server had confirmed), torn
(accounts where neither or both of two passwords work) and lost (confirmed, yet not in force).
"""

import json
import os
import random
import subprocess
import sys
import threading
import time

from auth_client import AuthClient

START_LIMIT_S = 30
UNHURRIED = 5  # Rounds without a kill, to learn how long one takes here.


class Storm:
    def __init__(self, netkit, folder, seed):
        self.netkit = netkit
        self.folder = folder
        self.random = random.Random(seed)
        self.port = 0
        self.process = None
        self.torn, self.lost = [], []
        self.acknowledged = 0
        self.inside = 0  # Kills that came before the answer.
        self.latest_kill_s = 0

    def start(self):
        port_file = f"{self.folder}/port"
        if os.path.exists(port_file):
            os.unlink(port_file)
        with open(f"{self.folder}/server.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.netkit, "auth", "serve", "--listen", f"tcp://127.0.0.1:{self.port}",
                 "--state", f"{self.folder}/state", "--port-file", port_file, "--hash-memory",
                 "19MiB", "--hash-passes", "2"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT_S
        while not os.path.exists(port_file):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit("storm: the server does not start")
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as file:
            self.port = int(file.read().strip().rpartition(":")[2])

    def kill_soon(self):
        """Kills the server after a random moment; join() waits for that."""
        def kill(after_s):
            time.sleep(after_s)
            self.process.kill()
            self.process.wait()
        thread = threading.Thread(target=kill, args=(self.random.random() * self.latest_kill_s,))
        thread.start()
        return thread

    def ask(self, do, **members):
        """The answer, or None if the server went before it came."""
        try:
            with AuthClient(self.port) as client:
                return client.ask(do, **members)
        except OSError:
            return None

    def learn_pace(self):
        """What to begin with."""
        before = time.monotonic()
        for number in range(UNHURRIED):
            if not self.ask("register", user=f"calm{number}", password="a quiet place")["ok"]:
                raise SystemExit("storm: a registration without a kill failed")
        self.latest_kill_s = 1.8 * (time.monotonic() - before) / UNHURRIED

    def count(self, answer):
        """Whether it was confirmed. From here on about half of the kills come before the answer,
        however the pace of the machine changes."""
        confirmed = answer is not None and answer["ok"]
        self.acknowledged += confirmed
        self.inside += answer is None
        self.latest_kill_s *= 1.25 if answer is None else 0.8
        return confirmed

    def signs_in(self, user, password):
        answer = self.ask("login", user=user, password=password, device="storm")
        if answer is None:
            raise SystemExit("storm: the server went while nobody killed it")
        if not answer["ok"] and "wrong user or password" not in answer["error"] + str(answer):
            raise SystemExit(f"storm: {user}: {answer}")
        return answer["ok"]

    def register(self, user, password):
        """Registers with a kill; the account is there whole afterwards, or it is not there."""
        thread = self.kill_soon()
        answer = self.ask("register", user=user, password=password)
        thread.join()
        self.start()
        confirmed = self.count(answer)
        there = self.signs_in(user, password)
        if confirmed and not there:
            self.lost.append(user)
        if not there and not self.ask("register", user=user, password=password)["ok"]:
            self.torn.append(user)  # Half an account: nobody can sign in and the name is taken.

    def change(self, user, before, after):
        """Changes the password with a kill; exactly one of the two works afterwards."""
        client = AuthClient(self.port)
        if not client.ask("login", user=user, password=before, device="storm")["ok"]:
            raise SystemExit(f"storm: {user} cannot sign in")
        thread = self.kill_soon()
        try:
            answer = client.ask("passwd", password=before, new_password=after)
        except OSError:
            answer = None
        client.close()
        thread.join()
        self.start()
        confirmed = self.count(answer)
        works = [self.signs_in(user, password) for password in (before, after)]
        if works.count(True) != 1:
            self.torn.append(user)
        if confirmed and not works[1]:
            self.lost.append(user)


def main():
    netkit, folder, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
    os.makedirs(folder)
    storm = Storm(netkit, folder, int(sys.argv[4]) if len(sys.argv) > 4 else None)
    storm.start()
    storm.learn_pace()
    for turn in range(turns // 2):
        user = f"storm{turn}"
        storm.register(user, f"first password {turn}")
        storm.change(user, f"first password {turn}", f"second password {turn}")
    storm.process.terminate()
    code = storm.process.wait()
    print(json.dumps({"turns": turns, "acknowledged": storm.acknowledged, "inside": storm.inside,
                      "torn": storm.torn, "lost": storm.lost, "code": code}))


if __name__ == "__main__":
    main()

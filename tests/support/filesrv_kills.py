"""Transfers of the file server that are cut short by killing one of the ends, again and again, and
what --resume makes of what is left. For tests/lab/filesrv_faults.
"""

import os
import time

import filesrv_lab as files
import tap
from filesrv_lab import CHUNK, Client, sha256, size_of

SIZE = 48 * CHUNK + 12_345
LOST = 3  # Exit code: lost the peer.


class Kills:
    """Transfers of one file that are cut short again and again, each time at another offset."""

    def __init__(self, yard, verb, victim, chance):
        self.yard, self.verb, self.victim, self.chance = yard, verb, victim, chance
        self.claim = f"kill the {victim} in {verb}"
        source, goal = (yard.top, yard.home) if verb == "get" else (yard.home, yard.top)
        self.source, self.final = f"{source}/{verb}-{victim}", f"{goal}/{verb}-{victim}"
        self.part = self.final + ".part"
        self.hash = files.make_file(self.source, SIZE)
        self.words = (["get", os.path.basename(self.source), "-o", self.final] if verb == "get"
                      else ["put", self.source]) + ["--resume", "--json"]
        self.kills, self.again, self.wrong, self.codes = 0, [], [], set()

    def client(self):
        return Client(self.yard.served, *self.words)

    def kill_once(self):
        """True if it was killed in mid-transfer, at a random offset behind what was there."""
        before = size_of(self.part)
        client = self.client()
        reached = files.until_size(self.part, before + self.chance.randrange(1, SIZE // 3), client)
        if self.victim == "server":
            self.yard.served.kill()
            code = client.wait()
            self.codes.add(code)
            if code not in (0, LOST):
                self.wrong.append(f"exit code {code}: {client.said()}")
            self.yard.served.start()
        else:
            client.kill()
        after = size_of(self.part)
        if os.path.exists(self.final):
            return False
        self.again.append(before - after)
        return reached

    def finish(self):
        """The run that goes to the end, and what it says it had."""
        had = size_of(self.part)
        for _ in range(50):
            client = self.client()
            code = client.wait()
            # A server may need a moment to see that the one before has gone.
            if code == 0 or "busy" not in client.said():
                break
            time.sleep(0.02)
        kept = client.kept()
        if code != 0 or sha256(self.final) != self.hash or os.path.exists(self.part):
            self.wrong.append(f"exit code {code}, {had} bytes had: {client.said()}")
        elif kept is None:
            self.wrong.append(f"no kept in {client.printed()[:300]}")
        else:
            self.again.append(had - kept)

    def run(self, wanted):
        for _ in range(4 * wanted):
            if self.kills >= wanted or len(self.wrong) > 3:
                break
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                self.kills += self.kill_once()
                if os.path.exists(self.final):
                    break
            if os.path.exists(self.final):
                if sha256(self.final) != self.hash:
                    self.wrong.append("a wrong file under its name")
            else:
                self.finish()
            files.remove(self.final, self.part)
        most = max(self.again, default=None)
        tap.note(f"{self.claim}: {self.kills} times; at most {most} bytes again")
        tap.check(self.kills >= wanted, f"{self.claim}: {wanted} times in mid-transfer", self.kills)
        tap.check(not self.wrong, f"{self.claim}: --resume brings the right bytes", *self.wrong)
        tap.check(most is not None and most <= CHUNK,
                  f"{self.claim}: at most one chunk is sent again", self.again)
        if self.victim == "server":
            tap.check(self.codes <= {0, LOST}, f"{self.claim}: the client says so by its code",
                      self.codes)

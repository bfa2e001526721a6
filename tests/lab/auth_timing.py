"""How long an auth server takes to say no to an unknown user and to a wrong password: measures
both in turn and compares the distributions by rank. Used by tests/lab/auth, which says where
auth_client is.

Usage: auth_timing.py PORT USER COUNT
Prints one JSON object: the medians in seconds and `share`, the probability that an answer about an
unknown user took longer than one about a known one (0.5: no difference; Mann and Whitney's U).
"""

import json
import os
import statistics
import sys
import time

from auth_client import AuthClient


def refused_in_s(port, user, password):
    with AuthClient(port) as client:
        before = time.perf_counter()
        answer = client.ask("login", user=user, password=password, device="timing")
        took = time.perf_counter() - before
    if answer["ok"] or "wrong user or password" not in str(answer):
        raise SystemExit(f"timing: {user}: {answer}")
    return took, {key: value for key, value in answer.items() if key != "id"}


def main():
    port, user, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    known, unknown = [], []
    for turn in range(count):
        # The same wrong password each time, which does not add to what is held against a user.
        took, said = refused_in_s(port, user, "quite the wrong password")
        known.append(took)
        took, other = refused_in_s(port, f"nobody{turn}", "quite the wrong password")
        unknown.append(took)
        if str(said).replace(user, "NAME") != str(other).replace(f"nobody{turn}", "NAME"):
            raise SystemExit(f"timing: told apart by words: {said} and {other}")
    above = sum((left > right) + (left == right) / 2 for left in unknown for right in known)
    print(json.dumps({"known_s": statistics.median(known), "unknown_s": statistics.median(unknown),
                      "share": above / count / count}))


if __name__ == "__main__":
    main()

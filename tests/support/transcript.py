#!/usr/bin/env python3
"""Runs the `console` blocks of a Markdown file as one shell session each, in a folder of its own
below the current one, and compares what they print with what the file says. "…" stands for any
text. Used by tests/e2e/readme.bats and, with another root folder, by tests/lab/fresh.

    transcript.py FILE [ROOT]
"""

import os
import re
import subprocess
import sys

END = "---end of output---"


def blocks(text):
    """Yields, for each console block, its list of (command, expected lines)."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        steps = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
        yield steps


def matches(pattern, line):
    return re.fullmatch(".*?".join(map(re.escape, pattern.split("…"))), line) is not None


def run(steps, folder, root):
    """Feeds one shell in that new folder step by step; returns the output lines of each. With a
    root the folder and the shell are beneath it."""
    script = ""
    for command, expected in steps:
        background = command.endswith("&")
        script += command + "\n"
        # A server in the background prints its lines in its own time.
        if background:
            wanted = f"$(($(cat seen) + {len(expected)}))"
            script += f"until [ $(wc -l <out) -ge {wanted} ]; do sleep 0.02; done\n"
        script += f"echo '{END}'; wc -l <out >seen\n"
    wrapped = f"exec >out 2>&1; echo 0 >seen\n{script}"
    place = root + "/tmp/" + folder if root else folder
    shell = ["chroot", root, "bash", "-c", f"cd /tmp/{folder}\n{wrapped}"] if root else [
        "bash", "-c", wrapped]
    os.mkdir(place)
    subprocess.run(shell, timeout=100, stdin=subprocess.DEVNULL, check=False,
                   cwd=place)
    with open(os.path.join(place, "out"), encoding="utf-8") as out:
        return [part.strip("\n").splitlines() for part in out.read().split(END + "\n")]


def main():
    with open(sys.argv[1], encoding="utf-8") as readme:
        text = readme.read()
    sessions = list(blocks(text))
    if not sessions:
        sys.exit("no console block in " + sys.argv[1])
    root = sys.argv[2] if len(sys.argv) > 2 else ""
    failures = 0
    for number, steps in enumerate(sessions, 1):
        for (command, expected), printed in zip(steps, run(steps, f"session-{number}", root)):
            same = len(expected) == len(printed) and all(map(matches, expected, printed))
            if not same:
                failures += 1
                print(f"$ {command}\nexpected:", *expected, "printed:", *printed, sep="\n  ")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    os.umask(0o077)
    main()

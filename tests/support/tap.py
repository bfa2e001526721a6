"""TAP lines for labs in Python: what is checked, what was measured, and the exit code."""

import math
import sys

_checks, _failed = 0, 0


def check(good, claim, *detail):
    """One line; a failed one shows `detail`. Returns `good`."""
    global _checks, _failed
    _checks += 1
    if good:
        print(f"ok {_checks} {claim}", flush=True)
        return good
    _failed += 1
    print(f"not ok {_checks} {claim}")
    for text in detail:
        for line in str(text).splitlines():
            print(f"# {line}")
    sys.stdout.flush()
    return good


def note(text):
    print(f"# {text}", flush=True)


def p(percent, values):
    """That percentile, of the values themselves; infinite if there are none, or one is None."""
    if not values or None in values:
        return math.inf
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


def show(seconds):
    """How often, median, p99 and the most of durations, None being one that never came."""
    came = [each for each in seconds if each is not None]
    if not came:
        return f"none of {len(seconds)}"
    never = f", {len(seconds) - len(came)} never" if len(came) < len(seconds) else ""
    return (f"{len(came)} times: p50 {p(50, came):.3f} s, p99 {p(99, came):.3f} s, "
            f"most {max(came):.3f} s{never}")


def within(claim, limit_s, seconds):
    """The measured, printed, and a check of the 99th percentile."""
    note(f"{claim}: {show(seconds)} (limit {limit_s:g} s)")
    return check(p(99, seconds) <= limit_s, f"{claim} within {limit_s:g} s", show(seconds))


def end():
    """Prints the plan. Exits with 0 only if something was checked and all of it held."""
    print(f"1..{_checks}")
    sys.exit(_failed > 0 or _checks == 0)

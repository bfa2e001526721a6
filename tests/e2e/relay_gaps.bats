#!/usr/bin/env bats
# What was missed: asking for it afterwards, and what of old logs still counts when they are read
# anew.

load support
load relay_server

# linked NAME PEER: until the relay has logged a link up.
linked() { wait_for_line "$1.err" "link state=up relay=$2"; }

# lacks FILE REGEX: no line of it is like that.
lacks() { ! grep -E -- "$2" "$1" || fail "a line matches: $2"; }

# talk ARGUMENT...: a script for FrameClient on stdin.
talk() { PYTHONPATH=$ROOT/tests/support timeout 60 "$PYTHON" - "$@"; }

@test "relay gaps: /history RELAY:FROM..TO has what is gone here from a linked relay" {
  serve_relay b
  serve_relay a --history 10 --link "$(endpoint_of 1 b)"
  linked a b
  client anna "$(port_of 1 b)"
  client dan "$(port_of 1 b)"
  hears anna 'you are' && hears dan 'you are'
  tell anna "/nick anna"
  tell dan "/nick dan" "/join kitchen" "secret soup"
  hears dan '^dan: secret soup$'
  hears anna 'you are anna'
  tell anna "/msg dan for your ears"
  hears dan '^anna -> dan: for your ears$'
  mapfile -t texts < <(printf 'number %s\n' {1..60})
  tell anna "${texts[@]}"
  hears anna '^anna: number 60$'
  client carl "$(port_of 1 a)"
  hears carl 'you are'
  lacks carl.out 'number 1$'
  tell carl "/history b:1..1000" "/who"
  hears carl '^anna: number 1$'
  hears carl '^anna: number 60$'
  assert_equal "$(grep -c '^anna: number' carl.out)" 60
  # Nothing of rooms where it is not, nothing that was for others alone.
  lacks carl.out 'soup|ears|nowhere in reach'
  tell carl "/join kitchen" "/history b:1..1000"
  hears carl '^dan: secret soup$'
  lacks carl.out ears
  tell carl "/history nowhere:1..2" "/history b:5000..6000" "/history b:5"
  hears carl '^\* cannot find relay nowhere: not found'
  hears carl '^\* cannot read messages 5000\.\.6000 of relay b: not found \(.*no relay in reach'
  hears carl 'FROM\.\.TO \| RELAY:FROM\.\.TO'
  nothing_broke a b
}

@test "relay gaps: the answer in JSON has ids, names what is missing, and says where it goes on" {
  serve_relay b --rate 0 --max-message 64KiB
  serve_relay a --history 5 --rate 0 --link "$(endpoint_of 1 b)"
  linked a b
  talk "$(endpoint_of 1 a)" "$(endpoint_of 1 b)" <<'PY'
import sys
from relay_client import FrameClient
at_a, at_b = (FrameClient(each, nick) for each, nick in zip(sys.argv[1:], ("anna", "bert")))
number = 0
for count in range(20):
    number = at_b.say(f"{count} " + "x" * 40_000)
at_b.wait_for_ack(number)
# Some of them may be skipped here, where five are kept, but never the last one.
last = at_a.hear()
while not last.text.startswith("19 "):
    last = at_a.hear()
texts, rest, asked = [], f"b:1..{last.seq}", 0
while rest:
    begin, end = rest.removeprefix("b:").split("..")
    answer = at_a.ask(do="history", relay="b", **{"from": int(begin), "to": int(end)})
    assert answer["missing"] == 0 and answer["relay"] == "b", answer
    assert sum(len(each["text"]) for each in answer["messages"]) <= 256 * 1024
    for each in answer["messages"]:
        assert each["id"].startswith(f"{last.log:016x}-") and each["room"] == "lobby", each
        texts.append(each["text"].split()[0])
    rest, asked = answer.get("rest"), asked + 1
assert texts == [str(count) for count in range(20)], texts
assert asked > 2, asked
# By the log's own name, too; and what makes no range is refused.
answer = at_a.ask(do="history", relay=f"{last.log:016x}", **{"from": last.seq, "to": last.seq})
assert len(answer["messages"]) == 1
assert not at_a.try_ask(do="history", relay="b", **{"from": 3, "to": 2})["ok"]
PY
  nothing_broke a b
}

@test "relay gaps: what no relay can give is told with how to ask for it" {
  serve_relay a
  client anna "$(port_of 1 a)"
  hears anna 'you are'
  PYTHONPATH=$ROOT/tests/support timeout 60 "$PYTHON" "$ROOT/tests/support/relay_link.py" hole \
    "$(endpoint_of 1 a)"
  hears anna '^\* 1000 messages of relay mallory skipped \(1\.\.1000\); /history mallory:1\.\.1000 '
  tell anna "/history mallory:1..1000"
  hears anna 'cannot read messages 1\.\.1000 of relay mallory: .*no relay in reach has them'
  nothing_broke a
}

@test "relay gaps: a kick that is read anew does not meet who came in since" {
  hold_port
  local at=tcp://127.0.0.1:$TAKEN_PORT
  serve_relay a --link "$at"
  secret=$(printf 'ab%.0s' {1..32})
  talk "$(endpoint_of 1 a)" "$secret" <<'PY'
import sys
from relay_client import FrameClient
FrameClient(sys.argv[1], "anna", secret=bytes.fromhex(sys.argv[2])).say("first")
PY
  client zoe "$(port_of 1 a)"
  hears zoe 'you are'
  mkfifo stay
  talk "$(endpoint_of 1 a)" "$secret" <<'PY' >kicked 2>&1 3>&- &
import sys
from relay_client import FrameClient
anna = FrameClient(sys.argv[1], "anna", secret=bytes.fromhex(sys.argv[2]))
print("in", flush=True)
anna.hear()
PY
  wait_for_line kicked '^in$'
  run_netkit relay kick anna --state "$PWD/state-a"
  assert_status 0
  wait_for_line kicked 'kicked'
  # It reads the log of the other one only after she came in.
  kill -STOP "${SERVER_PID[a]}"
  kill "${SERVER_PID[holder]}" && wait "${SERVER_PID[holder]}" 2>/dev/null || true
  start_server b relay --listen "$at" --name b --state "$PWD/state-b"
  talk "$at" "$secret" <stay >stayed 2>&1 3>&- &
  cat >stay <<'PY'
import sys
from relay_client import FrameClient
anna = FrameClient(sys.argv[1], "anna", secret=bytes.fromhex(sys.argv[2]))
print("in", flush=True)
while anna.hear().text != "after":
    pass
anna.wait_for_ack(anna.say("still here"))
print("not kicked", flush=True)
PY
  wait_for_line stayed '^in$'
  kill -CONT "${SERVER_PID[a]}"
  linked b a
  tell zoe after
  wait_for_line stayed '^not kicked$'
  nothing_broke a b
}

@test "relay gaps: --ack disk waits for what came by another relay, too" {
  serve_relay a
  serve_relay b --ack disk --link "$(endpoint_of 1 a)"
  linked b a
  talk "$(endpoint_of 1 a)" "$(endpoint_of 1 b)" state-b/relay.db <<'PY'
import sqlite3
import sys
from relay_client import FrameClient
watcher = FrameClient(sys.argv[2], "watcher")
watcher.wait_for_ack(watcher.say("all of my own is on the disk"))
watcher.hear()
disk = sqlite3.connect(sys.argv[3], isolation_level=None, timeout=30)
disk.execute("BEGIN IMMEDIATE")
anna = FrameClient(sys.argv[1], "anna")
anna.wait_for_ack(anna.say("hello"))
while watcher.hear().text != "hello":
    pass
moved = FrameClient(sys.argv[2], "anna", secret=anna.secret, seen={})
assert moved.welcome["known"] == 1, moved.welcome
assert moved.welcome["acked"] == 0, moved.welcome
# Neither by saying it again.
moved.say("hello")
moved.ask(do="who")
assert moved.acknowledged == 0
disk.execute("ROLLBACK")
moved.wait_for_ack(1)
PY
  nothing_broke a b
}

@test "relay gaps: who hangs up while it is not read from has left at once" {
  serve_relay a --rate 0.01
  netkit chat "$(endpoint_of 1 a)" --listen-only --events >seen 2>seen.err 3>&- &
  SERVER_PID[seen]=$!
  wait_until 10 eval '[[ $(netkit relay status --state state-a --json | jq .clients) == 1 ]]'
  client anna "$(port_of 1 a)"
  hears anna 'you are'
  # The next word of hers would be heard in a quarter of an hour.
  tell anna "/nick anna"
  wait_for_line seen 'is now called anna$'
  leave anna
  wait_for_line seen '^\* anna left$'
  nothing_broke a
}

@test "relay gaps: what comes while a client is not read from is heard after that" {
  serve_relay a --rate 2
  talk "$(endpoint_of 1 a)" <<'PY'
import sys
from relay_client import FrameClient
anna = FrameClient(sys.argv[1], "anna")
anna.ask(do="nick", nick="anne")  # Costs more than she has left.
anna.wait_for_ack(anna.say("hello"))
PY
  nothing_broke a
}

#!/usr/bin/env bats
# One relay as nc and the original's clients see it: lines, lengths of 64 bytes, commands, rooms.

load support
load relay_server

# bats test_tags=tsan
@test "relay: lines go to everybody in the room, the sender included, once" {
  serve_relay a --threads 3
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 a)"
  hears bert 'you are'
  tell anna "/nick anna" hello hello "  spaces  "
  hears bert '^anna:   spaces  $'
  hears anna '^anna:   spaces  $'
  assert_equal "$(grep -c '^anna: hello$' bert.out)" 2
  assert_equal "$(grep -c '^anna: hello$' anna.out)" 2
  nothing_broke a
}

@test "relay: who says nothing for 300 ms sees messages, and may still speak any dialect" {
  serve_relay a
  client lurker "$(port_of 1 a)"
  client anna "$(port_of 1 a)"
  hears lurker '^\* you are guest-'
  tell anna "/nick anna" one
  hears lurker '^anna: one$'
  tell_bytes lurker "$(len64 'from an old client')"
  hears anna '^guest-[0-9]+: from an old client$'
  tell anna two
  hears lurker 'two'
  assert_equal "$(grep -c 'anna: two' lurker.out || true)" 0
  nothing_broke a
}

@test "relay: clients of the original get bare bytes and leave by DISCONNECT" {
  serve_relay a
  client old "$(port_of 1 a)"
  tell_bytes old "$(len64 'ok')$(len64 'ok')$(len64 'zażółć')"
  hears old 'okokzażółć'
  tell_bytes old "$(len64 DISCONNECT)"
  wait_for_line a.err ' disconnect .* dialect=len64 '
  assert_equal "$(tail -c 12 old.out)" "okzażółć"
  nothing_broke a
}

@test "relay: two who are called the same are both kept, and told apart" {
  serve_relay a
  client one "$(port_of 1 a)"
  client two "$(port_of 1 a)"
  tell one "/nick anna"
  hears one 'you are anna'
  tell two "/nick Anna" "it is me"
  hears one '^Anna-2: it is me$'
  nothing_broke a
}

# bats test_tags=tsan
@test "relay: rooms are apart; /who, /rooms, /history and /msg say what they should" {
  serve_relay a --threads 3
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 a)"
  tell anna "/nick anna" "/join kitchen" "soup"
  hears anna '^anna: soup$'
  tell bert "/nick bert" "/msg anna psst" "here"
  hears bert '^bert: here$'
  hears anna '^bert -> anna: psst$'
  ! grep -q here anna.out
  tell bert "/join kitchen 10"
  hears bert '^anna: soup$'
  tell bert "/who"
  hears bert 'anna'
  tell bert "/rooms"
  hears bert 'kitchen'
  tell bert "/dance" "/join"
  hears bert 'try: /help'
  hears bert '/join ROOM'
  tell bert /quit
  wait_for_line a.err ' disconnect .* dialect=line '
  nothing_broke a
}

@test "relay: a text of two lines stays one message, and no escape reaches a terminal" {
  serve_relay a
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 a)"
  hears bert 'you are'
  tell_bytes anna "$(len64 $'one\ntwo\e[31m')"
  hears bert '^guest-[0-9]+: one / two\\x1b\[31m$'
  nothing_broke a
}

@test "relay: what is too large, no UTF-8 or half a frame ends one connection and nobody else's" {
  serve_relay a --max-message 1KiB
  client anna "$(port_of 1 a)"
  tell anna "/nick anna"
  hears anna 'anna'
  head -c 5000 /dev/zero | tr '\0' x | timeout 10 nc -N 127.0.0.1 "$(port_of 1 a)" >/dev/null
  printf 'bad \xff bytes\n' | timeout 10 nc -N 127.0.0.1 "$(port_of 1 a)" >/dev/null
  printf '%-64s' 99999999999999999999 | timeout 10 nc -N 127.0.0.1 "$(port_of 1 a)" >/dev/null
  printf '\xf7NK\x01\x00\x12\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff' |
    timeout 10 nc -N 127.0.0.1 "$(port_of 1 a)" >/dev/null
  tell anna "still here"
  hears anna '^anna: still here$'
  nothing_broke a
}

@test "relay: who is kicked learns why, and a banned one is not let in again" {
  serve_relay a
  client anna "$(port_of 1 a)"
  tell anna "/nick anna"
  hears anna 'you are anna'
  run_netkit relay kick anna "mind the tone" --state state-a
  assert_status 0
  hears anna 'you were kicked: mind the tone'
  wait_for_line a.err ' disconnect .* dialect=line '
  run_netkit relay kick nobody --state state-a
  assert_status 5
  netkit -q chat "$(endpoint_of 1 a)" --nick bert --listen-only --expect 1 --timeout 20s 3>&- &
  local chat=$!
  wait_until 10 eval 'netkit relay status --state state-a | grep -q "clients.1"'
  run_netkit relay ban bert 1h --state state-a
  assert_status 0
  status=0
  wait "$chat" || status=$?
  assert_status 4
  run_netkit relay bans --state state-a
  assert_output_matches 'bert'
  run_netkit relay unban bert --state state-a
  assert_status 0
  run_netkit relay bans --state state-a
  refute_output
  nothing_broke a
}

@test "relay: what was refused leaves no hole that others would wait for" {
  serve_relay a
  start_server b relay --listen tcp://127.0.0.1:0 --name b --state "$PWD/state-b" \
    --link "$(endpoint_of 1 a)"
  client bert "$(port_of 1 b)"
  hears bert 'you are'
  wait_until 10 eval 'netkit relay status --state state-b | grep -q "^link.*up"'
  # The second message is for a room that its sender is not in; the third is none too late for it.
  "$PYTHON" "$ROOT/tests/support/relay_holes.py" "$(port_of 1 a)" >holes.out
  hears bert '^anna: three$'
  assert_equal "$(grep -c refused holes.out)" 1
  nothing_broke b a
}

# bats test_tags=tsan
@test "relay: with --slow block-sender nobody misses a message, however little is kept" {
  serve_relay a --slow block-sender --history 100 --threads 3 --rate 0
  client bert "$(port_of 1 a)"
  hears bert 'you are'
  timeout 60 "$NETKIT" chat "127.0.0.1:$(port_of 1 a)" --listen-only --expect 3000 \
    >carl.said 2>carl.err </dev/null 3>&- &
  SERVER_PID[carl]=$!
  wait_for_line carl.err ' connect '
  seq 3000 >lines
  # Faster than any of them is served: each read of the relay is worth many rings.
  timeout 60 nc -N 127.0.0.1 "$(port_of 1 a)" <lines >anna.out
  hears bert '^guest-[0-9]*: 3000$'
  wait "${SERVER_PID[carl]}"
  unset 'SERVER_PID[carl]'
  local said
  for said in bert.out carl.said; do
    diff <(sed -n 's/^guest-[0-9]*: //p' "$said") lines
  done
  nothing_broke a
}

@test "relay: with --slow block-sender direct messages wait, too" {
  serve_relay a --slow block-sender --history 100 --rate 0
  client anna "$(port_of 1 a)"
  tell anna "/nick anna"
  hears anna 'you are anna'
  client bert "$(port_of 1 a)"
  seq -f '/msg anna %.0f' 2500 >&"${CLIENT[bert]}"
  tell bert 'that was all'
  hears anna ': that was all$'
  diff <(sed -n 's/^guest-[0-9]* -> anna: //p' anna.out) <(seq 2500)
  nothing_broke a
}

@test "relay: who comes back learns that what it said is not yet as safe as promised" {
  serve_relay a --ack links
  PYTHONPATH=$ROOT/tests/support timeout 60 /usr/bin/python3 -B - "$(endpoint_of 1 a)" <<'AGAIN'
import sys
from relay_client import FrameClient
first = FrameClient(sys.argv[1], "anna")
first.say("to nobody else so far")
first.hear()
again = FrameClient(sys.argv[1], "anna", secret=first.secret)
assert (again.welcome["known"], again.welcome["acked"]) == (1, 0), again.welcome
AGAIN
  nothing_broke a
}

@test "relay: who asks for much at once and reads later gets all answers" {
  serve_relay a
  PYTHONPATH=$ROOT/tests/support timeout 60 /usr/bin/python3 -B - "$(endpoint_of 1 a)" <<'ASKING'
import sys, time
from relay_client import ANSWER, ASK, FrameClient, frame_of
client = FrameClient(sys.argv[1], "anna")
for _ in range(300):
    client.say("y" * 2000)
client.wait_for_ack(300)
client.send(frame_of(ASK, {"do": "history", "room": "lobby", "history": 1000}, 99) * 40)
time.sleep(1)
for _ in range(40):
    client.wait_for(ANSWER, 99)
ASKING
  nothing_broke a
}

# bats test_tags=tsan
@test "relay: one client by many connections on several threads harms nobody" {
  serve_relay a --threads 3 --rate 0
  PYTHONPATH=$ROOT/tests/support timeout 60 /usr/bin/python3 -B - "$(endpoint_of 1 a)" <<'TAKING'
import sys, threading
from relay_client import ASK, HELLO, Peer, enter_request, frame_of, say_frame
def come_and_go(nick):
    for turn in range(150):
        with Peer(sys.argv[1], 10) as peer:
            said = b"".join(say_frame(turn * 100 + n, "lobby", "x") for n in range(1, 100))
            named = frame_of(ASK, {"do": "nick", "nick": f"{nick}-{turn}"}, 2) * 5
            peer.send(frame_of(HELLO, {"service": "relay"}) + frame_of(
                ASK, enter_request(nick, ["lobby"], bytes(32), events=True), 1) + said + named)
            if turn % 3 == 0:
                peer.more()
threads = [threading.Thread(target=come_and_go, args=(f"n{n}",)) for n in range(16)]
for each in threads:
    each.start()
for each in threads:
    each.join()
Peer(sys.argv[1], 10).socket.close()
TAKING
  nothing_broke a
}

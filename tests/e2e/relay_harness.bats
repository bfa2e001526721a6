#!/usr/bin/env bats
# Shows that the storm of clients, which the labs of relay rely on, can fail: a made-up relay makes
# one kind of fault, and the storm must find it.

load support

# storm [FAULT]: a few clients against the made-up relay; the summary is $output.
storm() {
  "$PYTHON" -B "$ROOT/tests/support/relay_stub.py" ${1:+--fault "$1"} >"$SERVER_DIR/stub.out" \
    2>&1 3>&- &
  SERVER_PID[stub]=$!
  wait_until 10 grep -q listening "$SERVER_DIR/stub.out"
  run --separate-stderr timeout -k 5 60 "$PYTHON" -B "$ROOT/tests/support/relay_client.py" storm \
    --relays "$(sed -n 's/.*listening on //p' "$SERVER_DIR/stub.out")" --messages 60 --senders 3 \
    --clients 5 --rate 1000 --settle "${SETTLE:-2}" "${STORM[@]}"
}

# finds WHAT FAULT: the storm counts it, and its exit code says so.
finds() {
  storm "$2"
  [[ $status == 1 ]] && jq -e ".$1 > 0 and .ok == false" <<<"$output" ||
    fail "not found: $status $output $stderr"
}

@test "relay harness: a relay that does all right passes" {
  SETTLE=20 storm
  [[ $status == 0 ]] && jq -e '.ok and .said == 180 and .acknowledged == 180 and
    .deliveries == 900' <<<"$output" || fail "$status $output $stderr"
}

@test "relay harness: clients that go on to other relays lose and repeat nothing" {
  STORM=(--move 0.2 --rate 150)
  SETTLE=20 storm
  [[ $status == 0 ]] && jq -e '.ok and .reconnects > 0' <<<"$output" ||
    fail "$status $output $stderr"
}

@test "relay harness: finds a message that one client misses" { finds lost lose; }
@test "relay harness: finds a message that is forgotten once acknowledged" { finds lost forget; }
@test "relay harness: finds a message that comes twice" { finds repeated twice; }
@test "relay harness: finds messages out of order" { finds disordered disorder; }
@test "relay harness: finds a message that was changed" { finds altered alter; }

#!/usr/bin/env bats
# WebSocket with python3-websockets at the other end, as a client of ours and as a server for ours.
# Each claim is a function of tests/support/websocket_peer.py. Loopback only.

load support

# holds CLAIM [URL]: the claim about the echo server, on ws unless a URL is given.
holds() {
  timeout -k 5 "$RUN_LIMIT_S" "$PYTHON" "$ROOT/tests/support/websocket_peer.py" \
    check "$1" "${2:-$(endpoint_of 1)}"
}

# nothing_broke: the server ends by itself, with 0 and without a sanitizer's report.
nothing_broke() { stop_server echo; }

# holds_on_both CLAIM...
holds_on_both() {
  local claim
  start_echo ws wss
  for claim; do
    holds "$claim" "$(endpoint_of 1)" || fail "$claim does not hold on ws"
    holds "$claim" "$(endpoint_of 2)" || fail "$claim does not hold on wss"
  done
  nothing_broke
}

start_websockets() {
  start_peer websockets 'port ([0-9]+)' "$PYTHON" "$ROOT/tests/support/websocket_peer.py" \
    serve "$@"
}

@test "ws: python3-websockets gets text and binary messages of every length form back" {
  holds_on_both text binary
}

@test "ws: fragments, with pings and cut characters between, come back as one message" {
  holds_on_both fragments
}

@test "ws: pings are answered with their bodies" { holds_on_both ping; }

@test "ws: messages of 1 MiB come back, and 500 sent ahead keep their order" {
  holds_on_both mebibyte many
}

@test "ws: a close code comes back, one that may not be sent is refused with 1002" {
  holds_on_both close_codes close_codes_refused
}

@test "ws: text that is not UTF-8 ends with 1007, at its first wrong byte" {
  holds_on_both bad_utf8 bad_utf8_cut
}

@test "ws: frames against the protocol end with 1002" {
  holds_on_both unmasked unknown_op lonely_continuation long_ping
}

@test "ws: a message above --max-message ends with 1009, from its header" {
  start_server echo echo serve --listen ws://127.0.0.1:0 --max-message 64KiB
  holds too_big
  nothing_broke
}

@test "ws: a server that is stopped says 1001" {
  start_server echo echo serve --listen ws://127.0.0.1:0
  server_pid | holds going_away
  wait_for_exit "$(server_pid)" 10
}

@test "echo send: talks to a python3-websockets server, text and bytes" {
  start_websockets
  run_netkit echo send "ws://127.0.0.1:$PEER_PORT" "hello, żółw"
  assert_status 0
  assert_output "hello, żółw"
  run_netkit echo send "ws://127.0.0.1:$PEER_PORT" <<<$'one\ntwo\n\xff\xfe'
  assert_status 0
  assert_equal "$(printf '%s\n' "$output" | od -An -tx1 | tr -d ' \n')" \
    6f6e650a74776f0afffe0a
}

@test "echo ping: talks to a python3-websockets server, in clear and through TLS" {
  start_websockets
  run_netkit echo ping "ws://127.0.0.1:$PEER_PORT" -c 20 -i 1ms --size 64KiB
  assert_status 0
  assert_output_matches '20 sent, 20 received, 0\.0 % lost'
  make_certificate
  start_websockets --tls "$BATS_TEST_TMPDIR/cert.pem" "$BATS_TEST_TMPDIR/key.pem"
  run_netkit echo ping "wss://localhost:$PEER_PORT" -c 5 -i 1ms \
    --tls-ca "$BATS_TEST_TMPDIR/cert.pem"
  assert_status 0
  assert_output_matches '5 sent, 5 received'
}

@test "echo send: a server that greets first is shown as it speaks" {
  start_websockets --greet
  run_netkit echo send "ws://127.0.0.1:$PEER_PORT" hello
  assert_status 0
  assert_line welcome
}

@test "echo send: a WebSocket server that goes away is exit code 3" {
  start_websockets
  run_netkit echo send "ws://127.0.0.1:$PEER_PORT" hello
  assert_status 0
  kill "${SERVER_PID[websockets]}"
  wait_for_exit "${SERVER_PID[websockets]}" 10
  run_netkit echo send "ws://127.0.0.1:$PEER_PORT" hello
  assert_status 3
}

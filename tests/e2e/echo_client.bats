#!/usr/bin/env bats
# echo send and what every client has: endpoints, timeouts, retries, exit codes, prompts. TLS trust
# is in tls.bats, measuring in echo_measure.bats.

load support

# listen_once ANSWER: a server that is not ours: takes one connection and one message, sends ANSWER
# (a printf format) and goes on holding the connection. Sets PORT.
listen_once() {
  "$PYTHON" -uc '
import socket, sys
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1])
peer, _ = door.accept()
peer.recv(65536)
print("got")
peer.sendall(sys.argv[1].encode("latin-1").decode("unicode_escape").encode("latin-1"))
peer.recv(65536)' "$1" >"$BATS_TEST_TMPDIR/peer.port" </dev/null 3>&- &
  SERVER_PID[peer]=$!
  wait_for_line "$BATS_TEST_TMPDIR/peer.port" '^[0-9]+$'
  PORT=$(head -n 1 "$BATS_TEST_TMPDIR/peer.port")
}

# bats test_tags=tsan
@test "echo send: TEXT is sent with LF and the answer printed" {
  start_echo --log-format json
  run_netkit -q echo send "$ENDPOINT" hello world
  assert_status 0
  assert_output 'hello world'
  wait_for_line "$BATS_TEST_TMPDIR/echo.err" '"event":"receive".*"bytes":12'
}

@test "echo send: -n sends TEXT without LF, and the answer has none" {
  start_echo
  assert_equal "$(netkit -q echo send -n "$ENDPOINT" hello | od -An -c | tr -d ' ')" hello
}

# bats test_tags=tsan
@test "echo send: each line of stdin is a message, in order" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 \
    --listen ws://127.0.0.1:0 --listen "unix:$BATS_TEST_TMPDIR/socket"
  local number
  for number in 1 2 3 4; do
    seq 50 | netkit -q echo send "$(endpoint_of "$number")" >"$BATS_TEST_TMPDIR/said"
    assert_equal "$(<"$BATS_TEST_TMPDIR/said")" "$(seq 50)"
  done
  assert_equal "$(printf 'no end' | netkit -q echo send "$(endpoint_of 1)")" 'no end'
  assert_equal "$(netkit -q echo send "$(endpoint_of 1)" </dev/null)" ''
  seq 3 >"$BATS_TEST_TMPDIR/file"
  assert_equal "$(netkit -q echo send "$(endpoint_of 1)" <"$BATS_TEST_TMPDIR/file" | wc -l)" 3
}

@test "echo send: a line of 1 MiB comes back whole" {
  start_echo
  head -c 1048576 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/long"
  echo >>"$BATS_TEST_TMPDIR/long"
  netkit -q echo send "$ENDPOINT" <"$BATS_TEST_TMPDIR/long" | cmp - "$BATS_TEST_TMPDIR/long"
}

@test "echo send: every dialect of --framing reaches a server that has the same" {
  local framing
  for framing in frame len64 line raw; do
    start_echo --framing "$framing"
    run_netkit -q echo send --framing "$framing" "$ENDPOINT" 'grüße'
    assert_status 0
    assert_output 'grüße'
    stop_server
  done
}

@test "echo send: --json prints one object an answer" {
  start_echo
  run_netkit -q --json echo send "$ENDPOINT" 'a "b"'
  assert_equal "$(jq -c '[.event, .bytes, .text]' <<<"$output")" '["receive",6,"a \"b\""]'
}

@test "echo send: the client logs connect, send, receive and disconnect" {
  start_echo
  run_netkit echo send "$ENDPOINT" hello
  assert_equal "$(sed 's/.*echo: \([a-z]*\).*/\1/' <<<"$stderr" | tr '\n' ' ')" \
    'connect send receive disconnect '
}

# bats test_tags=tsan
@test "echo send: --expect exits 0 on a match, 5 on another answer, 6 on none" {
  start_echo
  run_netkit -q echo send "$ENDPOINT" 'PONG 12' --expect '^PONG \d+$'
  assert_status 0
  run_netkit -q echo send "$ENDPOINT" PING --expect '^PONG'
  assert_status 5
  assert_output PING
  assert_stderr_matches "accept the answer 'PING': not the expected answer \(--expect is '\^PONG'\)"
  listen_once ''
  run_netkit -q echo send "tcp://127.0.0.1:$PORT" PING --expect PONG --timeout 200ms
  assert_status 6
  refute_output
  assert_stderr_matches "cannot get an answer from tcp://127.0.0.1:$PORT: timed out"
}

@test "echo send: a bad --expect is a usage error" {
  run_netkit echo send 127.0.0.1:1 hello --expect '('
  assert_status 2
  assert_stderr_matches "--expect '\('"
}

@test "echo send: what came within --timeout is an answer, also without its line end" {
  listen_once 'par'
  run_netkit -q echo send "tcp://127.0.0.1:$PORT" partial --timeout 300ms
  assert_status 0
  assert_output par
}

@test "echo send: --timeout 0 waits as long as it takes" {
  start_echo
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello --timeout 0)" hello
  # An answer that comes late, from a peer that says nothing before it is told to.
  "$PYTHON" -uc '
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1])
peer, _ = server.accept()
peer.recv(100)
peer.settimeout(0.5)
try:
    peer.recv(1)
except TimeoutError:
    peer.sendall(b"late\n")' >"$BATS_TEST_TMPDIR/late" </dev/null 3>&- &
  SERVER_PID[late]=$!
  wait_for_line "$BATS_TEST_TMPDIR/late" '^[0-9]+$'
  run_netkit -q echo send "tcp://127.0.0.1:$(<"$BATS_TEST_TMPDIR/late")" hello --timeout 0
  assert_status 0
  assert_output late
  run_netkit echo send --help
  assert_output_matches '--timeout DUR +How long to wait for an answer; 0: for ever'
}

# unprivileged COMMAND...: COMMAND without the right to use what the mode of a file denies.
unprivileged() {
  if ((EUID != 0)); then
    "$@"
  else
    setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all "$@"
  fi
}

@test "echo send: a unix socket that others may not use is 4, and the message says what to do" {
  local socket=$BATS_TEST_TMPDIR/s
  start_server echo echo serve --listen "unix:$socket"
  chmod 000 "$socket"
  run --separate-stderr unprivileged timeout 30 "$NETKIT" -q echo send "unix:$socket" hello
  assert_status 4
  refute_output
  assert_stderr_matches "cannot connect to unix:$socket: Permission denied \(connect as "
  stop_server
}

@test "echo send: escape bytes of a peer do not reach the message on stderr" {
  listen_once '\x1b[31mred\n'
  run_netkit -q echo send "tcp://127.0.0.1:$PORT" hello --expect nothing
  assert_status 5
  [[ $stderr != *$'\e'* ]] || fail "an escape byte came through"
}

@test "echo send: an udp server that does not answer is exit code 6" {
  "$PYTHON" -uc '
import socket, time
hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hole.bind(("127.0.0.1", 0))
print(hole.getsockname()[1])
while True: hole.recv(100)' >"$BATS_TEST_TMPDIR/hole" </dev/null 3>&- &
  SERVER_PID[hole]=$!
  wait_for_line "$BATS_TEST_TMPDIR/hole" '^[0-9]+$'
  run_netkit -q echo send "udp://127.0.0.1:$(<"$BATS_TEST_TMPDIR/hole")" hello --timeout 300ms
  assert_status 6
}

# cannot_reach CODE REGEX ENDPOINT...
cannot_reach() {
  run_netkit -q echo send "$3" hello --timeout 5s
  assert_status "$1"
  refute_output
  assert_stderr_matches "netkit echo: cannot .*$2"
}

# bats test_tags=tsan
@test "client: a server that is not there is exit code 3, and the message names it" {
  hold_port
  kill "${SERVER_PID[holder]}"
  wait "${SERVER_PID[holder]}" || true
  local at=127.0.0.1:$TAKEN_PORT
  cannot_reach 3 "connect to tcp://$at: Connection refused" "$at"
  cannot_reach 3 "connect to ws://$at: Connection refused" "ws://$at"
  cannot_reach 3 "udp://$at" "udp://$at"
  cannot_reach 3 "unix:$BATS_TEST_TMPDIR/none: No such file" "unix:$BATS_TEST_TMPDIR/none"
  cannot_reach 3 'tcp://host.invalid:9090: host name not found' host.invalid
}

@test "client: a peer that hangs up instead of answering is exit code 3" {
  "$PYTHON" -uc '
import socket
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1])
while True:
    peer, _ = door.accept()
    peer.recv(100)
    peer.close()' >"$BATS_TEST_TMPDIR/rude" </dev/null 3>&- &
  SERVER_PID[rude]=$!
  wait_for_line "$BATS_TEST_TMPDIR/rude" '^[0-9]+$'
  cannot_reach 3 'get an answer from .*the other side closed' \
    "127.0.0.1:$(<"$BATS_TEST_TMPDIR/rude")"
}

@test "client: a nonsense endpoint is exit code 2 and says what one looks like" {
  local nonsense
  for nonsense in tcpp://x 127.0.0.1:99999 '[::1' tcp:// 'a b' unix: http://x 1:2:3; do
    run_netkit echo send "$nonsense" hello
    assert_status 2
    refute_output
    assert_stderr_matches 'as an endpoint for ENDPOINT.*\[SCHEME://\]HOST\[:PORT\]'
  done
  run_netkit echo send tpc://x hello
  assert_stderr_matches "did you mean 'tcp'"
}

@test "client: --retry waits for a server that is not up yet" {
  hold_port
  kill "${SERVER_PID[holder]}"
  wait "${SERVER_PID[holder]}" || true
  local said=$BATS_TEST_TMPDIR/said
  netkit -v echo send "tcp://127.0.0.1:$TAKEN_PORT" hello --retry forever \
    >"$said" 2>"$said.err" 3>&- &
  local client=$!
  wait_for_line "$said.err" 'debug echo: retry .*tried=1'
  start_server late echo serve --listen "tcp://127.0.0.1:$TAKEN_PORT"
  wait "$client"
  assert_equal "$(<"$said")" hello
}

@test "client: --retry N gives up after N more tries, with the pauses growing" {
  hold_port
  kill "${SERVER_PID[holder]}"
  wait "${SERVER_PID[holder]}" || true
  run_netkit -v echo send "tcp://127.0.0.1:$TAKEN_PORT" hello --retry 2
  assert_status 3
  assert_equal "$(grep -c 'debug echo: retry ' <<<"$stderr")" 2
}

@test "client: SIGINT ends it with 130 and without a complaint" {
  listen_once ''
  "$NETKIT" -q echo send "tcp://127.0.0.1:$PORT" hello >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
  local client=$! code=0
  wait_for_line "$BATS_TEST_TMPDIR/peer.port" '^got$'
  kill -INT "$client"
  wait "$client" || code=$?
  assert_equal "$code" 130
  assert_equal "$(<"$BATS_TEST_TMPDIR/said")" ''
}

# in_own_network COMMAND...: with loopback alone, where the default ports are free.
in_own_network() {
  local map=()
  ((EUID == 0)) || map=(--map-root-user)
  unshare "${map[@]}" --net true 2>/dev/null || skip "no network namespace may be made"
  unshare "${map[@]}" --net bash -c 'ip link set lo up; "$@"' - "$@"
}

@test "client: without an endpoint and without a terminal it goes to 127.0.0.1:9090" {
  run in_own_network bash -c '"$0" -q echo send </dev/null; "$0" -q echo ping -c 1' "$NETKIT"
  assert_status 3
  assert_output_matches 'connect to tcp://127.0.0.1:9090: Connection refused'
}

@test "client: on a terminal it asks for host and port, and refuses nonsense without dying" {
  command -v expect >/dev/null || fail "expect is not there"
  start_echo
  PORT=$(port_of) NETKIT=$NETKIT TERM=dumb timeout 30 expect -c '
    set timeout 10
    spawn -noecho $env(NETKIT) -q echo ping -c 1
    expect -re {Host.*127\.0\.0\.1} {} default { exit 11 }
    send "not a host\r"
    expect "as an endpoint" {} default { exit 12 }
    expect "Host" {} default { exit 13 }
    send "\r"
    expect -re {Port.*9090} {} default { exit 14 }
    send "99999\r"
    expect "as a port" {} default { exit 15 }
    expect "Port" {} default { exit 16 }
    send "$env(PORT)\r"
    expect "bytes from tcp://127.0.0.1:$env(PORT)" {} default { exit 17 }
    expect eof
    exit [lindex [wait] 3]' 3>&-
}

@test "client: the end of input at a prompt exits 2" {
  command -v expect >/dev/null || fail "expect is not there"
  local code=0
  NETKIT=$NETKIT TERM=dumb timeout 30 expect -c '
    set timeout 10
    spawn -noecho $env(NETKIT) -q echo ping -c 1
    expect "Host" {} default { exit 11 }
    send "\004"
    expect eof
    exit [lindex [wait] 3]' 3>&- || code=$?
  assert_equal "$code" 2
}

@test "send: a message larger than all socket buffers comes back whole" {
  start_echo --listen ws://127.0.0.1:0
  cd "$BATS_TEST_TMPDIR"
  head -c 8000000 /dev/zero | tr '\0' x >big
  netkit echo send -q "$(endpoint_of 1)" <big >raw
  cmp big raw
  netkit echo send -q "$(endpoint_of 2)" <big | tr -d '\n' >message
  cmp big message
}

@test "send: standard input keeps its mode" {
  start_echo
  cd "$BATS_TEST_TMPDIR"
  printf 'one\ntwo\n' >two
  { netkit echo send -q "$(endpoint_of 1)"; cat; } < <(cat two; sleep 0.2) >out
  assert_equal "$(cat out)" "$(cat two)"
}

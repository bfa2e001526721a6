#!/usr/bin/env bats
# Whom every server serves, for how long, and where it keeps what must last; shown on echo serve.

load support

log_of() { echo "$BATS_TEST_TMPDIR/echo.err"; }

# bats test_tags=tsan
@test "server: --allow and --deny decide who is served, over tcp and udp" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 \
    --allow 127.0.0.0/8 --deny 127.0.0.2
  assert_equal "$(netkit -q echo send "$(endpoint_of 1)" hello)" hello
  assert_equal "$(netkit -q echo send "$(endpoint_of 2)" hello)" hello
  local kind
  for kind in SOCK_STREAM SOCK_DGRAM; do
    run "$PYTHON" -c '
import socket, sys
peer = socket.socket(socket.AF_INET, getattr(socket, sys.argv[1]))
peer.bind(("127.0.0.2", 0))
peer.settimeout(1)
try:
    peer.connect(("127.0.0.1", int(sys.argv[2])))
    peer.send(b"hello")
    print(len(peer.recv(10)))
except OSError as error:
    print(0)' "$kind" "$(port_of "$([[ $kind == SOCK_STREAM ]] && echo 1 || echo 2)")"
    assert_output 0
  done
  assert_equal "$(grep -c 'warn echo: refuse address=127.0.0.2 ' "$(log_of)")" 2
}

@test "server: --max-connections refuses the next one until one leaves" {
  start_echo --max-connections 1
  dial "$(port_of)"
  printf a >&"$PEER"
  assert_equal "$(answer 1)" a
  run_netkit -q echo send "$ENDPOINT" hello --timeout 5s
  assert_status 3
  assert_file_has "$(log_of)" \
    'warn echo: refuse address=127.0.0.1 reason="as many connections as allowed"'
  hang_up
  wait_for_line "$(log_of)" 'disconnect .*active=0'
  wait_until 10 answered_at "$ENDPOINT"
}

@test "server: --idle-timeout closes a silent connection, not one that talks" {
  start_echo --idle-timeout 600ms
  dial "$(port_of)"
  local count
  for count in 1 2 3 4 5; do
    printf a >&"$PEER"
    assert_equal "$(answer 1)" a
    read -r -t 0.2 <> <(:) || true
  done
  assert_equal "$(answer 1)" ''
  hang_up
  wait_for_line "$(log_of)" 'disconnect .*reason=.*timed out'
}

@test "server: --handshake-timeout ends a peer that stalls in TLS or in its HTTP head" {
  start_server echo echo serve --handshake-timeout 300ms --listen tls://127.0.0.1:0 \
    --listen ws://127.0.0.1:0
  local number
  for number in 1 2; do
    dial "$(port_of "$number")"
    [[ $number == 1 ]] && printf '\x16\x03\x01\x02' >&"$PEER" || printf 'GET / HT' >&"$PEER"
    # It ends, by a reset or not; a peer that is still waited for would end this with 124.
    run timeout 10 cat <&"$PEER"
    [[ $status != 124 ]] || fail "the stalled peer was not sent away"
    hang_up
  done
  wait_until 10 eval "(( \$(grep -c 'warn echo: refuse ' '$(log_of)') == 2 ))"
  assert_equal "$(netkit -q echo send "$(endpoint_of 1)" hello)" hello
}

@test "server: --handshake-timeout 0 lets a greeting take as long as it takes" {
  start_server echo echo serve --handshake-timeout 0 --listen tls://127.0.0.1:0 \
    --listen ws://127.0.0.1:0
  dial "$(port_of 2)"
  printf 'GET / HT' >&"$PEER"
  assert_equal "$(netkit -q echo send "$(endpoint_of 1)" hello)" hello
  assert_equal "$(netkit -q echo send "$(endpoint_of 2)" hello)" hello
  printf 'TP/1.1\r\nHost: h\r\n\r\n' >&"$PEER"
  assert_equal "$(answer 15)" 'HTTP/1.1 200 OK'
  hang_up
  run_netkit echo serve --help
  assert_output_matches 'How long TLS, HTTP or a greeting may take; 0: for ever'
}

@test "server: --state is made with mode 0700 and keeps one certificate for all runs" {
  local state=$BATS_TEST_TMPDIR/deep/state first
  mkdir "$BATS_TEST_TMPDIR/deep"
  start_server echo echo serve --listen tls://127.0.0.1:0 --state "$state"
  assert_equal "$(stat -c %a "$state")" 700
  first=$(grep -o 'fingerprint=SHA256:[0-9a-f]*' "$(log_of)")
  stop_server
  local file
  for file in "$state"/*; do
    [[ $(stat -c %a "$file") == 600 || $file == *.pem ]] || fail "$file: $(stat -c %a "$file")"
  done
  start_server echo echo serve --listen tls://127.0.0.1:0 --state "$state"
  assert_equal "$(grep -o 'fingerprint=SHA256:[0-9a-f]*' "$(log_of)")" "$first"
}

@test "server: the state is in STATE_DIRECTORY, else in XDG_STATE_HOME/netkit/COMMAND" {
  start_server echo echo serve --listen tls://127.0.0.1:0
  assert_equal "$(stat -c %a "$XDG_STATE_HOME/netkit/echo")" 700
  STATE_DIRECTORY=$BATS_TEST_TMPDIR/systemd start_server two echo serve --listen tls://127.0.0.1:0
  assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/systemd")" 700
}

@test "server: a unix socket is its owner's alone, a stale one is replaced, a live one is not" {
  local socket=$BATS_TEST_TMPDIR/socket
  start_server one echo serve --listen "unix:$socket"
  assert_equal "$(stat -c %a "$socket")" 600
  run_netkit echo serve --listen "unix:$socket"
  assert_status 1
  assert_stderr_matches "cannot listen on unix:$socket: Address already in use"
  assert_stderr_matches "\(process $(server_pid one) listens there\)"
  kill -KILL "$(server_pid one)"
  wait "$(server_pid one)" || true
  unset 'SERVER_PID[one]'
  [[ -S $socket ]]
  start_server two echo serve --listen "unix:$socket"
  assert_equal "$(netkit -q echo send "unix:$socket" hello)" hello
  stop_server two
  [[ ! -e $socket ]]
  echo precious >"$socket"
  run_netkit echo serve --listen "unix:$socket"
  assert_status 1
  assert_equal "$(<"$socket")" precious
}

@test "server: options that contradict each other exit 2" {
  local options
  for options in '--tls-cert a.pem' '--tls-auto --no-tls' '--threads 0' '--max-message 5GiB' \
    '--no-tls --listen tls://127.0.0.1:0'; do
    # shellcheck disable=SC2086 # the options are words
    run_netkit echo serve --listen tcp://127.0.0.1:0 $options
    assert_status 2
    refute_output
  done
}

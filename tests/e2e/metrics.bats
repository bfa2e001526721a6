#!/usr/bin/env bats
# --metrics of a server: what /metrics and /healthz say, to whom, and that hostile and slow clients
# there hold up nothing. tests/interop/prometheus.bats has the six servers and a real Prometheus.

load support
load servers

# counts_to SERVER LINE: until its metrics have that line.
counts_to() {
  wait_until 10 shows_metric "$1" "$2" || fail "no such line: $2" "$(fetch "$1" /metrics)"
}

# status_of PATH [ARGUMENT...]: the status code that echo's metrics port answers with.
status_of() { fetch echo "$1" --output /dev/null --write-out '%{http_code}' "${@:2}"; }

# bats test_tags=tsan
@test "metrics: counts connections, bytes, events and how long connections lasted" {
  start_echo --metrics 0 --threads 2
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  counts_to echo 'netkit_events_total{event="disconnect",reason="closed"} 1'
  fetch echo /metrics >page
  local line
  for line in 'netkit_connections 0' 'netkit_connections_accepted_total 1' \
    'netkit_received_bytes_total 6' 'netkit_sent_bytes_total 6' 'netkit_draining 0' \
    'netkit_events_total{event="connect",reason=""} 1' \
    'netkit_connection_duration_seconds_count 1' \
    'netkit_connection_duration_seconds_bucket{le="+Inf"} 1'; do
    grep -Fxq "$line" page || fail "no line: $line" "$(<page)"
  done
  assert_file_has page '^netkit_build_info\{version="[0-9.]+",command="echo"\} 1$'
  local started now
  started=$(sed -n 's/^process_start_time_seconds //p' page)
  now=$EPOCHSECONDS
  awk -v at="$started" -v now="$now" 'BEGIN { exit !(at <= now + 1 && at > now - 60) }'
  stop_server echo
}

@test "metrics: GET and HEAD of /metrics and /healthz, else 404 and 405" {
  start_echo --metrics 127.0.0.1:0
  fetch echo /healthz --include >page
  assert_file_has page '^HTTP/1.1 200 OK'
  assert_file_has page '^ok$'
  fetch echo /metrics --head >page
  assert_file_has page '^Content-Type: text/plain; version=0.0.4; charset=utf-8'
  assert_file_has page '^Content-Length: [1-9]'
  assert_equal "$(status_of "/metrics?x")" 200
  assert_equal "$(status_of /)" 404
  assert_equal "$(status_of /metrics -X POST -d x)" 405
  assert_equal "$(status_of /metrics -X DELETE)" 405
  assert_equal "$(wc -l <echo.port)" 1
  assert_equal "$(wc -l <echo.out)" 1
}

@test "metrics: /healthz says draining as long as that lasts" {
  start_echo --metrics 0 --drain 60s
  "$PYTHON" -c '
import select, signal, socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.setblocking(False)
while select.select([], [peer], [], 0.5)[1]:  # Until neither side takes any more.
    try:
        peer.send(b"x" * 65536)
    except BlockingIOError:
        pass
print("full", flush=True)
signal.pause()' "$(port_of)" </dev/null >said 3>&- &
  SERVER_PID[peer]=$!
  wait_for_line said full
  kill -TERM "$(server_pid echo)"
  wait_for_line echo.err ' drain '
  run fetch echo /healthz --write-out '%{http_code}'
  assert_output $'draining\n503'
  fetch echo /metrics >page
  assert_file_has page '^netkit_draining 1$'
  kill "${SERVER_PID[peer]}"
  wait_for_exit "${SERVER_PID[echo]}" 15
}

@test "metrics: stay there when connections are used up and without a token; refusals are counted" {
  start_echo --metrics 0 --max-connections 1 --require-auth tcp://127.0.0.1:1
  dial "$(port_of)"
  wait_until 10 shows_metric echo 'netkit_connections 1'
  knock_from 127.0.0.1 "$(port_of)"
  counts_to echo 'netkit_events_total{event="refuse",reason="connections_max"} 1'
  hang_up
}

@test "metrics: --deny holds there, too" {
  start_echo --metrics 0 --deny 127.0.0.2
  local port
  port=$(metrics_at echo)
  knock_from 127.0.0.2 "${port##*:}"
  counts_to echo 'netkit_events_total{event="refuse",reason="denied"} 1'
  assert_file_has echo.err 'warn echo: refuse address=127.0.0.2 reason="denied by '
}

# bats test_tags=tsan
@test "metrics: slow, half and hostile requests end by themselves and hold up nothing" {
  start_echo --metrics 0
  local at
  at=$(metrics_at echo)
  "$PYTHON" -c '
import socket, sys
at = ("127.0.0.1", int(sys.argv[1].rpartition(":")[2]))
def answer(request):
    with socket.create_connection(at, timeout=10) as peer:
        try:
            peer.sendall(request)
            return peer.recv(100).split(b"\r\n")[0]
        except ConnectionError:
            return b"reset"
held = []
for part in range(100):  # Far more than may be open at a time.
    peer = socket.create_connection(at, timeout=10)
    held.append(peer)
    try:
        peer.send(b"GET /metrics HTTP/1.1\r\nHost: "[:part % 30])
    except ConnectionError:
        pass
assert answer(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b"HTTP/1.1 200 OK"
assert b" 4" in answer(b"\0\xff\r\n\r\n")
assert b" 4" in answer(b"GET /metrics HTTP/1.1\r\n\r\n")
assert answer(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5000) in (
    b"HTTP/1.1 431 Request Header Fields Too Large", b"reset")
assert answer(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 3) == b"HTTP/1.1 200 OK"
for peer in held:  # Those that were held longest were let go, the others end within seconds.
    try:
        assert peer.recv(1) == b""
    except ConnectionResetError:
        pass' "$at"
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  stop_server echo
}

@test "metrics: by a unix socket, which goes with the server" {
  start_echo --metrics unix:m.sock
  run curl --silent --max-time 10 --unix-socket m.sock http://x/healthz
  assert_output ok
  stop_server echo
  [[ ! -e m.sock ]]
}

@test "metrics: off loopback they are warned about, elsewhere they are refused at the start" {
  start_echo --metrics 0.0.0.0:0
  assert_file_has echo.err 'warn echo: metrics endpoint=tcp://0\.0\.0\.0:[0-9]+ hint='
  run_netkit echo serve --listen tcp://127.0.0.1:0 --metrics udp://127.0.0.1:0
  assert_status 2
  hold_port
  run_netkit echo serve --listen tcp://127.0.0.1:0 --metrics "$TAKEN_PORT"
  assert_status 1
  assert_stderr_matches "cannot listen on tcp://127.0.0.1:$TAKEN_PORT"
}

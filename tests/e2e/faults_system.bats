#!/usr/bin/env bats
# Faults of the machine and of its keeper: no descriptors left, a port or a pid file that is taken,
# signals under load, kill -9. What needs a disk or a network of its own is in tests/lab.

load support

hostile() { timeout -k 5 60 "$PYTHON" "$ROOT/tests/support/hostile.py" "$@"; }

# serve_few LIMIT ARGUMENT...: a server that may open LIMIT files. (UBSan's check of vtables reads
# memory by a pipe, which would fail here: the dev preset leaves that check out.)
serve_few() {
  local limit=$1
  shift
  SERVER_COMMAND=(bash -c 'ulimit -n "$1" && shift && exec "$@"' - "$limit" "$NETKIT")
  start_server echo echo serve --listen tcp://127.0.0.1:0 "$@"
  unset SERVER_COMMAND
}

@test "descriptors: a server that has none left says so and goes on when clients leave" {
  serve_few 64 --max-connections 1000
  hostile exhaust "$(endpoint_of 1)" 200
  wait_for_line "$BATS_TEST_TMPDIR/echo.err" 'error echo: accept .*open files'
  # Said, but not once an attempt.
  (($(grep -c 'error echo: accept' "$BATS_TEST_TMPDIR/echo.err") < 50))
  hostile works "$(endpoint_of 1)"
  stop_server
}

@test "descriptors: by default a server refuses connections before it has none left" {
  serve_few 64
  hostile exhaust "$(endpoint_of 1)" 200
  wait_for_line "$BATS_TEST_TMPDIR/echo.err" 'refuse .*as many connections as allowed'
  run grep -c 'error echo: accept' "$BATS_TEST_TMPDIR/echo.err"
  assert_output 0
  stop_server
}

@test "port: a second server on a taken port says so and exits 1, whatever its threads" {
  local scheme threads
  start_server first echo serve --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 --threads 4 \
    --listen "unix:$BATS_TEST_TMPDIR/echo.sock"
  for scheme in tcp udp; do
    for threads in 1 4; do
      run_netkit echo serve --threads "$threads" \
        --listen "$scheme://127.0.0.1:$(port_of "$([[ $scheme == tcp ]] && echo 1 || echo 2)")"
      assert_status 1
      refute_output
      assert_stderr_matches "netkit echo: cannot listen on $scheme://127.0.0.1:[0-9]+: .*in use"
    done
  done
  run_netkit echo serve --listen "unix:$BATS_TEST_TMPDIR/echo.sock"
  assert_status 1
  assert_stderr_matches 'echo\.sock.*in use'
  run_netkit echo send "unix:$BATS_TEST_TMPDIR/echo.sock" "still there"
  assert_output "still there"
  stop_server first
}

@test "pid file: of two daemons with one pid file the second ends with 1 and names the first" {
  local file=$BATS_TEST_TMPDIR/echo.pid pid
  run_netkit echo serve --daemon --pid-file "$file" --listen tcp://127.0.0.1:0 \
    --port-file "$BATS_TEST_TMPDIR/daemon.port" --log-file "$BATS_TEST_TMPDIR/daemon.log"
  assert_status 0
  pid=$(<"$file")
  SERVER_PID[daemon]=$pid
  run_netkit echo serve --daemon --pid-file "$file" --listen tcp://127.0.0.1:0 \
    --log-file "$BATS_TEST_TMPDIR/second.log"
  assert_status 1
  refute_output
  assert_stderr_matches "$pid"
  assert_equal "$(<"$file")" "$pid"
  # A stale file is not believed: after kill -9 the next one starts at once.
  kill -KILL "$pid"
  wait_for_exit "$pid" 10
  run_netkit echo serve --daemon --pid-file "$file" --listen tcp://127.0.0.1:0 \
    --port-file "$BATS_TEST_TMPDIR/daemon.port" --log-file "$BATS_TEST_TMPDIR/daemon.log"
  assert_status 0
  pid=$(<"$file")
  SERVER_PID[daemon]=$pid
  run_netkit echo send "$(<"$BATS_TEST_TMPDIR/daemon.port")" hello
  assert_output hello
  kill -TERM "$pid"
  wait_for_exit "$pid" 10
  unset "SERVER_PID[daemon]"
  [[ ! -e $file ]] || fail "the pid file is still there"
}


@test "SIGHUP: a hundred under load disturb no exchange" {
  local n bench pid
  start_server echo echo serve --listen tcp://127.0.0.1:0 --listen wss://127.0.0.1:0 --threads 2 \
    --state "$BATS_TEST_TMPDIR/state" --log-file "$BATS_TEST_TMPDIR/server.log"
  pid=$(server_pid)
  netkit echo bench "$(endpoint_of 1)" --connections 20 --duration 6s --json \
    >"$BATS_TEST_TMPDIR/bench" 2>"$BATS_TEST_TMPDIR/bench.err" 3>&- &
  bench=$!
  for ((n = 0; n < 100; n++)); do
    kill -HUP "$pid"
    # A new TLS session in between meets a certificate that is just being replaced.
    if ((n % 20 == 0)); then hostile works "$(endpoint_of 2)"; fi
    read -r -t 0.02 <> <(:) || true
  done
  wait "$bench" || fail "the bench failed" "$(cat "$BATS_TEST_TMPDIR/bench.err")"
  assert_file_has "$BATS_TEST_TMPDIR/bench" '"event":"bench"'
  assert_file_has "$BATS_TEST_TMPDIR/server.log" ' reload'
  run grep -c ' error ' "$BATS_TEST_TMPDIR/server.log"
  assert_output 0
  hostile works "$(endpoint_of 2)"
  stop_server
}

@test "SIGTERM: all that a peer's system saw acknowledged comes back before the end" {
  local scheme
  for scheme in tcp ws; do
    start_server echo echo serve --listen "$scheme://127.0.0.1:0" --threads 2
    hostile in_flight "$(endpoint_of 1)" 20 "$(server_pid)"
    wait_for_exit "$(server_pid)" 10
    assert_file_has "$BATS_TEST_TMPDIR/echo.err" ' drain '
    assert_file_has "$BATS_TEST_TMPDIR/echo.err" ' stop '
    wait "$(server_pid)"
    unset "SERVER_PID[echo]"
  done
}

@test "SIGTERM: a peer that never reads cannot keep the server for longer than --drain" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --drain 1s
  hostile keep_unread "$(endpoint_of 1)" "$(server_pid)"
  wait_for_exit "$(server_pid)" 10
  assert_file_has "$BATS_TEST_TMPDIR/echo.err" 'drain .*limit has passed'
  wait "$(server_pid)"
  unset "SERVER_PID[echo]"
}

@test "SIGTERM: a second signal stops at once" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --drain 1h
  hostile keep_unread "$(endpoint_of 1)" "$(server_pid)" twice
  wait_for_exit "$(server_pid)" 10
  unset "SERVER_PID[echo]"
}

@test "kill -9: the same port is free at once, and so is the same unix socket" {
  local n port
  start_server echo echo serve --listen tcp://127.0.0.1:0 \
    --listen "unix:$BATS_TEST_TMPDIR/echo.sock"
  port=$(port_of 1)
  for n in 1 2 3; do
    dial "$port"
    printf hello >&"$PEER"
    assert_equal "$(answer 5)" hello
    kill -KILL "$(server_pid)"
    wait_for_exit "$(server_pid)" 10
    start_server echo echo serve --listen "tcp://127.0.0.1:$port" --threads "$n" \
      --listen "unix:$BATS_TEST_TMPDIR/echo.sock"
    hang_up
    run_netkit echo send "unix:$BATS_TEST_TMPDIR/echo.sock" "attempt $n"
    assert_output "attempt $n"
  done
  stop_server
}

@test "echo send: a server that is killed in mid-answer is exit code 3" {
  start_server echo echo serve --listen tcp://127.0.0.1:0
  kill -STOP "$(server_pid)"
  netkit echo send "$(endpoint_of 1)" hello >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  local client=$! code=0
  wait_until 10 is_connected "$(port_of 1)"
  kill -KILL "$(server_pid)"
  wait "$client" || code=$?
  assert_equal "$code" 3
}

# is_connected PORT: a peer's bytes wait in the receive queue of that port.
is_connected() { ss -Htn state established "sport = :$1" | awk '$1 > 0 { n++ } END { exit !n }'; }

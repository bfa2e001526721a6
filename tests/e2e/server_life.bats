#!/usr/bin/env bats
# How every server starts, reloads and ends, shown on echo serve: signals, draining, daemons, pid
# files, systemd's protocols.

load support

log_of() { echo "$BATS_TEST_TMPDIR/${1:-echo}.err"; }

# await_end NAME: waits for the server's own end, ten seconds; sets $CODE.
await_end() {
  CODE=0
  wait_for_exit "${SERVER_PID[$1]}" 10 || fail "server $1 goes on"
  wait "${SERVER_PID[$1]}" || CODE=$?
  unset "SERVER_PID[$1]"
}

# await_active N: N connections are served, says the log.
await_active() { wait_for_line "$(log_of)" "connect .* active=$1( |\$)"; }

# bats test_tags=tsan
@test "server: SIGTERM and SIGINT drain and end with 0" {
  local signal
  for signal in TERM INT; do
    start_echo
    dial "$(port_of)"
    printf 'hello' >&"$PEER"
    assert_equal "$(answer 5)" hello
    kill -"$signal" "$(server_pid)"
    assert_equal "$(answer 1)" ''
    hang_up
    await_end echo
    assert_equal "$CODE" 0
    assert_file_has "$(log_of)" 'info echo: drain active=1 '
    assert_equal "$(grep -o 'info echo: [a-z]*' "$(log_of)" | tail -n 1)" 'info echo: stop'
  done
}

# bats test_tags=tsan
@test "server: what was sent before SIGTERM is still answered" {
  # A dozen connections, each with a message sent just before the signal.
  start_echo
  "$PYTHON" -c '
import os, signal, socket, sys
port, pid = map(int, sys.argv[1:])
message = bytes(range(256)) * 256
peers = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(12)]
for peer in peers:
    peer.sendall(b"a")
    assert peer.recv(1) == b"a"
for peer in peers:
    peer.sendall(message)
os.kill(pid, signal.SIGTERM)
for peer in peers:
    got = b""
    while piece := peer.recv(65536):
        got += piece
    assert got == message, len(got)' "$(port_of)" "$(server_pid)"
  await_end echo
  assert_equal "$CODE" 0
}

@test "server: a peer that reads nothing holds up the end for --drain and no longer" {
  start_echo --drain 300ms
  "$PYTHON" -c '
import os, signal, socket, sys
port, pid = map(int, sys.argv[1:])
peer = socket.create_connection(("127.0.0.1", port))
peer.setblocking(False)
sent = 0
while True:  # Until neither side takes any more: the answers are not read.
    try:
        sent += peer.send(b"x" * 65536)
    except BlockingIOError:
        import select
        if not select.select([], [peer], [], 0.5)[1]:
            break
os.kill(pid, signal.SIGTERM)
while os.path.exists(f"/proc/{pid}/fd/0"):
    select.select([], [], [], 0.02)' "$(port_of)" "$(server_pid)"
  await_end echo
  assert_equal "$CODE" 0
  assert_file_has "$(log_of)" 'warn echo: drain active=1 reason="the drain limit has passed"'
}

# stop_twice: a peer of the server that neither reads nor leaves, SIGTERM, and once that is in the
# log SIGTERM again; returns when the server has gone.
stop_twice() {
  "$PYTHON" -c '
import os, select, signal, socket, sys
port, pid = map(int, sys.argv[1:])
peer = socket.create_connection(("127.0.0.1", port))
peer.setblocking(False)
while select.select([], [peer], [], 0.5)[1]:
    try:
        peer.send(b"x" * 65536)
    except BlockingIOError:
        pass
os.kill(pid, signal.SIGTERM)
log = sys.stdin
while "drain" not in log.readline():
    select.select([], [], [], 0.01)
os.kill(pid, signal.SIGTERM)
while os.path.exists(f"/proc/{pid}/fd/0"):
    select.select([], [], [], 0.02)' "$(port_of)" "$(server_pid)" <"$(log_of)"
  await_end echo
  assert_equal "$CODE" 0
}

@test "server: a second signal stops at once, also when --drain 0 sets no limit" {
  local limit
  for limit in 1h 0; do
    start_echo --drain "$limit"
    stop_twice
    if grep 'drain limit has passed' "$(log_of)"; then fail "--drain $limit has a limit"; fi
  done
}

@test "server: takes no new peers while it drains" {
  start_echo --drain 10s
  "$PYTHON" -c '
import os, select, signal, socket, sys
port, pid = map(int, sys.argv[1:])
peer = socket.create_connection(("127.0.0.1", port))
peer.setblocking(False)
while select.select([], [peer], [], 0.5)[1]:
    try:
        peer.send(b"x" * 65536)
    except BlockingIOError:
        pass
os.kill(pid, signal.SIGTERM)
while True:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionResetError:
        pass  # It was in the queue when the door closed.
    except ConnectionRefusedError:
        break
peer.close()' "$(port_of)" "$(server_pid)"
  await_end echo
  assert_equal "$CODE" 0
}

# bats test_tags=tsan
@test "server: SIGHUP reloads --allow and --deny from the configuration file" {
  local config=$BATS_TEST_TMPDIR/config
  echo '[echo.serve]' >"$config"
  start_echo --config "$config"
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  printf '[echo.serve]\ndeny = ["127.0.0.0/8"]\n' >"$config"
  kill -HUP "$(server_pid)"
  wait_for_line "$(log_of)" 'info echo: reload'
  wait_until 10 refused_at "$ENDPOINT"
  assert_file_has "$(log_of)" 'warn echo: refuse address=127.0.0.1 reason="denied by '
  echo '[echo.serve]' >"$config"
  kill -HUP "$(server_pid)"
  wait_until 10 answered_at "$ENDPOINT"
}

@test "server: a configuration that became wrong is an error in the log, and the old one stays" {
  local config=$BATS_TEST_TMPDIR/config
  printf '[echo.serve]\ndeny = ["10.0.0.0/8"]\n' >"$config"
  start_echo --config "$config"
  printf '[echo.serve]\ndeny = ["nonsense"]\n' >"$config"
  kill -HUP "$(server_pid)"
  wait_for_line "$(log_of)" 'error echo: reload error=.*nonsense'
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  stop_server
}

# make_certificate NAME: NAME.pem and NAME.key, self-signed for localhost.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$BATS_TEST_TMPDIR/$1.key" \
    -out "$BATS_TEST_TMPDIR/$1.pem" 2>"$BATS_TEST_TMPDIR/openssl"
}

# shown_at PORT: the subject of the certificate that is shown there.
shown_at() {
  openssl s_client -connect "127.0.0.1:$1" </dev/null 2>/dev/null | openssl x509 -noout -subject
}

@test "server: SIGHUP reads --tls-cert and --tls-key again; connections go on" {
  local dir=$BATS_TEST_TMPDIR
  make_certificate one
  make_certificate two
  cp "$dir/one.pem" "$dir/cert.pem" && cp "$dir/one.key" "$dir/cert.key"
  start_server echo echo serve --listen tls://127.0.0.1:0 --tls-cert "$dir/cert.pem" \
    --tls-key "$dir/cert.key"
  [[ $(shown_at "$(port_of)") == *'CN = one' ]]
  cp "$dir/two.pem" "$dir/cert.pem" && cp "$dir/two.key" "$dir/cert.key"
  kill -HUP "$(server_pid)"
  wait_until 10 eval '[[ $(shown_at "$(port_of)") == *"CN = two" ]]'
  # A certificate that does not fit its key is an error in the log; the last good one stays.
  cp "$dir/one.key" "$dir/cert.key"
  kill -HUP "$(server_pid)"
  wait_for_line "$(log_of)" 'error echo: reload '
  [[ $(shown_at "$(port_of)") == *'CN = two' ]]
}

@test "server: SIGHUP under load loses nothing" {
  start_echo
  netkit -q echo bench "$ENDPOINT" --duration 1s --connections 8 --json \
    >"$BATS_TEST_TMPDIR/row" 3>&- &
  local load=$! signals
  await_active 8
  for signals in 1 2 3 4 5 6 7 8 9 10; do kill -HUP "$(server_pid)"; done
  wait "$load"
  jq -e '.messages > 0' "$BATS_TEST_TMPDIR/row"
  stop_server
}

@test "server: --daemon returns once it listens; SIGTERM ends it and takes the pid file away" {
  local dir=$BATS_TEST_TMPDIR pid
  run_netkit echo serve --listen tcp://127.0.0.1:0 --daemon --pid-file "$dir/pid" \
    --port-file "$dir/port" --log-file "$dir/log" 3>&-
  pid=$(<"$dir/pid")
  SERVER_PID[daemon]=$pid
  assert_status 0
  assert_output "listening on $(<"$dir/port")"
  refute_stderr
  assert_equal "$(ps -o ppid= -o sid= -p "$pid" | awk '{ print $1 != '$$', $2 }')" "1 $pid"
  assert_equal "$(readlink "/proc/$pid/cwd")" /
  assert_equal "$(readlink "/proc/$pid"/fd/[012] | sort -u)" /dev/null
  assert_equal "$(netkit -q echo send "$(<"$dir/port")" hello)" hello
  kill "$pid"
  wait_for_exit "$pid" 10
  unset 'SERVER_PID[daemon]'
  [[ ! -e $dir/pid ]]
  assert_file_has "$dir/log" 'info echo: stop '
}

@test "server: --daemon reports a failure with its exit code" {
  hold_port
  run_netkit echo serve --listen "tcp://127.0.0.1:$TAKEN_PORT" --daemon \
    --log-file "$BATS_TEST_TMPDIR/log"
  assert_status 1
  assert_stderr_matches 'Address already in use'
}

@test "server: a second one with the pid file exits 1 and names the first; a stale file is taken" {
  local file=$BATS_TEST_TMPDIR/pid
  # Of a process that is there, but holds no lock: this file is stale.
  echo $$ >"$file"
  start_echo --pid-file "$file"
  assert_equal "$(<"$file")" "$(server_pid)"
  run_netkit echo serve --listen tcp://127.0.0.1:0 --pid-file "$file"
  assert_status 1
  refute_output
  assert_stderr_matches "cannot lock the pid file $file: .*process id $(server_pid)"
  assert_equal "$(<"$file")" "$(server_pid)"
  stop_server
  [[ ! -e $file ]]
}

@test "server: a pid file that is none is refused and stays as it is" {
  local file=$BATS_TEST_TMPDIR/notes
  echo 'precious 1234' >"$file"
  run_netkit echo serve --listen tcp://127.0.0.1:0 --pid-file "$file"
  assert_status 2
  refute_output
  assert_stderr_matches "cannot use $file as the pid file: it holds something else"
  assert_equal "$(<"$file")" 'precious 1234'
}

# notified PATH: a unix datagram socket there; what comes in goes, a line each, to PATH.said.
notified() {
  "$PYTHON" -uc '
import socket, sys
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.bind(sys.argv[1])
open(sys.argv[1] + ".said", "w").close()
with open(sys.argv[1] + ".said", "a", buffering=1) as said:
    while True:
        said.write(inbox.recv(4096).decode() + "\n")' "$1" </dev/null 3>&- &
  SERVER_PID[inbox]=$!
  wait_until 10 test -e "$1.said"
}

# bats test_tags=tsan
@test "server: tells systemd READY=1, WATCHDOG=1, RELOADING=1 and STOPPING=1" {
  local inbox=$BATS_TEST_TMPDIR/inbox
  notified "$inbox"
  NOTIFY_SOCKET=$inbox WATCHDOG_USEC=100000 start_echo
  wait_for_line "$inbox.said" '^READY=1$'
  assert_file_has "$inbox.said" "^MAINPID=$(server_pid)$"
  wait_for_line "$inbox.said" '^WATCHDOG=1$'
  kill -HUP "$(server_pid)"
  wait_for_line "$inbox.said" '^RELOADING=1$'
  assert_file_has "$inbox.said" '^MONOTONIC_USEC=[0-9]+$'
  stop_server
  wait_for_line "$inbox.said" '^STOPPING=1$'
}

# activate SOCKET_KIND ARGUMENT...: netkit ARGUMENT... with a bound socket as descriptor 3, the way
# systemd passes one; its port goes to the file passed.
activate() {
  exec "$PYTHON" -c '
import os, socket, sys
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
passed = socket.socket(socket.AF_INET, kind)
passed.bind(("127.0.0.1", 0))
if kind == socket.SOCK_STREAM:
    passed.listen()
with open(sys.argv[2], "w") as out:
    out.write(str(passed.getsockname()[1]))
os.dup2(passed.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=sys.argv[1])
os.execv(sys.argv[3], sys.argv[3:])' "$1" "$BATS_TEST_TMPDIR/passed" "$NETKIT" "${@:2}"
}

@test "server: serves the sockets that systemd passes instead of its own" {
  local kind
  for kind in tcp udp; do
    SERVER_COMMAND=(activate "$kind")
    start_server echo echo serve --listen "$kind://127.0.0.1:0"
    assert_equal "$(endpoint_of)" "$kind://127.0.0.1:$(<"$BATS_TEST_TMPDIR/passed")"
    assert_equal "$(netkit -q echo send "$(endpoint_of)" hello)" hello
    stop_server
  done
}

@test "server: --ready-fd demands a descriptor that somebody passed" {
  run_netkit echo serve --listen tcp://127.0.0.1:0 --ready-fd 8
  assert_status 2
}

@test "server: a start that fails leaves neither pid file nor socket" {
  run_netkit echo serve --listen "unix:$BATS_TEST_TMPDIR/s" --listen tls://127.0.0.1:0 \
    --tls-cert /nowhere --tls-key /nowhere --pid-file "$BATS_TEST_TMPDIR/pid"
  assert_status 1
  [ ! -e "$BATS_TEST_TMPDIR/s" ]
  [ ! -e "$BATS_TEST_TMPDIR/pid" ]
}

@test "server: one that drains leaves the socket of its successor alone" {
  start_server first echo serve --listen "unix:$BATS_TEST_TMPDIR/s" --drain 3s
  exec 7> >(timeout 20 "$NETKIT" echo send -q "unix:$BATS_TEST_TMPDIR/s" >/dev/null)
  wait_until 10 grep -q connect "$BATS_TEST_TMPDIR/first.err"
  kill -TERM "$(server_pid first)"
  wait_until 10 test ! -e "$BATS_TEST_TMPDIR/s"
  start_server second echo serve --listen "unix:$BATS_TEST_TMPDIR/s"
  wait_for_exit "$(server_pid first)" 10
  assert_equal "$(netkit echo send -q "unix:$BATS_TEST_TMPDIR/s" hello)" hello
  exec 7>&-
}

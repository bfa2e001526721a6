#!/usr/bin/env bats
# The table of limits: what each is without an option, and that it is kept.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

# How many of so many connections at once to a port get an echo.
export COUNT_SERVED='
import socket, sys
at = ("127.0.0.1", int(sys.argv[1]))
peers = [socket.create_connection(at, 10) for _ in range(int(sys.argv[2]))]
served = 0
for peer in peers:
    try:
        peer.sendall(b"x")
        served += peer.recv(1) == b"x"
    except ConnectionError:
        pass
print(served)'

# default_of KEY COMMAND...: as --print-config prints it.
default_of() {
  netkit "${@:2}" --print-config |
    sed -nE "s/^(# )?$1 (= \"(.*)\"|is (not set))  # default\$/\3\4/p"
}

@test "limits: each server's and each client's defaults are those of the interface" {
  local words
  for words in 'echo serve' 'auth serve' shutdown-server relay 'presenced run' 'filesrv serve'; do
    # shellcheck disable=SC2086 # words are words
    assert_equal "$words: $(default_of handshake-timeout $words) $(default_of idle-timeout $words) \
$(default_of drain $words) $(default_of max-connections $words)" "$words: 10s 0s 5s not set"
  done
  for words in 'echo ping' chat 'filesrv get' 'auth login' 'peer send' 'shutdown-server order'; do
    # shellcheck disable=SC2086 # words are words
    assert_equal "$words: $(default_of timeout $words)" "$words: 30s"
  done
  assert_equal "$(default_of max-message echo serve)" 16MiB
  assert_equal "$(default_of max-message shutdown-server)" 16MiB
  assert_equal "$(default_of max-message relay)" 64KiB
  assert_equal "$(default_of heartbeat shutdown-server)" 15s
}

@test "limits: a connection that nobody takes ends after 5 s, an answer after --timeout, with 6" {
  # Linux drops what comes to a full backlog: the way to a host that is not there.
  "$PYTHON" -c '
import signal, socket
full = socket.socket()
full.bind(("127.0.0.1", 0))
full.listen(0)
kept = [socket.socket() for _ in range(3)]
for each in kept:
    each.setblocking(False)
    each.connect_ex(full.getsockname())
print(full.getsockname()[1], flush=True)
signal.pause()' </dev/null >"$BATS_TEST_TMPDIR/full" 3>&- &
  SERVER_PID[full]=$!
  wait_for_line "$BATS_TEST_TMPDIR/full" '^[0-9]+$'
  local begun=${EPOCHREALTIME/./} took_ms
  run_netkit -q echo send "127.0.0.1:$(<"$BATS_TEST_TMPDIR/full")" hello
  took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
  assert_status 6
  ((took_ms > 4900 && took_ms < 20000)) || fail "took $took_ms ms"
  hold_port
  run_netkit -q echo send "127.0.0.1:$TAKEN_PORT" hello --timeout 300ms
  assert_status 6
}

@test "limits: who types may think for longer than a handshake takes, not than --idle-timeout" {
  local words
  for words in 'auth serve' 'filesrv serve .' 'presenced run --no-multicast --no-sctp'; do
    # shellcheck disable=SC2086 # words are words
    start_server typed $words --listen tcp://127.0.0.1:0 --state typed --handshake-timeout 300ms \
      --idle-timeout 3s
    dial "$(port_of)"
    sleep 1
    printf 'help\nquit\n' >&"$PEER"
    run timeout 10 cat <&"$PEER"
    assert_status 0
    assert_output_matches 'help|list'
    hang_up
    dial "$(port_of)"
    run timeout 10 cat <&"$PEER"
    ((status != 124)) || fail "$words: it waits for ever"
    hang_up
    stop_server typed
    rm -r typed
  done
}

# judged PORT DIALECT SIZE: "waits" or "closed", what a server does at the header of such a message.
judged() {
  timeout 30 "$PYTHON" - "$@" <<'PEER'
import socket, sys
port, dialect, size = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
peer = socket.create_connection(("127.0.0.1", port), 10)
if dialect == "ws":
    peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                 b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                 b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    while b"\r\n\r\n" not in peer.recv(4096):
        pass
    peer.sendall(b"\x82\xff" + size.to_bytes(8, "big") + b"mask")
else:
    peer.sendall(b"%-64d" % size)
peer.settimeout(0.7)
try:
    while peer.recv(4096):
        pass
    print("closed")
except TimeoutError:
    print("waits")
except ConnectionError:
    print("closed")
PEER
}

@test "limits: 16 MiB to echo and shutdown-server, 64 KiB to relay, judged by the header alone" {
  start_echo --framing len64
  start_server relay relay --listen tcp://127.0.0.1:0 --state relay-state
  start_server off shutdown-server serve --listen ws://127.0.0.1:0 --state off-state
  local name dialect largest
  while read -r name dialect largest; do
    assert_equal "$name: $(judged "$(port_of 1 "$name")" "$dialect" "$largest")" "$name: waits"
    assert_equal "$name: $(judged "$(port_of 1 "$name")" "$dialect" $((largest + 1)))" \
      "$name: closed"
  done <<<'echo len64 16777216
off ws 16777216
relay len64 65536'
}

@test "limits: connections are 0.8 of the open-file limit, which is raised to its hard limit" {
  SERVER_COMMAND=(bash -c 'ulimit -Sn 60; ulimit -Hn 200; exec "$@"' - "$NETKIT")
  start_echo
  assert_file_has "/proc/$(server_pid echo)/limits" '^Max open files +200 +200 '
  run timeout 30 "$PYTHON" - "$(port_of)" 170 <<<"$COUNT_SERVED"
  assert_output 160
}

@test "limits: a thousand connections of one address are served" {
  start_echo
  (($(ulimit -Hn) >= 1100)) || skip "too few open files"
  run timeout 60 bash -c 'ulimit -n "$(ulimit -Hn)"; exec "$@" <<<"$COUNT_SERVED"' - \
    "$PYTHON" - "$(port_of)" 1000
  assert_output 1000
}

# The life of a presence daemon: run, start, stop, restart, status; lines and WebSocket.
load support

setup() {
  private_home
  STATE=$BATS_TEST_TMPDIR/presence
  # No test's daemon hears another's: no group, ports of their own.
  DAEMON=(--state "$STATE" --listen tcp://127.0.0.1:0 --listen sctp://127.0.0.1:0 --no-multicast)
}

teardown() {
  netkit -q presenced stop --state "$STATE" || true
  end_servers
}

start_daemon() {
  run_netkit presenced start "${DAEMON[@]}" --port-file "$BATS_TEST_TMPDIR/daemon.port" "$@"
  assert_status 0
}

@test "presenced: start is back once it listens, and 0 if it runs already" {
  start_daemon
  assert_output_matches 'listening on tcp://127\.0\.0\.1:[0-9]+'
  assert_output_matches 'listening on sctp://127\.0\.0\.1:[0-9]+'
  run_netkit presenced status --state "$STATE"
  assert_status 0
  assert_output_matches $'running\tpid [0-9]+'
  assert_output_matches $'peers\tonline=0\taway=0\tsuspect=0\toffline=0\tleft=0'
  assert_output_matches $'bound\tkilled=800 ms\tsilent=2.79 s\tperiod=1.20 s'
  run_netkit presenced status --state "$STATE" --json
  local pid
  pid=$(jq -e .pid <<<"$output")
  [[ $(<"$STATE/presenced.pid") == "$pid" ]] || fail "$(<"$STATE/presenced.pid")"
  start_daemon
  run_netkit presenced status --state "$STATE" --json
  assert_equal "$(jq .pid <<<"$output")" "$pid"
  assert_file_has "$STATE/multiproto.log" 'listen .*endpoint=tcp://127'
}

@test "presenced: stop waits until it has gone, and is 0 if nothing runs" {
  start_daemon
  local pid
  pid=$(<"$STATE/presenced.pid")
  run_netkit -q presenced stop --state "$STATE"
  assert_status 0
  # Whoever inherits it may be slow to bury it.
  [[ ! -e /proc/$pid || $(ps -o stat= -p "$pid") == Z* ]] || fail "it still runs"
  [[ ! -e $STATE/presenced.pid ]] || fail "the pid file is left"
  run_netkit -q presenced stop --state "$STATE"
  assert_status 0
  run_netkit presenced status --state "$STATE"
  assert_status 3
  assert_stderr_matches 'netkit presenced start'
}

@test "presenced: restart comes back with the words it was started with" {
  start_daemon --name hall-seven
  local before
  before=$(<"$STATE/presenced.pid")
  run_netkit -q presenced restart --state "$STATE"
  assert_status 0
  [[ $(<"$STATE/presenced.pid") != "$before" ]] || fail "the same process runs"
  local words
  words=$(tr '\0' ' ' <"/proc/$(<"$STATE/presenced.pid")/cmdline")
  [[ $words == *'presenced start '*'--name hall-seven'* ]] || fail "$words"
}

@test "presenced: restart from another folder finds what was named from the first one" {
  mkdir -p "$BATS_TEST_TMPDIR"/{first,second}
  cd "$BATS_TEST_TMPDIR/first"
  run_netkit presenced start --state ../presence --listen tcp://127.0.0.1:0 --no-multicast \
    --port-file here
  assert_status 0
  rm here
  cd "$BATS_TEST_TMPDIR/second"
  run_netkit -q presenced restart --state "$STATE"
  assert_status 0
  [[ -s ../first/here && ! -e here ]] || fail "it was started elsewhere: $(ls ..)"
  run_netkit -q presenced status --state "$STATE"
  assert_status 0
}

@test "presenced: of several starts at once all are 0, and one daemon runs" {
  local code each starts=()
  for each in 1 2 3 4; do
    netkit -q presenced start "${DAEMON[@]}" >"$BATS_TEST_TMPDIR/start.$each" 2>&1 3>&- &
    starts+=($!)
  done
  for each in "${starts[@]}"; do
    code=0
    wait "$each" || code=$?
    assert_equal "$code" 0
  done
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/start.* | grep -c '^listening on tcp')" 1
}

@test "presenced: who is turned away over frames is told why" {
  start_server daemon presenced run "${DAEMON[@]}"
  run "$PYTHON" -B - "$ROOT/tests/support" "$(port_of 1)" <<'PY'
import socket, sys
sys.path.insert(0, sys.argv[1])
import presence_words as words
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), 10) as peer:
    peer.settimeout(10)
    peer.sendall(words.hello("peer") + words.frame(18, b"c" * 16))
    heard = bytearray()
    while piece := peer.recv(4096):
        heard += piece
    print([bytes(body).decode() for kind, body in words.cut_frames(heard) if kind == 2])
PY
  assert_status 0
  assert_output_matches 'cannot bind the association: .*the conversation it belongs to is over'
  stop_server daemon
}

@test "presenced: restart starts one that does not run, and leaves one in the foreground alone" {
  start_server daemon presenced run "${DAEMON[@]}"
  run_netkit presenced restart --state "$STATE"
  assert_status 2
  assert_stderr_matches 'whoever runs it restarts it'
  run_netkit -q presenced stop --state "$STATE"
  assert_status 0
  unset 'SERVER_PID[daemon]'
}

@test "presenced: killed -9 it leaves nothing that keeps it from starting" {
  start_daemon
  kill -KILL "$(<"$STATE/presenced.pid")"
  run_netkit presenced status --state "$STATE"
  assert_status 3
  start_daemon
  run_netkit -q presenced status --state "$STATE"
  assert_status 0
}

@test "presenced: a second one on the same state, and nonsense, are refused" {
  start_daemon
  run_netkit presenced run "${DAEMON[@]}"
  assert_status 1
  assert_stderr_matches 'busy \(presenced, pid [0-9]+, runs on it'
  run_netkit presenced run --state "$BATS_TEST_TMPDIR/other" --threads 2
  assert_status 2
  run_netkit presenced run --state "$BATS_TEST_TMPDIR/other" --group-port 0
  assert_status 2
  run_netkit presenced start --state "$BATS_TEST_TMPDIR/other" --listen tcp://192.0.2.77:2002
  [[ $status != 0 ]] || fail "it said that it started"
}

@test "presenced: lines by nc, JSON by WebSocket, TLS; also from who takes a second to begin" {
  start_server daemon presenced run "${DAEMON[@]}"
  late_tls "$(port_of 1)"
  dial "$(port_of 1)"
  sleep 1
  printf 'help\n' >&"$PEER"
  assert_equal "$(answer 4)" 'list'
  printf 'quit\n' >&"$PEER"
  hang_up
  run "$PYTHON" - "$(port_of 1)" <<'PY'
import asyncio, json, sys, websockets
async def main():
    async with websockets.connect(f"ws://127.0.0.1:{sys.argv[1]}/") as ws:
        await ws.send(json.dumps({"type": "list"}))
        print(json.loads(await asyncio.wait_for(ws.recv(), 10)))
asyncio.run(main())
PY
  assert_status 0
  assert_output "{'event': 'end'}"
  stop_server daemon
}

@test "presenced: a broken roster file costs what is in it, not the start" {
  mkdir -p -m 700 "$STATE"
  head -c 1000 /dev/urandom >"$STATE/roster"
  start_daemon
  assert_file_has "$STATE/multiproto.log" 'warn .*roster .*come back by themselves'
}

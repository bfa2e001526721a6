#!/usr/bin/env bats
# Random and mutated bytes at every listener of a full server, in every dialect; afterwards a normal
# exchange works on each and no sanitizer has anything to say. NETKIT_LAB_FULL=1: ten times as long.

load support

ATTACK_S=${NETKIT_LAB_FULL:+60}
ATTACK_S=${ATTACK_S:-10}

attack() {
  timeout -k 5 "$((ATTACK_S + 30))" "$PYTHON" "$ROOT/tests/support/random_bytes.py" "$@"
}

@test "random bytes: a full server survives them on every transport" {
  local endpoint
  start_server echo echo serve --state "$BATS_TEST_TMPDIR/state" --threads 2 \
    --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 --listen tls://127.0.0.1:0 \
    --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 \
    --listen "unix:$BATS_TEST_TMPDIR/echo.sock" --log-file "$BATS_TEST_TMPDIR/echo.log"
  mapfile -t endpoints <"$BATS_TEST_TMPDIR/echo.port"
  attack "$ATTACK_S" 0 "${endpoints[@]}"
  for endpoint in "${endpoints[@]}"; do
    run_netkit echo send "$endpoint" "still here"
    assert_status 0
    assert_output "still here"
  done
  # A peer's bytes never forge a line of the log.
  local log=$BATS_TEST_TMPDIR/echo.log
  run grep -cEav '^[0-9]{4}-[0-9T:.-]+Z (info|warn|error) echo: [a-z_]+' "$log"
  assert_output 0
  run grep -c ' error ' "$log"
  assert_output 0
  stop_server
}

@test "random bytes: every pinned dialect survives them, with small limits and portions" {
  local framing seconds=$((ATTACK_S / 3))
  for framing in frame len64 line; do
    start_server "$framing" echo serve --framing "$framing" --max-message 4KiB --chunk 100 \
      --listen tcp://127.0.0.1:0 --listen tls://127.0.0.1:0 --state "$BATS_TEST_TMPDIR/state"
    attack "$seconds" 0 "$(endpoint_of 1)" "$(endpoint_of 2)"
    run_netkit echo send --framing "$framing" "$(endpoint_of 1)" "still here"
    assert_status 0
    assert_output "still here"
    run_netkit echo send --framing "$framing" "$(endpoint_of 2)" "still here"
    assert_status 0
    assert_output "still here"
    stop_server "$framing"
  done
}

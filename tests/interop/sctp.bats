#!/usr/bin/env bats
# SCTP as programs see it that no one here wrote: tshark dissects what we send, and werift-sctp, a
# stack in TypeScript, associates with us. Loopback only.

load support

# dissected FIELD...: those fields of the captured packets, one packet a line.
dissected() {
  local field fields=()
  for field; do fields+=(-e "$field"); done
  tshark -r capture -d "udp.port==$(port_of 1),sctp" -d "sctp.port==$(port_of 1),data" \
    -o sctp.checksum:crc-32c -T fields "${fields[@]}" 2>/dev/null
}

# captured N: that many packets, for wait_until.
captured() { (($(dissected frame.number | wc -l) >= $1)); }

@test "sctp: tshark sees an association from INIT to SHUTDOWN COMPLETE, all checksums right" {
  cd "$BATS_TEST_TMPDIR"
  start_echo sctp
  tshark -q -i lo -f "udp port $(port_of 1)" -w capture >tshark.out 2>&1 3>&- &
  SERVER_PID[tshark]=$!
  wait_for_line tshark.out 'Capturing on|Capture started'
  # It says so before it hears anything.
  probe() { run_netkit -q echo send "$(endpoint_of 1)" probe && captured 1; }
  wait_until 20 probe
  run_netkit -q echo send "$(endpoint_of 1)" hello
  assert_output hello
  complete() { (($(dissected sctp.chunk_type | grep -c '\b14\b') >= 2)); }
  wait_until 20 complete
  kill -INT "${SERVER_PID[tshark]}"
  wait "${SERVER_PID[tshark]}" || true
  unset 'SERVER_PID[tshark]'

  assert_equal "$(dissected sctp.checksum.status | tr ',' '\n' | sort -u)" 1
  assert_equal "$(dissected _ws.malformed | tr -d '\n')" ''
  # The last association: each kind of chunk where it came first, but acknowledgements and
  # heartbeats, which come when they like.
  local from
  from=$(dissected sctp.chunk_type | grep -n '^1$' | tail -n 1 | cut -d: -f1)
  dissected sctp.chunk_type | tail -n "+$from" | tr ',' '\n' | grep -vxE '3|4|5' |
    awk '!seen[$0]++' | sed -f "$ROOT/tests/data/sctp_chunks.sed" >chunks
  diff -u "$ROOT/tests/data/sctp_association.txt" chunks
  stop_server echo
}

@test "sctp: werift-sctp sends messages of 1 to 60,000 bytes and has them back" {
  start_echo sctp
  run --separate-stderr timeout 20 node "$ROOT/tests/support/sctp_peer.js" \
    "$ROOT/build/werift/node_modules" "$(port_of 1)"
  assert_status 0
  assert_output '5 messages came back'
  stop_server echo
}

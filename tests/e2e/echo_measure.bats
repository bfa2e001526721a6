#!/usr/bin/env bats
# echo ping, bench and compare: what they print for people and for programs, and how they end. The
# numbers are judged for sense, never for speed.

load support

# black_hole: an udp port that takes everything and answers nothing; HOLE is its endpoint.
black_hole() {
  "$PYTHON" -uc '
import socket
hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hole.bind(("127.0.0.1", 0))
print(hole.getsockname()[1])
while True: hole.recv(100)' >"$BATS_TEST_TMPDIR/hole" </dev/null 3>&- &
  SERVER_PID[hole]=$!
  wait_for_line "$BATS_TEST_TMPDIR/hole" '^[0-9]+$'
  HOLE=udp://127.0.0.1:$(<"$BATS_TEST_TMPDIR/hole")
}

number='[0-9]+(\.[0-9]+)?'

# bats test_tags=tsan
@test "echo ping: prints a line a reply, then loss, percentiles and jitter" {
  start_echo
  run_netkit -q echo ping "$ENDPOINT" -c 3 -i 1ms --size 100
  assert_status 0
  refute_stderr
  local reply="^100 bytes from $ENDPOINT: number=[123] time=$number (ns|us|ms|s)$"
  assert_equal "$(grep -cE "$reply" <<<"$output")" 3
  assert_line '3 sent, 3 received, 0.0 % lost'
  local unit='(us|ms)'
  assert_output_matches \
    "min/median/p90/p99/max = ($number/){4}$number $unit, jitter $number $unit"
}

@test "echo ping: --json prints one object a reply and then the summary" {
  start_echo
  run_netkit -q echo ping "$ENDPOINT" -c 3 -i 1ms --json
  assert_status 0
  refute_stderr
  assert_equal "$(jq -c '[.event, .number]' <<<"$output" | tr -d '\n')" \
    '["reply",1]["reply",2]["reply",3]["summary",null]'
  jq -es --arg endpoint "$ENDPOINT" 'last | .endpoint == $endpoint and .sent == 3 and .received == 3
    and .loss == 0 and 0 < .min_s and .min_s <= .median_s and .median_s <= .p90_s
    and .p90_s <= .p99_s and .p99_s <= .max_s and .max_s < 60 and .jitter_s >= 0' <<<"$output"
}

# bats test_tags=tsan
@test "echo ping: works over every transport" {
  start_server echo echo serve --listen udp://127.0.0.1:0 --listen tls://127.0.0.1:0 \
    --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 --listen "unix:$BATS_TEST_TMPDIR/socket"
  local number
  for number in 1 2 3 4 5; do
    run_netkit -q echo ping "$(endpoint_of "$number")" -c 2 -i 1ms --size 1KiB
    assert_status 0
    assert_line '2 sent, 2 received, 0.0 % lost'
  done
}

@test "echo ping: --histogram draws bars whose counts add up" {
  start_echo
  run_netkit -q echo ping "$ENDPOINT" -c 20 -i 0 --histogram
  assert_status 0
  assert_equal "$(awk '/^<= .*[|]/ { sum += $NF } END { print sum }' <<<"$output")" 20
}

@test "echo ping: silence over udp is counted as loss and exits 6" {
  black_hole
  run_netkit -q echo ping "$HOLE" -c 2 -i 10ms --timeout 100ms
  assert_status 6
  assert_line '2 sent, 0 received, 100.0 % lost'
  assert_stderr_matches "cannot get a reply from $HOLE"
  run_netkit -q echo ping "$HOLE" -c 1 --timeout 100ms --json
  assert_status 6
  jq -e '.event == "summary" and .loss == 1 and .received == 0' <<<"$output"
}

@test "echo ping: SIGINT prints the summary and exits 130" {
  start_echo
  local said=$BATS_TEST_TMPDIR/said code=0
  "$NETKIT" -q echo ping "$ENDPOINT" -i 10ms >"$said" 2>"$said.err" 3>&- &
  local client=$!
  wait_for_line "$said" 'number=3 '
  kill -INT "$client"
  wait "$client" || code=$?
  assert_equal "$code" 130
  assert_file_has "$said" '^[0-9]+ sent, [0-9]+ received, '
  assert_file_has "$said" '^min/median/p90/p99/max = '
  assert_equal "$(<"$said.err")" ''
}

@test "echo ping: a server that goes away is exit code 3, after the summary" {
  start_echo
  local said=$BATS_TEST_TMPDIR/said code=0
  "$NETKIT" -q echo ping "$ENDPOINT" -i 10ms >"$said" 2>"$said.err" 3>&- &
  local client=$!
  wait_for_line "$said" 'number=2 '
  stop_server
  wait "$client" || code=$?
  assert_equal "$code" 3
  assert_file_has "$said" '^[0-9]+ sent, '
}

@test "echo ping: a peer that answers something else is exit code 5" {
  "$PYTHON" -uc '
import socket
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1])
peer, _ = door.accept()
peer.sendall(bytes(b ^ 1 for b in peer.recv(100)))
peer.recv(100)' >"$BATS_TEST_TMPDIR/liar" </dev/null 3>&- &
  SERVER_PID[liar]=$!
  wait_for_line "$BATS_TEST_TMPDIR/liar" '^[0-9]+$'
  run_netkit -q echo ping "127.0.0.1:$(<"$BATS_TEST_TMPDIR/liar")" -c 1
  assert_status 5
}

# bats test_tags=tsan
@test "echo bench: --json has throughput and a latency histogram that make sense" {
  start_echo
  run_netkit -q echo bench "$ENDPOINT" --connections 4 --size 1KiB --duration 300ms --json
  assert_status 0
  refute_stderr
  jq -e --arg endpoint "$ENDPOINT" '.event == "bench" and .endpoint == $endpoint
    and .connections == 4 and .size == 1024 and .messages > 0 and .messages_per_s > 0
    and (.bytes_per_s - .messages_per_s * 1024 | fabs) < 1 and .rate_per_s > 0
    and .achieved_per_s > 0 and 0 < .min_s and .min_s <= .median_s and .median_s <= .p90_s
    and .p90_s <= .p99_s and .p99_s <= .p999_s and .p999_s <= .max_s' <<<"$output"
}

@test "echo bench: prints throughput and latency for people, and how it counts" {
  start_echo
  run_netkit -q echo bench "$ENDPOINT" --connections 2 --duration 200ms --histogram
  assert_status 0
  refute_stderr
  assert_output_matches "throughput +[0-9]+ messages/s"
  assert_output_matches 'latency +p50 .*, p90 .*, p99 .*, p99\.9 .*, max '
  assert_output_matches 'counted from when each was due'
}

@test "echo bench: --rate is the rate of the latency phase" {
  start_echo
  run_netkit -q echo bench "$ENDPOINT" --connections 2 --duration 1s --rate 200 --json
  assert_status 0
  jq -e '.rate_per_s == 200 and .achieved_per_s < 300' <<<"$output"
}

@test "echo bench: works over every transport" {
  start_server echo echo serve --listen udp://127.0.0.1:0 --listen tls://127.0.0.1:0 \
    --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 --listen "unix:$BATS_TEST_TMPDIR/socket"
  local number
  for number in 2 3 4 5; do
    run_netkit -q echo bench "$(endpoint_of "$number")" --connections 2 --duration 200ms --json
    assert_status 0
    jq -e '.messages > 0' <<<"$output"
  done
}

@test "echo bench: nothing to measure is exit code 3, nonsense 2" {
  hold_port
  kill "${SERVER_PID[holder]}"
  wait "${SERVER_PID[holder]}" || true
  run_netkit -q echo bench "127.0.0.1:$TAKEN_PORT" --duration 200ms
  assert_status 3
  refute_output
  local options
  for options in '--connections 0' '--duration 0' '--rate 0' '--size 1TiB'; do
    # shellcheck disable=SC2086 # the options are words
    run_netkit -q echo bench "127.0.0.1:$TAKEN_PORT" $options
    assert_status 2
  done
}

# bats test_tags=tsan
@test "echo compare: one table with a row for each endpoint, offered or not" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 \
    --listen ws://127.0.0.1:0
  hold_port
  kill "${SERVER_PID[holder]}"
  wait "${SERVER_PID[holder]}" || true
  run_netkit -q echo compare -c 3 -i 1ms "$(endpoint_of 1)" "$(endpoint_of 2)" "$(endpoint_of 3)" \
    "wss://127.0.0.1:$TAKEN_PORT"
  assert_status 0
  refute_stderr
  assert_equal "${#lines[@]}" 5
  [[ ${lines[0]} =~ ^TRANSPORT\ +MEDIAN\ +P90\ +P99\ +MAX\ +JITTER\ +LOSS\ +ENDPOINT ]]
  local row
  for row in 1 2 3; do
    [[ ${lines[row]} =~ ^(tcp|udp|ws)\ .*\ 0\.0\ %\ +"$(endpoint_of "$row")"$ ]] ||
      fail "${lines[row]}"
  done
  [[ ${lines[4]} =~ ^wss\ +not\ offered:\ Connection\ refused ]] || fail "${lines[4]}"
}

@test "echo compare: --json prints one object a row" {
  start_echo
  black_hole
  run_netkit -q echo compare -c 2 -i 1ms "$ENDPOINT" "$HOLE" --json
  assert_status 0
  assert_equal "$(jq -c '[.event, .transport, .offered]' <<<"$output" | tr -d '\n')" \
    '["compare","tcp",true]["compare","udp",false]'
  jq -es '.[0] | .sent == 2 and .received == 2 and .loss == 0 and .median_s > 0' <<<"$output"
}

@test "echo compare: a HOST is tried on every transport that --all serves; none is exit code 3" {
  local map=()
  ((EUID == 0)) || map=(--map-root-user)
  unshare "${map[@]}" --net true 2>/dev/null || skip "no network namespace may be made"
  run --separate-stderr unshare "${map[@]}" --net bash -c '
    ip link set lo up
    "$0" -q echo compare 127.0.0.1 -c 1 --json >"$1.none"
    echo "none: $?"
    "$0" -q echo serve --all --ready-fd 7 7> >(head -n 1 >"$1.ready") \
      >/dev/null 3>&- & server=$!
    for ((i = 0; i < 500; i++)); do [[ ! -s $1.ready ]] || break; read -rt 0.02 <> <(:); done
    "$0" -q echo compare localhost -c 2 -i 1ms --json >"$1.all"
    echo "all: $?"
    kill "$server"; wait "$server"' "$NETKIT" "$BATS_TEST_TMPDIR/rows"
  assert_line 'none: 3'
  assert_line 'all: 0'
  local row='"\(.transport) \(.offered)"'
  assert_equal "$(jq -r "$row" "$BATS_TEST_TMPDIR/rows.none" | tr '\n' ' ')" \
    'tcp false udp false tls false ws false wss false sctp false unix false '
  assert_equal "$(jq -r "$row" "$BATS_TEST_TMPDIR/rows.all" | tr '\n' ' ')" \
    'tcp true udp true tls true ws true wss true sctp true unix true '
}

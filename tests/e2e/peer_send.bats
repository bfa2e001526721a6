#!/usr/bin/env bats
# Messages from peer to peer: `netkit peer send`, from the command line and from stdin, to who is
# here, away, called the same, or somebody else than before; and `netkit peer forget`.

load support
load peers

setup() {
  private_home
  own_group
  ME=(--name me --state "$BATS_TEST_TMPDIR/mine")
}

@test "peer send: to who is here, by name; silent once its key is known" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  run_netkit peer send "${ME[@]}" "${DAEMON[@]}" ana hello there
  assert_status 0
  assert_output ''
  assert_stderr_matches 'trust .*peer=ana .*kept in known_peers'
  run_netkit peer send "${ME[@]}" "${DAEMON[@]}" ana 'again'
  assert_status 0
  refute_stderr
  run_netkit peer send "${ME[@]}" "${DAEMON[@]}" ana again --json
  jq -e '.event == "delivered" and .to == "ana" and (.key | length) == 64' <<<"$output"
  assert_file_has "$BATS_TEST_TMPDIR/mine/known_peers" '^ana [0-9a-f]{64}$'
  stop_server ana
  assert_equal "$(<"$SERVER_DIR/ana.out")" $'me: hello there\nme: again\nme: again'
  stop_server presenced
}

# bats test_tags=tsan
@test "peer send: each line of stdin, in order" {
  start_listener ana "${NO_DAEMON[@]}"
  seq 3000 >"$BATS_TEST_TMPDIR/lines"
  run_netkit -q peer send "${ME[@]}" "127.0.0.1:$(listener_port ana)" <"$BATS_TEST_TMPDIR/lines"
  assert_status 0
  stop_server ana
  cut -d ' ' -f 2 "$SERVER_DIR/ana.out" | diff - "$BATS_TEST_TMPDIR/lines"
}

@test "peer send: a line that is no text is left out, and told" {
  start_listener ana "${NO_DAEMON[@]}"
  run_netkit -q peer send "${ME[@]}" "127.0.0.1:$(listener_port ana)" <<<$'one\n\xff\n\ntwo'
  assert_status 5
  assert_stderr_matches 'cannot send line 2: not valid UTF-8'
  stop_server ana
  assert_equal "$(<"$SERVER_DIR/ana.out")" $'me: one\nme: two'
  run_netkit peer send "${ME[@]}" "127.0.0.1:9" $'\xff'
  assert_status 5
}

@test "peer send: who is not here is an error that says what to do" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  stop_server ana
  run_netkit peer send "${ME[@]}" "${DAEMON[@]}" ana hello
  assert_status 3
  assert_stderr_matches 'cannot send to ana: it has left \(since 20.*--wait keeps the message'
  run_netkit peer send "${ME[@]}" "${DAEMON[@]}" carol hello
  assert_status 5
  assert_stderr_matches 'cannot find a peer called carol.*netkit peer list'
  run_netkit peer send "${ME[@]}" "${DAEMON[@]}" ana hello --wait=300ms
  assert_status 6
  run_netkit peer send "${ME[@]}" 127.0.0.1:9 hello
  assert_status 3
  run_netkit peer send "${ME[@]}" 127.0.0.1 hello "${DAEMON[@]}"
  assert_status 5
  run_netkit peer send "${ME[@]}"
  assert_status 2
  stop_server presenced
}

@test "peer send --wait: keeps the message until its peer is back" {
  start_presenced
  netkit -q peer send "${ME[@]}" "${DAEMON[@]}" ana 'when you are there' --wait </dev/null 3>&- &
  SERVER_PID[send]=$!
  start_listener ana "${DAEMON[@]}"
  wait "$(server_pid send)"
  unset 'SERVER_PID[send]'
  stop_server ana
  assert_equal "$(<"$SERVER_DIR/ana.out")" 'me: when you are there'
  stop_server presenced
}

@test "peer send: two of one name each get their own" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  start_listener other --name ana --state "$BATS_TEST_TMPDIR/other" "${DAEMON[@]}"
  assert_state online 'ana (2)' "${DAEMON[@]}"
  run_netkit -q peer send "${ME[@]}" "${DAEMON[@]}" ana first
  assert_status 0
  run_netkit -q peer send "${ME[@]}" "${DAEMON[@]}" 'ana (2)' second
  assert_status 0
  run_netkit -q peer send "${ME[@]}" "${DAEMON[@]}" ANA which
  assert_status 2
  assert_stderr_matches "say 'ana' or 'ana \(2\)'"
  stop_server other
  stop_server ana
  assert_equal "$(<"$SERVER_DIR/ana.out")" 'me: first'
  assert_equal "$(<"$SERVER_DIR/other.out")" 'me: second'
  stop_server presenced
}

@test "peer send: another key under a known name is refused, until it is accepted" {
  start_listener ana "${NO_DAEMON[@]}"
  run_netkit -q peer send "${ME[@]}" "127.0.0.1:$(listener_port ana)" one
  assert_status 0
  stop_server ana
  start_listener other --name ana --state "$BATS_TEST_TMPDIR/other" "${NO_DAEMON[@]}"
  local at
  at=127.0.0.1:$(listener_port other)
  run_netkit -q peer send "${ME[@]}" "$at" two
  assert_status 4
  assert_stderr_matches 'WARNING: ANOTHER KEY THAN BEFORE.*netkit peer forget .ana.'
  run_netkit peer forget ana --state "$BATS_TEST_TMPDIR/mine"
  assert_status 0
  run_netkit peer forget ana --state "$BATS_TEST_TMPDIR/mine"
  assert_status 5
  run_netkit -q peer send "${ME[@]}" "$at" three
  assert_status 0
  stop_server other
  start_listener ana "${NO_DAEMON[@]}"
  at=127.0.0.1:$(listener_port ana)
  run_netkit -q peer send "${ME[@]}" "$at" four
  assert_status 4
  run_netkit -q peer send "${ME[@]}" "$at" five --accept-new-key
  assert_status 0
  stop_server ana
  assert_equal "$(<"$SERVER_DIR/ana.out")" 'me: five'
  assert_equal "$(<"$SERVER_DIR/other.out")" 'me: three'
}

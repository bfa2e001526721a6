#!/usr/bin/env bats
# Peers that are here: `netkit peer listen` and `netkit peer` in a pipe, with a presence daemon and
# without one.

load support
load peers

setup() {
  private_home
  own_group
}

@test "peer listen: prints what arrives, without a daemon" {
  start_listener ana "${NO_DAEMON[@]}"
  run_netkit peer send "127.0.0.1:$(listener_port ana)" 'hello ana' --name bert
  assert_status 0
  wait_for_line "$SERVER_DIR/ana.out" '^bert: hello ana$'
  stop_server ana
  assert_equal "$(<"$SERVER_DIR/ana.out")" 'bert: hello ana'
}

@test "peer listen: is found by the group, by name, and says goodbye" {
  start_listener ana "${NO_DAEMON[@]}"
  assert_state online ana "${NO_DAEMON[@]}"
  run_netkit -q peer send ana 'by name' --name bert "${NO_DAEMON[@]}"
  assert_status 0
  wait_for_line "$SERVER_DIR/ana.out" '^bert: by name$'
  netkit -q peer watch --json --count 2 "${NO_DAEMON[@]}" >"$BATS_TEST_TMPDIR/watched" 3>&- &
  SERVER_PID[watch]=$!
  wait_for_line "$BATS_TEST_TMPDIR/watched" '"event":"online".*"name":"ana"'
  stop_server ana
  wait_for_line "$BATS_TEST_TMPDIR/watched" '"event":"left".*"name":"ana"'
}

# bats test_tags=tsan
@test "peer listen: enters the daemon's roster and leaves it" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  stop_server ana
  assert_state left ana "${DAEMON[@]}"
  stop_server presenced
}

@test "peer listen: beats by SCTP, and by the conversation where there is none" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  path_is() { netkit -q peer list --json "${DAEMON[@]}" | jq -e --arg path "$1" '.path == $path'; }
  wait_until 20 path_is sctp
  stop_server ana
  stop_server presenced
  start_server presenced presenced run --name hall --state "$DAEMON_STATE" --no-multicast \
    --no-sctp --listen tcp://127.0.0.1:0
  DAEMON=(--presenced "$(endpoint_of 1 presenced)" --group-port "$GROUP_PORT")
  start_listener ana "${DAEMON[@]}" --no-multicast
  wait_until 20 path_is tcp
  stop_server ana
  stop_server presenced
}

@test "peer listen: killed, it is offline to the daemon within moments" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  kill -KILL "$(server_pid ana)"
  assert_state offline ana "${DAEMON[@]}"
  # The same peer, a later run: it takes its own place.
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  assert_equal "$(netkit -q peer list "${DAEMON[@]}" | wc -l)" 1
  stop_server ana
  stop_server presenced
}

@test "peer listen: finds a daemon that starts later, and goes on when it has gone" {
  start_listener ana "${NO_DAEMON[@]}"
  stop_server ana
  # Nobody is named: whoever answers on the group is the daemon.
  start_listener ana --group-port "$GROUP_PORT"
  start_presenced
  assert_state online ana "${DAEMON[@]}"
  stop_server presenced
  run_netkit -q peer send "127.0.0.1:$(listener_port ana)" 'still here' --name bert
  assert_status 0
  start_presenced
  assert_state online ana "${DAEMON[@]}"
  stop_server ana
  stop_server presenced
}

@test "peer listen: --count ends it, with all acknowledged" {
  start_listener ana "${NO_DAEMON[@]}" --count 2 --json
  local port
  port=$(listener_port ana)
  run_netkit -q peer send "127.0.0.1:$port" --name bert <<<$'one\ntwo'
  assert_status 0
  wait_for_exit "$(server_pid ana)" 15
  wait "$(server_pid ana)"
  unset 'SERVER_PID[ana]'
  jq -es 'map(.text) == ["one", "two"] and all(.name == "bert" and .event == "message")' \
    "$SERVER_DIR/ana.out" || fail "$(<"$SERVER_DIR/ana.out")"
}

@test "peer listen: the second of one name and state is refused, of another state is name (2)" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  run_netkit peer listen --name ANA --state "$BATS_TEST_TMPDIR/peers" "${DAEMON[@]}"
  assert_status 1
  assert_stderr_matches 'choose another --name or --state'
  "$NETKIT" peer listen --name ana --state "$BATS_TEST_TMPDIR/peers.2" "${DAEMON[@]}" \
    </dev/null >"$SERVER_DIR/second.out" 2>"$SERVER_DIR/second.err" 3>&- &
  SERVER_PID[second]=$!
  assert_state online 'ana (2)' "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  run_netkit -q peer send 'ana (2)' 'to the second' --name bert "${DAEMON[@]}"
  assert_status 0
  wait_for_line "$SERVER_DIR/second.out" '^bert: to the second$'
  [[ ! -s $SERVER_DIR/ana.out ]] || fail "the first got it: $(<"$SERVER_DIR/ana.out")"
  stop_server second
  stop_server ana
  stop_server presenced
}

@test "peer listen: a name that comes with another key is refused, loudly" {
  start_listener ana "${NO_DAEMON[@]}"
  local to
  to=127.0.0.1:$(listener_port ana)
  run_netkit -q peer send "$to" 'the first bert' --name bert --state "$BATS_TEST_TMPDIR/b1"
  assert_status 0
  run_netkit -q peer send "$to" 'another bert' --name bert --state "$BATS_TEST_TMPDIR/b2"
  assert_status 4
  wait_for_line "$SERVER_DIR/ana.err" 'stranger.*bert'
  assert_equal "$(<"$SERVER_DIR/ana.out")" 'bert: the first bert'
  stop_server ana
}

@test "peer listen: --away is shown, and tags are" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --away --tag printer --tag 'second floor'
  assert_state away ana "${DAEMON[@]}"
  netkit -q peer list --json "${DAEMON[@]}" | jq -e '.tags == ["printer", "second floor"]'
  stop_server ana
  stop_server presenced
}

@test "peer listen: what makes no sense is told before anybody hears of it" {
  run_netkit peer listen --name 'ana: x' "${NO_DAEMON[@]}"
  assert_status 2
  assert_stderr_matches "a peer's name has no ':'"
  run_netkit peer listen --listen udp://:0 "${NO_DAEMON[@]}"
  assert_status 2
  assert_stderr_matches 'use tls://'
  run_netkit peer listen --tag '' "${NO_DAEMON[@]}"
  assert_status 2
  hold_port
  run_netkit peer listen --listen "127.0.0.1:$TAKEN_PORT" "${NO_DAEMON[@]}"
  assert_status 1
  run_netkit peer listen --presenced "127.0.0.1:1" --group-port "$GROUP_PORT"
  assert_status 3
  assert_stderr_matches '127.0.0.1:1'
}

@test "peer in a pipe: commands a line, ends once all is delivered" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  start_listener bert "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  assert_state online bert "${DAEMON[@]}"
  run_netkit peer --name carl "${DAEMON[@]}" <<<$'/msg ana one\ntwo, to the same\n/msg bert three\n'
  assert_status 0
  wait_for_line "$SERVER_DIR/bert.out" '^carl: three$'
  assert_equal "$(<"$SERVER_DIR/ana.out")" $'carl: one\ncarl: two, to the same'
  assert_equal "$(<"$SERVER_DIR/bert.out")" 'carl: three'
  refute_output
  assert_state left carl "${DAEMON[@]}"
  stop_server ana
  stop_server bert
  stop_server presenced
}

@test "peer in a pipe: /list, /why, /away and what others say go to stdout and the roster" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  mkfifo "$BATS_TEST_TMPDIR/typed"
  netkit peer --name carl "${DAEMON[@]}" <"$BATS_TEST_TMPDIR/typed" >"$SERVER_DIR/carl.out" \
    2>"$SERVER_DIR/carl.err" 3>&- &
  SERVER_PID[carl]=$!
  exec {typed}>"$BATS_TEST_TMPDIR/typed"
  assert_state online carl "${DAEMON[@]}"
  printf '/away\n/list\n' >&"$typed"
  assert_state away carl "${DAEMON[@]}"
  wait_for_line "$SERVER_DIR/carl.out" $'^ana\t[^\t]+:[0-9]+\tonline\t'
  run_netkit -q peer send carl 'are you there?' --name dora "${DAEMON[@]}"
  assert_status 0
  wait_for_line "$SERVER_DIR/carl.out" '^dora: are you there\?$'
  printf '/back\n/why ana\n' >&"$typed"
  wait_for_line "$SERVER_DIR/carl.out" '^ana is online: last heard'
  assert_state online carl "${DAEMON[@]}"
  printf '/quit\n' >&"$typed"
  exec {typed}>&-
  wait "${SERVER_PID[carl]}" || fail "$(<"$SERVER_DIR/carl.err")"
  unset 'SERVER_PID[carl]'
  stop_server ana
  stop_server presenced
}

@test "peer in a pipe: the worst line decides the exit code" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  start_listener gone "${DAEMON[@]}"
  assert_state online gone "${DAEMON[@]}"
  stop_server gone
  assert_state left gone "${DAEMON[@]}"
  run_netkit peer --name carl "${DAEMON[@]}" <<<$'/msg gone hi'
  assert_status 3
  assert_stderr_matches 'send to gone: it has left'
  run_netkit peer --name carl "${DAEMON[@]}" <<<$'/msg gone hi\n/msg nobody hi\n/msg ana hi'
  assert_status 5
  assert_stderr_matches 'a peer called nobody'
  assert_stderr_matches '2 lines failed'
  wait_for_line "$SERVER_DIR/ana.out" '^carl: hi$'
  run_netkit peer --name carl "${DAEMON[@]}" <<<$'/mgs ana hi'
  assert_status 2
  assert_stderr_matches "did you mean '/msg'"
  run_netkit peer --name carl "${DAEMON[@]}" <<<'hi'
  assert_status 2
  assert_stderr_matches '/msg NAME TEXT'
  stop_server ana
  stop_server presenced
}

@test "peer in a pipe: --json has what was delivered, and hundreds of texts keep their order" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  seq 600 | sed 's/^/\/msg ana /' >"$BATS_TEST_TMPDIR/texts"
  RUN_LIMIT_S=90 run_netkit peer --json --name carl "${DAEMON[@]}" <"$BATS_TEST_TMPDIR/texts"
  assert_status 0
  assert_equal "$(jq -s 'map(select(.event == "delivered" and .to == "ana")) | length' \
    <<<"$output")" 600
  assert_equal "$(sed 's/^carl: //' "$SERVER_DIR/ana.out" | md5sum)" "$(seq 600 | md5sum)"
  stop_server ana
  stop_server presenced
}

#!/usr/bin/env bats
# Who is here: `netkit peer list`, `watch` and `why`, `netkit discover`, and what Tab offers of it,
# told by a daemon or heard directly.

load support
load peers

setup() {
  private_home
  own_group
}

# watch_peers ARGUMENT...: `peer watch` in the background; what it prints is in "watched".
watch_peers() {
  rm -f "$SERVER_DIR"/watched{,.err}
  netkit peer watch "$@" </dev/null >"$SERVER_DIR/watched" 2>"$SERVER_DIR/watched.err" 3>&- &
  SERVER_PID[watch]=$!
}

watched() { wait_for_line "$SERVER_DIR/watched" "$1"; }

@test "peer list: nobody and no daemon is no error, and says so" {
  run_netkit peer list "${NO_DAEMON[@]}"
  assert_status 0
  assert_output ''
  assert_equal "$stderr" 'netkit peer: no presence daemon: heard directly'
  run_netkit -q peer list "${NO_DAEMON[@]}"
  refute_stderr
  run_netkit -q peer list --presenced none --no-multicast
  assert_status 0
  assert_output ''
}

@test "peer list: a line or an object a peer, as the daemon has it" {
  start_presenced
  run_netkit peer list "${DAEMON[@]}"
  assert_status 0
  assert_output ''
  refute_stderr
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  run_netkit peer list "${DAEMON[@]}"
  assert_status 0
  refute_stderr
  assert_equal "$(cut -f 1-3 <<<"$output")" \
    $'ana\t127.0.0.1:'"$(listener_port ana)"$'\tonline'
  assert_output_matches $'\t20[0-9-]+T[0-9:.]+Z$'
  run_netkit peer list "${DAEMON[@]}" --json
  jq -e --argjson port "$(listener_port ana)" '.name == "ana" and .state == "online" and
    .address == "127.0.0.1" and .port == $port and (.since | startswith("20")) and
    (.key | length) == 64' <<<"$output"
  stop_server ana
  run_netkit peer list "${DAEMON[@]}" --json
  assert_equal "$(jq -r '.name + " " + .state' <<<"$output")" 'ana left'
  stop_server presenced
}

@test "peer list: a table for people" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  run -0 "$PYTHON" -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \
    "$NETKIT" peer list "${DAEMON[@]}"
  assert_output_matches 'NAME +ADDRESS +STATE +SINCE'
  assert_output_matches 'ana +127\.0\.0\.1:[0-9]+ +online +20'
  stop_server ana
  stop_server presenced
}

@test "peer list: finds the daemon by the group" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  run_netkit peer list --group-port "$GROUP_PORT"
  assert_status 0
  refute_stderr
  assert_output_matches $'ana\t'
  stop_server ana
  stop_server presenced
}

@test "peer list: a daemon that was named is the one, or it is an error" {
  run_netkit peer list --presenced 127.0.0.1:9 --group-port "$GROUP_PORT"
  assert_status 3
  assert_output ''
  assert_stderr_matches 'cannot connect to .*127\.0\.0\.1:9.*--presenced none'
  run_netkit peer list --presenced ws://127.0.0.1:9
  assert_status 2
}

@test "peer list: two of one name are told apart" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  start_listener other --name ana --state "$BATS_TEST_TMPDIR/other" "${DAEMON[@]}" --no-multicast
  assert_state online 'ana (2)' "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  stop_server other
  stop_server ana
  stop_server presenced
}

@test "peer watch: the roster, then each change, as many as wanted" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  watch_peers "${DAEMON[@]}" --json --count 2
  watched '"event":"online".*"name":"ana"'
  start_listener bert "${DAEMON[@]}" --no-multicast
  watched '"event":"online".*"name":"bert"'
  stop_server bert
  wait "$(server_pid watch)"
  unset 'SERVER_PID[watch]'
  jq -es --arg at "${DAEMON[1]}" '.[0].event == "source" and .[0].daemon == $at and
    .[0].name == "hall" and (.[1:] | map(.event + " " + .name)) ==
    ["online ana", "online bert", "left bert"]' "$SERVER_DIR/watched"
  stop_server ana
  stop_server presenced
}

@test "peer watch: a time in front of each change" {
  start_presenced
  watch_peers "${DAEMON[@]}" --count 1
  wait_for_line "$SERVER_DIR/watched.err" 'told by presenced at'
  start_listener ana "${DAEMON[@]}" --no-multicast
  wait "$(server_pid watch)"
  unset 'SERVER_PID[watch]'
  run cat "$SERVER_DIR/watched"
  assert_output_matches $'^20[^\t]+Z\tana\t127\\.0\\.0\\.1:[0-9]+\tonline\t20[^\t]+Z$'
  stop_server ana
  stop_server presenced
}

@test "peer watch: runs commands as peers come and go, not for who was here" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  watch_peers -q "${DAEMON[@]}" --count 2 --on 'online=echo "in: $PEER_NAME $PEER_BEFORE."' \
    --on 'left=echo "out: $PEER_NAME $PEER_BEFORE $PEER_ADDRESS"' \
    --on 'change=echo "$PEER_EVENT ${#PEER_KEY}"; exit 3'
  watched $'^ana\t'
  start_listener bert "${DAEMON[@]}" --no-multicast
  watched $'\tbert\t'
  stop_server bert
  wait "$(server_pid watch)"
  unset 'SERVER_PID[watch]'
  run sort "$SERVER_DIR/watched.err"
  assert_output $'in: bert .\nleft 64\nonline 64\nout: bert online 127.0.0.1'
  stop_server ana
  stop_server presenced
  run_netkit peer watch --on 'onlin=x'
  assert_status 2
  assert_stderr_matches "did you mean 'online'"
}

@test "peer watch: hears peers directly when the daemon has gone, and comes back to it" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  start_listener bert "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  assert_state online bert "${DAEMON[@]}"
  watch_peers "${DAEMON[@]}" --json
  watched '"name":"bert"'
  stop_server presenced
  watched '"event":"source","daemon":null'
  kill -KILL "$(server_pid bert)"
  watched '"event":"offline".*"name":"bert"'
  run grep -c '"event":"offline","name":"ana"' "$SERVER_DIR/watched"
  assert_output 0
  start_presenced --listen "${DAEMON[1]}"
  wait_until 20 is_told_again
  stop_server ana
  stop_server presenced
}

is_told_again() { [[ $(grep -c '"event":"source","daemon":"tcp' "$SERVER_DIR/watched") == 2 ]]; }

@test "peer watch: SIGINT ends it at any time" {
  start_presenced
  local mode code
  for mode in "${DAEMON[*]}" "${NO_DAEMON[*]}"; do
    # What the one before said is not to be taken for this one's.
    rm -f "$SERVER_DIR"/watched{,.err}
    # shellcheck disable=SC2086
    "$NETKIT" peer watch $mode </dev/null >"$SERVER_DIR/watched" 2>"$SERVER_DIR/watched.err" 3>&- &
    SERVER_PID[watch]=$!
    wait_for_line "$SERVER_DIR/watched.err" 'told by presenced|heard directly'
    kill -INT "$(server_pid watch)"
    code=0
    wait "$(server_pid watch)" || code=$?
    unset 'SERVER_PID[watch]'
    assert_equal "$code" 130
    assert_equal "$(wc -l <"$SERVER_DIR/watched.err")" 1
  done
  stop_server presenced
}

@test "peer why: tells who is visible, and who is not" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  run_netkit peer why ana "${DAEMON[@]}"
  assert_status 0
  refute_stderr
  assert_output_matches 'daemon: tcp://127.*ana is online'
  assert_output_matches 'lo: 239\.255\.42\.99 joined'
  assert_output_matches 'direct: it answers at '
  assert_output_matches 'messages: its port .* takes connections'
  assert_output_matches 'verdict: it is here, and we reach each other'
  run_netkit peer why carol "${DAEMON[@]}" --json
  assert_status 5
  jq -es 'last.about == "verdict" and (last.text | test("nobody called so was heard"))' <<<"$output"
  stop_server ana
  run_netkit peer why ana "${DAEMON[@]}"
  assert_status 5
  assert_output_matches 'verdict: it was here and is not any more'
  stop_server presenced
}

@test "discover: lists daemons, and peers that say which service they are" {
  start_presenced
  start_listener web "${DAEMON[@]}" --no-multicast --tag service=relay --tag port=2000
  assert_state online web "${DAEMON[@]}"
  run_netkit discover --group-port "$GROUP_PORT"
  assert_status 0
  assert_output_matches $'hall\tpresence\t(tcp|tls)://'
  assert_output_matches $'web\trelay\t127\\.0\\.0\\.1:2000'
  run_netkit discover relay "${DAEMON[@]}" --json
  assert_equal "$(jq -r '.name + " " + .service' <<<"$output")" 'web relay'
  stop_server web
  stop_server presenced
}

# is_offered SERVICE NAME PORT ARGUMENT...: `discover ARGUMENT...` lists it.
is_offered() {
  netkit -q discover "$1" "${@:4}" | tr '\t' ' ' | grep -Eq "^$2 $1 tls://[^ ]*:$3\$"
}

@test "discover: lists a server that was started with --announce, until it ends" {
  start_server relay relay --listen tcp://0.0.0.0:0 --state "$BATS_TEST_TMPDIR/relay" \
    --announce 'office relay' --group-port "$GROUP_PORT"
  local port
  port=$(endpoint_of 1 relay)
  port=${port##*:}
  wait_until 20 is_offered relay 'office relay' "$port" "${NO_DAEMON[@]}" ||
    fail "$(netkit discover "${NO_DAEMON[@]}" 2>&1)"
  start_presenced
  wait_until 20 is_offered relay 'office relay' "$port" "${DAEMON[@]}" ||
    fail "$(netkit discover "${DAEMON[@]}" 2>&1)"
  stop_server relay
  run_netkit discover relay "${DAEMON[@]}"
  assert_status 0
  assert_output ''
  stop_server presenced
}

@test "serve --announce: not where nobody else comes, nor under a name that cannot be shown" {
  run_netkit echo serve --listen tcp://127.0.0.1:0 --announce lab --group-port "$GROUP_PORT"
  assert_status 2
  assert_stderr_matches "cannot announce 'lab': it listens where others do not reach it"
  run_netkit echo serve --listen tcp://0.0.0.0:0 --announce 'a: b' --group-port "$GROUP_PORT"
  assert_status 2
  assert_stderr_matches "cannot announce 'a: b': a peer's name has no ':'"
  assert_output ''
}

@test "completion: offers peers that are here, and servers that announced themselves" {
  start_presenced
  start_listener ana "${DAEMON[@]}" --no-multicast
  start_listener bert "${DAEMON[@]}" --no-multicast
  assert_state online ana "${DAEMON[@]}"
  assert_state online bert "${DAEMON[@]}"
  stop_server bert
  assert_equal "$(netkit __complete peer send "${DAEMON[@]}" '' | cut -f 1)" ana
  assert_equal "$(netkit __complete peer why "${DAEMON[@]}" 'b' | cut -f 1)" ''
  run_netkit __complete peer list --group-port "$GROUP_PORT" --presenced t
  assert_output_matches $'^t(cp|ls)://[^\t]*\tannounced itself'
  stop_server ana
  stop_server presenced
  run_netkit __complete peer send --presenced 127.0.0.1:9 --group-port "$GROUP_PORT" ''
  assert_status 0
  assert_output ''
  refute_stderr
}

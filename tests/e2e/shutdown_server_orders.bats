#!/usr/bin/env bats
# The verbs of shutdown-server that give orders and follow them: whom they mean, what they print,
# their exit codes. Hosts are agents that no one of netkit wrote, and real ones. Cancelling and the
# lists of hosts and orders: shutdown_server_views; plans and waking: shutdown_server_plans.

load support
load shutdown_server

last_line() { tail -n 1 <<<"$output"; }

@test "shutdown order: --wait follows a host to down and exits 0" {
  serve_shutdown
  start_agent agent --exec 'kill "$PPID"'
  ask order "$(hostname)" --wait --reason 'on battery'
  assert_status 0
  refute_stderr
  assert_equal "$(last_line)" "$(hostname)"$'\tdown'
  assert_equal "$(head -n 1 <<<"$output" | cut -f 1)" "$(hostname)"
  until_host "$(hostname)" down
  nothing_broke
}

@test "shutdown order: without --wait it prints the host and its state, and exits 0 at once" {
  three_hosts --obey receipt
  ask order web1
  assert_status 0
  refute_stderr
  assert_equal "$output" $'web1\tordered'
  ask order web1 --json
  assert_status 0
  assert_equal "$(jq -r '[.host, .machine, .address, .issuer] | join(" ")' <<<"$output")" \
    "web1 $(printf '%032d' 1) 127.0.0.11 admin socket"
}

@test "shutdown order: a host is named by name, short name, machine id or address" {
  three_hosts
  ask order WEB1 --wait=15s
  assert_status 0
  ask order "$(printf '%032d' 2)" --wait=15s
  assert_status 0
  ask order 127.0.0.13 --wait=15s
  assert_status 0
  come db1 agent --host db1.example --machine "$(printf '%032d' 3)" --boot "$(printf '%032d' 9)"
  ask order db1 --wait=15s
  assert_status 0
  assert_equal "$(last_line)" $'db1.example\tdown'
}

@test "shutdown order: an address means the agent there, in whatever spelling" {
  three_hosts
  until_listed 127.0.0.11
  ask order ::ffff:127.0.0.11 --wait=5s
  assert_status 0
  await web1 '^order'
}

@test "shutdown order: an unknown host is exit code 5, and nobody is ordered" {
  three_hosts
  ask order web1 nobody
  assert_status 5
  refute_output
  assert_stderr_matches "cannot find host 'nobody'.*shutdown-server list"
  ask history
  refute_output
}

@test "shutdown list: a name that escapes make too long is cut between characters" {
  local wide
  serve_shutdown
  wide=$(printf 'é%.0s' {1..126})
  come odd agent --host $'\x01'"$wide"
  ask list --json
  assert_equal "$(jq -r .name <<<"$output")" "\\x01${wide:0:125}"
}

@test "shutdown order: a name of several hosts is exit code 2 and names them" {
  three_hosts
  come twin agent --host web1 --machine "$(printf '%032d' 4)" --from 127.0.0.14
  ask order web1
  assert_status 2
  refute_output
  assert_stderr_matches "web1 127\.0\.0\.11 0{31}1"
  assert_stderr_matches "web1 127\.0\.0\.14 0{31}4.*--all-matching"
  ask history
  refute_output
  ask order web1 --all-matching --wait=15s
  assert_status 0
  await web1 '^order'
  await twin '^order'
  refute_heard '^order' web2
}

@test "shutdown order: --all orders every host with an agent or a connection" {
  three_hosts
  come plain plain --from 127.0.0.20
  ask order --all
  assert_status 0
  assert_equal "$(cut -f 1 <<<"$output" | sort | paste -sd' ')" "127.0.0.20 db1.example web1 web2"
  for name in web1 web2 db1; do await "$name" '^order'; done
  await plain '^got [0-9.]+ yep$'
}

@test "shutdown order: --dry-run says who, and orders nobody" {
  three_hosts
  ask order --all --dry-run
  assert_status 0
  assert_equal "$(sort <<<"$output")" \
    $'db1.example\t127.0.0.13\tonline\nweb1\t127.0.0.11\tonline\nweb2\t127.0.0.12\tonline'
  ask history
  refute_output
  ask order web1 --wait=15s
  assert_status 0
  refute_heard '^order' web2 db1
}

@test "shutdown order: --delay holds the order back for that long" {
  local begin
  three_hosts
  begin=$EPOCHREALTIME
  ask order web1 --delay 1s --wait=20s
  assert_status 0
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a >= 1) }' || fail "too early"
  ask order web2 --delay 1h
  assert_status 0
  ask cancel web2
  assert_status 0
  assert_equal "$output" $'web2\tcancelled'
  refute_heard '^order' web2
}

@test "shutdown order: never delivered until --expire is exit code 3 with --wait" {
  three_hosts
  leave web1
  until_host web1 offline
  ask order web1 --expire 500ms --wait
  assert_status 3
  assert_equal "$(last_line)" $'web1\texpired\tthe host was not here'
  assert_stderr_matches 'web1 expired: the host was not here'
  come web1 agent --from 127.0.0.11
  tell web1 close
  await web1 '^closed'
  refute_heard '^order' web1
}

@test "shutdown order: --wait=DUR that passes is exit code 6, and the order stands" {
  three_hosts --obey accepted
  ask order web1 --wait=500ms
  assert_status 6
  assert_stderr_matches 'web1 is accepted.*they stand'
  until_order web1 accepted
}

@test "shutdown order: a refusal is exit code 4, with the host's reason" {
  three_hosts --obey refused --why 'backup runs until noon'
  ask order web1 --wait
  assert_status 4
  assert_equal "$(last_line)" $'web1\trefused\tbackup runs until noon'
  assert_stderr_matches 'web1 refused: backup runs until noon'
  until_host web1 online
}

@test "shutdown order: a real agent's hook, dry run and failing command are its reasons" {
  serve_shutdown
  mkdir hooks
  printf '#!/bin/sh\necho "db: 3 writers"; exit 1\n' >hooks/10-db
  chmod 755 hooks/10-db
  start_agent agent --exec 'touch ran'
  ask order --all --wait=20s
  assert_status 4
  assert_stderr_matches '10-db exited with 1: db: 3 writers'
  stop_server agent
  rm hooks/10-db
  start_agent agent --exec 'echo no permission; exit 7'
  ask order --all --wait=20s
  assert_status 4
  assert_stderr_matches 'the command exited with 7: no permission'
  stop_server agent
  start_agent agent --exec 'touch ran' --dry-run
  ask order --all --wait=20s
  assert_status 4
  assert_stderr_matches 'dry'
  [[ ! -e ran ]]
}

@test "shutdown order: cancelled while it waits is exit code 1" {
  three_hosts --obey accepted
  in_background waiting order web1 --wait
  until_order web1 accepted
  ask cancel web1
  assert_status 0
  ended waiting
  assert_status 1
  assert_equal "$(last_line)" $'web1\tcancelled'
  assert_stderr_matches 'web1 cancelled'
}

@test "shutdown order: a host that stays up is named by timeout, exit code 6, and holds up nobody" {
  serve_shutdown --down-limit 1s
  come web1 agent --host web1 --obey going
  come web2 agent --host web2 --machine "$(printf '%032d' 2)"
  ask order --all --wait
  assert_status 6
  assert_line $'web2\tdown'
  assert_equal "$(last_line)" $'web1\ttimeout\tstill up after 1s'
  assert_stderr_matches 'web1 timeout: still up'
}

@test "shutdown order: of several hosts the largest exit code counts" {
  three_hosts --obey refused --why busy
  tell web2 obey down
  tell db1 obey accepted
  in_background waiting order web1 web2 db1 --wait
  until_order db1.example accepted
  until_order web2 down
  ask cancel db1
  ended waiting
  assert_status 4
  assert_stderr_matches 'turn off 2 of 3 hosts: .*db1.example cancelled'
  assert_stderr_matches 'web1 refused: busy'
}

@test "shutdown order: a host has one order at a time, the second is answered with it" {
  local first
  three_hosts --obey accepted
  ask order web1 --json
  first=$(jq -r .order <<<"$output")
  until_order web1 accepted
  ask order web1 --json
  assert_status 0
  assert_equal "$(jq -r .order <<<"$output")" "$first"
  assert_equal "$(asked history | wc -l)" 1
}

@test "shutdown order: --force, --reason and the issuer reach the host, whatever their letters" {
  three_hosts
  ask order web1 --force --reason $'on "battery" ż\e[31m' --wait=15s
  assert_status 0
  grep -Fq $'admin socket on "battery" ż\e[31m' web1.out || fail "$(cat web1.out)"
  assert_file_has web1.out '^order [0-9a-f]{16} 1 '
  ask history
  [[ $output != *$'\e'* && $output == *'\x1b[31m'* ]] || fail "$output"
}

@test "shutdown order: no host, or hosts and --all, is a usage error" {
  three_hosts
  for arguments in '' 'web1 --all' '--all --plan x' 'web1 --delay soon'; do
    # shellcheck disable=SC2086 # words are words
    ask order $arguments
    assert_status 2
    refute_output
  done
}

@test "shutdown order: interrupted while it waits is exit code 130, and the order stands" {
  three_hosts --obey accepted
  # A background job of a shell ignores SIGINT, as its child would.
  "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$NETKIT" shutdown-server order web1 --wait --state "$STATE" \
    >waiting.out 2>waiting.err 3>&- &
  SERVER_PID[waiting]=$!
  wait_for_line waiting.out accepted
  kill -INT "${SERVER_PID[waiting]}"
  ended waiting
  assert_status 130
  until_order web1 accepted
}

@test "shutdown order: a server lost while it waits is exit code 3" {
  three_hosts --obey accepted
  in_background waiting order web1 --wait
  wait_for_line waiting.out accepted
  crash_server
  ended waiting
  assert_status 3
  assert_stderr_matches 'netkit shutdown-server: cannot '
}

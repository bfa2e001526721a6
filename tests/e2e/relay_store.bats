#!/usr/bin/env bats
# What a relay keeps on disk: history and bans across restarts, all that was acknowledged across
# kill -9, and what a damaged file is answered with.

load support
load relay_server

# texts_at NAME: what was said in the lobby of that relay, a message a line.
texts_at() {
  netkit chat "$(endpoint_of 1 "$1")" --listen-only --history 10000 --timeout 3s --expect 100000 \
    2>/dev/null | sed 's/^[^:]*: //'
}

@test "relay store: history and bans are those of before a restart" {
  serve_relay one
  printf '%s\n' first second | netkit chat "$(endpoint_of 1 one)" --nick anna >/dev/null
  client eve "$(port_of 1 one)"
  hears eve 'you are'
  tell eve "/nick eve" "third"
  hears eve '^eve: third$'
  run_netkit relay ban eve --state "$PWD/state-one"
  assert_status 0
  stop_server one
  serve_again one
  run_netkit chat "$(endpoint_of 1 one)" --listen-only --history 10 --expect 3 --timeout 10s
  assert_status 0
  assert_output $'anna: first\nanna: second\neve: third'
  run_netkit relay bans --state "$PWD/state-one" --json
  assert_status 0
  assert_equal "$(jq -r .nick <<<"$output")" eve
  nothing_broke one
}

@test "relay store: with --ack disk, kill -9 loses nothing that was acknowledged" {
  serve_relay one --ack disk --rate 0
  seq 500 | netkit chat "$(endpoint_of 1 one)" --nick anna >/dev/null
  crash_relay one
  serve_again one --ack disk --rate 0
  assert_equal "$(texts_at one)" "$(seq 500)"
  nothing_broke one
}

@test "relay store: a sender whose relay is killed again and again loses and repeats nothing" {
  serve_relay one --ack disk --rate 0
  (for ((i = 1; i <= 3000; ++i)); do
    echo "$i"
    ((i % 100)) || read -rt 0.1 <> <(:) || true
  done) | netkit chat "$(endpoint_of 1 one)" --nick anna --retry forever >said.out 2>chat.err 3>&- &
  chat=$!
  for _ in 1 2 3; do
    wait_until 10 grep -q . said.out
    : >said.out
    crash_relay one
    serve_again one --ack disk --rate 0
  done
  wait "$chat"
  assert_equal "$(texts_at one)" "$(seq 3000)"
  nothing_broke one
}

@test "relay store: a damaged file is a clear error at the start" {
  serve_relay one
  seq 300 | netkit chat "$(endpoint_of 1 one)" --nick anna >/dev/null
  stop_server one
  printf 'no database at all' | dd of=state-one/relay.db conv=notrunc status=none
  run_netkit relay --listen tcp://127.0.0.1:0 --state "$PWD/state-one"
  assert_status 5
  assert_stderr_matches 'relay\.db.*move it away'
}

@test "relay store: with --store memory nothing is left" {
  serve_relay one --store memory
  echo gone | netkit chat "$(endpoint_of 1 one)" --nick anna >/dev/null
  stop_server one
  [[ ! -e state-one/relay.db ]]
}

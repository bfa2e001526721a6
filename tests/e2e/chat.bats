#!/usr/bin/env bats
# chat in a pipe: each line of stdin a message, stdout what is said, exit codes, fail-over.

load support
load relay_server

# listener NAME ARGUMENT...: a chat that only listens, with its messages in NAME.said.
listener() {
  local name=$1
  shift
  rm -f "$name".{said,err}
  timeout 60 "$NETKIT" chat --listen-only "$@" </dev/null >"$name.said" 2>"$name.err" 3>&- &
  SERVER_PID[chat-$name]=$!
  wait_for_line "$name.err" ' connect '
}

# ended_well NAME: that listener, or a talker started the same way, ends with 0.
ended_well() {
  local code=0
  wait "${SERVER_PID[chat-$1]}" || code=$?
  unset "SERVER_PID[chat-$1]"
  ((code == 0)) || fail "$1 ended with $code" "$(tail -n 5 "$1.said" "$1.err")"
}

# bats test_tags=tsan
@test "chat: each line of stdin is a message, and it ends once all are acknowledged" {
  serve_relay a --threads 3
  listener bert "127.0.0.1:$(port_of 1 a)" --nick bert --expect 4
  run_netkit chat "127.0.0.1:$(port_of 1 a)" --nick anna <<<$'one\n/nick eve\n\n  two\r'
  assert_status 0
  assert_output $'anna: one\nanna: /nick eve\nanna: \nanna:   two'
  ended_well bert
  assert_equal "$(cat bert.said)" $'anna: one\nanna: /nick eve\nanna: \nanna:   two'
  nothing_broke a
}

@test "chat: nothing older than the start is shown unless --history asks for it" {
  serve_relay a
  local at="127.0.0.1:$(port_of 1 a)"
  run_netkit chat "$at" --nick anna <<<$'one\ntwo\nthree'
  run_netkit chat "$at" --nick bert <<<four
  assert_output "bert: four"
  run_netkit chat "$at" --history 2 --listen-only --expect 2
  assert_status 0
  assert_output $'anna: three\nbert: four'
  nothing_broke a
}

@test "chat --json: an object a message, with id, room, nick, text and time" {
  serve_relay a
  run_netkit chat "127.0.0.1:$(port_of 1 a)" --nick anna --room Kitchen --json <<<$'a\tb "c"'
  assert_status 0
  [[ $(jq -r '[.event,.room,.nick,.text,.number]|join("|")' <<<"$output") == \
    $'message|kitchen|anna|a\tb "c"|1' ]]
  jq -e '.id | test("^[0-9a-f]{16}-[0-9]+$")' <<<"$output"
  jq -e '.time | test("^20.*Z$")' <<<"$output"
  nothing_broke a
}

@test "chat: what others write drives no terminal, and stray bytes are replaced" {
  serve_relay a
  run_netkit chat "127.0.0.1:$(port_of 1 a)" --nick anna < <(printf 'a\e[31mb\xff\n')
  assert_status 0
  assert_output 'anna: a\x1b[31mb'$'\xef\xbf\xbd'
  nothing_broke a
}

@test "chat --expect: exits with 6 when nothing more comes" {
  serve_relay a
  run_netkit chat "127.0.0.1:$(port_of 1 a)" --listen-only --expect 2 --timeout 500ms
  assert_status 6
  assert_stderr_matches 'cannot hear 2 messages'
  nothing_broke a
}

@test "chat: without a relay it exits with 3, and says which one" {
  run_netkit chat 127.0.0.1:1 <<<text
  assert_status 3
  assert_stderr_matches 'tcp://127.0.0.1:1'
  run_netkit chat 127.0.0.1:1 localhost:1 --retry 1 <<<text
  assert_status 3
  run_netkit chat no-such-host.invalid --timeout 5s <<<text
  assert_status 3
}

@test "chat: something that is no relay is told apart" {
  start_server echo echo serve --listen tcp://127.0.0.1:0
  run_netkit chat "127.0.0.1:$(port_of 1 echo)" --timeout 2s <<<text
  [[ $status != 0 ]]
  assert_stderr_matches 'cannot speak to the relay at '
}

@test "chat: the second of several is taken when the first is away" {
  serve_relay a
  run_netkit chat 127.0.0.1:1 "127.0.0.1:$(port_of 1 a)" --nick anna <<<text
  assert_status 0
  assert_output "anna: text"
  nothing_broke a
}

@test "chat: a wrong nick, room or scheme is a usage error" {
  run_netkit chat --nick 'a b' <<<text
  assert_status 2
  run_netkit chat --room 'a b' <<<text
  assert_status 2
  run_netkit chat udp://127.0.0.1:1 <<<text
  assert_status 2
}

@test "chat: a line beyond the relay's limit is an error that names it" {
  serve_relay a --max-message 100
  run_netkit chat "127.0.0.1:$(port_of 1 a)" < <(echo short; printf 'x%.0s' {1..101}; echo)
  assert_status 1
  assert_stderr_matches 'cannot send line 2: .*100'
  nothing_broke a
}

@test "chat: a reader that has gone ends it" {
  serve_relay a
  local at="127.0.0.1:$(port_of 1 a)"
  yes text | head -2000 | { "$NETKIT" chat "$at" 2>err || true; } | head -1 >first
  grep -q 'guest-.*: text' first
  ! grep -E 'ERROR: |runtime error' err
  nothing_broke a
}

@test "chat: floods are slowed, not lost" {
  serve_relay a --rate 200
  seq 1500 >lines
  run_netkit chat "127.0.0.1:$(port_of 1 a)" --nick anna <lines
  assert_status 0
  assert_equal "$(sed 's/^anna: //' <<<"$output")" "$(cat lines)"
  nothing_broke a
}

@test "chat: a relay that is killed and back costs nothing that was not acknowledged" {
  serve_relay a --rate 0
  mkfifo more
  { seq 100; cat more; } | timeout 60 "$NETKIT" chat "127.0.0.1:$(port_of 1 a)" --nick anna \
    --events >anna.said 2>anna.err 3>&- &
  SERVER_PID[chat-anna]=$!
  wait_for_line anna.said '^anna: 100$'
  crash_relay a
  wait_for_line anna.said '^\* lost the relay'
  serve_again a --rate 0
  seq 101 200 >more
  ended_well anna
  assert_equal "$(grep -v '^\*' anna.said)" "$(seq 200 | sed 's/^/anna: /')"
  nothing_broke a
}

# bats test_tags=tsan
@test "chat: among two linked relays one is killed: all is heard once, in order" {
  serve_relay a --threads 3 --rate 0
  serve_relay b --threads 3 --rate 0 --link "127.0.0.1:$(port_of 1 a)"
  local a="127.0.0.1:$(port_of 1 a)" b="127.0.0.1:$(port_of 1 b)"
  listener far "$b" --nick far --expect 600
  listener near "$a" "$b" --nick near --expect 600
  mkfifo more
  { seq 300; cat more; } | timeout 60 "$NETKIT" chat "$a" "$b" --nick anna \
    >anna.said 2>anna.err 3>&- &
  SERVER_PID[chat-anna]=$!
  wait_for_line far.said '^anna: 250$'
  crash_relay a
  seq 301 600 >more
  ended_well anna
  ended_well far
  ended_well near
  local name
  for name in far near anna; do
    assert_equal "$(cat $name.said)" "$(seq 600 | sed 's/^/anna: /')"
  done
  nothing_broke b
}

#!/usr/bin/env bats
# lista and wylacz, the text files in shutdown-server's state: what people and scripts write into
# them while it runs, and what it must never lose of that.

load support
load shutdown_server

# settled: a client has come and gone, so that whatever the lists held before has been looked at.
settled() {
  come settled plain --from 127.0.0.9
  await settled '^got'
  until_listed 127.0.0.9
  leave settled
}
reports() { grep -Ec "warn shutdown-server: list .*$1" server.err; }

@test "shutdown lists: garbage is reported once, with file and line, and kept" {
  mkdir -m 700 "$STATE"
  printf '# ours\n\nnonsense here\n127.0.0.2\n300.1.2.3\n' >"$STATE/wylacz"
  printf 'x\n' >"$STATE/lista"
  serve_shutdown
  wait_for_line server.err 'warn shutdown-server: list file=.*/wylacz:3 '
  wait_for_line server.err 'warn shutdown-server: list file=.*/wylacz:5 '
  wait_for_line server.err 'warn shutdown-server: list file=.*/lista:1 '
  come one plain --from 127.0.0.2
  await one '^got [0-9.]+ yep$'
  until_line_gone 127.0.0.2
  settled
  assert_equal "$(<"$STATE/wylacz")" $'# ours\n\nnonsense here\n300.1.2.3'
  assert_equal "$(head -n 1 "$STATE/lista")" x
  echo '# one more' >>"$STATE/wylacz"
  come two plain
  await two '^got'
  assert_equal "$(reports 'nonsense here')" 1
}

@test "shutdown lists: comments, blank lines, CRLF, blanks around and a missing last newline" {
  mkdir -m 700 "$STATE"
  printf '\xef\xbb\xbf# of another system\r\n\r\n  127.0.0.2  \r\n127.0.0.3 # desk\r\n127.0.0.4' \
    >"$STATE/wylacz"
  serve_shutdown
  # A last line without its end could be one that is still being written: it has to be quiet first.
  until_order 127.0.0.4 ordered
  for last in 2 3 4; do
    come "c$last" plain --from "127.0.0.$last"
    await "c$last" '^got' 2
    assert_equal "$(messages "c$last" | head -n 1)" yep
  done
  wait_until 20 bash -c '! grep -q 127 "$1"' - "$STATE/wylacz" || fail "$(<"$STATE/wylacz")"
  assert_file_has "$STATE/wylacz" '# of another system'
  assert_equal "$(grep -c 'warn shutdown-server: list' server.err)" 0
}

@test "shutdown lists: a duplicate is one order, and both lines go" {
  mkdir -m 700 "$STATE"
  printf '127.0.0.1\n127.0.0.1\n::ffff:127.0.0.1\n' >"$STATE/wylacz"
  serve_shutdown
  come one plain
  await one '^got' 2
  wait_until 20 [ ! -s "$STATE/wylacz" ] || fail "$(<"$STATE/wylacz")"
  tell one text end
  await one 'Echo: end$'
  assert_equal "$(messages one | paste -sd,)" "yep,127.0.0.1,Echo: end"
  assert_equal "$(asked history | wc -l)" 1
}

@test "shutdown lists: a line taken away by hand before delivery cancels the order" {
  serve_shutdown
  echo 127.0.0.2 >>"$STATE/wylacz"
  until_order 127.0.0.2 ordered
  sed -i '/127\.0\.0\.2/d' "$STATE/wylacz"
  until_order 127.0.0.2 cancelled
  come one plain --from 127.0.0.2
  await one '^got'
  assert_equal "$(messages one)" 127.0.0.2
}

@test "shutdown lists: the whole file taken away cancels, a new one is read" {
  serve_shutdown
  echo 127.0.0.2 >>"$STATE/wylacz"
  until_order 127.0.0.2 ordered
  rm "$STATE/wylacz"
  until_order 127.0.0.2 cancelled
  echo 127.0.0.3 >>"$STATE/wylacz"
  until_order 127.0.0.3 ordered
}

@test "shutdown lists: a line is an order without expiry, issued by wylacz" {
  serve_shutdown
  echo 127.0.0.2 >>"$STATE/wylacz"
  until_order 127.0.0.2 ordered
  run bash -c '"$0" shutdown-server history --json --state "$1" | jq -r "[.issuer,.expires]|@csv"' \
    "$NETKIT" "$STATE"
  assert_output '"wylacz",'
}

@test "shutdown lists: a line orders the agents at that address, and goes once they have it" {
  serve_shutdown
  start_agent agent --exec 'echo "$NETKIT_ISSUER" >ran; kill "$PPID"'
  echo 127.0.0.1 >>"$STATE/wylacz"
  wait_for_line ran '^wylacz$'
  until_line_gone 127.0.0.1
  until_host 127.0.0.1 down
}

@test "shutdown lists: a line waits for the agent that comes from there" {
  serve_shutdown
  echo 127.0.0.3 >>"$STATE/wylacz"
  until_order 127.0.0.3 ordered
  come web1 agent --from 127.0.0.3
  await web1 '^order [0-9a-f]{16} 0 wylacz'
  until_line_gone 127.0.0.3
  until_host web1 down
  assert_equal "$(asked history | wc -l)" 1
}

@test "shutdown lists: nothing is lost while scripts hold the lock and write into the old file" {
  local i
  serve_shutdown
  echo 127.0.0.2 >>"$STATE/wylacz"
  until_order 127.0.0.2 ordered
  # The file is held open across its replacement, as a shell's redirection does.
  exec {old}>>"$STATE/wylacz"
  come one plain --from 127.0.0.2
  await one '^got [0-9.]+ yep$'
  until_line_gone 127.0.0.2
  echo 127.0.0.3 >&"$old"
  exec {old}>&-
  until_order 127.0.0.3 ordered
  for i in {10..60}; do
    flock "$STATE/wylacz" sh -c 'echo "127.0.1.$2" >>"$1/wylacz"' - "$STATE" "$i"
  done
  wait_until 20 has_orders 51 '127\.0\.1\.' || fail "$(asked history)"
}
has_orders() { (($(asked history | grep -c "$2") == $1)); }

@test "shutdown lists: a lock that a script holds holds up neither clients nor orders" {
  serve_shutdown
  { flock 9 && exec sleep 60; } 9>"$STATE/wylacz.lock" 3>&- &
  SERVER_PID[holder]=$!
  come one plain
  await one '^got'
  come web1 agent --from 127.0.0.2
  ask order web1 --wait=15s
  assert_status 0
  echo 127.0.0.1 >>"$STATE/wylacz"
  await one '^got [0-9.]+ yep$'
  leave holder
  until_line_gone 127.0.0.1
}

@test "shutdown lists: lines keep their orders over a restart, a missing last newline or not" {
  local end
  for end in '\n' ''; do
    serve_shutdown
    echo 127.0.0.2 >>"$STATE/wylacz"
    until_order 127.0.0.2 ordered
    crash_server
    # shellcheck disable=SC2059 # the end is a format
    printf "127.0.0.2$end" >"$STATE/wylacz"
    serve_again
    come one plain --from 127.0.0.2
    await one '^got [0-9.]+ yep$'
    leave one
    until_line_gone 127.0.0.2
    crash_server
    rm -r "$STATE"
  done
}

@test "shutdown lists: an order by name of a plain client stands in wylacz until it has it" {
  serve_shutdown
  come one plain --from 127.0.0.2
  await one '^got'
  tell one close
  await one '^closed'
  until_listed 127.0.0.2
  ask order 127.0.0.2
  assert_status 0
  assert_output_matches $'^127\\.0\\.0\\.2\tordered$'
  assert_file_has "$STATE/wylacz" '^127\.0\.0\.2$'
  come two plain --from 127.0.0.2
  await two '^got [0-9.]+ yep$'
  until_line_gone 127.0.0.2
}

@test "shutdown lists: an order to an agent writes no line" {
  serve_shutdown
  come web1 agent --obey receipt
  ask order web1
  assert_status 0
  until_order web1 delivered
  [[ ! -s $STATE/wylacz ]] || fail "$(<"$STATE/wylacz")"
}

@test "shutdown lists: --list and --orders name other files, the lists keep their modes" {
  mkdir -m 700 "$STATE"
  echo '127.0.0.1' >orders
  chmod 640 orders
  serve_shutdown --list "$PWD/seen" --orders "$PWD/orders"
  come one plain
  await one '^got [0-9.]+ yep$'
  come two plain --from 127.0.0.2
  wait_for_line seen '^127\.0\.0\.2$'
  wait_until 20 [ ! -s orders ]
  assert_equal "$(stat -c %a orders)" 640
  [[ ! -e $STATE/wylacz && ! -e $STATE/lista ]]
}

@test "shutdown lists: a file that is not text is told, and breaks nothing" {
  serve_shutdown
  head -c 100000 /dev/urandom >"$STATE/wylacz"
  wait_for_line server.err 'shutdown-server: list '
  come one plain
  await one '^got'
  printf '127.0.0.1\n' >"$STATE/wylacz"
  await one '^got [0-9.]+ yep$'
  nothing_broke
}

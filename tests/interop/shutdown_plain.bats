#!/usr/bin/env bats
# Plain WebSocket clients of shutdown-server, by python3-websockets: what clients of the original
# system saw, they see here. Nothing of netkit is at their end; loopback only.

load support
load ../e2e/shutdown_server

# says_yep NAME REASON: that client got yep; prints how long after SENT. 2 s bound it here; 200 ms
# is the promise, on a machine with nothing else to do and without a sanitizer.
says_yep() {
  local at took
  await "$1" '^got [0-9.]+ yep$'
  at=$(sed -n 's/^got \([0-9.]*\) yep$/\1/p' "$1.out" | head -n 1)
  took=$(awk -v at="$at" -v sent="$SENT" 'BEGIN { printf "%d", (at - sent) * 1000 }')
  echo "# yep $took ms after $2" >&3
  ((took < 2000)) || fail "yep came after $took ms"
}

@test "shutdown plain: a client that is not listed gets its own address, and is put on lista once" {
  serve_shutdown
  come one plain
  come two plain
  await one '^got .* 127\.0\.0\.1$'
  await two '^got .* 127\.0\.0\.1$'
  until_listed 127.0.0.1
  come three plain
  await three '^got'
  assert_equal "$(messages one)$(messages two)$(messages three)" 127.0.0.1127.0.0.1127.0.0.1
  assert_equal "$(grep -c . "$STATE/lista")" 1
  nothing_broke
}

@test "shutdown plain: a listed client gets yep, then its address, and its line goes" {
  mkdir -m 700 "$STATE"
  printf '127.0.0.2\n127.0.0.1\n' >"$STATE/wylacz"
  serve_shutdown
  come one plain
  await one '^got' 2
  assert_equal "$(messages one | paste -sd' ')" "yep 127.0.0.1"
  until_line_gone 127.0.0.1
  assert_equal "$(<"$STATE/wylacz")" 127.0.0.2
  # The original puts on one list who is not on the other.
  [[ ! -s $STATE/lista ]] || fail "lista: $(<"$STATE/lista")"
  tell one close
  await one '^closed 1000$'
  come again plain
  await again '^got'
  assert_equal "$(messages again)" 127.0.0.1
}

@test "shutdown plain: every later message is logged and comes back as 'Echo: ' and itself" {
  local text
  serve_shutdown
  come one plain
  await one '^got'
  for text in hello 'two words' 'żółw 🐢' '' '{"do":"list","id":1}'; do tell one text "$text"; done
  await one '^got' 6
  assert_equal "$(messages one | tail -n +2)" \
    $'Echo: hello\nEcho: two words\nEcho: żółw 🐢\nEcho: \nEcho: {"do":"list","id":1}'
  assert_file_has server.err 'info shutdown-server: message address=127\.0\.0\.1 text="?hello'
  tell one text yep
  await one '^got [0-9.]+ Echo: yep$'
  nothing_broke
}

@test "shutdown plain: a lost connection is logged, with the address" {
  serve_shutdown
  come one plain
  await one '^got'
  tell one abort
  wait_for_line server.err 'shutdown-server: disconnect .*127\.0\.0\.1'
  come two plain
  await two '^got'
  nothing_broke
}

@test "shutdown plain: yep within 200 ms of a line added by echo, to the client that is there" {
  serve_shutdown
  come one plain
  await one '^got'
  SENT=$EPOCHREALTIME
  echo 127.0.0.1 >>"$STATE/wylacz"
  says_yep one "echo >>"
  until_line_gone 127.0.0.1
}

@test "shutdown plain: yep within 200 ms of an editor that renames a new file into place" {
  serve_shutdown
  come one plain
  await one '^got'
  printf '# by hand\n10.9.8.7\n127.0.0.1\n' >"$STATE/.wylacz.swp"
  SENT=$EPOCHREALTIME
  mv "$STATE/.wylacz.swp" "$STATE/wylacz"
  says_yep one "rename"
  until_line_gone 127.0.0.1
  assert_equal "$(<"$STATE/wylacz")" $'# by hand\n10.9.8.7'
}

@test "shutdown plain: yep within 200 ms of a script that holds flock on wylacz" {
  local lock
  serve_shutdown
  come one plain
  come two plain --from 127.0.0.2
  await one '^got'
  await two '^got'
  touch "$STATE/wylacz"
  for lock in "$STATE/wylacz" "$STATE/wylacz.lock"; do
    SENT=$EPOCHREALTIME
    flock "$lock" sh -c 'echo "$2" >>"$1/wylacz"' - "$STATE" \
      "$([[ $lock == *.lock ]] && echo 127.0.0.2 || echo 127.0.0.1)"
    says_yep "$([[ $lock == *.lock ]] && echo two || echo one)" "flock ${lock##*/}"
  done
  until_line_gone 127.0.0.1
  until_line_gone 127.0.0.2
}

@test "shutdown plain: all who are connected from an address get yep, once each" {
  serve_shutdown
  come one plain
  come two plain
  come other plain --from 127.0.0.2
  for name in one two other; do await "$name" '^got'; done
  echo 127.0.0.1 >>"$STATE/wylacz"
  await one '^got [0-9.]+ yep$'
  await two '^got [0-9.]+ yep$'
  until_line_gone 127.0.0.1
  for name in one two other; do
    tell "$name" text end
    await "$name" '^got [0-9.]+ Echo: end$'
  done
  assert_equal "$(grep -c 'yep$' one.out) $(grep -c 'yep$' two.out)" "1 1"
  assert_equal "$(messages other | paste -sd,)" "127.0.0.2,Echo: end"
}

@test "shutdown plain: v4 clients of a v6 listener, and v6 clients, are called by their addresses" {
  start_server server shutdown-server serve --listen ws://:0 --state "$STATE"
  URL=ws://127.0.0.1:$(port_of 1)
  printf '::ffff:127.0.0.1\n0:0:0:0:0:0:0:1\n' >>"$STATE/wylacz"
  come four plain
  come six plain --to "ws://[::1]:$(port_of 1)"
  await four '^got' 2
  await six '^got' 2
  assert_equal "$(messages four | paste -sd' ') $(messages six | paste -sd' ')" \
    "yep 127.0.0.1 yep ::1"
  wait_until 20 [ ! -s "$STATE/wylacz" ] || fail "wylacz: $(<"$STATE/wylacz")"
}

@test "shutdown plain: any Origin, path and foreign subprotocol is served, without rights" {
  local arguments
  serve_shutdown
  for arguments in '--origin https://elsewhere.example' '--origin null'; do
    # shellcheck disable=SC2086 # words are words
    come one plain $arguments
    tell one text '{"id":1,"do":"enrol","operator":"eve"}'
    await one '^got [0-9.]+ Echo: \{"id":1,"do":"enrol","operator":"eve"\}$'
    leave one
  done
  come path plain --to "$URL/any/path?at=all"
  await path '^got'
  come chat plain --subprotocol chat
  await chat '^got .* 127\.0\.0\.1$'
  assert_file_has chat.out '^open -$'
  nothing_broke
}

@test "shutdown plain: the same over TLS on the same port" {
  serve_shutdown
  echo 127.0.0.1 >>"$STATE/wylacz"
  come one plain --to "wss${URL#ws}"
  await one '^got' 2
  tell one text hello
  await one '^got' 3
  assert_equal "$(messages one | paste -sd,)" "yep,127.0.0.1,Echo: hello"
}

@test "shutdown plain: binary comes back as binary, a message of 1 MiB whole" {
  serve_shutdown
  come one plain
  await one '^got'
  tell one binary 00ff
  await one '^got [0-9.]+ 4563686f3a2000ff$'
  tell one repeat 1000000 a
  wait_until 20 grep -Eq '^got [0-9.]+ Echo: a{1000}' one.out
  assert_equal "$(messages one | tail -n 1 | wc -c)" 1000007
}

@test "shutdown plain: a frame against the protocol ends that client alone" {
  serve_shutdown
  come one plain
  come two plain
  await one '^got'
  tell one raw 8380000000000000
  await one '^closed 1002$'
  tell two text 'still here'
  await two '^got [0-9.]+ Echo: still here$'
  nothing_broke
}

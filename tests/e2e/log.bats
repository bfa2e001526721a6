#!/usr/bin/env bats
# What the global log options do, seen from outside: levels, JSON, files, journald.

load support

@test "log: debug needs -v, info goes with -q, and --log-level says the same in words" {
  start_echo
  local said
  said=$(netkit echo ping "$ENDPOINT" -c 1 2>&1 >/dev/null)
  assert_equal "$said" ''
  said=$(netkit -v echo ping "$ENDPOINT" -c 1 2>&1 >/dev/null)
  [[ $said == *' debug echo: connect '* ]] || fail "$said"
  said=$(netkit --log-level debug echo ping "$ENDPOINT" -c 1 2>&1 >/dev/null)
  [[ $said == *' debug echo: connect '* ]] || fail "$said"
  said=$(netkit --log-level warn echo send "$ENDPOINT" hi 2>&1 >/dev/null)
  assert_equal "$said" ''
}

# bats test_tags=tsan
@test "log: -vv adds trace to what -v says, in a client and in a server" {
  local said form
  start_echo -v
  for form in '-v' '--verbose' '--log-level debug'; do
    # shellcheck disable=SC2086 # the options are words
    said=$(netkit $form echo ping "$ENDPOINT" -c 1 2>&1 >/dev/null)
    [[ $said == *' debug echo: connect '* && $said != *' trace '* ]] || fail "$form: $said"
  done
  stop_server
  if grep ' trace ' "$BATS_TEST_TMPDIR/echo.err"; then fail "trace without -vv"; fi
  start_echo -vv
  for form in '-vv' '-v -v' '--log-level trace'; do
    # shellcheck disable=SC2086 # the options are words
    said=$(netkit $form echo ping "$ENDPOINT" -c 1 2>&1 >/dev/null)
    [[ $said == *' debug echo: connect '* ]] || fail "$form: $said"
    [[ $said == *" trace echo: attempt endpoint=$ENDPOINT limit=5.00s"* ]] || fail "$form: $said"
    [[ $said == *' trace echo: connected address=127.0.0.1 '* ]] || fail "$form: $said"
    [[ $said == *' trace echo: receive number=1 round_trip='* ]] || fail "$form: $said"
  done
  stop_server
  assert_file_has "$BATS_TEST_TMPDIR/echo.err" ' trace echo: accept address=127.0.0.1 port=[0-9]+$'
}

# stuffed ARGUMENT...: netkit ARGUMENT... with the FIFO `stuffed` as stderr.
stuffed() { exec "$NETKIT" "$@" 2>"$BATS_TEST_TMPDIR/stuffed"; }

# fill_pipe DESCRIPTOR: until not one byte more fits. What it sets must not stay: others share it.
fill_pipe() {
  "$PYTHON" -c '
import os, sys
pipe = int(sys.argv[1])
os.set_blocking(pipe, False)
for size in (4096, 1):
    try:
        while True:
            os.write(pipe, b"\n" * size)
    except BlockingIOError:
        pass
os.set_blocking(pipe, True)' "$1"
}

# bats test_tags=tsan
@test "log: a stderr that nobody reads does not hold up the server, and what was lost is told" {
  mkfifo "$BATS_TEST_TMPDIR/stuffed"
  exec {STUFFED}<>"$BATS_TEST_TMPDIR/stuffed"
  fill_pipe "$STUFFED"
  SERVER_COMMAND=(stuffed)
  start_echo
  local i
  for i in 1 2 3; do
    assert_equal "$(netkit -q echo send "$ENDPOINT" hello --timeout 10s)" hello
  done
  # Now somebody reads.
  cat <&"$STUFFED" >"$BATS_TEST_TMPDIR/read" 3>&- &
  SERVER_PID[reader]=$!
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  wait_for_line "$BATS_TEST_TMPDIR/read" 'warn echo: dropped lines=[0-9]+$'
  wait_for_line "$BATS_TEST_TMPDIR/read" 'info echo: disconnect '
  stop_server echo
  exec {STUFFED}<&-
}

@test "log: a text line has time, level, service, event and fields" {
  start_echo
  run_netkit echo send "$ENDPOINT" hello
  local time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z'
  assert_stderr_matches "^$time info echo: connect endpoint=$ENDPOINT dialect=raw"
  assert_stderr_matches 'info echo: send bytes=6'
}

# bats test_tags=tsan
@test "log: --log-format json is one object a line with time, level, service and event" {
  start_echo --log-format json
  netkit -q echo send "$ENDPOINT" hello
  stop_server
  local log=$BATS_TEST_TMPDIR/echo.err
  jq -e . "$log" >"$BATS_TEST_TMPDIR/parsed"
  assert_equal "$(jq -c . "$log" | wc -l)" "$(wc -l <"$log")"
  jq -es 'all(.[]; (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$"))
    and (.level | IN("info", "warn", "error")) and .service == "echo"
    and (.event | length > 0))' "$log"
}

@test "log: --log-file has the events, and stderr stays silent" {
  start_echo --log-file "$BATS_TEST_TMPDIR/log"
  netkit -q echo send "$ENDPOINT" hello
  stop_server
  assert_equal "$(<"$BATS_TEST_TMPDIR/echo.err")" ''
  assert_file_has "$BATS_TEST_TMPDIR/log" 'info echo: start '
  assert_file_has "$BATS_TEST_TMPDIR/log" 'info echo: stop '
}

# bats test_tags=tsan
@test "log: SIGHUP opens the file again after it was moved" {
  local log=$BATS_TEST_TMPDIR/log
  start_echo --log-file "$log"
  mv "$log" "$log.moved"
  kill -HUP "$(server_pid)"
  wait_until 10 test -e "$log"
  netkit -q echo send "$ENDPOINT" hello
  wait_for_line "$log" 'info echo: disconnect '
  if grep -q disconnect "$log.moved"; then fail "the old file was still written"; fi
  stop_server
}

@test "log: a file of --log-size is renamed to .1, and no line is torn or lost" {
  local log=$BATS_TEST_TMPDIR/log i
  start_echo --log-file "$log" --log-size 1KiB
  for i in 1 2 3 4 5 6 7 8; do netkit -q echo send "$ENDPOINT" hello >/dev/null; done
  stop_server
  [[ -s $log.1 ]] || fail "no $log.1"
  local file
  for file in "$log" "$log".[0-9]*; do
    (($(stat -c %s "$file") <= 1024)) || fail "$file is larger than 1 KiB"
    if grep -Evx '[0-9T:.Z-]+ [a-z]+ echo: [a-z]+( .*)?' "$file"; then fail "a torn line"; fi
  done
  assert_equal "$(cat "$log" "$log".[0-9]* | grep -c ' echo: connect ')" 8
}

@test "log: a full disk under the log file does not stop the service" {
  start_echo --log-file /dev/full
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  stop_server
}

@test "log: a log file that cannot be opened is an error that names it" {
  run_netkit echo serve --listen tcp://127.0.0.1:0 --log-file "$BATS_TEST_TMPDIR/none/log"
  assert_status 1
  refute_output
  assert_stderr_matches "cannot open the log file $BATS_TEST_TMPDIR/none/log: No such file"
}

@test "log: under journald lines begin with a priority and have no time" {
  start_echo
  local said=$BATS_TEST_TMPDIR/said
  : >"$said"
  JOURNAL_STREAM=$(stat -c %d:%i "$said") netkit echo send "$ENDPOINT" hi 2>"$said"
  assert_file_has "$said" '^<6>info echo: connect '
  # Of another stream's number nothing follows.
  JOURNAL_STREAM=1:2 netkit echo send "$ENDPOINT" hi 2>"$said"
  assert_file_has "$said" '^[0-9]{4}-.* info echo: connect '
}

@test "log: a peer cannot forge a line or send escape bytes to a terminal" {
  start_server echo echo serve --listen ws://127.0.0.1:0
  dial "$(port_of)"
  printf 'GET / HTTP/1.1\r\nHost: a\e[31m\x9b1m\nb\r\n\r\n' >&"$PEER"
  answer 4096 >"$BATS_TEST_TMPDIR/answer"
  hang_up
  stop_server
  local log=$BATS_TEST_TMPDIR/echo.err
  if grep -P '[\x00-\x08\x0b-\x1f\x7f-\x9f]' "$log"; then fail "escape bytes"; fi
  if grep -Ev '^[0-9]{4}-' "$log"; then fail "a line of the peer's own"; fi
}

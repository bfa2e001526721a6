#!/usr/bin/env bats
# Files from peer to peer: `netkit peer send --file`, into the folder of `peer listen --files`;
# what is refused, and what goes on after a break.

load support
load peers

setup() {
  private_home
  own_group
  ME=(--name me --state "$BATS_TEST_TMPDIR/mine")
  cd "$BATS_TEST_TMPDIR"
  mkdir in
}

teardown() {
  end_servers
  grep -E 'ERROR: |runtime error' "$BATS_TEST_TMPDIR"/*.err && return 1
  return 0
}

# address_of NAME: of a listener, for `peer send`.
address_of() { echo "127.0.0.1:$(listener_port "$1")"; }

# has_bytes FILE COUNT: it is there and as large, or larger.
has_bytes() { (($(stat -c %s "$1" 2>/dev/null || echo 0) >= $2)); }

@test "peer files: one arrives whole with its mode and time, and is told" {
  head -c 3500001 /dev/urandom >large
  chmod 640 large
  touch -d '2020-01-02T03:04:05.123456789Z' large
  start_listener ana "${NO_DAEMON[@]}" --files in
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" --file large
  assert_status 0
  refute_output
  cmp large in/large
  assert_equal "$(stat -c '%a %y' in/large)" "$(stat -c '%a %y' large)"
  [[ ! -e in/large.part ]]
  stop_server ana
  assert_equal "$(<ana.out)" 'me sent large (3500001 bytes)'
}

@test "peer files: several with a message, silent to people, an object each to scripts" {
  : >empty
  printf 'x' >one
  mkdir sub
  printf 'two\n' >sub/two
  start_listener ana "${NO_DAEMON[@]}" --files in/ --json --count 4
  run_netkit peer send "${ME[@]}" "$(address_of ana)" 'here they are' --json \
    --file empty --file one --file sub/two
  assert_status 0
  assert_equal "$(jq -c 'del(.key)' <<<"$output")" '{"event":"delivered","to":"ana"}
{"event":"file","path":"empty","size":0,"to":"ana"}
{"event":"file","path":"one","size":1,"to":"ana"}
{"event":"file","path":"sub/two","size":4,"to":"ana"}'
  wait_for_exit "$(server_pid ana)" 15
  assert_equal "$(jq -c 'select(.event == "file") | [.from, .size]' ana.out)" '["me",0]
["me",1]
["me",4]'
  assert_equal "$(jq -r 'select(.event == "message").text' ana.out)" 'here they are'
  cmp sub/two "$(jq -r 'select(.size == 4).path' ana.out)"
}

@test "peer files: who did not ask for any takes none, and hears messages all the same" {
  head -c 3500001 /dev/urandom >large
  start_listener ana "${NO_DAEMON[@]}"
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" hello --file large --file large
  assert_status 4
  assert_stderr_matches 'cannot send large: refused \(ana takes no files: .*--files DIR\)'
  assert_equal "$(grep -c 'cannot send large' <<<"$stderr")" 2
  stop_server ana
  assert_equal "$(<ana.out)" 'me: hello'
}

@test "peer files: one that is there is never replaced, and the others come" {
  printf 'new' >a
  printf 'b' >b
  printf 'old' >in/a
  ln -s /nowhere in/link
  printf 'l' >link
  start_listener ana "${NO_DAEMON[@]}" --files in
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" --file a --file link --file b
  assert_status 4
  assert_stderr_matches 'cannot send a: refused \(a file of that name is there, and none'
  assert_stderr_matches 'cannot send link: '
  assert_equal "$(<in/a)" old
  cmp b in/b
  [[ ! -e in/a.part && -L in/link ]]
  stop_server ana
  assert_equal "$(<ana.out)" 'me sent b (1 byte)'
}

@test "peer files: what is no file, or has no name to be shown, is not sent" {
  start_listener ana "${NO_DAEMON[@]}" --files in
  local to
  to=$(address_of ana)
  run_netkit -q peer send "${ME[@]}" "$to" --file - </dev/null
  assert_status 2
  run_netkit -q peer send "${ME[@]}" "$to" --file in
  assert_status 1
  assert_stderr_matches 'cannot send in: Is a directory'
  run_netkit -q peer send "${ME[@]}" "$to" --file nowhere
  assert_stderr_matches 'cannot send nowhere: No such file'
  mkfifo fifo
  run_netkit -q peer send "${ME[@]}" "$to" --file fifo
  assert_status 4
  printf 'x' >.hidden
  printf 'x' >whole.part
  printf 'x' >$'two\nlines'
  run_netkit -q peer send "${ME[@]}" "$to" --file .hidden --file whole.part --file $'two\nlines'
  assert_status 4
  assert_equal "$(grep -c '^netkit peer: cannot send' <<<"$stderr")" 3
  assert_equal "$(ls -A in)" ''
  stop_server ana
  run_netkit -q peer listen --files nowhere "${NO_DAEMON[@]}"
  assert_status 1
  assert_stderr_matches 'cannot open the folder nowhere'
}

# bats test_tags=tsan
@test "peer files: two send at once, and messages pass" {
  local i
  for i in 1 2; do head -c 30000000 /dev/urandom >"f$i"; done
  start_listener ana "${NO_DAEMON[@]}" --files in
  for i in 1 2; do
    netkit -q peer send --name "p$i" --state "$BATS_TEST_TMPDIR/p$i" "$(address_of ana)" \
      --file "f$i" 2>"p$i.err" 3>&- &
    SERVER_PID[p$i]=$!
  done
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" 'in between'
  assert_status 0
  for i in 1 2; do
    wait "$(server_pid "p$i")"
    unset "SERVER_PID[p$i]"
    cmp "f$i" "in/f$i"
  done
  stop_server ana
  assert_equal "$(sort ana.out)" 'me: in between
p1 sent f1 (30000000 bytes)
p2 sent f2 (30000000 bytes)'
}

@test "peer files: two of one name at once: one of them comes, whole" {
  local i codes=()
  for i in 1 2; do
    mkdir "d$i"
    head -c 30000000 /dev/urandom >"d$i/same"
  done
  start_listener ana "${NO_DAEMON[@]}" --files in
  for i in 1 2; do
    netkit -q peer send --name "p$i" --state "$BATS_TEST_TMPDIR/p$i" "$(address_of ana)" \
      --file "d$i/same" 2>"p$i.err" 3>&- &
    SERVER_PID[p$i]=$!
  done
  for i in 1 2; do
    wait "$(server_pid "p$i")" && codes[i]=0 || codes[i]=$?
    unset "SERVER_PID[p$i]"
  done
  stop_server ana
  if ((codes[1] == 0)); then cmp d1/same in/same; else cmp d2/same in/same; fi
  (((codes[1] == 0) != (codes[2] == 0)))
}

@test "peer files: with --wait a file goes on after its receiver was killed" {
  truncate -s 400M big
  head -c 5000001 /dev/urandom >>big
  start_presenced
  start_listener ana "${DAEMON[@]}" --files in
  assert_state online ana "${DAEMON[@]}"
  netkit -q peer send "${ME[@]}" "${DAEMON[@]}" ana --file big --wait </dev/null 2>send.err 3>&- &
  SERVER_PID[send]=$!
  wait_until 20 has_bytes in/big.part 2000000
  kill -KILL "$(server_pid ana)"
  local inode
  inode=$(stat -c %i in/big.part)
  start_listener ana "${DAEMON[@]}" --files in
  wait "$(server_pid send)"
  unset 'SERVER_PID[send]'
  cmp big in/big
  # What was there stayed, and the rest came to it.
  assert_equal "$(stat -c %i in/big)" "$inode"
  stop_server ana
  assert_equal "$(<ana.out)" 'me sent big (424430401 bytes)'
  stop_server presenced
}

@test "peer files: a sender that is interrupted leaves a part, no file" {
  truncate -s 400M big
  start_listener ana "${NO_DAEMON[@]}" --files in
  "$NETKIT" -q peer send "${ME[@]}" "$(address_of ana)" --file big </dev/null 2>send.err 3>&- &
  SERVER_PID[send]=$!
  wait_until 20 has_bytes in/big.part 2000000
  kill -INT "$(server_pid send)"
  local code=0
  wait "$(server_pid send)" || code=$?
  unset 'SERVER_PID[send]'
  assert_equal "$code" 130
  [[ ! -e in/big ]]
  rm in/big.part
  printf 'still here' >small
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" --file small
  assert_status 0
  stop_server ana
}

@test "peer files: a receiver without room says so, and goes on with messages" {
  mount_namespace
  head -c 3500001 /dev/urandom >large
  mkdir little
  local script='mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"'
  "${MOUNTS[@]}" bash -c "$script" - little "$NETKIT" peer listen --name ana \
    --state "$BATS_TEST_TMPDIR/peers" "${NO_DAEMON[@]}" --files little \
    </dev/null >ana.out 2>ana.err 3>&- &
  SERVER_PID[ana]=$!
  wait_for_line ana.err ' listen '
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" 'before' --file large
  assert_status 1
  assert_stderr_matches 'cannot send large: No space left on device'
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" 'after'
  assert_status 0
  stop_server ana
  assert_equal "$(<ana.out)" $'me: before\nme: after'
}

@test "peer: in a pipe takes files, too" {
  printf 'x' >one
  mkfifo typed
  netkit peer --name ana --state "$BATS_TEST_TMPDIR/peers" "${NO_DAEMON[@]}" --files in \
    <typed >ana.out 2>ana.err 3>&- &
  SERVER_PID[ana]=$!
  exec {PEER}>typed
  wait_for_line ana.err ' listen '
  run_netkit -q peer send "${ME[@]}" "$(address_of ana)" --file one
  assert_status 0
  wait_for_line ana.out '^me sent one \(1 byte\)$'
  hang_up
  wait "$(server_pid ana)"
  unset 'SERVER_PID[ana]'
}

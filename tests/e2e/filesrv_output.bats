#!/usr/bin/env bats
# Where `filesrv get` puts what it fetches: stdout, devices and pipes, and names that are taken.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  mkdir -p served here
  printf 'first\n' >served/a
  head -c 3500001 /dev/urandom >served/large
  head -c 2500000 /dev/urandom >served/other
}

teardown() {
  end_servers
  grep -E 'ERROR: |runtime error' ./*.err && return 1
  return 0
}

# serve [ARGUMENT...]: a file server for ./served; E is where.
serve() {
  start_server filesrv filesrv serve served --state state "$@"
  E=$(endpoint_of 1 filesrv)
}

@test "filesrv: get -o into a device or a pipe writes into it, and leaves it as it is" {
  serve --listen tcp://127.0.0.1:0
  run_netkit filesrv get "$E" large -o /dev/null
  assert_status 0
  [[ -c /dev/null && ! -e /dev/null.part ]]
  mkfifo pipe
  cat pipe >here/large &
  run_netkit filesrv get "$E" large -o pipe
  assert_status 0
  wait $!
  cmp served/large here/large
  [[ -p pipe ]]
  run_netkit filesrv get "$E" large -o /dev/full
  assert_status 1
  assert_stderr_matches 'No space left'
}

@test "filesrv: a name that cannot be had is told of before the bytes come" {
  serve --listen tcp://127.0.0.1:0 --client-rate 100KiB
  ln -s nowhere here/large
  # All of it would take 35 s.
  run --separate-stderr timeout 20 "$NETKIT" filesrv get "$E" large -o here
  assert_status 4
  assert_stderr_matches '^netkit filesrv: cannot fetch large: .*remove it'
}

@test "filesrv: several files on stdout go on after a break, each byte once" {
  serve --listen tcp://127.0.0.1:0 --client-rate 1MiB
  local port=${E##*:}
  netkit filesrv get "$E" a large other -o - --retry 100 >out 2>get.err &
  local client=$!
  wait_until 20 eval '(( $(stat -c %s out) > 1500000 ))'
  kill -9 "$(server_pid filesrv)"
  end_servers
  serve --listen "tcp://127.0.0.1:$port"
  wait "$client"
  cat served/a served/large served/other | cmp - out
}

@test "filesrv: what cannot be had keeps back nothing that comes after it" {
  serve --listen tcp://127.0.0.1:0
  mkdir here/a
  run_netkit filesrv get "$E" a other -o here
  assert_status 4
  cmp served/other here/other
  run_netkit filesrv get "$E" '[al]*' other --json -o here
  [[ $(jq -c 'select(.event == "summary") | [.files, .failed]' <<<"$output") == '[2,1]' ]]
}

@test "filesrv: a name that is asked for twice, or put twice, is there in the end" {
  serve --listen tcp://127.0.0.1:0 --upload
  cd here
  run_netkit filesrv get "$E" a '*' '[ao]*'
  assert_status 0
  cmp a ../served/a
  rm a
  run_netkit filesrv get "$E" --resume a '*' '[ao]*'
  assert_status 0
  cmp a ../served/a
  mkdir one two
  printf 1 >one/x
  printf 22 >two/x
  run_netkit filesrv put "$E" one/x two/x one/x two/x --overwrite
  assert_status 0
  assert_equal "$(<../served/x)" 22
  cd ..
}

@test "filesrv: what is in its place is told while more is put" {
  serve --listen tcp://127.0.0.1:0 --upload --client-rate 1MiB
  printf 'small\n' >here/small
  cp served/large here/big
  "$NETKIT" filesrv put "$E" here/small here/big --json >put.out 2>put.err 3>&- &
  local put=$!
  wait_for_line put.out '"small"'
  [[ -e served/small && ! -e served/big ]]
  wait "$put"
  cmp here/big served/big
}

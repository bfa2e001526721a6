#!/usr/bin/env bats
# sctp:// as every command takes it: echo's verbs, compare, drain, links of relays, and what is
# refused. In user space, over UDP on loopback, where the kernel has no SCTP.

load support
load relay_server

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

serve_echo() { start_server echo echo serve --listen sctp://127.0.0.1:0 "$@"; }

# bats test_tags=tsan
@test "sctp: echo send has each line back as a message" {
  serve_echo
  run_netkit -q echo send "$(endpoint_of 1)" <<<$'one\ntwo\nthree'
  assert_status 0
  assert_output $'one\ntwo\nthree'
  refute_stderr
  stop_server echo
}

@test "sctp: a message larger than any window comes back whole" {
  serve_echo
  head -c 1048576 /dev/zero | tr '\0' x >large
  run_netkit -q echo ping "$(endpoint_of 1)" -c 3 -i 1ms --size 1MiB --json
  assert_status 0
  jq -es 'map(select(.event == "summary"))[0].received == 3' <<<"$output"
  stop_server echo
}

@test "sctp: ping and bench over several connections" {
  serve_echo --threads 3
  run_netkit -q echo ping "$(endpoint_of 1)" -c 5 -i 1ms
  assert_status 0
  run_netkit -q echo bench "$(endpoint_of 1)" --connections 20 --duration 300ms --json
  assert_status 0
  jq -es '.[0] | .messages > 0 and .connections == 20' <<<"$output"
  stop_server echo
}

@test "sctp: where nobody listens is exit code 3, at once" {
  serve_echo
  local gone
  gone=$(endpoint_of 1)
  stop_server echo
  run_netkit -q echo send "$gone" hello
  assert_status 3
  assert_stderr_matches 'cannot connect to sctp://.*Connection refused'
}

@test "sctp: a server that is told to stop ends its connections in order" {
  serve_echo
  "$NETKIT" echo ping "$(endpoint_of 1)" -c 1000 -i 20ms >ping.out 2>ping.err 3>&- &
  SERVER_PID[ping]=$!
  wait_for_line ping.out 'bytes'
  stop_server echo
  local code=0
  wait "${SERVER_PID[ping]}" || code=$?
  unset 'SERVER_PID[ping]'
  assert_equal "$code" 3
  grep -q 'disconnect .*reason=closed' echo.err || fail "$(cat echo.err)"
}

@test "sctp: several hosts of one server, and --deny" {
  start_server echo echo serve --listen sctp://127.0.0.1,127.0.0.2:0
  assert_equal "$(endpoint_of 1)" "sctp://127.0.0.1,127.0.0.2:$(port_of 1)"
  run_netkit -q echo send "sctp://127.0.0.2,127.0.0.1:$(port_of 1)" hello
  assert_status 0
  assert_output hello
  stop_server echo
  serve_echo --deny 127.0.0.0/8
  run_netkit -q echo send "$(endpoint_of 1)" hello --timeout 1s
  [[ $status == @(3|6) ]] || fail "$status"
  stop_server echo
}

@test "sctp: --sctp user and auto meet; --sctp kernel needs the kernel's, and says so" {
  serve_echo --sctp user
  run_netkit -q echo send "$(endpoint_of 1)" --sctp user hello
  assert_status 0
  assert_output hello
  run_netkit -q echo send "$(endpoint_of 1)" hello
  assert_status 0
  stop_server echo
  run_netkit -q echo send sctp://127.0.0.1:1 --sctp kernel hello
  case $status in
    1) assert_stderr_matches 'cannot connect to sctp://127.0.0.1:1: .*modprobe sctp.*--sctp user' ;;
    *) assert_stderr_matches 'cannot connect to sctp://127.0.0.1:1: .*refused' ;;
  esac
  run_netkit -q echo send sctp://127.0.0.1:1 --sctp other hello
  assert_status 2
}

# bats test_tags=tsan
@test "sctp: relays link over it, and each message is heard once" {
  start_server a relay --listen tcp://127.0.0.1:0 --listen sctp://127.0.0.1:0 --name a \
    --state "$PWD/state-a" --threads 3
  serve_relay b --link "$(endpoint_of 2 a)" --threads 3
  wait_for_line b.err 'link state=up relay=a'
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 b)"
  hears anna 'you are' && hears bert 'you are'
  tell anna "/nick anna" "from a" last
  hears bert '^anna: last$'
  assert_equal "$(grep -c '^anna: from a$' bert.out)" 1
  nothing_broke b a
}

@test "sctp: a link off loopback is in clear, and refused without --insecure" {
  run_netkit relay --listen tcp://127.0.0.1:0 --link sctp://127.0.0.1,192.0.2.1:2000 --state state
  assert_status 4
  assert_stderr_matches 'cannot link in clear to sctp://127.0.0.1,192.0.2.1:2000'
}

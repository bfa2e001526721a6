#!/usr/bin/env bats
# What ./dev release asks of a file before it publishes it: that each library in it does its work on
# that processor, or under an emulator of it. Run by tests/support/release.bash, which says in
# SMOKE_* what the file is; $NETKIT runs it. Each check is small, because an emulator is slow.

load ../e2e/support
load ../e2e/auth_server

setup() {
  : "${SMOKE_FILE:?is what ./dev release says}"
  auth_home
}

# of_file ARGUMENT...: what readelf tells of it.
of_file() { readelf -W "$@" "$SMOKE_FILE"; }

# echoes ENDPOINT: a line comes back, and so does what fills many packets; ping has its answers.
echoes() {
  run_netkit -q echo send "$1" --expect '^h.l+o$' hello
  assert_status 0
  assert_output hello
  run_netkit -q echo ping "$1" -c 3 -i 20ms
  assert_status 0
  [[ $1 != udp:* ]] || return 0
  run_netkit -q echo send "$1" --timeout 20s <large
  assert_status 0
  assert_equal "$(sha256sum <<<"$output")" "$(sha256sum <large)"
}

@test "smoke: the file is of its machine, and asks for no library beside it" {
  of_file -h | grep -Eq "Machine: +$SMOKE_MACHINE\$"
  assert_equal "$(of_file -l | grep -c INTERP)" 0
  assert_equal "$(of_file -d | grep -c NEEDED)" 0
  of_file -d | grep -Eq 'FLAGS_1.* PIE'
}

@test "smoke: --version tells the version and every transport" {
  run_netkit --version
  assert_status 0
  refute_stderr
  assert_equal "${lines[0]}" "netkit $SMOKE_VERSION"
  assert_line 'Transports: tcp tls udp sctp ws wss unix'
}

@test "smoke: each command of --list has its help and its manual page" {
  local command commands
  commands=$(netkit --list)
  (($(wc -w <<<"$commands") > 10))
  for command in $commands; do
    run_netkit "$command" --help
    assert_status 0
    refute_stderr
    assert_output_matches "^Usage: netkit $command.*Exit status:"
    run_netkit man "$command"
    assert_status 0
    refute_stderr
    assert_output_matches '\.TH NETKIT'
  done
}

@test "smoke: what it prints of itself is what this tree has, and it installs itself" {
  diff "$ROOT/completions/netkit.bash" <(netkit completion bash)
  run_netkit install --root there --prefix /usr
  assert_status 0
  cmp "$SMOKE_FILE" there/usr/bin/netkit
  diff there/usr/share/man/man1/netkit-relay.1 <(netkit man relay)
  grep -Fxq 'ExecStart=/usr/bin/netkit relay' there/usr/lib/systemd/system/netkit-relay.service
}

@test "smoke: echoes over tcp, tls, udp, ws, wss and unix" {
  printf '%0100000d\n' 7 >large
  start_server echo echo serve --state state --listen tcp://127.0.0.1:0 --listen tls://127.0.0.1:0 \
    --listen udp://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 \
    --listen "unix:$PWD/socket"
  local each
  for each in {1..6}; do echoes "$(endpoint_of "$each")"; done
  stop_server echo
}

@test "smoke: echoes over SCTP of its own, in user space" {
  printf '%0100000d\n' 7 >large
  start_server echo echo serve --state state --sctp user --listen sctp://127.0.0.1:0
  export NETKIT_SCTP=user
  echoes "$(endpoint_of 1)"
  stop_server echo
}

@test "smoke: an account, its hash and its token, which outlast kill -9 of the server" {
  serve_auth
  ask register "$ENDPOINT" --user anna --password-file password
  assert_status 0
  ask login "$ENDPOINT" --user ANNA --password-file wrong
  assert_status 4
  sign_in anna
  token=$(token_of anna)
  [[ $token == nk_* ]]
  crash_server
  serve_again
  run_netkit auth whoami "$ENDPOINT" --token "$token"
  assert_status 0
  assert_output_matches anna
  start_server echo echo serve --listen tcp://127.0.0.1:0 --require-auth "$ENDPOINT"
  run_netkit -q echo send "$(endpoint_of 1 echo)" --token "$token" hello
  assert_status 0
  assert_output hello
  run_netkit -q echo send "$(endpoint_of 1 echo)" --token "nk_$(printf '%043d' 0)" hello
  assert_status 4
  stop_server echo
  nothing_broke
}

@test "smoke: somebody signs in by a hash of another system" {
  serve_auth
  # What openssl passwd -6 -salt abcdefgh says of that password.
  printf 'carol:%s%s\n' '$6$abcdefgh$VN7LMkaLOrsMSWYHlf/ovyaW' \
    'Jao3Zm4TBZ4xfZWXb3l5At21Utq1nOJwr6vKh6Wgb2f1irZkd2TDXRV6cwWw51' >accounts
  run_netkit auth import accounts --state "$STATE"
  assert_status 0
  assert_output 1
  ask login "$ENDPOINT" --user carol --password-file password
  assert_status 0
  nothing_broke
}

@test "smoke: a file comes as it is there, and goes there" {
  mkdir served
  head -c 3500001 /dev/urandom >served/large
  start_server filesrv filesrv serve served --listen tcp://127.0.0.1:0 --state files --upload
  run_netkit -q filesrv get "$(endpoint_of 1)" large -o here
  assert_status 0
  cmp served/large here
  run_netkit -q filesrv put "$(endpoint_of 1)" here --name back
  assert_status 0
  cmp served/large served/back
  run_netkit filesrv get "$(endpoint_of 1)" nothing -o none
  assert_status 5
  stop_server filesrv
}

@test "smoke: what is said to a relay is heard at the one linked to it" {
  start_server a relay --name a --state a --listen tcp://127.0.0.1:0
  start_server b relay --name b --state b --listen tcp://127.0.0.1:0 --link "$(endpoint_of 1 a)"
  run_netkit chat "$(endpoint_of 1 a)" --nick anna <<<'grüße'
  assert_status 0
  assert_output 'anna: grüße'
  run_netkit chat "$(endpoint_of 1 b)" --listen-only --history 10 --expect 1 --timeout 30s
  assert_status 0
  assert_output 'anna: grüße'
  stop_server b
  stop_server a
}

@test "smoke: a presence daemon starts, tells how it does and stops" {
  local at=(--state presence)
  run_netkit presenced start "${at[@]}" --listen tcp://127.0.0.1:0 --no-multicast --no-sctp
  assert_status 0
  run_netkit presenced status "${at[@]}"
  assert_status 0
  assert_output_matches $'running\tpid [0-9]+'
  run_netkit presenced stop "${at[@]}"
  assert_status 0
}

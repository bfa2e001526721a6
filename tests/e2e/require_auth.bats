#!/usr/bin/env bats
# Servers that ask an auth service who somebody is: tokens, tickets and stored sign-ins are taken,
# everybody else is refused, and who is revoked goes within a second.

load support
load auth_server

# guarded_echo [ARGUMENT...]: an echo server, named echo, that serves only who has a token.
guarded_echo() {
  start_server echo echo serve --state "$STATE-echo" --require-auth "$ENDPOINT" "$@"
  ECHO=$(endpoint_of 1 echo)
}
# guarded_shutdown: a shutdown server, named server; URL is where.
guarded_shutdown() {
  start_server server shutdown-server serve --listen ws://127.0.0.1:0 --state "$STATE-shutdown" \
    --require-auth "$ENDPOINT" "$@"
  URL=$(endpoint_of 1 server)
}
# people: anna administrates and is signed in here, bert may do nothing yet.
people() {
  serve_auth "$@"
  enroll anna bert
  sign_in anna
}
echo_send() { run_netkit -q echo send --timeout 10s "$@"; }
operate() { run_netkit shutdown-server "$1" --server "$URL" "${@:2}"; }

no_reports() {
  stop_server "$1"
  ! grep -E 'ERROR: |runtime error' "$1.err"
}

@test "require-auth: echo answers who has a token, in every framing, and nobody else" {
  people
  token=$(token_of bert)
  for framing in raw line len64 frame; do
    guarded_echo --listen tcp://127.0.0.1:0 --framing "$framing"
    echo_send "$ECHO" --framing "$framing" --token "$token" hello
    assert_status 0
    assert_output hello
    echo_send "$ECHO" --framing "$framing" --token "nk_$(printf '%043d' 0)" hello
    assert_status 4
    refute_output
    stop_server echo
  done
  nothing_broke
}

@test "require-auth: without a token the refusal is exit code 4, and nothing comes back" {
  people
  asked logout
  for framing in raw line len64 frame; do
    guarded_echo --listen tcp://127.0.0.1:0 --framing "$framing"
    echo_send "$ECHO" --framing "$framing" hello
    assert_status 4
    refute_output
    stop_server echo
  done
  guarded_echo --listen ws://127.0.0.1:0
  echo_send "$ECHO" hello
  assert_status 4
  refute_output
  assert_stderr_matches 'netkit auth login'
  grep -q 'authz_fail' echo.err
  no_reports echo
  nothing_broke
}

@test "require-auth: the stored sign-in opens ws and frames by itself" {
  people
  guarded_echo --listen ws://127.0.0.1:0
  echo_send "$ECHO" hello
  assert_status 0
  assert_output hello
  run_netkit -q echo ping "$ECHO" -c 3 -i 10ms
  assert_status 0
  run_netkit -q echo bench "$ECHO" -c 3 -d 400ms
  assert_status 0
  no_reports echo
  guarded_echo --listen tcp://127.0.0.1:0 --framing frame
  echo_send "$ECHO" --framing frame hello
  assert_status 0
  assert_output hello
  no_reports echo
  nothing_broke
}

@test "require-auth: the stored sign-in opens TLS and unix sockets by itself" {
  people
  guarded_echo --listen wss://127.0.0.1:0
  echo_send "$ECHO" hello
  assert_status 0
  assert_output hello
  no_reports echo
  guarded_echo --listen tls://127.0.0.1:0 --listen unix:echo.sock --framing frame
  for endpoint in "$ECHO" unix:echo.sock unix:./echo.sock; do
    echo_send "$endpoint" --framing frame hello
    assert_status 0
    assert_output hello
  done
  no_reports echo
  nothing_broke
}

@test "require-auth: a server cannot use at another what a stored sign-in showed it" {
  people
  guarded_echo --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0
  # Takes the handshake, keeps the ticket, answers nothing of use.
  "$PYTHON" -uc '
import re, socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
listener.settimeout(20)
peer, _ = listener.accept()
peer.settimeout(20)
heard = b""
while b"\r\n\r\n" not in heard:
    heard += peer.recv(4096)
open("caught", "wb").write(re.search(rb"Bearer (\S+)", heard)[1])
peer.close()' >lure.port 3>&- &
  lure=$!
  wait_until 10 test -s lure.port
  echo_send "ws://127.0.0.1:$(cat lure.port)" hello
  wait "$lure"
  [[ $(cat caught) == nkt_* ]]
  for endpoint in "$ECHO" "$(endpoint_of 2 echo)"; do
    echo_send "$endpoint" --token-file caught hello
    assert_status 4
    refute_output
  done
  grep -q 'authz_fail.*it is good at the server 127.0.0.1:' echo.err
  ask whoami "$ENDPOINT" --token "$(asked ticket --audience "127.0.0.1:$(cat lure.port)")"
  assert_status 4
  ask whoami "$ENDPOINT" --token "$(asked ticket --audience "${ENDPOINT#tcp://}")"
  assert_status 0
  no_reports echo
  nothing_broke
}

@test "require-auth: a ticket for one server by address, fingerprint or socket" {
  people
  guarded_echo --listen tcp://127.0.0.1:0 --listen tls://127.0.0.1:0 --listen unix:echo.sock
  tls=$(endpoint_of 2 echo)
  fingerprint=$(grep -o 'SHA256:[0-9a-f]*' echo.err | head -1)
  by_address=$(asked ticket --for echo --audience "${ECHO#tcp://}")
  by_fingerprint=$(asked ticket --for echo --audience "$fingerprint")
  by_socket=$(asked ticket --for echo --audience "unix:$PWD/echo.sock")
  good() { echo_send "$1" --token "$2" hello && assert_status 0; }
  bad() { echo_send "$1" --token "$2" hello; assert_status 4; }
  good "$ECHO" "$by_address"
  good "$tls" "$by_fingerprint"
  good unix:echo.sock "$by_socket"
  bad "$tls" "$by_address"
  bad unix:echo.sock "$by_address"
  bad "$ECHO" "$by_fingerprint"
  bad unix:echo.sock "$by_fingerprint"
  bad "$ECHO" "$by_socket"
  ask ticket --audience echo.example:80
  assert_status 2
  no_reports echo
  nothing_broke
}

@test "require-auth: a use is counted only where the ticket is good" {
  people
  guarded_echo --listen tcp://127.0.0.1:0
  once=$(asked ticket --for echo --expire 1m --uses 1)
  ask whoami "$ENDPOINT" --token "$once"
  assert_status 4
  echo_send "$ECHO" --token "$once" hello
  assert_status 0
  here=$(asked ticket --for auth --expire 1m --uses 1)
  echo_send "$ECHO" --token "$here" hello
  assert_status 4
  ask whoami "$ENDPOINT" --token "$here"
  assert_status 0
  no_reports echo
  nothing_broke
}

@test "require-auth: the stored sign-in orders and looks" {
  people
  guarded_shutdown
  operate list
  assert_status 0
  operate history
  assert_status 0
  operate order web1
  assert_status 5
  operate enrol
  assert_status 0
  no_reports server
  nothing_broke
}

@test "require-auth: a person with nc shows a token in the first line" {
  people
  token=$(token_of bert)
  guarded_echo --listen tcp://127.0.0.1:0
  dial "$(port_of 1 echo)"
  printf '/token %s\nhello\n' "$token" >&"$PEER"
  assert_equal "$(answer 6)" hello
  hang_up
  dial "$(port_of 1 echo)"
  printf 'hello\n' >&"$PEER"
  assert_equal "$(answer 1000)" "netkit: refused: cannot serve somebody without a token: refused\
 (sign in: netkit auth login)"
  hang_up
  no_reports echo
  nothing_broke
}

@test "require-auth: udp is refused with a reason, and not listened on by default" {
  run_netkit echo serve --listen udp://127.0.0.1:0 --require-auth 127.0.0.1:1
  assert_status 2
  assert_stderr_matches 'can be forged'
  run_netkit echo serve --require-auth tcp://192.0.2.1
  assert_status 4
  assert_stderr_matches 'use tls://'
  run_netkit auth serve --require-auth 127.0.0.1
  assert_status 2
}

@test "require-auth: a revoked token ends connections within a second, everywhere" {
  people
  token=$(token_of bert)
  guarded_echo --listen tcp://127.0.0.1:0
  dial "$(port_of 1 echo)"
  printf '/token %s\nhello\n' "$token" >&"$PEER"
  assert_equal "$(answer 6)" hello
  asked revoke bert >/dev/null
  begun=$(date +%s%N)
  assert_equal "$(answer 1)" ''
  took_ms=$((($(date +%s%N) - begun) / 1000000))
  ((took_ms < 1000)) || fail "it took $took_ms ms"
  hang_up
  echo_send "$ECHO" --token "$token" hello
  assert_status 4
  no_reports echo
  nothing_broke
}

@test "require-auth: while auth is away known tokens are good and new ones are refused" {
  people
  known=$(token_of bert)
  fresh=$(token_of bert)
  guarded_echo --listen tcp://127.0.0.1:0
  echo_send "$ECHO" --token "$known" hello
  assert_status 0
  crash_server
  wait_for_line echo.err 'state=away'
  echo_send "$ECHO" --token "$known" again
  assert_status 0
  assert_output again
  echo_send "$ECHO" --token "$fresh" hello
  assert_status 4
  serve_again
  wait_until 15 eval 'netkit -q echo send "$ECHO" --token "$fresh" hello >/dev/null 2>&1'
  no_reports echo
  nothing_broke
}

@test "require-auth: a server starts without its auth service and says so" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --state "$STATE-echo" \
    --require-auth 127.0.0.1:1
  wait_for_line echo.err 'warn echo: auth .*state=away'
  no_reports echo
}

@test "require-auth: a ticket is good for what it says and for nothing else" {
  people
  asked grant bert shutdown:order >/dev/null
  guarded_echo --listen tcp://127.0.0.1:0
  good=$(asked ticket --for echo --expire 1m)
  echo_send "$ECHO" --token "$good" hello
  assert_status 0
  once=$(asked ticket --for echo --expire 1m --uses 1)
  echo_send "$ECHO" --token "$once" hello
  assert_status 0
  echo_send "$ECHO" --token "$once" hello
  assert_status 4
  other=$(asked ticket --for shutdown-server --expire 1m)
  echo_send "$ECHO" --token "$other" hello
  assert_status 4
  far=$(asked ticket --for echo --expire 1m --address 192.0.2.0/24)
  echo_send "$ECHO" --token "$far" hello
  assert_status 4
  no_reports echo
  nothing_broke
}

@test "require-auth: shutdown-server knows who looks, who orders and who enrols" {
  people
  token=$(token_of bert)
  guarded_shutdown
  operate list --token "$token"
  assert_status 4
  assert_stderr_matches 'shutdown:read'
  asked grant bert shutdown:read >/dev/null
  operate list --token "$token"
  assert_status 0
  operate history --token "$token"
  assert_status 0
  operate order web1 --token "$token"
  assert_status 4
  operate enrol --token "$token"
  assert_status 4
  asked grant bert shutdown:order shutdown:enrol >/dev/null
  operate order web1 --token "$token"
  assert_status 5
  operate enrol --token "$token"
  assert_status 0
  operate list
  assert_status 0
  asked grant bert --take shutdown:read --take shutdown:order \
    --take shutdown:enrol >/dev/null
  operate list --token "$token"
  assert_status 4
  no_reports server
  nothing_broke
}

@test "require-auth: shutdown-server still takes the tokens it made itself" {
  people
  guarded_shutdown
  own=$(netkit shutdown-server enrol --operator otto --state "$STATE-shutdown")
  operate list --token "$own"
  assert_status 0
  run_netkit shutdown-server list --state "$STATE-shutdown"
  assert_status 0
  no_reports server
  nothing_broke
}

@test "require-auth: a ticket for one verb and one host orders that and nothing else" {
  people
  guarded_shutdown
  ticket=$(asked ticket --for shutdown-server --scope shutdown:order --verb order --path /web1 \
    --expire 1m)
  operate order web1 --token "$ticket"
  assert_status 5
  operate order web2 --token "$ticket"
  assert_status 4
  operate order --all --force --token "$ticket"
  assert_status 4
  operate cancel web1 --token "$ticket"
  assert_status 4
  operate list --token "$ticket"
  assert_status 4
  no_reports server
  nothing_broke
}

@test "require-auth: agents need an enrolment or a token with the scope, plain clients a token" {
  people
  asked grant bert shutdown:agent shutdown:client >/dev/null
  token=$(token_of bert)
  guarded_shutdown
  run_netkit shutdown-agent "$URL" --dry-run --retry 0 --state "$STATE-agent"
  assert_status 4
  start_agent() {
    "$NETKIT" shutdown-agent "$URL" --dry-run --state "$STATE-agent" "$@" \
      >agent.out 2>agent.err 3>&- &
    SERVER_PID[agent]=$!
  }
  start_agent --token "$token"
  wait_until 15 eval 'netkit shutdown-server list --state "$STATE-shutdown" | grep -q online'
  echo_send "$URL" hello
  assert_status 4
  no_reports server
  nothing_broke
}

@test "require-auth: no token shows in a log" {
  people
  token=$(token_of bert)
  guarded_echo --listen tcp://127.0.0.1:0 --log-level trace
  echo_send "$ECHO" --token "$token" hello
  assert_status 0
  echo_send "$ECHO" --token "nk_$(printf '%043d' 7)" hello
  assert_status 4
  stop_server echo
  stop_server auth
  ! grep -F -e "$token" -e "nk_$(printf '%043d' 7)" ./*.err ./*.out
}

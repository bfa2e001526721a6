#!/usr/bin/env bats
# --on EVENT=CMD of a server: what commands are told, how many run, and that they hold up nothing.

load support
load servers

# bats test_tags=tsan
@test "on: a command has the event as JSON on its input and in its environment" {
  start_echo --on 'connect=echo "$NETKIT_EVENT $EVENT_ADDRESS $EVENT_DIALECT" >env' \
    --on 'disconnect=cat >line.tmp && mv line.tmp line'
  netkit -q echo send "$ENDPOINT" hello
  wait_until 10 test -s line
  wait_for_line env '^connect 127\.0\.0\.1 raw$'
  jq -e '.event == "disconnect" and .service == "echo" and .level == "info" and
    .address == "127.0.0.1" and .active == 0 and .reason == "closed" and .duration > 0' line
  assert_equal "$(wc -l <line)" 1
  stop_server echo
}

@test "on: all is each event at info and above, and never what commands cause" {
  start_echo -q --on 'all=echo "$NETKIT_EVENT" >>events; echo noise; exit 3'
  netkit -q echo send "$ENDPOINT" hello
  stop_server echo
  sort events | uniq -c | awk '{ print $1 $2 }' >counted
  local event
  for event in start listen connect disconnect stop; do assert_file_has counted "^1$event\$"; done
  if grep -q reaction events; then fail "it reacted to itself" "$(<events)"; fi
}

@test "on: what a command prints and how it failed is in the log" {
  start_echo --log-format json --on "connect=echo it said; exit 3"
  netkit -q echo send "$ENDPOINT" hello
  wait_for_line echo.err '"end":"exited with 3"'
  jq -es 'map(select(.event == "reaction")) | length == 2 and
    (.[0] | .command == "echo it said; exit 3" and .output == "it said\n" and .level == "info") and
    (.[1] | .end == "exited with 3" and .level == "warn")' echo.err
}

@test "on: at most 16 commands run at a time, the others after them" {
  start_echo --on 'connect=echo + >>marks; sleep 1; echo - >>marks'
  "$PYTHON" -c '
import socket, sys
peers = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(40)]
for peer in peers:
    peer.sendall(b"x")
    assert peer.recv(1) == b"x"' "$(port_of)"
  wait_until 30 eval '[[ -e marks ]] && (( $(grep -c -- - marks) == 40 ))'
  awk '/\+/ { if (++running > most) most = running } /-/ { --running }
    END { print most; exit !(most <= 16 && most >= 8) }' marks
  stop_server echo
}

@test "on: commands that hang hold up neither the server nor its end" {
  start_echo --on 'connect=sleep 1000' --on 'stop=echo bye >ended'
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello --timeout 5s)" hello
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello --timeout 5s)" hello
  stop_server echo
  assert_equal "$(<ended)" bye
}

@test "on: works in a server that is walled into its folders" {
  start_service filesrv --on 'connect=cat >/dev/null; ls / >seen'
  talk_plainly filesrv
  wait_until 10 test -s seen
  stop_server filesrv
}

@test "on: what is no event and command is a usage error" {
  local wrong
  for wrong in connect '=x' 'connect=' 'No Event=true'; do
    run_netkit echo serve --listen tcp://127.0.0.1:0 --on "$wrong"
    assert_status 2
    assert_stderr_matches 'expected EVENT=COMMAND'
  done
}

@test "on: an event that never comes is a usage error, with what was meant" {
  run_netkit echo serve --listen tcp://127.0.0.1:0 --on 'conect=true'
  assert_status 2
  assert_stderr_matches "react to 'conect', which echo never logs"
  assert_stderr_matches "did you mean 'connect'"
  run_netkit echo serve --listen tcp://127.0.0.1:0 --on 'link=true'
  assert_status 2
  assert_stderr_matches 'netkit man and netkit man echo list its events'
  start_service relay --on 'link=true' --on 'trust=true'
  stop_server relay
}

@test "on: Tab completes the events of this server" {
  assert_equal "$(netkit __complete relay --on rela | cut -f 1)" $'relay_away=\nrelay_back='
  assert_equal "$(netkit __complete echo serve --on rela)" ''
  netkit __complete echo serve --on '' | cut -f 1 >offered
  assert_file_has offered '^connect=$'
  # What is logged before or after any command could run.
  if grep -E '^(reaction|dropped|failed)=' offered; then fail "it offers what is never followed"; fi
}

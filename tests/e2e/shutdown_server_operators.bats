#!/usr/bin/env bats
# Who may order: the admin socket, operators' tokens, pages; and who is believed to be an agent.

load support
load shutdown_server

# operator_token: anna's TOKEN, and the same in the file token.
operator_token() {
  TOKEN=$(asked enrol --operator anna)
  echo "$TOKEN" >token
  chmod 600 token
}

# remote VERB ARGUMENT...: asked over the network instead of the admin socket.
remote() { run_netkit shutdown-server "$@"; }

# enrolled_agent NAME [ARGUMENT...]: an agent that shows a code; AGENT_TOKEN is what it got for it.
enrolled_agent() {
  come "$1" agent --code "$(asked enrol)" "${@:2}"
  AGENT_TOKEN=$(sed -n 's/^welcome .* //p' "$1.out")
  [[ $AGENT_TOKEN =~ ^nk_[A-Za-z0-9_-]{43}$ ]] || fail "$(cat "$1.out" "$1.err")"
}

# upgrade STATUS ARGUMENT...: curl's handshake for an operator, with those fields, has that status.
upgrade() {
  local got
  got=$(curl --silent --output body --write-out '%{http_code}' --max-time 1 --noproxy '*' \
    --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "${@:2}" "http${URL#ws}/operator") || true
  [[ $got == "$1" ]] || fail "expected $1, got $got: ${*:2}" "$(cat body)"
}
operator=(-H 'Sec-WebSocket-Protocol: netkit-operator.1')

@test "shutdown operator: a token from enrol --operator lets in over wss" {
  serve_shutdown
  operator_token
  come web1 agent
  for server in "wss${URL#ws}" "$URL"; do
    remote list --server "$server" --token-file token
    assert_status 0
    assert_output_matches '^web1'
  done
  remote order web1 --server "wss${URL#ws}" --token "$TOKEN" --wait=15s --json
  assert_status 0
  assert_equal "$(tail -n 1 <<<"$output" | jq -r '.state + " " + .issuer')" "down anna"
}

@test "shutdown operator: a wrong token is exit code 4, and logged" {
  serve_shutdown
  operator_token
  remote list --server "$URL" --token "nk_$(printf '%043d' 0)"
  assert_status 4
  refute_output
  assert_stderr_matches 'cannot accept the token.*enrol --operator'
  wait_for_line server.err 'warn shutdown-server: refuse address=127\.0\.0\.1 .*accept the token'
  nothing_broke
}

@test "shutdown operator: no token, or what is none, is exit code 4 with a hint" {
  serve_shutdown
  for arguments in '' '--token secret'; do
    # shellcheck disable=SC2086 # words are words
    remote list --server "$URL" $arguments
    assert_status 4
    refute_output
    assert_stderr_matches 'enrol --operator'
  done
}

@test "shutdown operator: an agent's token is none of an operator's, nor the other way round" {
  serve_shutdown
  operator_token
  enrolled_agent web1
  remote list --server "$URL" --token "$AGENT_TOKEN"
  assert_status 4
  leave web1
  come web1 agent --bearer "$TOKEN"
  await web1 '^error cannot accept the agent.s token'
}

@test "shutdown operator: a token is shown in the handshake or as the first message, not twice" {
  serve_shutdown
  operator_token
  come first operator --to "$URL/operator" --bearer "$TOKEN"
  await first '"event":"welcome".*"right":"order".*"user":"anna"'
  come second operator --to "$URL/operator"
  tell second text "{\"token\":\"$TOKEN\"}"
  await second '"event":"welcome"'
  tell second text '{"id":7,"do":"list"}'
  await second '"id":7,"ok":true,"hosts":\[\]'
  tell second text "{\"token\":\"$TOKEN\"}"
  await second '^closed'
}

@test "shutdown operator: a request before the token ends the connection, and does nothing" {
  serve_shutdown
  come web1 agent
  come eve operator --to "$URL/operator"
  tell eve text '{"id":1,"do":"order","hosts":["web1"]}'
  await eve '^closed'
  refute_heard '"ok":true' eve
  ask history
  refute_output
}

@test "shutdown operator: a page of another origin is refused with 403, the same origin is not" {
  local port
  serve_shutdown
  port=$(port_of 1 server)
  upgrade 403 "${operator[@]}" -H 'Origin: http://elsewhere.example'
  upgrade 403 "${operator[@]}" -H 'Origin: null'
  upgrade 403 "${operator[@]}" -H "Origin: http://127.0.0.1:$((port - 1))"
  upgrade 101 "${operator[@]}" -H "Origin: http://127.0.0.1:$port"
  upgrade 101 "${operator[@]}"
  upgrade 403 -H 'Sec-WebSocket-Protocol: netkit-agent.1' -H 'Origin: http://elsewhere.example'
  # Plain clients have no rights, and may come from anywhere.
  upgrade 101 -H 'Origin: http://elsewhere.example'
}

@test "shutdown operator: a name that was rebound to us is refused, unless --page-host has it" {
  local port rebound
  serve_shutdown
  port=$(port_of 1 server)
  rebound=(-H "Host: evil.example:$port" -H "Origin: http://evil.example:$port")
  upgrade 403 "${operator[@]}" "${rebound[@]}"
  upgrade 101 "${rebound[@]}"
  stop_server server
  serve_again --page-host evil.example
  upgrade 101 "${operator[@]}" "${rebound[@]}"
}

@test "shutdown operator: what looks like a request is only echoed to a plain client" {
  serve_shutdown
  operator_token
  come plain plain --bearer "$TOKEN"
  await plain '^got'
  tell plain text '{"id":1,"do":"enrol"}'
  await plain '^got [0-9.]+ Echo: \{"id":1,"do":"enrol"\}$'
  tell plain text "{\"token\":\"$TOKEN\"}"
  await plain "Echo: .*$TOKEN"
}

@test "shutdown operator: tokens and codes never stand in the log, not even with -vv" {
  local code
  serve_shutdown -vv
  operator_token
  code=$(asked enrol)
  come web1 agent --code "$code"
  AGENT_TOKEN=$(sed -n 's/^welcome .* //p' web1.out)
  remote list --server "$URL" --token-file token
  assert_status 0
  remote list --server "$URL" --token "nk_$(printf '%043d' 7)"
  assert_status 4
  leave web1
  come web1 agent --bearer "$AGENT_TOKEN"
  for secret in "$TOKEN" "$AGENT_TOKEN" "$code" "nk_$(printf '%043d' 7)"; do
    ! grep -Fq -- "$secret" server.err || fail "the log has $secret"
    # Kept as hashes only.
    ! grep -Fqa -- "$secret" -r "$STATE" || fail "the state has $secret"
  done
}

@test "shutdown enrol: a code is good once" {
  local code
  serve_shutdown
  code=$(asked enrol)
  come web1 agent --code "$code"
  await web1 '^welcome .* nk_'
  come web2 agent --machine "$(printf '%032d' 2)" --code "$code"
  await web2 '^error .*the code is wrong, used or too old.*shutdown-server enrol'
  wait_for_line server.err 'warn shutdown-server: refuse .*enrol web1'
  assert_equal "$(asked list --json | jq -r '[.name, .enrolled] | join(" ")')" "web1 true"
}

@test "shutdown enrol: a code is good for an hour and no longer" {
  local code
  serve_shutdown
  code=$(asked enrol)
  "$PYTHON" -c '
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1] + "/shutdown.db", timeout=10) as records:
    [left] = records.execute("SELECT expires_ms FROM codes").fetchone()
    assert 3_500_000 < left - time.time() * 1000 <= 3_600_000, left
    records.execute("UPDATE codes SET expires_ms = expires_ms - 3600000")' "$STATE"
  come web1 agent --code "$code"
  await web1 '^error .*wrong, used or too old'
}

@test "shutdown enrol: a code that nobody gave is refused" {
  serve_shutdown
  come web1 agent --code AAAA-BBBB-CCCC
  await web1 '^error .*the code is wrong'
  ask list
  refute_output
}

@test "shutdown enrol: --json tells the code and how long it is good, the code has a form" {
  serve_shutdown
  ask enrol
  assert_status 0
  assert_output_matches '^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$'
  ask enrol --json
  assert_equal "$(jq -r .expires_in <<<"$output")" 3600
}

@test "shutdown enrol: a machine that is enrolled is believed with its own token alone" {
  local own
  serve_shutdown
  enrolled_agent web1
  own=$AGENT_TOKEN
  enrolled_agent web2 --host web2 --machine "$(printf '%032d' 2)"
  leave web1
  come none agent
  await none '^error .*without its token.*enrol it again'
  come foreign agent --bearer "$AGENT_TOKEN"
  await foreign '^error .*not this machine.s'
  come wrong agent --bearer "nk_$(printf '%043d' 0)"
  await wrong '^error '
  come right agent --bearer "$own"
  await right '^welcome'
  ask order web1 --wait=15s
  assert_status 0
  await right '^order'
  refute_heard '^order' none foreign wrong
}

@test "shutdown enrol: a real agent enrols over wss, pins the server and is ordered off" {
  serve_shutdown
  run_netkit shutdown-agent enrol "wss${URL#ws}" --code "$(asked enrol)" --state agent.state
  assert_status 0
  URL=wss${URL#ws} start_agent agent --exec 'kill "$PPID"'
  assert_equal "$(asked list --json | jq -r .enrolled)" true
  ask order --all --wait=20s
  assert_status 0
  run_netkit shutdown-agent enrol "wss${URL#ws}" --code AAAA-BBBB-CCCC --state other
  assert_status 4
  assert_stderr_matches 'code'
}

@test "shutdown enrol: --revoke takes an operator's and a host's tokens back" {
  serve_shutdown
  operator_token
  enrolled_agent web1
  come anna operator --bearer "$TOKEN"
  await anna '"welcome"'
  run_netkit shutdown-server enrol --revoke anna --state "$STATE"
  assert_status 0
  assert_output 1
  await anna '^closed'
  remote list --server "$URL" --token-file token
  assert_status 4
  ask enrol --revoke web1
  assert_status 0
  await web1 '^closed'
  come again agent --bearer "$AGENT_TOKEN"
  await again '^error .*not this machine.s'
  ask enrol --revoke nobody
  assert_status 5
}

@test "shutdown enrol: a machine that enrols again has a new token, and the old one is void" {
  local old
  serve_shutdown
  enrolled_agent web1
  old=$AGENT_TOKEN
  leave web1
  enrolled_agent web2
  leave web2
  come stale agent --bearer "$old"
  await stale '^error '
  come fresh agent --bearer "$AGENT_TOKEN"
  await fresh '^welcome'
}

@test "shutdown enrol: from afar nobody makes an operator" {
  serve_shutdown
  operator_token
  remote enrol --operator bob --server "$URL" --token-file token
  assert_status 4
  assert_stderr_matches "on the server's own machine"
}

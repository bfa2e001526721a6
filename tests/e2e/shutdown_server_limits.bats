#!/usr/bin/env bats
# Hostile peers of shutdown-server: bytes against its protocols, floods, silence. Whatever they do,
# the others are served and the server ends as it should.

load support
load shutdown_server

# others_are_served: an agent, a client and an operator, beside whoever misbehaves.
others_are_served() {
  come fine agent --host fine --machine "$(printf '%032d' 99)" --from 127.0.0.99
  come plain plain --from 127.0.0.98
  await plain '^got [0-9.]+ 127\.0\.0\.98$'
  ask order fine --wait=20s
  assert_status 0
}

# hex TEXT: its bytes. str TEXT: as the agent protocol has it.
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
str() { printf '%04x' "${#1}" && hex "$1"; }

@test "shutdown limits: garbage instead of a frame ends that agent alone" {
  serve_shutdown
  for bytes in 00 "$(hex 'GET / HTTP/1.1')" f74e4b01 "$(printf 'f74e4b01%056d' 0)" \
    "f74e4b01001100000000000000000008" "f74e4b010011000000000000ffffffff0000000000000001"; do
    come bad agent
    tell bad binary "$bytes"
    await bad '^closed (1002|1003|1006|1007|1008|1009|1011)$'
  done
  others_are_served
  nothing_broke
}

@test "shutdown limits: text, a second hello, a report before hello end that agent alone" {
  serve_shutdown
  come bad agent
  tell bad text '{"do":"list"}'
  await bad '^closed'
  come bad agent
  tell bad frame 1 "00$(printf '%064d' 0)$(str a)$(str b)$(str c)0000$(str '')"
  await bad '^closed'
  come bad plain --subprotocol netkit-agent.1
  tell bad frame 17 0000000000000001
  await bad '^closed'
  others_are_served
  nothing_broke
}

@test "shutdown limits: an oversized message is refused from its header, 1009" {
  serve_shutdown
  come bad agent
  tell bad raw "82fe$(printf '%04x' 33000)00000000"
  await bad '^closed 1009$'
  asked enrol --operator anna >token
  come large operator --to "$URL/operator" --bearer "$(<token)"
  tell large raw "81ff$(printf '%016x' 100000000)00000000"
  await large '^closed 1009$'
  come big plain
  await big '^got'
  tell big raw "81ff$(printf '%016x' 16777217)00000000"
  await big '^closed 1009$'
  others_are_served
  nothing_broke
}

@test "shutdown limits: reports of orders that are not its own change nothing" {
  local order
  serve_shutdown
  come web1 agent --obey accepted
  come eve agent --host eve --machine "$(printf '%032d' 66)"
  order=$(asked order web1 --json | jq -r .order)
  until_order web1 accepted
  for step in refused cancelled going goodbye; do tell eve step "$step" "$order" forged; done
  tell eve step accepted ffffffffffffffff
  others_are_served
  order_is web1 accepted
  # Steps only lead on.
  tell web1 step going "$order"
  until_order web1 going
  tell web1 step receipt "$order"
  tell web1 step accepted "$order"
  tell web1 step cancelled 0000000000000002
  ask list
  order_is web1 going
  nothing_broke
}

@test "shutdown limits: an order 0 or a wrong step is against the protocol" {
  serve_shutdown
  come bad agent
  tell bad step accepted 0
  await bad '^closed'
  come bad agent
  tell bad frame 32 00
  await bad '^closed'
  others_are_served
  nothing_broke
}

@test "shutdown limits: an operator's wrong requests are answered with what is wrong" {
  serve_shutdown
  come op operator --to "unix:$STATE/admin.sock"
  await op '"event":"welcome".*"user":"admin socket"'
  tell op text '{"id":1,"do":"explode"}'
  await op '"id":1,"ok":false,"error":"cannot read ..do'
  tell op text '{"id":2,"do":"order","hosts":"web1"}'
  await op '"id":2,"ok":false,"error":"cannot read ..hosts'
  tell op text '{"id":3,"do":"order","hosts":["a"],"delay":-1}'
  await op '"id":3,"ok":false,"error":"cannot read ..delay'
  tell op text '{"id":4,"do":"order","hosts":["a"],"expire":1e300}'
  await op '"id":4,"ok":false,"error":"cannot read ..expire'
  tell op text '{"id":5,"do":"order","hosts":[]}'
  await op '"id":5,"ok":false.*"exit":2'
  tell op text '[]'
  await op '"ok":false'  6
  tell op text '{"id":7,"do":"list"}'
  await op '"id":7,"ok":true'
  tell op text '{"id":8'
  await op '^closed'
  others_are_served
  nothing_broke
}

@test "shutdown limits: a flood of requests that nobody reads holds up nobody" {
  serve_shutdown
  come flood operator --to "unix:$STATE/admin.sock"
  tell flood flood 20000 '{"id":1,"do":"list"}'
  others_are_served
  come echoes plain --from 127.0.0.97
  tell echoes flood 20000 "$(printf '%0200d' 7)"
  others_are_served
  nothing_broke
}

@test "shutdown limits: a flood of an agent's reports holds up nobody" {
  serve_shutdown
  come flood agent --host flood
  for i in {1..300}; do
    echo "step receipt 0000000000000007"
  done >&"${PEER_IN[flood]}"
  others_are_served
  nothing_broke
}

@test "shutdown limits: a watcher that does not read is not waited for" {
  serve_shutdown
  come watcher operator --to "unix:$STATE/admin.sock"
  tell watcher text '{"id":1,"do":"watch"}'
  await watcher '"id":1,"ok":true'
  freeze watcher
  others_are_served
  leave plain
  others_are_served
  thaw watcher
  await watcher '"event":"order".*"state":"down"'
  nothing_broke
}

@test "shutdown limits: a handshake that is not finished ends at --handshake-timeout" {
  serve_shutdown --handshake-timeout 1s
  dial "$(port_of 1 server)"
  printf 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: webso' >&"$PEER"
  others_are_served
  timeout 15 cat <&"$PEER" >half 2>reset || assert_file_has reset 'Connection reset'
  hang_up
  # Of one that never introduces itself as well.
  come mute plain --subprotocol netkit-agent.1
  await mute '^closed'
  wait_for_line server.err 'shutdown-server: (refuse|disconnect) .*timed out'
  nothing_broke
}

@test "shutdown limits: an operator that does not sign in is sent away in time" {
  serve_shutdown --handshake-timeout 1s
  come mute operator --to "$URL/operator"
  await mute '^closed'
  nothing_broke
}

@test "shutdown limits: an agent that falls silent for two heartbeats is lost" {
  serve_shutdown --heartbeat 500ms
  come silent agent
  await silent '^welcome .* 500 '
  await silent '^closed'
  until_host web1 offline
  # The real one keeps its connection.
  start_agent agent --exec true
  until_host "$(hostname)" online
  sleep_past 3
  assert_equal "$(grep -c 'shutdown-server: agent ' server.err)" 2
  nothing_broke
}

@test "shutdown limits: texts from agents drive no terminal" {
  serve_shutdown
  come web1 agent --host $'web\e[2J1' --obey refused --why $'no\nway\e]0;owned\a'
  ask list
  [[ $output != *$'\e'* ]] || fail "$output"
  ask order --all --wait=15s
  assert_status 4
  [[ $output$stderr != *$'\e'* && $output$stderr != *$'\a'* ]] || fail "$(show_run)"
  assert_equal "$(tail -n 1 <<<"$output" | cut -f 2)" refused
  if grep -q $'\e' server.err; then fail "$(cat -A server.err)"; fi
}

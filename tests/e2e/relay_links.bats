#!/usr/bin/env bats
# Relays that are linked: delivery across them, cuts and crashes, who may link, what operators see.

load support
load relay_server

# linked NAME REGEX: until the relay has logged a link up to whom REGEX says.
linked() { wait_for_line "$1.err" "link state=up relay=$2"; }

# key_of NAME: the fingerprint of a relay's link key, made beforehand if need be.
key_of() { asked "$1" status --json | jq -r .link_key; }

# asked NAME VERB ARGUMENT...: an operator of that relay asks.
asked() { netkit relay "${@:2}" --state "$PWD/state-$1"; }

status_of() { asked "$1" status --json | jq -r "$2"; }
# status_is NAME JQ TEXT: for wait_until.
status_is() { [[ $(status_of "$1" "$2" 2>/dev/null) == "$3" ]]; }

# bats test_tags=tsan
@test "relay links: what is said at one relay is heard once at three in a ring" {
  serve_relay a --threads 3
  serve_relay b --threads 3 --link "$(endpoint_of 1 a)"
  serve_relay c --threads 3 --link "$(endpoint_of 1 a)" --link "$(endpoint_of 1 b)"
  linked b a
  wait_for_line c.err 'link state=up relay=a'
  wait_for_line c.err 'link state=up relay=b'
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 b)"
  client carl "$(port_of 1 c)"
  hears anna 'you are' && hears bert 'you are' && hears carl 'you are'
  tell anna "/nick anna" ok ok "from a"
  tell bert "/nick bert" "from b"
  for who in anna bert carl; do
    hears "$who" '^anna: from a$'
    hears "$who" '^bert: from b$'
    assert_equal "$(grep -c '^anna: ok$' "$who.out")" 2
  done
  nothing_broke c b a
}

@test "relay links: two links between the same two relays give each message once" {
  serve_relay a
  serve_relay b --link "$(endpoint_of 1 a)" --link "$(endpoint_of 1 a)"
  wait_until 10 status_is b '[.links[]|select(.state=="up")]|length' 2
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 b)"
  hears anna 'you are' && hears bert 'you are'
  tell anna "/nick anna" once last
  hears bert '^anna: last$'
  assert_equal "$(grep -c '^anna: once$' bert.out)" 1
  nothing_broke b a
}

# bats test_tags=tsan
@test "relay links: a relay that was killed is linked again once it is back" {
  serve_relay a --threads 3
  serve_relay b --threads 3 --link "$(endpoint_of 1 a)"
  linked b a
  client bert "$(port_of 1 b)"
  hears bert 'you are'
  crash_relay a
  wait_for_line b.err 'link state=down .*reason='
  serve_again a
  wait_until 15 status_is b '[.links[]|select(.state=="up")]|length' 1
  client anna "$(port_of 1 a)"
  hears anna 'you are'
  tell anna "/nick anna" "back again"
  hears bert '^anna: back again$'
  nothing_broke b a
}

@test "relay links: what was said before a relay stops reaches the other one" {
  serve_relay a
  serve_relay b --link "$(endpoint_of 1 a)"
  linked b a
  client anna "$(port_of 1 b)"
  client bert "$(port_of 1 a)"
  hears anna 'you are' && hears bert 'you are'
  tell anna "/nick anna" "last words"
  hears anna '^anna: last words$'
  stop_server b
  hears bert '^anna: last words$'
  wait_for_line a.err 'link state=down relay=b .*has stopped'
  nothing_broke a
}

@test "relay links: TLS, WebSocket and unix sockets carry links, too" {
  start_server a relay --name a --state "$PWD/state-a" --listen tcp://127.0.0.1:0 \
    --listen ws://127.0.0.1:0 --listen "unix:$PWD/a.sock"
  local tcp ws
  tcp=$(port_of 1 a) ws=$(port_of 2 a)
  serve_relay b --link "tls://127.0.0.1:$tcp"
  serve_relay c --link "ws://127.0.0.1:$ws"
  serve_relay d --link "wss://127.0.0.1:$tcp"
  serve_relay e --link "unix:$PWD/a.sock"
  local name
  for name in b c d e; do linked "$name" a; done
  client anna "$tcp"
  hears anna 'you are'
  for name in b c d e; do client "at-$name" "$(port_of 1 "$name")"; done
  for name in b c d e; do hears "at-$name" 'you are'; done
  tell anna "/nick anna" "over everything"
  for name in b c d e; do hears "at-$name" '^anna: over everything$'; done
  nothing_broke b c d e a
}

@test "relay links: a relay whose key is not named is refused in a sentence, at both ends" {
  serve_relay a
  local key
  key=$(key_of a)
  stop_server a
  serve_relay a --link-key "$key"
  serve_relay b --link "$(endpoint_of 1 a)"
  wait_for_line a.err "link_refused relay=b .*cannot let relay b link: refused .*$(key_of b)"
  wait_for_line b.err 'link state=down .*the other relay says no.*--link-key'
  assert_equal "$(status_of b '.links[0].state')" down
  nothing_broke b a
}

@test "relay links: named keys let in over TLS, and a wrong one is not linked to" {
  serve_relay a
  serve_relay b
  local key_a key_b
  key_a=$(key_of a) key_b=$(key_of b)
  stop_server a && stop_server b
  serve_relay a --link-key "$key_b"
  serve_relay b --link-key "$key_a" --link "tls://127.0.0.1:$(port_of 1 a)"
  linked b a
  serve_relay c --link-key "$key_b" --link "tls://127.0.0.1:$(port_of 1 a)"
  wait_for_line c.err "cannot trust relay a: refused \(its link key is none of --link-key: $key_a\)"
  nothing_broke c b a
}

@test "relay links: a link to itself is noticed" {
  hold_port
  local at=127.0.0.1:$TAKEN_PORT
  kill "${SERVER_PID[holder]}"
  start_server a relay --listen "tcp://$at" --name a --state "$PWD/state-a" --link "$at"
  wait_for_line a.err 'cannot link to itself'
  nothing_broke a
}

@test "relay links: in clear by way of others is refused before anything is opened" {
  run_netkit relay --name a --state "$PWD/state-a" --link tcp://192.0.2.1
  assert_status 4
  assert_stderr_matches 'cannot link in clear to tcp://192.0.2.1:2000: refused \(anyone on the way'
  run_netkit relay --name a --state "$PWD/state-a" --link 192.0.2.1 --link-key nonsense
  assert_status 2
}

@test "relay check: prints every way with its delay, and exit 5 for who does not answer" {
  serve_relay a
  serve_relay b --link "$(endpoint_of 1 a)"
  serve_relay c --link "$(endpoint_of 1 b)"
  linked b a && linked c b
  wait_until 10 status_is a '.relays|length' 3
  run_netkit relay check --state "$PWD/state-a"
  assert_status 0
  assert_output_matches $'b\t[0-9.]+ [mun]?s\ta > b'
  assert_output_matches $'c\t[0-9.]+ [mun]?s\ta > b > c'
  refute_stderr
  crash_relay c
  run_netkit relay check --state "$PWD/state-a"
  assert_status 5
  assert_output_matches $'c\tno answer'
  assert_stderr_matches 'cannot find a way to c: not found \(no answer within 2 s; .*relay status\)'
  nothing_broke b a
}

@test "relay status: links, relays and clients, for people and as JSON" {
  serve_relay a
  serve_relay b --link "$(endpoint_of 1 a)"
  linked b a
  client anna "$(port_of 1 b)"
  hears anna 'you are'
  run_netkit relay status --state "$PWD/state-b"
  assert_status 0
  refute_stderr
  assert_line $'name\tb'
  assert_line $'ack\tmemory'
  assert_output_matches $'clients\t1\tframe=0\tline=1\tlen64=0\tweb=0'
  assert_output_matches $'link\ttcp://127.0.0.1:[0-9]+\ta\tup\t2[0-9TZ:.-]+\tdelay='
  assert_output_matches $'relay\ta\there\t'
  assert_equal "$(status_of b '.links[0].relay + " " + .links[0].key')" "a $(key_of a)"
  assert_equal "$(status_of b '.relays|map(.relay)|sort|join(" ")')" "a b"
  run_netkit relay status --state "$PWD/nowhere"
  assert_status 3
  assert_stderr_matches 'cannot find a running relay in .*start it: netkit relay'
  nothing_broke b a
}

@test "relay kick, mute, ban: by the admin socket" {
  serve_relay a
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 a)"
  hears anna 'you are' && hears bert 'you are'
  tell anna "/nick anna"
  tell bert "/nick bert"
  hears anna 'you are anna' && hears bert 'you are bert'
  run_netkit relay mute anna too loud --for 1m --state "$PWD/state-a"
  assert_status 0
  refute_output
  refute_stderr
  hears bert '^\* .*anna.*muted'
  run_netkit relay bans --state "$PWD/state-a"
  assert_output_matches $'^mute\tanna\t'
  run_netkit relay kick bert --state "$PWD/state-a"
  assert_status 0
  hears anna '^\* .*bert.*kicked'
  run_netkit relay kick nobody --state "$PWD/state-a"
  assert_status 5
  run_netkit relay kick --state "$PWD/state-a"
  assert_status 2
  nothing_broke a
}

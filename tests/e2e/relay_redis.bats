#!/usr/bin/env bats
# Relays that share a Redis: one service without any link, and with links nothing minds that Redis
# is killed.

load support
load relay_server
load redis

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  REDIS_SOCKET=$BATS_TEST_TMPDIR/redis.sock
  start_redis
}
teardown() {
  end_servers
  stop_redis
}

# share NAME [ARGUMENT...]: a relay on that Redis.
share() { serve_relay "$1" --store "redis+unix:$REDIS_SOCKET" "${@:2}"; }

# storm ARGUMENT...: clients at all three relays that check everything, in the background.
storm() {
  timeout -k 5 100 "$PYTHON" -B "$ROOT/tests/support/relay_client.py" storm --relays \
    "$(endpoint_of 1 a),$(endpoint_of 1 b),$(endpoint_of 1 c)" --senders 6 --clients 9 \
    --messages 150 --rate 100 --settle 30 "$@" >storm.json 2>storm.err 3>&- &
  STORM=$!
}
storm_was_fine() {
  local code=0
  wait "$STORM" || code=$?
  [[ $code == 0 ]] && jq -e '.ok and .said == 900 and .acknowledged == 900' storm.json >/dev/null ||
    fail "the storm ended with $code" "$(<storm.json)" "$(<storm.err)"
}

# told NAME REGEX
told() { wait_for_line "$1.err" "$2"; }

@test "relay redis: three relays are one service without a link" {
  share a
  share b
  share c
  client anna "$(port_of 1 a)"
  client bert "$(port_of 1 b)"
  client carl "$(port_of 1 c)"
  hears anna 'you are' && hears bert 'you are' && hears carl 'you are'
  tell anna "/nick anna" ok ok "from a"
  tell carl "/nick carl" "from c"
  for who in anna bert carl; do
    hears "$who" '^anna: from a$'
    hears "$who" '^carl: from c$'
    assert_equal "$(grep -c '^anna: ok$' "$who.out")" 2
  done
  tell bert /who
  hears bert 'anna'
  # One that comes later has what was said, and hears what is.
  share late
  run_netkit chat "$(endpoint_of 1 late)" --listen-only --history 10 --expect 4 --timeout 10s
  assert_status 0
  assert_equal "$(grep -c '^anna: ok$' <<<"$output")" 2
  nothing_broke late a b c
}

# killed_in_traffic: while the storm goes on.
killed_in_traffic() {
  storm
  read -rt 1 <> <(:) || true
  stop_redis
  told a 'store error='
  told b 'store error='
  start_redis
  told a 'Redis is there again'
  storm_was_fine
  nothing_broke c b a
}

@test "relay redis: killed in mid-traffic it costs nothing" {
  share a --rate 0
  share b --rate 0
  share c --rate 0
  killed_in_traffic
}

@test "relay redis: with links, nobody minds that it is killed" {
  share a --rate 0
  share b --rate 0 --link "$(endpoint_of 1 a)"
  share c --rate 0 --link "$(endpoint_of 1 b)"
  killed_in_traffic
}

# has_all NAME: a client of that relay gets 1 to 200 in order.
has_all() {
  [[ $(netkit -q chat "$(endpoint_of 1 "$1")" --listen-only --history 1000 --expect 200 \
    --timeout 2s 2>/dev/null | sed 's/^anna: //') == "$(seq 200)" ]]
}

@test "relay redis: one that comes back empty is filled again" {
  share a
  seq 200 | netkit chat "$(endpoint_of 1 a)" --nick anna >/dev/null
  stop_redis
  rm -rf appendonlydir
  start_redis
  share b
  wait_until 20 has_all b
  nothing_broke b a
}

@test "relay redis: a wrong password ends the start with a clear error, an absent Redis does not" {
  stop_redis
  start_redis --requirepass "correct horse"
  run_netkit relay --listen tcp://127.0.0.1:0 --state "$PWD/state-x" \
    --store "redis+unix:$REDIS_SOCKET"
  assert_status 4
  assert_stderr_matches 'cannot use the store'
  stop_redis
  share a
  told a 'store error=.*Redis cannot be reached'
  start_redis
  told a 'Redis is there again'
  nothing_broke a
}

#!/usr/bin/env bats
# Two auth servers on one Redis: what one does holds at the other, and neither minds when Redis is
# gone for a while.

load support
load auth_server
load redis

setup() {
  auth_home
  REDIS_SOCKET=$BATS_TEST_TMPDIR/redis.sock
  start_redis
}

teardown() {
  end_servers
  stop_redis
}

# serve_two [ARGUMENT...]: servers one and two; ONE and TWO are where.
serve_two() {
  local name
  for name in one two; do
    start_server "$name" auth serve --listen tcp://127.0.0.1:0 --state "$BATS_TEST_TMPDIR/$name" \
      --hash-memory 19MiB --hash-passes 2 --store "redis+unix:$REDIS_SOCKET" "$@"
  done
  ONE=$(endpoint_of 1 one)
  TWO=$(endpoint_of 1 two)
  ENDPOINT=$ONE
}

both_end_well() {
  stop_server one
  stop_server two
  ! grep -E 'ERROR: |runtime error' one.err two.err
}

# echoes TOKEN: the echo server, which asks server two, serves whoever has TOKEN.
echoes() {
  [[ $(netkit -q echo send "$ECHO" --framing line --timeout 10s --token "$1" hello) == hello ]]
}
knows() { asked whoami "$1" --token "$2" >/dev/null 2>&1; }
refuses() {
  local code=0
  asked whoami "$1" --token "$2" >/dev/null 2>&1 || code=$?
  ((code == 4))
}

@test "auth redis: an account and its sessions are those of both servers" {
  serve_two
  enroll anna
  ask login "$TWO" --user anna --password-file password --print-token
  assert_status 0
  token=$output
  ask whoami "$TWO" --token "$token" --json
  assert_status 0
  assert_equal "$(jq -c .scopes <<<"$output")" '["admin"]'
  wait_until 1 knows "$ONE" "$token"
  # The second account does not administrate, wherever it registers.
  asked register "$TWO" --user bert --password-file password >/dev/null 2>&1
  ask login "$ONE" --user bert --password-file password --print-token
  bert=$output
  ask whoami "$ONE" --token "$bert" --json
  assert_equal "$(jq -c .scopes <<<"$output")" '[]'
  ask grant "$ONE" bert shutdown:read --token "$token"
  assert_status 0
  bert_may_read() {
    [[ $(asked whoami "$TWO" --token "$bert" --json | jq -c .scopes) == '["shutdown:read"]' ]]
  }
  wait_until 2 bert_may_read
  both_end_well
}

@test "auth redis: what is revoked at one is refused at the other within a second" {
  serve_two
  enroll anna
  kept=$(token_of anna)
  for round in 1 2 3; do
    token=$(token_of anna)
    wait_until 2 knows "$TWO" "$token"
    session=$(asked whoami "$TWO" --token "$token" --json | jq -r .session)
    ask revoke "$ONE" "$session" --token "$kept"
    assert_status 0
    wait_until 1 refuses "$TWO" "$token"
  done
  # A changed password, too.
  token=$(token_of anna)
  wait_until 2 knows "$TWO" "$token"
  ask passwd "$ONE" --token "$kept" --password-file password --new-password-file fresh
  assert_status 0
  wait_until 1 refuses "$TWO" "$token"
  knows "$TWO" "$kept"
  ask login "$TWO" --user anna --password-file password --print-token
  assert_status 4
  ask login "$TWO" --user anna --password-file fresh --print-token
  assert_status 0
  both_end_well
}

@test "auth redis: a ticket for one use is good once, whichever server counts it" {
  serve_two
  enroll anna
  sign_in anna
  wait_until 2 knows "$TWO" "$(jq -r .token "$XDG_STATE_HOME/netkit/logins")"
  for name in one two; do
    start_server "echo-$name" echo serve --listen tcp://127.0.0.1:0 --framing line \
      --state "$STATE-$name" --require-auth "$(endpoint_of 1 "$name")"
  done
  ticket=$(asked ticket --for echo --uses 1 --expire 5m)
  ECHO=$(endpoint_of 1 echo-one)
  echoes "$ticket"
  ECHO=$(endpoint_of 1 echo-two)
  ! echoes "$ticket"
  ECHO=$(endpoint_of 1 echo-one)
  ! echoes "$ticket"
  stop_server echo-one
  stop_server echo-two
  both_end_well
}

@test "auth redis: while Redis is gone new sign-ins fail, known tokens live, then all goes on" {
  serve_two
  enroll anna
  token=$(token_of anna)
  start_server echo echo serve --listen tcp://127.0.0.1:0 --framing line \
    --state "$STATE-echo" --require-auth "$TWO"
  ECHO=$(endpoint_of 1 echo)
  wait_until 5 echoes "$token"
  unasked=$(token_of anna)
  wait_until 2 knows "$TWO" "$unasked"
  stop_redis
  for round in 1 2 3; do
    ask login "$ONE" --user anna --password-file password --print-token
    assert_status 1
    assert_stderr_matches 'Redis'
  done
  # Neither the one that was asked about before nor the other.
  echoes "$token"
  echoes "$unasked"
  ask whoami "$ONE" --token "$token"
  assert_status 1
  start_redis
  signed_in() { fresh_token=$(token_of anna 2>/dev/null); }
  wait_until 20 signed_in
  wait_until 5 knows "$TWO" "$fresh_token"
  knows "$TWO" "$token"
  echoes "$token"
  stop_server echo
  both_end_well
}

@test "auth redis: what one server did while the other heard nothing is caught up with" {
  serve_two
  enroll anna
  token=$(token_of anna)
  wait_until 2 knows "$TWO" "$token"
  # Its subscription is cut, and what is said meanwhile is lost.
  kill -STOP "$(server_pid two)"
  redis-cli -s "$REDIS_SOCKET" client kill type pubsub >/dev/null
  ask logout "$ONE" --token "$token"
  assert_status 0
  kill -CONT "$(server_pid two)"
  wait_until 5 refuses "$TWO" "$token"
  both_end_well
}

@test "auth redis: settings that may lose data are warned of" {
  stop_redis
  rm -rf appendonlydir
  start_redis --appendonly no
  serve_two
  grep -q 'set appendonly yes' one.err
  both_end_well
}

@test "auth redis: a password comes from a file, and none from the URL" {
  stop_redis
  start_redis --requirepass 'open sesame'
  run_netkit auth serve --listen tcp://127.0.0.1:0 --state "$STATE" \
    --store "redis+unix:$REDIS_SOCKET"
  assert_status 4
  assert_stderr_matches 'NOAUTH'
  echo 'open sesame' >redis.password
  serve_two --store-password-file redis.password
  enroll anna
  ask login "$TWO" --user anna --password-file password
  assert_status 0
  both_end_well
  ! grep -r 'open sesame' one.err two.err
}

@test "auth redis: a URL that is none, tells a password or leaves loopback is a usage error" {
  for url in redis:// redis://:geheim@localhost rediss://localhost redis://192.0.2.1 mysql://x; do
    run_netkit auth serve --state "$STATE" --store "$url"
    assert_status 2
    [[ $stderr != *geheim* ]]
  done
  run_netkit auth serve --state "$STATE" --store-password-file password
  assert_status 2
}

@test "auth redis: no Redis at the start is told in one sentence" {
  stop_redis
  run_netkit auth serve --listen tcp://127.0.0.1:0 --state "$STATE" \
    --store "redis+unix:$REDIS_SOCKET"
  assert_status 1
  assert_stderr_matches 'Redis cannot be reached'
}

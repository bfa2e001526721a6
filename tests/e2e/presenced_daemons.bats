# Daemons that agree: linked by --link, and by a Redis that they share.
load support
load redis

setup() {
  private_home
  REDIS_SOCKET=$BATS_TEST_TMPDIR/redis.sock
  cd "$BATS_TEST_TMPDIR"
}
teardown() {
  end_servers
  stop_redis
}

# start_daemon NAME ARGUMENT...
start_daemon() {
  local name=$1
  shift
  start_server "$name" presenced run --state "$BATS_TEST_TMPDIR/$name" --name "$name" \
    --listen tcp://127.0.0.1:0 --no-multicast "$@"
}

# start_peer NAME DAEMON: a peer that holds a conversation with that daemon.
start_peer() {
  "$NETKIT" -q peer listen --name "$1" --presenced "$(endpoint_of 1 "$2")" --no-multicast \
    --state "$BATS_TEST_TMPDIR/peers" >"$SERVER_DIR/$1.out" 2>"$SERVER_DIR/$1.err" </dev/null 3>&- &
  SERVER_PID[$1]=$!
}

# shows DAEMON NAME STATE: that daemon has NAME in STATE.
shows() {
  netkit -q peer list --presenced "$(endpoint_of 1 "$1")" --no-multicast --json |
    jq -es --arg name "$2" --arg state "$3" \
      'any(.[]; .name == $name and .state == $state)' >/dev/null
}

@test "daemons: linked, each shows the other's peers, and their end" {
  start_daemon one
  start_daemon two --link "$(endpoint_of 1 one)"
  start_peer ana one
  wait_until 20 shows one ana online
  wait_until 20 shows two ana online
  # Only two asked for it: one does not know two's peers.
  start_peer bert two
  wait_until 20 shows two bert online
  ! shows one bert online || fail "told without a link"
  kill -KILL "${SERVER_PID[ana]}"
  unset 'SERVER_PID[ana]'
  wait_until 20 shows two ana offline
  assert_file_has "$SERVER_DIR/two.err" 'daemon .*name=one state=linked'
  # The end of a daemon: what only it saw is asked, and is still there.
  stop_server bert
  stop_server two
  stop_server one
}

@test "daemons: of one that is killed the peers are kept if they answer" {
  start_daemon one
  start_daemon two --link "$(endpoint_of 1 one)"
  start_peer ana one
  wait_until 20 shows two ana online
  kill -KILL "${SERVER_PID[one]}"
  unset 'SERVER_PID[one]'
  # Without a group no question reaches it: it is gone, and says so.
  wait_until 20 shows two ana offline
  stop_server two
}

# bats test_tags=tsan
@test "daemons: a roster shared by Redis, and what happens without it" {
  start_redis
  start_daemon one --store "redis+unix:$REDIS_SOCKET"
  start_daemon two --store "redis+unix:$REDIS_SOCKET"
  start_peer ana one
  wait_until 20 shows two ana online
  start_peer bert two
  wait_until 20 shows one bert online
  kill -KILL "${SERVER_PID[ana]}"
  unset 'SERVER_PID[ana]'
  wait_until 20 shows two ana offline
  stop_redis
  wait_until 20 grep -q 'store .*goes on alone' "$SERVER_DIR/two.err"
  shows two bert online || fail "its own peer is lost"
}

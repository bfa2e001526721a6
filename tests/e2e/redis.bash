# A redis-server of the test's own behind REDIS_SOCKET, which can be killed and started again on its
# files. A file that loads this calls start_redis in its setup and stop_redis in its teardown.

# start_redis: on the files that the last one left.
start_redis() {
  redis-server --port 0 --unixsocket "$REDIS_SOCKET" --dir "$BATS_TEST_TMPDIR" --save '' \
    --appendonly yes --appendfsync always "$@" >>redis.log 2>&1 3>&- &
  REDIS_PID=$!
  wait_until 20 redis_answers
}
redis_answers() { [[ $(redis-cli -s "$REDIS_SOCKET" ping 2>/dev/null) =~ PONG|NOAUTH ]]; }
stop_redis() {
  [[ -n ${REDIS_PID-} ]] || return 0
  kill -KILL "$REDIS_PID" 2>/dev/null || true
  wait "$REDIS_PID" 2>/dev/null || true
  REDIS_PID=
}

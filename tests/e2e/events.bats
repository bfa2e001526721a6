#!/usr/bin/env bats
# The one form that the events of all servers have (README, "Events"): each is started, talked to,
# left, refused by --deny, and stopped; every line of its log is looked at.

load support
load servers

# What each line is, whoever wrote it.
EACH='(.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$")) and
  (.level | IN("trace", "debug", "info", "warn", "error")) and .service == $service and
  (.event | test("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")) and
  (keys_unsorted[0:4] == ["time", "level", "service", "event"]) and
  all(keys_unsorted[]; test("^[a-z][a-z0-9]*(_[a-z0-9]+)*$"))'

# What those that all servers have carry.
COMMON='
  def has_peer: (.address | type) == "string" and (.port | type) == "number" and
    (.dialect | type) == "string" and (.active | type) == "number";
  def one(name): map(select(.event == name)) | length == 1;
  def some(name; is): map(select(.event == name)) | length > 0 and all(.[]; is);
  some("start"; (.version | type) == "string" and (.pid | type) == "number") and
  some("listen"; (.endpoint | type) == "string") and
  some("connect"; has_peer) and
  some("disconnect"; has_peer and (.reason | type) == "string" and .duration >= 0) and
  some("refuse"; .level == "warn" and .address == "127.0.0.2" and (.reason | test("--deny"))) and
  one("drain") and one("stop")'

# keeps_to_it SERVICE: the whole life of one server, and its log.
keeps_to_it() {
  local log=$BATS_TEST_TMPDIR/$1.err line
  start_service "$1" --log-format json --log-level trace --deny 127.0.0.2
  talk_plainly "$1"
  knock_from 127.0.0.2 "$(port_of 1 "$1")"
  wait_for_line "$log" '"event":"disconnect"'
  wait_for_line "$log" '"event":"refuse"'
  stop_server "$1"
  while IFS= read -r line; do
    jq -e --arg service "$1" "$EACH" <<<"$line" >/dev/null || fail "$1: this line is not: $line"
  done <"$log"
  jq -es "$COMMON" "$log" >/dev/null || fail "$1: its events are" "$(<"$log")"
}

@test "events: the check finds a line that is none" {
  run jq -e --arg service echo "$EACH" \
    <<<'{"time":"2026-01-01T00:00:00Z","level":"info","service":"echo","event":"x"}'
  assert_status 1
  run jq -e --arg service echo "$EACH" \
    <<<'{"time":"2026-01-01T00:00:00.000Z","level":"info","service":"echo","event":"relay-away"}'
  assert_status 1
  run jq -e --arg service echo "$EACH" \
    <<<'{"time":"2026-01-01T00:00:00.000Z","level":"info","service":"echo","event":"relay_away"}'
  assert_status 0
}

@test "events: echo keeps to the form" { keeps_to_it echo; }
@test "events: auth keeps to the form" { keeps_to_it auth; }
@test "events: shutdown-server keeps to the form" { keeps_to_it shutdown-server; }
@test "events: relay keeps to the form" { keeps_to_it relay; }
@test "events: presenced keeps to the form" { keeps_to_it presenced; }
@test "events: filesrv keeps to the form" { keeps_to_it filesrv; }

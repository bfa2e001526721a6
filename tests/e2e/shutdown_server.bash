# What the tests of shutdown-server share: a server with its state in $STATE, clients of
# tests/support/shutdown_peer.py in the background, real agents. Each test works in its own folder.

setup() { shutdown_home; }

shutdown_home() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  STATE=$BATS_TEST_TMPDIR/state
  declare -gA PEER_IN=()
}

# serve_shutdown [ARGUMENT...]: a server on a free port of 127.0.0.1, named server; URL is where.
# Silence is proved quickly, since all of its hosts are at its own addresses.
serve_shutdown() {
  start_server server shutdown-server serve --listen ws://127.0.0.1:0 --state "$STATE" \
    --verify 200ms "$@"
  URL=$(endpoint_of 1 server)
}

# crash_server: kill -9. serve_again [ARGUMENT...]: the same server on the port it had.
crash_server() {
  kill -KILL "${SERVER_PID[server]}"
  wait "${SERVER_PID[server]}" 2>/dev/null || true
  unset "SERVER_PID[server]"
}
serve_again() {
  mv server.err "server.err.$((++RESTARTS))"
  start_server server shutdown-server serve --listen "$URL" --state "$STATE" --verify 200ms "$@"
}

# ask VERB ARGUMENT...: through the admin socket; what assert_* look at. asked: the same for pipes.
ask() { run_netkit shutdown-server "$@" --state "$STATE"; }
asked() { netkit shutdown-server "$@" --state "$STATE"; }

# come NAME plain|agent|operator [ARGUMENT...]: a client in the background, its lines in NAME.out.
# --to URL before the role: elsewhere than at $URL.
come() {
  local name=$1 role=$2 url=${URL-} input
  shift 2
  if [[ ${1-} == --to ]]; then
    url=$2
    shift 2
  fi
  rm -f "$name.in" "$name.out"
  mkfifo "$name.in"
  # Opened for both, so that neither end waits for the other one.
  exec {input}<>"$name.in"
  PEER_IN[$name]=$input
  "$PYTHON" -B "$ROOT/tests/support/shutdown_peer.py" "$role" "$url" "$@" <&"$input" \
    >"$name.out" 2>"$name.err" 3>&- &
  SERVER_PID[$name]=$!
  await "$name" '^(open|denied) '
  [[ $role != agent ]] || await "$name" '^(welcome|error|closed) '
}

# three_hosts [ARGUMENT...]: agents web1, web2 and db1, each at an address of its own.
three_hosts() {
  serve_shutdown
  come web1 agent --host web1 --machine "$(printf '%032d' 1)" --from 127.0.0.11 "$@"
  come web2 agent --host web2 --machine "$(printf '%032d' 2)" --from 127.0.0.12 "$@"
  come db1 agent --host db1.example --machine "$(printf '%032d' 3)" --from 127.0.0.13 "$@"
}

# tell NAME LINE: what that client is to do.
tell() { printf '%s\n' "${*:2}" >&"${PEER_IN[$1]}"; }

# await NAME REGEX [N]: until N (1) lines of that client match.
await() {
  wait_until 20 heard "$1" "$2" "${3:-1}" ||
    fail "$1 never said, ${3:-1} times: $2" "$(sed 's/^/  /' "$1.out" "$1.err")" \
      "$(tail -n 20 server.err | sed 's/^/  /')"
}
heard() { (($(grep -Ecs -- "$2" "$1.out") >= $3)); }

# refute_heard REGEX NAME...: none of these clients has said that so far.
refute_heard() {
  local name
  for name in "${@:2}"; do
    ! heard "$name" "$1" 1 || fail "$name said: $1" "$(sed 's/^/  /' "$name.out")"
  done
}

# messages NAME: what it got, without the times.
messages() { sed -n 's/^got [0-9.]* //p' "$1.out"; }

# freeze NAME, thaw NAME: it neither hears nor speaks meanwhile.
freeze() { kill -STOP "${SERVER_PID[$1]}"; }
thaw() { kill -CONT "${SERVER_PID[$1]}"; }

# leave NAME: that client or agent is gone without a word.
leave() {
  kill -KILL "${SERVER_PID[$1]}"
  wait "${SERVER_PID[$1]}" 2>/dev/null || true
  unset "SERVER_PID[$1]"
}

# start_agent NAME ARGUMENT...: a real agent that is connected; its log is NAME.err.
start_agent() {
  local name=$1 ready
  shift
  rm -f "$name.ready"
  mkfifo "$name.ready"
  "$NETKIT" shutdown-agent "$URL" --state "$BATS_TEST_TMPDIR/$name.state" --ready-fd 7 \
    --hooks "$BATS_TEST_TMPDIR/hooks" "$@" 7<>"$name.ready" >"$name.out" 2>"$name.err" \
    </dev/null 3>&- &
  SERVER_PID[$name]=$!
  exec {ready}<>"$name.ready"
  IFS= read -r -t 20 -u "$ready" _ || fail "$name does not connect" "$(sed 's/^/  /' "$name.err")"
  exec {ready}<&-
}

# until_host HOST STATE, until_order HOST STATE: `list` and `history` say so.
until_host() { wait_until 20 host_is "$@" || fail "$(asked list)" "$(tail -n 20 server.err)"; }
host_is() { asked list --json | jq -es --arg h "$1" --arg s "$2" \
  'any(.[]; (.name == $h or .address == $h or .machine == $h) and .state == $s)' >/dev/null; }
until_order() { wait_until 20 order_is "$@" || fail "$(asked history)" "$(tail -n 20 server.err)"; }
order_is() { asked history --json | jq -es --arg h "$1" --arg s "$2" \
  '[.[] | select(.host == $h)][0].state == $s' >/dev/null; }

# in_background NAME VERB ARGUMENT...: a verb that waits; ended NAME sets $status, $output, $stderr.
in_background() {
  local name=$1
  shift
  "$NETKIT" shutdown-server "$@" --state "$STATE" >"$name.out" 2>"$name.err" </dev/null 3>&- &
  SERVER_PID[$name]=$!
}
ended() {
  local pid=${SERVER_PID[$1]}
  wait_for_exit "$pid" 20 || fail "$1 does not end" "$(cat "$1.out" "$1.err")"
  unset "SERVER_PID[$1]"
  status=0
  wait "$pid" || status=$?
  output=$(<"$1.out")
  stderr=$(<"$1.err")
}

# line_gone ADDRESS, until_line_gone ADDRESS: wylacz does not have it any more.
line_gone() { ! grep -Fxqs -- "$1" "$STATE/wylacz"; }
until_line_gone() { wait_until 20 line_gone "$1" || fail "wylacz:" "$(cat "$STATE/wylacz")"; }
until_listed() { wait_for_line "$STATE/lista" "^${1//./\\.}\$"; }

# nothing_broke: the server ends by itself, with 0 and without a sanitizer's report.
nothing_broke() { stop_server server; }

# sleep_past SECONDS: time itself is what is waited for.
sleep_past() {
  local tick
  exec {tick}<> <(:)
  read -r -t "$1" -u "$tick" _ || true
  exec {tick}<&-
}

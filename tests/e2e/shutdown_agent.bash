# What the tests of shutdown-agent share: a fake server (tests/support/agent_server.py) that is told
# what to do line by line, and an agent in the background. Each test works in its own folder.

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  AGENT_NUMBER=0
}

# start_fake [ARGUMENT...]: FAKE is the file with its lines, FAKE_PORT where it listens.
start_fake() {
  FAKE=$BATS_TEST_TMPDIR/fake.out
  rm -f "$FAKE" fake.in
  mkfifo fake.in
  # Opened for both, so that neither end waits for the other one.
  exec {FAKE_IN}<>fake.in
  "$PYTHON" "$ROOT/tests/support/agent_server.py" "$@" <&"$FAKE_IN" >"$FAKE" 2>fake.err 3>&- &
  SERVER_PID[fake]=$!
  wait_for_line "$FAKE" '^port [0-9]+$'
  FAKE_PORT=$(sed -n 's/^port //p' "$FAKE")
}

# tell LINE: what the fake server is to do.
tell() { printf '%s\n' "$*" >&"$FAKE_IN"; }

# end_server NAME: kills one server of ours.
end_server() {
  kill -KILL "${SERVER_PID[$1]}"
  wait "${SERVER_PID[$1]}" 2>/dev/null || true
  unset "SERVER_PID[$1]"
}

# await_fake REGEX [N]: until N (1) lines of the fake server match.
await_fake() {
  wait_until 20 fake_has "$1" "${2:-1}" ||
    fail "the server never saw, ${2:-1} times: $1" "$(sed 's/^/  /' "$FAKE")" \
      "$(sed 's/^/  /' agent.err)"
}
fake_has() { (($(grep -Ecs -- "$1" "$FAKE") >= $2)); }

# until_going ORDER: gives the order until it is taken: the command of another may still run.
until_going() {
  wait_until 20 goes "$1" || fail "never going: $1" "$(sed 's/^/  /' "$FAKE")"
}
goes() {
  tell order "$1"
  fake_has "^going 0*$1\$" 1
}

# fake_steps: what the agent answered to orders, in a line.
fake_steps() {
  grep -Eo '^(receipt|accepted|refused|going|cancelled)' "$FAKE" | paste -sd' '
}

# start_agent [--server E] [--extra E] ARGUMENT...: an agent that is connected. Without --exec it
# must not turn this machine off, whatever goes wrong.
start_agent() {
  local server=127.0.0.1:${FAKE_PORT-} extra=() ready
  while :; do
    case ${1-} in
      --server) server=$2 ;;
      --extra) extra=("$2") ;;
      *) break ;;
    esac
    shift 2
  done
  rm -f agent.ready
  mkfifo agent.ready
  "$NETKIT" shutdown-agent "${extra[@]}" "$server" --state state --ready-fd 7 --exec false "$@" \
    7<>agent.ready >agent.out 2>agent.err </dev/null 3>&- {FAKE_IN}>&- &
  SERVER_PID[agent]=$!
  exec {ready}<>agent.ready
  IFS= read -r -t 20 -u "$ready" _ || fail "the agent does not connect" "$(sed 's/^/  /' agent.err)"
  exec {ready}<&-
}

# stop_agent: SIGTERM; it ends with 0. agent_ends_with CODE: by itself.
stop_agent() {
  kill -TERM "${SERVER_PID[agent]}"
  agent_ends_with 0
}
agent_ends_with() {
  local pid=${SERVER_PID[agent]} code=0
  wait_for_exit "$pid" 20 || fail "the agent does not end" "$(sed 's/^/  /' agent.err)"
  unset "SERVER_PID[agent]"
  wait "$pid" || code=$?
  [[ $code == "$1" ]] ||
    fail "the agent ended with $code instead of $1" "$(sed 's/^/  /' agent.err)"
}

# hook NAME TEXT: an executable in the folder hooks, which it runs in.
hook() {
  printf '#!/bin/sh\ncd "${0%%/*}"\n%s\n' "$2" >"hooks/$1"
  chmod 755 "hooks/$1"
}

# certificate NAME: a new self-signed one in cert.pem and key.pem.
certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=DNS:$1" -keyout key.pem -out cert.pem 2>/dev/null
}

# sleep_past SECONDS: time itself is what is waited for.
sleep_past() {
  local tick
  exec {tick}<> <(:)
  read -r -t "$1" -u "$tick" _ || true
  exec {tick}<&-
}

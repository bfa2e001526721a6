# What the tests of relay share: relays with names and states of their own, and clients of the kinds
# that have no program of ours. Each test works in its own folder.

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

# serve_relay NAME [ARGUMENT...]: a relay on a free port of 127.0.0.1.
serve_relay() {
  local name=$1
  shift
  start_server "$name" relay --listen tcp://127.0.0.1:0 --name "$name" --state "$PWD/state-$name" \
    "$@"
}

# crash_relay NAME: kill -9. serve_again NAME [ARGUMENT...]: the same relay on the port it had.
crash_relay() {
  kill -KILL "${SERVER_PID[$1]}"
  wait "${SERVER_PID[$1]}" 2>/dev/null || true
  unset "SERVER_PID[$1]"
}
serve_again() {
  local name=$1 endpoint
  endpoint=$(endpoint_of 1 "$name")
  shift
  mv "$name.err" "$name.err.$((++RESTARTS))"
  start_server "$name" relay --listen "$endpoint" --name "$name" --state "$PWD/state-$name" "$@"
}

# client NAME PORT: somebody who is connected, whose bytes come from the fifo NAME.in and go to
# NAME.out; `tell NAME TEXT...` is what it writes, `leave NAME` its end.
declare -gA CLIENT=()
client() {
  local name=$1 port=$2 at
  mkfifo "$name.in"
  timeout 60 nc -N 127.0.0.1 "$port" <"$name.in" >"$name.out" 2>/dev/null 3>&- &
  SERVER_PID[client-$name]=$!
  exec {at}>"$name.in"
  CLIENT[$name]=$at
}
tell() { printf '%s\n' "${@:2}" >&"${CLIENT[$1]}"; }
tell_bytes() { printf '%s' "$2" >&"${CLIENT[$1]}"; }
leave() {
  local at=${CLIENT[$1]}
  exec {at}>&-
}

# len64 TEXT: one message of the original's clients.
len64() { printf '%-64d%s' "$(printf %s "$1" | wc -c)" "$1"; }

# hears NAME REGEX: until NAME got such a line.
hears() { wait_for_line "$1.out" "$2"; }

# nothing_broke NAME...: the relays end in order and no sanitizer complained.
nothing_broke() {
  local name
  for name; do stop_server "$name"; done
  ! grep -E 'ERROR: |runtime error|WARNING: Thread' ./*.err*
}

# Peers and a daemon for the tests of `netkit peer`: each test has a group of its own. Loaded after
# support.bash.

# own_group: GROUP_PORT, a UDP port that is free, and a folder for each peer.
own_group() {
  GROUP_PORT=$("$PYTHON" -c '
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("", 0))
    print(s.getsockname()[1])')
  DAEMON_STATE=$BATS_TEST_TMPDIR/presence
  NO_DAEMON=(--presenced none --group-port "$GROUP_PORT")
}

# start_presenced [ARGUMENT...]: a daemon in that group; DAEMON is what peers are told of it.
start_presenced() {
  start_server presenced presenced run --name hall --state "$DAEMON_STATE" \
    --group-port "$GROUP_PORT" --listen tcp://127.0.0.1:0 --listen sctp://127.0.0.1:0 "$@"
  DAEMON=(--presenced "$(endpoint_of 1 presenced)" --group-port "$GROUP_PORT")
}

# start_listener NAME [ARGUMENT...]: `peer listen` as NAME in the background; what it prints is in
# NAME.out, its log in NAME.err. Returns once it is here.
start_listener() {
  local name=$1
  shift
  rm -f "$SERVER_DIR/$name".{out,err}  # Of another one of that name.
  "$NETKIT" peer listen --name "$name" --state "$BATS_TEST_TMPDIR/peers" "$@" \
    </dev/null >"$SERVER_DIR/$name.out" 2>"$SERVER_DIR/$name.err" 3>&- &
  SERVER_PID[$name]=$!
  SERVER_LAST=$name
  wait_for_line "$SERVER_DIR/$name.err" ' listen '
}

# listener_port NAME: where it takes messages.
listener_port() {
  grep -m1 ' listen ' "$SERVER_DIR/$1.err" | grep -Eo 'endpoint=[^ ]+' | grep -Eo '[0-9]+$'
}

# state_of NAME ARGUMENT...: as `peer list ARGUMENT...` shows it.
state_of() {
  local name=$1
  shift
  netkit -q peer list "$@" | awk -F '\t' -v name="$name" '$1 == name { print $3 }'
}

is_state() {
  local wanted=$1
  shift
  [[ $(state_of "$@") == "$wanted" ]]
}

# assert_state STATE NAME ARGUMENT...: soon, if not now.
assert_state() {
  wait_until 20 is_state "$@" || fail "expected $1" "$(netkit peer list "${@:3}" 2>&1)"
}

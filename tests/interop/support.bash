# What the interop tests load: all of tests/e2e/support.bash, and servers that no one here wrote,
# started on a port of their own choice and ended with the test. Talks to loopback only.
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/support.bash"

PEER_READY_LIMIT_S=20

# start_peer NAME REGEX COMMAND...: runs a server in the background as NAME; returns once a line of
# its output matches the extended regular expression, whose first group is its port: PEER_PORT.
start_peer() {
  local name=$1 pattern=$2 said=$BATS_TEST_TMPDIR/$1.said
  shift 2
  "$@" >"$said" 2>&1 </dev/null 3>&- &
  SERVER_PID[$name]=$!
  PEER_PATTERN=$pattern PEER_SAID=$said
  wait_until "$PEER_READY_LIMIT_S" peer_is_ready || fail "$name said" "$(cat "$said")"
}

peer_is_ready() {
  [[ $(cat "$PEER_SAID") =~ $PEER_PATTERN ]] && PEER_PORT=${BASH_REMATCH[1]}
}

# start_echo SCHEME...: an echo server on a free port of each, in that order; see port_of.
start_echo() {
  local scheme listen=()
  for scheme; do listen+=(--listen "$scheme://127.0.0.1:0"); done
  start_server echo echo serve "${listen[@]}" --state "$BATS_TEST_TMPDIR/state"
}

# make_certificate: a self-signed one for localhost, $BATS_TEST_TMPDIR/{cert,key}.pem.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$BATS_TEST_TMPDIR/key.pem" -out "$BATS_TEST_TMPDIR/cert.pem" 2>/dev/null
}

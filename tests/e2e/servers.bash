# One of each of the six servers, for tests of what all of them have. Loaded after support.bash;
# each test works in its own folder.

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

SERVICES="echo auth shutdown-server relay presenced filesrv"

# start_service SERVICE [ARGUMENT...]: that server on a free port of 127.0.0.1, named as it is.
start_service() {
  local service=$1 words=() scheme=tcp
  shift
  case $service in
    echo) words=(serve) ;;
    auth) words=(serve --hash-memory 19MiB --hash-passes 2) ;;
    shutdown-server) words=(serve) scheme=ws ;;
    relay) words=(--name a) ;;
    presenced) words=(run --no-multicast --no-sctp) ;;
    filesrv)
      mkdir -p "$BATS_TEST_TMPDIR/share"
      words=(serve "$BATS_TEST_TMPDIR/share")
      ;;
  esac
  start_server "$service" "$service" "${words[@]}" --listen "$scheme://127.0.0.1:0" \
    --state "$BATS_TEST_TMPDIR/state-$service" "$@"
}

# metrics_at SERVER: HOST:PORT or PATH where that server says in its log that its metrics are.
metrics_at() {
  sed -nE 's/.* metrics endpoint=(tcp:\/\/|unix:)([^ ]*).*/\2/p' "$SERVER_DIR/$1.err"
}

# fetch SERVER PATH [ARGUMENT...]: what curl gets there.
fetch() {
  curl --silent --show-error --max-time 10 --noproxy '*' "http://$(metrics_at "$1")$2" "${@:3}"
}

# shows_metric SERVER LINE: a line of its metrics is exactly that. For wait_until.
shows_metric() { fetch "$1" /metrics | grep -Fxq -- "$2"; }

# talk_plainly SERVICE: a connection that says something which makes the dialect known, and ends.
talk_plainly() {
  if [[ $1 == shutdown-server ]]; then
    netkit -q echo send "$(endpoint_of 1 "$1")" hello >/dev/null 2>&1 || true
  else
    (printf 'help\n' && read -rt 0.5 <> <(:)) | timeout 10 ncat 127.0.0.1 "$(port_of 1 "$1")" \
      >/dev/null || true
  fi
}

# knock_from ADDRESS PORT: connects from that address and waits until the other side ends it.
knock_from() {
  "$PYTHON" -c '
import socket, sys
peer = socket.socket()
peer.settimeout(10)
peer.bind((sys.argv[1], 0))
try:
    peer.connect(("127.0.0.1", int(sys.argv[2])))
    peer.recv(1)
except ConnectionError:
    pass' "$1" "$2"
}

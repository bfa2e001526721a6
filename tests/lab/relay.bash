# What the labs of relay share: relays at fixed ports of the lab's own loopback, wires between them
# that can be cut, and the storm of clients that checks everything. Sourced after support.bash.
# Relays under load are the static build, those that meet hostile bytes the one with sanitizers.

NETKIT_STATIC=${NETKIT_STATIC:-$ROOT/build/static/netkit}
PYTHON=/usr/bin/python3
CLIENTS=$ROOT/tests/support
WIRES_PID=

# need_static ARGUMENT...: ends a lab that cannot begin; those of the lab are for --help.
need_static() {
  [[ -x $NETKIT_STATIC || -n ${1-} ]] && return
  echo "no $NETKIT_STATIC (try: ./dev static)" >&2
  exit 1
}
# static_relays, checked_relays: those that are started from then on.
static_relays() { SERVER_COMMAND=("$NETKIT_STATIC"); }
checked_relays() { SERVER_COMMAND=(); }

# relay_at NAME PORT ARGUMENT...: a relay at that port, with its own state; again after a kill.
relay_at() {
  start_server "$1" relay --name "$1" --listen "tcp://127.0.0.1:$2" --state "$LAB_DIR/$1-state" \
    --rate 0 "${@:3}"
}

# kill_relay NAME: SIGKILL, and what it said goes to its log.
kill_relay() {
  local pid=${SERVER_PID[$1]}
  unset "SERVER_PID[$1]"
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  cat "$LAB_DIR/$1.err" >>"$LAB_DIR/$1.log" 2>/dev/null || true
}

# wires ARGUMENT...: those of relay_wire.py. wire COMMAND PORT|all: done when it returns.
wires() {
  mkfifo "$LAB_DIR/wires.in"
  "$PYTHON" -B "$CLIENTS/relay_wire.py" "$@" <"$LAB_DIR/wires.in" >"$LAB_DIR/wires.out" \
    2>"$LAB_DIR/wires.err" &
  WIRES_PID=$!
  SERVER_PID[wires]=$WIRES_PID
  exec {WIRES}>"$LAB_DIR/wires.in"
  wait_until 10 grep -q ready "$LAB_DIR/wires.out"
}
wire() { echo "$*" >&"$WIRES"; }
end_wires() {
  exec {WIRES}>&-
  wait "$WIRES_PID" 2>/dev/null || true
  unset 'SERVER_PID[wires]'
  rm -f "$LAB_DIR/wires.in"
}

# storm NAME ARGUMENT...: runs it; NAME.json is its summary, NAME.said how far it is.
storm() {
  "$PYTHON" -B "$CLIENTS/relay_client.py" storm "${@:2}" >"$LAB_DIR/$1.json" 2>"$LAB_DIR/$1.said"
}
# storm_in_background NAME ARGUMENT...: returns when all clients are in; STORM is its process.
storm_in_background() {
  : >"$LAB_DIR/$1.said"
  storm "$@" &
  STORM=$!
  wait_until 60 storm_is_on "$1"
}
storm_is_on() { grep -q 'all are in' "$LAB_DIR/$1.said" || ! kill -0 "$STORM" 2>/dev/null; }

# judge_later NAME CLAIM PID: the same of a storm in the background, once it is over.
judge_later() {
  local code=0
  wait "$3" || code=$?
  judge "$1" "$2" "$code"
}

# judge NAME CLAIM CODE: the storm's own verdict, and how the summary reads.
judge() {
  local name=$1 claim=$2 code=$3 what
  if [[ ! -s $LAB_DIR/$name.json ]]; then
    tap 1 "$claim" "exit code $code" "$(tail -n 5 "$LAB_DIR/$name.said")"
    return
  fi
  echo "# $(jq -c 'del(.examples)' "$LAB_DIR/$name.json")"
  for what in lost repeated disordered altered; do
    tap "$(passed jq -e ".$what == 0" "$LAB_DIR/$name.json")" "$claim: no message is $what" \
      "$(jq -c ".examples.$what" "$LAB_DIR/$name.json")"
  done
  tap "$code" "$claim: all was said, acknowledged and heard in time" \
    "$(jq -c . "$LAB_DIR/$name.json")"
}

# no_reports FILE...: a TAP line: none of the relays with these files had a report of a sanitizer.
no_reports() {
  local said
  said=$(cat "${@/%/.err}" "${@/%/.log}" 2>/dev/null | grep -m 1 -A 12 'ERROR: \|runtime error' ||
    true)
  tap "$([[ -z $said ]] && echo 0 || echo 1)" "no report of a sanitizer" "$said"
}

# relay_ends_well NAME: it drains and exits 0.
relay_ends_well() {
  local code=0
  stop_server "$1" 2>"$LAB_DIR/said" || code=$?
  tap "$code" "$1: drains and exits 0" "$(<"$LAB_DIR/said")"
}

rss_mib() { awk '/^VmRSS:/ { print int($2 / 1024) }' "/proc/$1/status"; }

# hold_on SECONDS: the fault goes on for so long.
hold_on() { read -r -t "$1" <> <(:) || true; }

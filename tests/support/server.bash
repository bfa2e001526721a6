# Starts and ends netkit servers for the shell-driven rungs (e2e, interop, lab, demo), without a
# sleep: a server says by --ready-fd that it listens, by --port-file where. Ends only what it
# started. Sourced by tests/e2e/support.bash and tests/lab/support.bash.
#
# SERVER_DIR          where a server's files are kept; NAME.out, NAME.err, NAME.port
# SERVER_DIR_INSIDE   the same folder as the server sees it (another path inside a chroot)
# SERVER_COMMAND      array: what stands before the server's arguments; default $NETKIT alone

SERVER_READY_LIMIT_S=${SERVER_READY_LIMIT_S:-20}
SERVER_STOP_LIMIT_S=${SERVER_STOP_LIMIT_S:-15}
SERVER_LAST=
declare -gA SERVER_PID=()

# start_server NAME ARGUMENT...: runs `netkit ARGUMENT...` in the background as NAME; returns once
# it listens. 1 with its stderr shown if it ends first or stays silent.
start_server() {
  local name=$1 dir=$SERVER_DIR inside=${SERVER_DIR_INSIDE:-$SERVER_DIR} ready
  shift
  rm -f "$dir/$name.ready" "$dir/$name.port"
  mkfifo "$dir/$name.ready"
  # Descriptor 3 is bats' own: a background process that held it would keep bats from ending.
  "${SERVER_COMMAND[@]:-$NETKIT}" "$@" --port-file "$inside/$name.port" --ready-fd 7 \
    7>"$dir/$name.ready" >"$dir/$name.out" 2>"$dir/$name.err" </dev/null 3>&- &
  SERVER_PID[$name]=$!
  SERVER_LAST=$name
  # The open meets the server's; end of file means that it ended before it was ready.
  exec {ready}<"$dir/$name.ready"
  if IFS= read -r -t "$SERVER_READY_LIMIT_S" -u "$ready" _; then
    exec {ready}<&-
    return 0
  fi
  exec {ready}<&-
  echo "server $name did not become ready: ${SERVER_COMMAND[*]:-$NETKIT} $*" >&2
  sed 's/^/  /' "$dir/$name.err" >&2
  return 1
}

# server_pid [NAME], endpoint_of [N [NAME]], port_of [N [NAME]]: N counts the lines of the port
# file from 1, which is the order of --listen; NAME is the last server started by default.
server_pid() { echo "${SERVER_PID[${1:-$SERVER_LAST}]}"; }

endpoint_of() {
  local line
  line=$(sed -n "${1:-1}p" "$SERVER_DIR/${2:-$SERVER_LAST}.port")
  [[ -n $line ]] || { echo "server ${2:-$SERVER_LAST} has no endpoint ${1:-1}" >&2; return 1; }
  echo "$line"
}

port_of() {
  local endpoint
  endpoint=$(endpoint_of "$@") && echo "${endpoint##*:}"
}

# wait_for_exit PID SECONDS: 0 once the process is gone, 1 if it outlives the limit.
wait_for_exit() {
  timeout "$2" tail --pid="$1" -s 0.02 -f /dev/null
}

# stop_server [NAME]: SIGTERM; 0 only if the server then ends by itself within the limit, with exit
# code 0. One that does not is killed.
stop_server() {
  local name=${1:-$SERVER_LAST} pid code=0
  pid=${SERVER_PID[$name]:?no such server}
  unset "SERVER_PID[$name]"
  kill -TERM "$pid" 2>/dev/null || echo "server $name had ended already" >&2
  if ! wait_for_exit "$pid" "$SERVER_STOP_LIMIT_S"; then
    echo "server $name did not end within $SERVER_STOP_LIMIT_S s of SIGTERM" >&2
    kill -KILL "$pid"
  fi
  wait "$pid" || code=$?
  if ((code != 0)); then
    echo "server $name ended with exit code $code" >&2
    sed 's/^/  /' "$SERVER_DIR/$name.err" >&2
    return 1
  fi
}

# end_servers: kills whatever of ours still runs, without judging it. For teardown and traps.
end_servers() {
  local name pid
  for name in "${!SERVER_PID[@]}"; do
    pid=${SERVER_PID[$name]}
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  SERVER_PID=()
}

# wait_until SECONDS COMMAND...: repeats COMMAND, every 20 ms, until it succeeds; 1 at the limit.
# For what has no event of its own, such as a line that appears in a log.
wait_until() {
  local end=$((SECONDS + $1)) tick
  shift
  exec {tick}<> <(:)
  until "$@"; do
    if ((SECONDS >= end)); then
      exec {tick}<&-
      echo "never came true: $*" >&2
      return 1
    fi
    read -r -t 0.02 -u "$tick" _ || true
  done
  exec {tick}<&-
}

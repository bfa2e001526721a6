# For the lab scripts of shutdown-server: questions to a server by its state folder, agents that are
# ended again. Sourced after support.bash. SHUTDOWN_STATE is the server's folder; the server itself
# is started by start_server.

SHUTDOWN_STATE=
shutdown_state() { echo "${SHUTDOWN_STATE:-$LAB_DIR/state}"; }

# ask VERB ARGUMENT...: a verb of shutdown-server through the admin socket.
ask() {
  local verb=$1
  shift
  "${ASK_COMMAND[@]:-$NETKIT}" shutdown-server "$verb" "$@" --state "$(shutdown_state)"
}

# of_host HOST FILTER: what jq's FILTER makes of that host's line of `list`.
of_host() {
  ask list --json 2>/dev/null | jq -r --arg host "$1" "select(.name == \$host) | $2"
}
host_is() { [[ $(of_host "$1" .state) == "$2" ]]; }

# of_order ORDER FILTER: the same of an order's line in the history.
of_order() {
  ask history --json 2>/dev/null | jq -r --arg order "$1" "select(.order == \$order) | $2"
}
order_is() { [[ $(of_order "$1" .state) == "$2" ]]; }

# order_given HOST ARGUMENT...: gives an order without waiting; prints its id.
order_given() { ask order "$@" --json 2>"$LAB_DIR/order.err" | jq -r .order | head -n 1; }

# start_agent NAME ARGUMENT...: an agent in the background, its log NAME.err; AGENT_COMMAND is what
# stands before it.
start_agent() {
  local name=$1
  shift
  "${AGENT_COMMAND[@]}" "$NETKIT" shutdown-agent "$@" --state "$LAB_DIR/$name" \
    >"$LAB_DIR/$name.out" 2>>"$LAB_DIR/$name.err" </dev/null &
  SERVER_PID[$name]=$!
}

# end_agent NAME [SIGNAL]: ends it, by kill -9 without a word, and reaps it.
end_agent() {
  local pid=${SERVER_PID[$1]-}
  [[ -n $pid ]] || return 0
  unset "SERVER_PID[$1]"
  kill "-${2:-KILL}" "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

# ring ADDRESS PORT: opens and closes a connection.
ring() { timeout 10 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2"; }

#!/usr/bin/env bats
# shutdown-agent under attack and under kill -9: hostile servers end their connection at most, and
# whatever dies, each order is carried out exactly once.

load support
load shutdown_agent

# survives REGEX: the agent logs the end of this connection and comes back for another.
survives() {
  local before
  before=$(grep -c '^hello' "$FAKE")
  "${@:2}"
  wait_for_line agent.err "$1"
  await_fake '^hello' "$((before + 1))"
}

@test "shutdown-agent: a server that breaks the protocol loses its agent, until it tries again" {
  start_fake
  start_agent --exec 'echo x >>ran'
  survives 'disconnect .*unexpected message' tell text hello
  survives 'disconnect .*not a valid message' tell binary 00
  survives 'disconnect .*protocol version' tell binary f74e4b0900200000000000000000000000
  # A length that no message may have, an order that is cut off, a message of the wrong side.
  survives 'disconnect' tell binary f74e4b01002000000000000000000000ffffffff
  survives 'disconnect' tell binary f74e4b010020000000000000000000080000000000000007
  survives 'disconnect' tell binary f74e4b010010000000000000000000080000000000000007
  survives 'disconnect' tell frame 827fffffffffffffffff
  survives 'disconnect' tell frame "$(head -c 3000 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
  survives 'disconnect .*refused .go away' tell error go away
  [[ ! -e ran ]]
  stop_agent
}

@test "shutdown-agent: silence for two heartbeats is a lost connection" {
  start_fake --heartbeat 200
  start_agent
  # What the server does not read it cannot answer: half-open, without a reset.
  survives 'disconnect .*timed out' tell mute
}

@test "shutdown-agent: a server that says nothing, drips, makes noise or is another one is left" {
  local kind
  for kind in silence drip noise huge page; do
    start_fake --raw "$kind"
    run_netkit shutdown-agent "127.0.0.1:$FAKE_PORT" --state state --exec false --retry 0 \
      --timeout 1s
    [[ $status =~ ^[3456]$ ]] || fail "$kind" "$(show_run)"
    assert_stderr_matches "cannot introduce this host to ws://127.0.0.1:$FAKE_PORT"
    end_server fake
  done
}

@test "shutdown-agent: forged and replayed orders are refused, and logged" {
  start_fake
  start_agent --exec 'echo $NETKIT_ORDER >>ran'
  survives 'disconnect .*not a valid message' tell order 0
  tell order 7
  await_fake '^going' 1
  for _ in {1..20}; do tell order 7; done
  await_fake '^going' 21
  tell order 8 boot="$(printf '%032d' 1)"
  await_fake '^refused 0000000000000008'
  wait_for_line agent.err 'warn shutdown-agent: refuse order=0000000000000008 why="the order is for'
  stop_agent
  assert_equal "$(<ran)" 0000000000000007
}

@test "shutdown-agent: texts from a server cannot drive a terminal or a shell" {
  start_fake
  start_agent --exec 'printf %s "$NETKIT_REASON" >ran'
  tell "$(printf 'order 7 reason=\033[31m$(touch;pwned)`x`;\342\200\256 issuer=\033]0;x\007')"
  await_fake '^going'
  wait_until 10 test -s ran
  [[ ! -e pwned ]]
  ! grep -q $'\033' agent.err ran
}

# An order is offered to one agent after the other, each killed at a random moment between its start
# and some time after the command; then to one that lives.
@test "shutdown-agent: kill -9 at random points, and each order is carried out exactly once" {
  local orders=6 kills=4 order number began span_us moment_us
  if [[ -n ${NETKIT_LAB_FULL-} ]]; then orders=40 kills=5; fi
  start_fake
  began=${EPOCHREALTIME/./}
  tell offer 1
  start_agent --exec 'echo $NETKIT_ORDER >>ran'
  await_fake '^going 0000000000000001$'
  span_us=$(((${EPOCHREALTIME/./} - began) * 13 / 10))
  stop_agent
  for ((order = 2; order <= orders; ++order)); do
    tell offer "$(printf '%x' $order)"
    for ((number = 0; number < kills; ++number)); do
      "$NETKIT" shutdown-agent "127.0.0.1:$FAKE_PORT" --state state \
        --exec 'echo $NETKIT_ORDER >>ran' >/dev/null 2>>killed.err </dev/null 3>&- {FAKE_IN}>&- &
      SERVER_PID[agent]=$!
      moment_us=$(((RANDOM << 15 | RANDOM) % span_us))
      sleep_past "$(printf '%d.%06d' $((moment_us / 1000000)) $((moment_us % 1000000)))"
      end_server agent
    done
    start_agent --exec 'echo $NETKIT_ORDER >>ran'
    await_fake "^going $(printf '%016x' $order)\$"
    stop_agent
  done
  wait_until 30 eval '(($(wc -l <ran) >= orders))'
  assert_equal "$(sort ran | uniq -d)" ""
  assert_equal "$(sort -u ran | wc -l)" "$orders"
}

@test "shutdown-agent: runs as a user without rights, and only its command needs them" {
  local as=() id=$EUID
  if ((EUID == 0)); then
    id=65534
    as=(setpriv --reuid $id --regid $id --clear-groups)
  fi
  start_fake
  mkdir own bin
  # What sudo does, as far as the agent can tell; the rights are the administrator's to give.
  printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n' >bin/sudo
  chmod 755 bin/sudo . "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." 2>/dev/null || true
  chown "$id" own
  HOME=$PWD/own PATH=$PWD/bin:$PATH "${as[@]}" \
    "$NETKIT" shutdown-agent "127.0.0.1:$FAKE_PORT" --state "$PWD/own/state" \
    --exec 'sudo -n id -u >"$HOME/ran"' >agent.out 2>agent.err </dev/null 3>&- &
  SERVER_PID[agent]=$!
  await_fake '^hello'
  tell order 7
  await_fake '^going'
  wait_for_line own/ran "^$id\$"
}

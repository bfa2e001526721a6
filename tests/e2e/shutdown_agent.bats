#!/usr/bin/env bats
# shutdown-agent against a server that no one of netkit wrote: orders, what stands against them,
# cancels, reconnects, trust and enrolment. How it dies and who attacks it: shutdown_agent_faults.

load support
load shutdown_agent

@test "shutdown-agent: introduces itself, carries an order out, says goodbye" {
  start_fake
  start_agent --exec 'echo "$NETKIT_ORDER $NETKIT_REASON $NETKIT_ISSUER" >>ran; echo done'
  tell order 2a reason=ups issuer=anna
  await_fake '^going 000000000000002a$'
  wait_for_line ran '^000000000000002a ups anna$'
  assert_equal "$(fake_steps)" "receipt accepted going"
  stop_agent
  await_fake '^goodbye 000000000000002a stopped$'
  assert_file_has "$FAKE" "^hello flags=0 machine=[0-9a-f]{32} boot=[0-9a-f]{32} host=$(hostname) "
  for event in connect order exec goodbye disconnect stop; do
    assert_file_has agent.err "info shutdown-agent: $event"
  done
}

@test "shutdown-agent: without an order goodbye names none" {
  start_fake
  start_agent
  stop_agent
  await_fake '^goodbye 0000000000000000 stopped$'
}

@test "shutdown-agent: the same order again, on this connection and the next, is not run again" {
  start_fake
  start_agent --exec 'echo x >>ran'
  tell order 7
  await_fake '^going' 1
  tell order 7
  await_fake '^going' 2
  tell abort
  await_fake '^hello' 2
  tell order 7
  # Told again on connecting, and asked.
  await_fake '^going' 4
  stop_agent
  assert_equal "$(wc -l <ran)" 1
}

@test "shutdown-agent: an agent that starts anew knows what was started on this boot" {
  start_fake
  start_agent --exec 'echo x >>ran'
  tell order 7
  await_fake '^going' 1
  wait_for_line ran x
  stop_agent
  start_agent --exec 'echo y >>ran'
  tell order 7
  await_fake '^going' 2
  stop_agent
  # Another boot: the claim of the old one goes.
  start_agent --boot-id "$(printf '%032d' 5)" --exec 'echo z >>ran'
  tell order 7
  wait_for_line ran z
  stop_agent
  assert_equal "$(paste -sd' ' ran)" "x z"
  assert_equal "$(ls state | grep -c started-)" 1
}

@test "shutdown-agent: a command that fails is refused with its code and last line" {
  start_fake
  start_agent --exec 'echo first; echo "no permission" >&2; exit 3'
  tell order 7
  await_fake '^refused 0000000000000007 the command exited with 3: no permission$'
  assert_equal "$(fake_steps)" "receipt accepted going refused"
  tell order 7
  await_fake '^refused' 2
  stop_agent
  # So says an agent that starts anew.
  start_agent --exec 'echo x >>ran'
  tell order 7
  await_fake '^refused 0000000000000007 the command exited with 3: no permission$' 3
  [[ ! -e ran ]]
}

@test "shutdown-agent: another order may follow once the command has ended" {
  start_fake
  start_agent --exec 'echo $NETKIT_ORDER >>ran; while [ -e hold ]; do sleep 0.05; done'
  touch hold
  tell order 7
  await_fake '^going 0000000000000007$'
  tell order 8
  await_fake '^refused 0000000000000008 the order 0000000000000007 is under way$'
  rm hold
  until_going 9
}

@test "shutdown-agent: an order for another boot, expired, or cancelled in time is not run" {
  start_fake
  mkdir hooks
  hook 10-slow 'while [ -e ../hold ]; do sleep 0.05; done'
  touch hold
  start_agent --hooks hooks --exec 'echo $NETKIT_ORDER >>ran'
  tell order 1 boot="$(printf '%032d' 5)"
  await_fake '^refused 0000000000000001 the order is for the boot 00000000000000000000000000000005'
  tell order 2 valid=1
  await_fake '^receipt 0000000000000002$'
  sleep_past 0.05
  rm hold
  await_fake '^refused 0000000000000002 the order has expired$'
  touch hold
  tell order 3
  await_fake '^receipt 0000000000000003$'
  tell cancel 3
  await_fake '^cancelled 0000000000000003$'
  rm hold
  tell order 3
  await_fake '^cancelled 0000000000000003$' 2
  tell cancel 4
  tell order 4
  await_fake '^cancelled 0000000000000004$' 2
  tell order 5
  await_fake '^going 0000000000000005$'
  tell cancel 5
  await_fake '^going 0000000000000005$' 2
  stop_agent
  assert_equal "$(<ran)" 0000000000000005
}

@test "shutdown-agent: hooks run in order, and the first that fails is the reason" {
  start_fake
  mkdir hooks
  hook 20-b 'echo "b $NETKIT_ORDER $NETKIT_REASON" >>../seen'
  hook 10-a 'echo a >>../seen'
  hook 30-c 'echo "db: still 3 writers"; printf "\033[31mred"; exit 9'
  hook 40-d 'echo d >>../seen'
  hook 05-off~ 'exit 1'
  hook .06-off 'exit 1'
  echo 'exit 1' >hooks/07-not-executable
  start_agent --hooks hooks --exec 'echo x >>ran'
  tell order 7 force reason=ups
  await_fake '^refused 0+7 .*/hooks/30-c exited with 9: db: still 3 writers.n.x1b.31mred$'
  assert_equal "$(paste -sd, seen)" "a,b 0000000000000007 ups"
  rm hooks/30-c
  tell order 8
  await_fake '^going 0000000000000008$'
  assert_equal "$(tail -n 1 seen)" d
}

@test "shutdown-agent: a hook that takes too long is killed with all it started" {
  start_fake
  mkdir hooks
  hook 10-slow 'sleep 100 & echo $! >../orphan; echo waiting; wait'
  start_agent --hooks hooks --hook-limit 500ms
  tell order 7
  await_fake '^refused 0000000000000007 .*/10-slow took too long: waiting$'
  wait_until 10 eval '! kill -0 "$(<orphan)" 2>/dev/null || grep -q ") Z" "/proc/$(<orphan)/stat"'
}

@test "shutdown-agent: hooks that others can write are not run" {
  start_fake
  mkdir hooks
  hook 10-a 'echo a >>../seen'
  chmod o+w hooks/10-a
  start_agent --hooks hooks
  tell order 7
  await_fake '^refused 0+7 cannot trust .*/10-a: refused .others can write to it; try: chmod'
  chmod o-w hooks/10-a
  chmod g+w hooks
  tell order 8
  await_fake '^refused 0000000000000008 cannot trust .*/hooks: '
  [[ ! -e seen ]]
}

# own_run FOLDER: from here on netkit sees a /run with nothing but FOLDER in it.
own_run() {
  mount_namespace
  cat >own_run <<TEXT
#!/bin/sh
exec ${MOUNTS[*]} sh -c 'mount -t tmpfs none /run && mkdir -p "/run/$1" && exec "\$@"' - \
  "$NETKIT" "\$@"
TEXT
  chmod +x own_run
  NETKIT=$PWD/own_run
}

@test "shutdown-agent: an inhibitor is the reason of a refusal, unless the order is forced" {
  start_fake
  mkdir bin
  cat >bin/systemd-inhibit <<'TEXT'
#!/bin/sh
[ "$*" = "--list --no-legend --no-pager" ] || exit 1
echo 'ModemManager 0 root 634 ModemManager sleep Modem delay'
echo 'Backup Tool 1000 anna 77 restic shutdown:sleep Backing up /home block'
TEXT
  chmod +x bin/systemd-inhibit
  own_run systemd/system
  PATH=$PWD/bin:$PATH start_agent --exec 'echo x >>ran'
  tell order 7
  await_fake '^refused 0000000000000007 Backup Tool inhibits it: Backing up /home$'
  tell order 8 force
  await_fake '^going 0000000000000008$'
}

@test "shutdown-agent: a systemd-inhibit that hangs or fails holds nobody up for long" {
  start_fake
  mkdir bin
  printf '#!/bin/sh\n[ -e %s/fail ] && exit 1\nsleep 100\n' "$PWD" >bin/systemd-inhibit
  chmod +x bin/systemd-inhibit
  own_run systemd/system
  PATH=$PWD/bin:$PATH start_agent --exec true
  tell order 7
  await_fake '^going 0000000000000007$'
  touch fail
  until_going 8
}

@test "shutdown-agent: without systemd no systemd-inhibit is asked" {
  start_fake
  mkdir bin
  printf '#!/bin/sh\ntouch %s/asked\n' "$PWD" >bin/systemd-inhibit
  chmod +x bin/systemd-inhibit
  own_run systemd
  PATH=$PWD/bin:$PATH start_agent --exec true
  tell order 7
  await_fake '^going 0000000000000007$'
  [[ ! -e asked ]]
}

@test "shutdown-agent: --confirm-host and --dry-run refuse, and say why" {
  start_fake
  start_agent --confirm-host other --exec 'echo x >>ran'
  tell order 7
  await_fake "^refused 0000000000000007 this host is $(hostname), and its agent obeys only as other"
  stop_agent
  mkdir hooks
  hook 10-a 'echo "dry=$NETKIT_DRY_RUN" >../seen'
  start_agent --confirm-host "$(hostname)" --dry-run --hooks hooks --exec 'echo x >>ran'
  assert_file_has "$FAKE" '^hello flags=1 '
  tell order 8
  await_fake '^refused 0000000000000008 dry run: would run echo x >>ran$'
  assert_equal "$(<seen)" dry=1
  [[ ! -e ran ]]
}

@test "shutdown-agent: --once ends with what the first order came to" {
  start_fake
  start_agent --once --exec true
  tell order 7
  agent_ends_with 0
  await_fake '^goodbye 0000000000000007 --once$'
  start_agent --once --exec 'exit 3'
  tell order 8
  agent_ends_with 1
  assert_file_has agent.err 'cannot carry out the order 0+8: .*the command exited with 3'
  start_agent --once --confirm-host other
  tell order 9
  agent_ends_with 4
  start_agent --once --dry-run
  tell order a
  agent_ends_with 0
}

@test "shutdown-agent: without room for its claim an order is refused and nothing is run" {
  start_fake
  start_agent --exec 'echo x >>ran'
  # Root writes wherever it likes; a folder that has gone is a hindrance to everyone.
  mv state gone
  tell order 7
  await_fake '^refused 0+7 cannot note in .*started-.*: No such file or directory$'
  mv gone state
  [[ ! -e ran ]]
  tell order 8
  await_fake '^going 0000000000000008$'
}

@test "shutdown-agent: what a command prints after the agent has gone does not end it" {
  start_fake
  start_agent --exec 'while [ -e hold ]; do sleep 0.05; done; echo a; echo b >&2; echo x >>ran'
  touch hold
  tell order 7
  await_fake '^going'
  stop_agent
  rm hold
  wait_for_line ran x
}

@test "shutdown-agent: SIGTERM during a hook ends the hook, and goodbye names no order" {
  start_fake
  mkdir hooks
  hook 10-slow 'echo $$ >../pid; exec sleep 100'
  start_agent --hooks hooks --exec 'echo x >>ran'
  tell order 7
  wait_until 20 test -s pid
  stop_agent
  await_fake '^goodbye 0000000000000000 stopped$'
  wait_until 10 eval '! kill -0 "$(<pid)" 2>/dev/null'
  [[ ! -e ran ]]
}

@test "shutdown-agent: SIGHUP opens the log file again, systemd hears of the first welcome" {
  start_fake
  "$PYTHON" -c '
import socket, sys
hears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
hears.bind("notify")
print("bound", flush=True)
while True: print(hears.recv(4096).decode(), flush=True)' >notified 3>&- {FAKE_IN}>&- &
  SERVER_PID[manager]=$!
  wait_for_line notified '^bound'
  NOTIFY_SOCKET=$PWD/notify start_agent --log-file log
  wait_for_line notified '^READY=1'
  mv log old
  kill -HUP "${SERVER_PID[agent]}"
  wait_until 10 test -e log
  stop_agent
  assert_file_has log 'info shutdown-agent: goodbye'
  wait_for_line notified '^STOPPING=1'
}

@test "shutdown-agent: fails over to the next server, and comes back for ever" {
  start_fake
  start_agent --extra "127.0.0.1:1" --exec true
  assert_file_has agent.err 'warn shutdown-agent: retry endpoint=ws://127.0.0.1:1 '
  tell abort
  await_fake '^hello' 2
  local port=$FAKE_PORT
  end_server fake
  wait_for_line agent.err "retry endpoint=ws://127.0.0.1:$port "
  start_fake --port "$port"
  await_fake '^hello' 1
  stop_agent
}

@test "shutdown-agent: --retry 0 ends with the failure" {
  run_netkit shutdown-agent 127.0.0.1:1 --state state --exec false --retry 0
  assert_status 3
  assert_stderr_matches 'cannot connect to ws://127.0.0.1:1'
}

@test "shutdown-agent: a ws:// server off loopback is refused unless --insecure" {
  run_netkit shutdown-agent ws://192.0.2.7 --state state --retry 0
  assert_status 4
  assert_stderr_matches 'cannot obey ws://192.0.2.7:8765: refused .without TLS anyone '
  assert_stderr_matches 'use wss://, or --insecure'
  run_netkit shutdown-agent tcp://127.0.0.1 --state state
  assert_status 2
}

@test "shutdown-agent: enrol keeps token and certificate, and the agent uses both" {
  certificate localhost
  start_fake --tls cert.pem key.pem
  run_netkit shutdown-agent enrol "wss://localhost:$FAKE_PORT" --code wrong --state state -q
  assert_status 4
  assert_stderr_matches 'the code is not known'
  [[ ! -e state/enrolment ]]
  run_netkit -q shutdown-agent enrol "wss://localhost:$FAKE_PORT" --state state --code-file - \
    <<<right
  assert_status 0
  assert_output "enrolled $(hostname) at fake (wss://localhost:$FAKE_PORT)"
  assert_equal "$(stat -c %a state/enrolment)" 600
  assert_file_has state/enrolment "^wss://localhost:$FAKE_PORT SHA256:[0-9a-f]{64} nk_t{43}\$"
  start_agent --server "wss://localhost:$FAKE_PORT" --exec true
  await_fake '^bearer nk_t{43}$'
  stop_agent
  # Another certificate: pinned by the enrolment, whatever known_hosts says.
  local port=$FAKE_PORT
  end_server fake
  certificate localhost
  rm -f "$XDG_STATE_HOME/netkit/known_hosts"
  start_fake --tls cert.pem key.pem --port "$port"
  run_netkit shutdown-agent "wss://localhost:$port" --state state --exec false --retry 0
  assert_status 4
  assert_stderr_matches 'cannot agree on TLS .*it shows SHA256:'
}

@test "shutdown-agent: enrol needs one code, and never sends it in clear" {
  run_netkit shutdown-agent enrol 127.0.0.1 --state state
  assert_status 2
  run_netkit shutdown-agent enrol ws://192.0.2.7 --code x --state state
  assert_status 4
}

@test "shutdown-agent: help names the verb, options and exit codes; unix sockets serve as well" {
  run_netkit shutdown-agent --help
  assert_status 0
  assert_output_matches 'enrol +Become known'
  assert_output_matches '--confirm-host NAME'
  start_fake --unix "$PWD/sock"
  start_agent --server "unix:$PWD/sock" --token-file <(echo nk_given)
  await_fake '^bearer nk_given$'
  stop_agent
}

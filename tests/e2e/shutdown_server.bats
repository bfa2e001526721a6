#!/usr/bin/env bats
# The life of shutdown-server: how it starts and is found, and what kill -9 and full disks may not
# do to an order.

load support
load shutdown_server

# carried_out FILE: how many orders ran.
carried_out() { [[ -e $1 ]] && wc -l <"$1" || echo 0; }

@test "shutdown-server: serve is the verb that needs no name, and prints where it listens" {
  start_server server shutdown-server --listen ws://127.0.0.1:0 --state "$STATE"
  URL=$(endpoint_of 1)
  assert_equal "$(<server.out)" "listening on $URL"
  ask list
  assert_status 0
  refute_output
  nothing_broke
}

@test "shutdown-server: the state is mode 0700, the admin socket and the records 0600" {
  serve_shutdown
  assert_equal "$(stat -c %a "$STATE")" 700
  assert_equal "$(stat -c '%a %F' "$STATE/admin.sock")" "600 socket"
  assert_equal "$(find "$STATE" -type f -perm /077 ! -name 'lista*' ! -name 'wylacz*' \
    ! -name tls-cert.pem)" ""
  nothing_broke
  [[ ! -e $STATE/admin.sock ]]
}

@test "shutdown-server: no server running is exit code 3, with what to do" {
  for verb in list history 'order web1' 'cancel web1' 'wake web1' enrol; do
    # shellcheck disable=SC2086 # words are words
    ask $verb
    assert_status 3
    refute_output
    assert_stderr_matches 'cannot find a running server in .*admin\.sock.*start it: netkit'
  done
}

@test "shutdown-server: a server that does not answer at --server is exit code 3" {
  hold_port
  run_netkit shutdown-server list --server "127.0.0.1:1" --token "nk_$(printf '%043d' 0)"
  assert_status 3
  run_netkit shutdown-server list --server "127.0.0.1:$TAKEN_PORT" \
    --token "nk_$(printf '%043d' 0)" --timeout 1s
  assert_status 6
}

@test "shutdown-server: verbs find the server by its default state" {
  unset STATE
  STATE=$XDG_STATE_HOME/netkit/shutdown-server
  if ((EUID == 0)); then export STATE_DIRECTORY=$STATE; fi
  start_server server shutdown-server serve --listen ws://127.0.0.1:0
  run_netkit shutdown-server enrol
  assert_status 0
  nothing_broke
}

@test "shutdown-server: a second one on the same state refuses to start and names the first" {
  serve_shutdown
  run_netkit shutdown-server serve --listen ws://127.0.0.1:0 --state "$STATE"
  assert_status 1
  refute_output
  assert_stderr_matches "cannot use $STATE: .*shutdown-server, pid $(server_pid server), runs on it"
  come web1 agent
  ask order web1 --wait=15s
  assert_status 0
  # A crash leaves nothing behind that keeps the next one out.
  crash_server
  serve_again
  ask list
  assert_status 0
}

@test "shutdown-server: SIGTERM ends it at once with agents, clients and operators connected" {
  serve_shutdown
  start_agent agent --exec true
  come plain plain
  in_background waiting order nobody-yet --wait
  come watcher operator --to "unix:$STATE/admin.sock"
  tell watcher text '{"id":1,"do":"watch"}'
  await watcher '"id":1,"ok":true'
  nothing_broke
  await plain '^closed 1001$'
  await watcher '^closed'
}

@test "shutdown-server: kill -9 before delivery to a frozen agent: delivered once" {
  serve_shutdown --heartbeat 1s
  start_agent agent --exec \
    'echo $NETKIT_ORDER >>ran; until [ -e off ]; do sleep 0.1; done; kill $PPID'
  freeze agent
  ask order --all --json
  assert_status 0
  crash_server
  serve_again --heartbeat 1s
  thaw agent
  wait_for_line ran "^$(jq -r .order <<<"$output")\$"
  until_order "$(hostname)" going
  touch off
  until_order "$(hostname)" down
  assert_equal "$(carried_out ran)" 1
}

@test "shutdown-server: kill -9 between an order and the coming of its agent: delivered once" {
  serve_shutdown
  start_agent agent --exec 'echo "$NETKIT_ORDER" >>ran; kill "$PPID"'
  stop_server agent
  until_host "$(hostname)" offline
  ask order "$(hostname)" --json
  crash_server
  serve_again
  start_agent agent --exec 'echo "$NETKIT_ORDER" >>ran; kill "$PPID"'
  wait_for_line ran "^$(jq -r .order <<<"$output")\$"
  until_order "$(hostname)" down
  assert_equal "$(carried_out ran) $(asked history | wc -l)" "1 1"
}

@test "shutdown-server: kill -9 while the host is going: not run again, and verified" {
  serve_shutdown --heartbeat 1s
  start_agent agent --exec 'echo x >>ran; until [ -e off ]; do sleep 0.1; done; kill $PPID'
  ask order --all
  until_order "$(hostname)" going
  crash_server
  serve_again --heartbeat 1s
  until_host "$(hostname)" going
  wait_for_line server.err 'shutdown-server: agent '
  touch off
  until_order "$(hostname)" down
  assert_equal "$(carried_out ran)" 1
}

@test "shutdown-server: a host that booted while the server was away is not ordered again" {
  serve_shutdown
  come web1 agent --obey going
  come web2 agent --host web2 --machine "$(printf '%032d' 2)" --obey accepted
  ask order --all
  until_order web1 going
  until_order web2 accepted
  crash_server
  serve_again
  come web1 agent --boot "$(printf '%032d' 7)"
  come web2 agent --host web2 --machine "$(printf '%032d' 2)" --boot "$(printf '%032d' 7)"
  # The one had said that it obeys; of the other nobody knows why it booted.
  until_order web1 down
  until_order web2 timeout
  refute_heard '^order' web1 web2
}

@test "shutdown-server: orders, hosts, tokens and history outlive a restart" {
  serve_shutdown
  asked enrol --operator anna >token
  come web1 agent
  ask order web1 --wait=15s --reason before
  assert_status 0
  nothing_broke
  serve_again
  run_netkit shutdown-server history --server "$URL" --token-file token
  assert_status 0
  assert_output_matches $'web1\tdown\tadmin socket\tbefore'
  ask list
  assert_output_matches $'^web1\t127\\.0\\.0\\.1\tdown\t'
}

@test "shutdown-server: a full disk refuses orders, one sentence each, and later takes them" {
  mount_namespace
  mkdir "$STATE"
  # The namespace is held by a process; all that looks into the state enters it.
  "${MOUNTS[@]}" bash -c 'mount -t tmpfs -o size=3m,mode=700 none "$1" &&
    echo mounted && exec sleep 300' - "$STATE" >mounted 3>&- &
  SERVER_PID[disk]=$!
  wait_for_line mounted mounted
  inside=(nsenter --mount --user --preserve-credentials --target "${SERVER_PID[disk]}")
  ((EUID != 0)) || inside=(nsenter --mount --target "${SERVER_PID[disk]}")
  SERVER_COMMAND=("${inside[@]}" "$NETKIT")
  serve_shutdown
  come web1 agent
  "${inside[@]}" bash -c 'cat /dev/zero >"$1/filler" || true' - "$STATE" 2>/dev/null
  run --separate-stderr timeout 30 "${inside[@]}" "$NETKIT" shutdown-server order web1 \
    --state "$STATE"
  assert_status 1
  refute_output
  assert_stderr_matches 'cannot keep the order: .*[Nn]o space left.*make room under --state'
  wait_for_line server.err 'error shutdown-server: keep '
  # A client is served meanwhile, and nobody was told of the order.
  come plain plain --from 127.0.0.2
  await plain '^got [0-9.]+ 127\.0\.0\.2$'
  refute_heard '^order' web1
  "${inside[@]}" rm "$STATE/filler"
  run --separate-stderr timeout 30 "${inside[@]}" "$NETKIT" shutdown-server order web1 \
    --state "$STATE" --wait=20s
  assert_status 0
  assert_equal "$(grep -c '^order' web1.out)" 1
  nothing_broke
}

# bats test_tags=tsan
@test "shutdown-server: four threads serve agents, clients and operators at once" {
  serve_shutdown --threads 4
  for i in {1..6}; do
    come "web$i" agent --host "web$i" --machine "$(printf '%032d' "$i")"
    come "plain$i" plain --from "127.0.0.2$i"
  done
  ask order --all --wait=25s --expire 5s
  for i in {1..6}; do
    await "web$i" '^order'
    await "plain$i" '^got [0-9.]+ yep$'
  done
  nothing_broke
}

@test "shutdown-server: Tab offers its verbs and their options" {
  run_netkit __complete shutdown-server ''
  assert_status 0
  assert_equal "$(cut -f 1 <<<"$output" | head -n 7 | paste -sd' ')" \
    "serve list order cancel history wake enrol"
  run_netkit __complete shutdown-server order --exp
  assert_equal "$(cut -f 1 <<<"$output")" --expire
}

@test "shutdown-server: --daemon with a state folder that is named from here" {
  run_netkit shutdown-server --state here --listen ws://127.0.0.1:0 --daemon --pid-file pid \
    --log-file log --port-file port 3>&-
  assert_status 0
  SERVER_PID[daemon]=$(<pid)
  URL=$(<port)
  come web1 agent
  run_netkit shutdown-server order web1 --wait=15s --state here
  assert_status 0
  kill "$(<pid)"
  wait_for_exit "${SERVER_PID[daemon]}" 15
  unset "SERVER_PID[daemon]"
  assert_file_has log 'info shutdown-server: stop'
}

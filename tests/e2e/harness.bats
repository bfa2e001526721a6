#!/usr/bin/env bats
# Shows that the harness itself can fail: each helper of support.bash and tests/support/server.bash
# is given a program that misbehaves. Uses a shell script in netkit's place, never netkit.
# bats file_tags=tsan

load support

setup() {
  private_home
  SERVER_READY_LIMIT_S=5 SERVER_STOP_LIMIT_S=2
  NETKIT=$BATS_TEST_TMPDIR/fake
}

teardown() { end_servers; }

# fake_server BODY: writes a script that stands in for netkit; BODY runs once its options are read.
fake_server() {
  cat >"$NETKIT" <<SCRIPT
#!/bin/bash
while (("\$#")); do
  case \$1 in
    --port-file) port_file=\$2; shift ;;
    --ready-fd) ready_fd=\$2; shift ;;
  esac
  shift
done
ready() { printf '%s\n' tcp://127.0.0.1:7001 tcp://[::1]:7002 >"\$port_file"; echo >&"\$ready_fd"; }
serve() { while :; do read -r -t 1 <> <(:); done; }
$1
SCRIPT
  chmod +x "$NETKIT"
}

# A line that begins with `!` never fails a bats test, so the negation is spelled out.
assert_gone() {
  if kill -0 "$1" 2>/dev/null; then fail "process $1 is still there"; fi
}

@test "start_server: returns once the server says that it listens" {
  fake_server 'trap "exit 0" TERM; ready; serve'
  start_server one echo serve
  assert_equal "$(endpoint_of 1)" tcp://127.0.0.1:7001
  assert_equal "$(port_of 1)" 7001
  assert_equal "$(port_of 2)" 7002
  assert_equal "$(port_of 2 one)" 7002
  stop_server
}

@test "start_server: fails at once, and shows why, when the server ends before it listens" {
  fake_server 'echo "cannot listen: no" >&2; exit 1'
  SECONDS=0
  run start_server one echo serve
  assert_status 1
  assert_output_matches 'cannot listen: no'
  ((SECONDS < SERVER_READY_LIMIT_S))
}

@test "start_server: fails when the server stays silent" {
  SERVER_READY_LIMIT_S=1
  fake_server 'serve'
  # Not under `run`: the server would be a grandchild that teardown does not know.
  start_server one echo serve 2>"$BATS_TEST_TMPDIR/said" && fail "a silent server passed"
  assert_file_has "$BATS_TEST_TMPDIR/said" 'did not become ready'
}

@test "endpoint_of: fails for a line that the port file does not have" {
  fake_server 'trap "exit 0" TERM; ready; serve'
  start_server one echo serve
  run endpoint_of 3
  assert_status 1
  stop_server
}

@test "stop_server: fails when the server ends with another code than 0" {
  fake_server 'trap "exit 3" TERM; ready; serve'
  start_server one echo serve
  stop_server 2>"$BATS_TEST_TMPDIR/said" && fail "exit code 3 passed"
  assert_file_has "$BATS_TEST_TMPDIR/said" 'exit code 3'
}

@test "stop_server: fails when the server had crashed before it was told to stop" {
  fake_server 'ready; kill -SEGV $$'
  start_server one echo serve
  wait_for_exit "$(server_pid one)" 5
  stop_server 2>"$BATS_TEST_TMPDIR/said" && fail "a crash passed"
  assert_file_has "$BATS_TEST_TMPDIR/said" 'exit code 139'
}

@test "stop_server: kills and fails a server that ignores SIGTERM" {
  fake_server 'trap "" TERM; ready; serve'
  start_server one echo serve
  local pid
  pid=$(server_pid one)
  stop_server one 2>"$BATS_TEST_TMPDIR/said" && fail "a deaf server passed"
  assert_file_has "$BATS_TEST_TMPDIR/said" 'did not end within'
  assert_gone "$pid"
}

@test "end_servers: leaves none of the started servers, and spares all other processes" {
  fake_server 'trap "" TERM; ready; serve'
  start_server one echo serve
  start_server two echo serve
  local one two
  one=$(server_pid one) two=$(server_pid two)
  "$NETKIT" --port-file "$BATS_TEST_TMPDIR/other" --ready-fd 1 >/dev/null 3>&- &
  local other=$!
  end_servers
  assert_gone "$one"
  assert_gone "$two"
  kill -0 "$other"
  kill -KILL "$other"
  wait "$other" || true
}

@test "run_netkit: tells stdout from stderr, passes stdin on and keeps the exit code" {
  fake_server 'read -r line; echo "data $line"; echo notice >&2; exit 5'
  run_netkit echo send <<<hello
  assert_status 5
  assert_output 'data hello'
  assert_line 'data hello'
  assert_stderr_matches '^notice$'
}

@test "run_netkit: ends a program that hangs" {
  fake_server 'serve'
  RUN_LIMIT_S=1
  run_netkit echo ping
  assert_status 124
}

@test "assertions: each fails on what it must not accept" {
  status=1 output=$'one\ntwo' stderr='oops'
  local claim
  for claim in 'assert_status 0' 'assert_output one' 'assert_output_matches ^two' \
    'assert_stderr_matches fine' 'assert_line three' 'refute_output' 'refute_stderr' \
    'assert_equal a b' "assert_file_has $NETKIT.none x"; do
    if $claim 2>/dev/null; then fail "accepted: $claim"; fi
  done
}

@test "wait_until: gives up at its limit, and returns as soon as the condition holds" {
  if wait_until 1 false 2>/dev/null; then fail "false came true"; fi
  SECONDS=0
  wait_until 10 true
  ((SECONDS < 2))
}

@test "private_home: no variable of the caller configures netkit" {
  export NETKIT_ECHO_CHUNK=1
  private_home
  [[ -z ${NETKIT_ECHO_CHUNK-} ]]
  [[ $HOME == "$BATS_TEST_TMPDIR"/* && $XDG_STATE_HOME == "$BATS_TEST_TMPDIR"/* ]]
}

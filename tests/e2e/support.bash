# What every bats file loads (`load support`): a private home, bounded runs of $NETKIT, servers
# that are ended again, assertions that show what they compared. Never touches the user's files.
bats_require_minimum_version 1.8.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NETKIT=${NETKIT:-$ROOT/build/dev/netkit}
# Debian's, because it is the one that sees Debian's packages, python3-websockets for instance.
PYTHON=${PYTHON:-/usr/bin/python3}
RUN_LIMIT_S=${RUN_LIMIT_S:-30}
# A sanitizer's report must not be taken for an exit code of netkit's own.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99:detect_stack_use_after_return=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99:print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-exitcode=99:halt_on_error=1}

source "$ROOT/tests/support/server.bash"

# A file with a setup or teardown of its own calls these first.
setup() { private_home; }
teardown() { end_servers; }

# private_home: everything netkit may read or keep lies in the test's own folder; no variable of the
# caller's shell configures it.
private_home() {
  local variable
  for variable in $(compgen -e NETKIT_ || true) NO_COLOR STATE_DIRECTORY NOTIFY_SOCKET \
    LISTEN_FDS LISTEN_PID LISTEN_FDNAMES WATCHDOG_USEC WATCHDOG_PID JOURNAL_STREAM; do
    unset "$variable"
  done
  SERVER_DIR=$BATS_TEST_TMPDIR
  export HOME=$BATS_TEST_TMPDIR/home
  export XDG_CONFIG_HOME=$HOME/config XDG_STATE_HOME=$HOME/state XDG_RUNTIME_DIR=$HOME/run
  export XDG_DATA_HOME=$HOME/data XDG_CACHE_HOME=$HOME/cache LC_ALL=C.UTF-8 TERM=dumb
  mkdir -p "$XDG_CONFIG_HOME" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
  chmod 700 "$XDG_RUNTIME_DIR"
}

# netkit ARGUMENT...: the program, ended after RUN_LIMIT_S seconds (exit code 124). For pipes.
netkit() { timeout -k 5 "$RUN_LIMIT_S" "$NETKIT" "$@"; }

# run_netkit ARGUMENT...: the same under bats' `run`: sets $status, $output (stdout), $stderr,
# ${lines[@]}. stdin is passed on: `run_netkit echo send ... <<<text`.
run_netkit() { run --separate-stderr netkit "$@"; }

fail() {
  printf '%s\n' "$@" >&2
  return 1
}

show_run() {
  printf '  status: %s\n' "${status-}"
  printf '  stdout: %s\n' "${output-}"
  printf '  stderr: %s\n' "${stderr-}"
}

# assert_status CODE: the last run ended with CODE.
assert_status() {
  [[ ${status-} == "$1" ]] || fail "expected exit code $1" "$(show_run)"
}

# assert_output TEXT: stdout was exactly TEXT (without its last line ends).
assert_output() {
  [[ ${output-} == "$1" ]] || fail "expected stdout: $1" "$(show_run)"
}

# assert_output_matches REGEX, assert_stderr_matches REGEX: a bash regular expression.
assert_output_matches() {
  [[ ${output-} =~ $1 ]] || fail "expected stdout to match: $1" "$(show_run)"
}

assert_stderr_matches() {
  [[ ${stderr-} =~ $1 ]] || fail "expected stderr to match: $1" "$(show_run)"
}

# assert_line TEXT: one line of stdout was exactly TEXT.
assert_line() {
  grep -Fxq -- "$1" <<<"${output-}" || fail "expected a line of stdout: $1" "$(show_run)"
}

refute_output() {
  [[ -z ${output-} ]] || fail "expected nothing on stdout" "$(show_run)"
}

# refute_stderr: the last run wrote nothing to stderr; what a success must do.
refute_stderr() {
  [[ -z ${stderr-} ]] || fail "expected nothing on stderr" "$(show_run)"
}

# assert_equal ACTUAL EXPECTED
assert_equal() {
  [[ $1 == "$2" ]] || fail "expected: $2" "     got: $1"
}

# start_echo [ARGUMENT...]: an echo server on a free tcp port, named echo; ENDPOINT is where.
start_echo() {
  start_server echo echo serve --listen tcp://127.0.0.1:0 "$@"
  ENDPOINT=$(endpoint_of 1 echo)
}

# dial PORT [HOST]: opens a connection as descriptor $PEER, for `printf >&$PEER` and `answer`.
dial() { exec {PEER}<>"/dev/tcp/${2:-127.0.0.1}/$1"; }
hang_up() { exec {PEER}>&-; }

# late_tls PORT: shakes hands after a second of silence, as from a machine that is busy.
late_tls() {
  "$PYTHON" - "$1" <<'PYTHON'
import socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
time.sleep(1)
context.wrap_socket(peer).close()
PYTHON
}

# answer SIZE: the next SIZE bytes of the peer, at most ten seconds; fewer at its end.
answer() { timeout 10 head -c "$1" <&"$PEER"; }

# wait_for_line FILE REGEX: until some line of FILE matches; shows FILE if none does in time.
wait_for_line() {
  wait_until 15 grep -Eqs -- "$2" "$1" || fail "no line matches: $2" "$(sed 's/^/  /' "$1")"
}

# answered_at ENDPOINT, refused_at ENDPOINT: whether an echo server there answers. For wait_until.
answered_at() { netkit -q echo send "$1" hello --timeout 5s >/dev/null 2>&1; }
refused_at() { ! answered_at "$1"; }

# mount_namespace: MOUNTS is the command that runs another one in a mount namespace of its own;
# where the kernel lets nobody make one, the test is skipped.
mount_namespace() {
  MOUNTS=(unshare --mount)
  ((EUID == 0)) || MOUNTS+=(--map-root-user)
  "${MOUNTS[@]}" true 2>/dev/null || skip "no mount namespace may be made"
}

# with_system_config TEXT COMMAND...: COMMAND sees TEXT as /etc/netkit/netkit.toml; in MOUNTS.
with_system_config() {
  local text=$1
  shift
  "${MOUNTS[@]}" bash -c '
    mount -t tmpfs none /etc && mkdir /etc/netkit &&
    printf "%s\n" "$1" >/etc/netkit/netkit.toml && shift && exec "$@"' - "$text" "$@"
}

# hold_port: some program listens on a free tcp port of 127.0.0.1, TAKEN_PORT, until the test ends.
hold_port() {
  "$PYTHON" -c '
import signal, socket
taken = socket.create_server(("127.0.0.1", 0))
print(taken.getsockname()[1], flush=True)
signal.pause()' </dev/null >"$BATS_TEST_TMPDIR/taken" 3>&- &
  SERVER_PID[holder]=$!
  wait_for_line "$BATS_TEST_TMPDIR/taken" '^[0-9]+$'
  TAKEN_PORT=$(<"$BATS_TEST_TMPDIR/taken")
}

# assert_file_has FILE REGEX: some line of FILE matches the extended regular expression.
assert_file_has() {
  grep -Eq -- "$2" "$1" || fail "expected $1 to have: $2" "$(sed 's/^/  /' "$1")"
}

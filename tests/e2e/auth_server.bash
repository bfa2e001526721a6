# What the tests of auth share: a server with its state in $STATE and cheap hashes, the verbs asked
# by their exit codes, passwords in files. Each test works in its own folder.

setup() { auth_home; }

auth_home() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  STATE=$BATS_TEST_TMPDIR/state
  echo 'correct horse battery staple' >password
  echo 'not the password at all' >wrong
  echo 'another horse in the stable' >fresh
}

# serve_auth [ARGUMENT...]: a server on a free port of 127.0.0.1, named auth; ENDPOINT is where.
serve_auth() {
  start_server auth auth serve --listen tcp://127.0.0.1:0 --state "$STATE" --hash-memory 19MiB \
    --hash-passes 2 "$@"
  ENDPOINT=$(endpoint_of 1 auth)
}

# crash_server: kill -9. serve_again [ARGUMENT...]: the same server on the port it had.
crash_server() {
  kill -KILL "${SERVER_PID[auth]}"
  wait "${SERVER_PID[auth]}" 2>/dev/null || true
  unset "SERVER_PID[auth]"
}
serve_again() {
  mv auth.err "auth.err.$((++RESTARTS))"
  start_server auth auth serve --listen "$ENDPOINT" --state "$STATE" --hash-memory 19MiB \
    --hash-passes 2 "$@"
}

# ask VERB ARGUMENT...: what assert_* look at. asked: the same for pipes.
ask() { run_netkit auth "$@"; }
asked() { netkit auth "$@"; }

# enroll USER...: accounts with the password in the file `password`.
enroll() {
  local user
  for user; do
    asked register "$ENDPOINT" --user "$user" --password-file password >/dev/null 2>&1
  done
}

# sign_in USER: this home is signed in. token_of USER: another session's token, kept nowhere.
sign_in() { asked login "$ENDPOINT" --user "$1" --password-file password 2>/dev/null; }
token_of() { asked login "$ENDPOINT" --user "$1" --password-file password --print-token; }

# nothing_broke: the server ends in order and no sanitizer complained.
nothing_broke() {
  stop_server auth
  ! grep -E 'ERROR: |runtime error' auth.err*
}

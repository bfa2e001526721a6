#!/usr/bin/env bats
# People and their sessions: registering, signing in, and what ends a session.

load support
load auth_server

@test "auth: the first account on this machine administrates, the second does not" {
  serve_auth
  ask register "$ENDPOINT" --user anna --password-file password
  assert_status 0
  assert_output anna
  assert_stderr_matches 'administrates'
  ask register "$ENDPOINT" --user bert --password-file password
  assert_status 0
  refute_stderr
  sign_in anna
  ask whoami --json
  assert_equal "$(jq -c .scopes <<<"$output")" '["admin"]'
  nothing_broke
}

@test "auth: login stores the token with mode 0600, and whoami uses it" {
  serve_auth
  enroll anna
  ask login "$ENDPOINT" --user anna --password-file password
  assert_status 0
  refute_output
  assert_equal "$(stat -c %a "$XDG_STATE_HOME/netkit/logins")" 600
  ask whoami
  assert_status 0
  assert_output_matches $'^anna\tadmin\t[0-9a-f]{32}\t20'
  nothing_broke
}

@test "auth: login --print-token prints the token alone and stores nothing" {
  serve_auth
  enroll anna
  ask login "$ENDPOINT" --user anna --password-file password --print-token
  assert_status 0
  assert_output_matches '^nk_[A-Za-z0-9_-]{43}$'
  refute_stderr
  [[ ! -e $XDG_STATE_HOME/netkit/logins ]]
  token=$output
  ask whoami "$ENDPOINT" --token "$token"
  assert_status 0
  ask whoami "$ENDPOINT"
  assert_status 4
  nothing_broke
}

@test "auth: a wrong password and an unknown user get the same words and exit code 4" {
  serve_auth
  enroll anna
  ask login "$ENDPOINT" --user anna --password-file wrong
  assert_status 4
  known=$stderr
  ask login "$ENDPOINT" --user nobody --password-file wrong
  assert_status 4
  assert_equal "${stderr//nobody/anna}" "$known"
  nothing_broke
}

@test "auth: a changed password ends the other sessions, and the old one is refused" {
  serve_auth
  enroll anna
  sign_in anna
  other=$(token_of anna)
  ask passwd --password-file password --new-password-file fresh
  assert_status 0
  ask whoami
  assert_status 0
  ask whoami "$ENDPOINT" --token "$other"
  assert_status 4
  ask login "$ENDPOINT" --user anna --password-file password
  assert_status 4
  ask login "$ENDPOINT" --user anna --password-file fresh
  assert_status 0
  nothing_broke
}

@test "auth: logout ends the session at the server, everywhere ends all" {
  serve_auth
  enroll anna
  sign_in anna
  other=$(token_of anna)
  token=$(jq -r .token "$XDG_STATE_HOME/netkit/logins")
  ask logout
  assert_status 0
  ask whoami "$ENDPOINT" --token "$token"
  assert_status 4
  ask whoami
  assert_status 4
  sign_in anna
  ask logout --everywhere
  assert_status 0
  ask whoami "$ENDPOINT" --token "$other"
  assert_status 4
  nothing_broke
}

@test "auth: renew gives another token and ends the old one at once" {
  serve_auth
  enroll anna
  old=$(token_of anna)
  ask renew "$ENDPOINT" --token "$old"
  assert_status 0
  new=$output
  ask whoami "$ENDPOINT" --token "$new"
  assert_status 0
  ask whoami "$ENDPOINT" --token "$old"
  assert_status 4
  nothing_broke
}

@test "auth: accounts and sessions survive kill -9" {
  serve_auth
  enroll anna
  sign_in anna
  crash_server
  serve_again
  ask whoami
  assert_status 0
  nothing_broke
}

@test "auth: no server is exit code 3" {
  ask login 127.0.0.1:1 --user anna --password-file password
  assert_status 3
  refute_output
}

@test "auth: no password, token or hash is in the log" {
  serve_auth --log-level trace
  enroll anna
  token=$(token_of anna)
  ask login "$ENDPOINT" --user "$(<wrong)" --password-file wrong
  ask whoami "$ENDPOINT" --token "$token"
  stop_server auth
  ! grep -F -e "$(<password)" -e "$(<wrong)" -e "${token#nk_}" -e argon2 auth.err
}

#!/usr/bin/env bats
# What administrators do: users, scopes, invitations, other people's sessions, bans, import, export,
# backup; by a session and by the admin socket.

load support
load auth_server

# admin VERB ARGUMENT...: by the admin socket.
admin() { run_netkit auth "$@" --state "$STATE"; }

@test "auth admin: the admin socket administrates without a token, mode 0600" {
  serve_auth
  enroll anna bert
  assert_equal "$(stat -c '%a %F' "$STATE/admin.sock")" "600 socket"
  assert_equal "$(stat -c '%a' "$STATE/auth.db")" 600
  admin users
  assert_status 0
  assert_equal "$(cut -f 1 <<<"$output" | paste -sd ' ')" "anna bert"
  nothing_broke
}

@test "auth admin: who is none is refused with exit code 4, and it is logged" {
  serve_auth
  enroll anna bert
  sign_in bert
  for verb in users 'grant anna relay' 'remove anna' invite bans export; do
    # shellcheck disable=SC2086 # words are words
    ask $verb
    assert_status 4
    refute_output
  done
  wait_for_line auth.err 'authz_fail user=bert .*reason=users'
  nothing_broke
}

@test "auth admin: granted and taken scopes hold at once for a session in progress" {
  serve_auth
  enroll anna bert
  sign_in bert
  admin grant bert shutdown:read relay
  assert_status 0
  assert_line relay
  assert_equal "$(asked whoami --json | jq -c '.scopes | sort')" '["relay","shutdown:read"]'
  admin grant bert --take relay
  assert_output shutdown:read
  admin grant anna --take admin
  assert_status 4
  admin grant nobody relay
  assert_status 5
  admin grant bert 'Not A Scope'
  assert_status 2
  nothing_broke
}

@test "auth admin: revoke ends a session by its beginning, or all of a user's" {
  serve_auth
  enroll anna bert
  first=$(token_of bert)
  sign_in bert
  id=$(asked whoami --json | jq -r .session)
  ask revoke "${id:0:10}"
  assert_status 0
  ask whoami
  assert_status 4
  ask whoami "$ENDPOINT" --token "$first"
  assert_status 0
  ask revoke "$ENDPOINT" anna --token "$first"
  assert_status 4
  admin revoke bert
  assert_status 0
  ask whoami "$ENDPOINT" --token "$first"
  assert_status 4
  admin revoke "$id"
  assert_status 5
  nothing_broke
}

@test "auth admin: an invitation makes one account where registration is by invitation" {
  serve_auth --registration invite
  ask register "$ENDPOINT" --user anna --password-file password
  assert_status 4
  admin invite
  assert_status 0
  code=$output
  ask register "$ENDPOINT" --user anna --password-file password --code "$code"
  assert_status 0
  ask register "$ENDPOINT" --user bert --password-file password --code "$code"
  assert_status 4
  nothing_broke
}

@test "auth admin: imported hashes sign in, are made anew, and are exported" {
  serve_auth
  hash=$(openssl passwd -6 -salt abcdefgh "$(<password)")
  printf '%s\n' "carol:$hash:19000:0:99999:7:::" 'dave:!' '# nobody' >accounts
  admin import accounts
  assert_status 0
  assert_output 1
  assert_stderr_matches 'line 2 skipped'
  ask login "$ENDPOINT" --user carol --password-file password
  assert_status 0
  admin export
  assert_status 0
  assert_output_matches '^carol:\$argon2id\$v=19\$m=19456,t=2,p=1\$'
  nothing_broke
}

@test "auth admin: a backup is whole and never overwrites" {
  serve_auth
  enroll anna
  admin backup copy.db
  assert_status 0
  assert_equal "$(stat -c %a copy.db)" 600
  admin backup copy.db
  assert_status 1
  sign_in anna
  ask backup "$ENDPOINT" other.db
  assert_status 4
  mkdir -m 700 other
  cp copy.db other/auth.db
  start_server second auth serve --listen tcp://127.0.0.1:0 --state other --hash-memory 19MiB \
    --hash-passes 2
  ask login "$(endpoint_of 1 second)" --user anna --password-file password
  assert_status 0
  stop_server second
  nothing_broke
}

@test "auth admin: failures hold an account up, bans lists and clears them" {
  serve_auth
  enroll anna
  for attempt in 1 2 3 4 5 6; do
    echo "wrong password number $attempt" >bad
    ask login "$ENDPOINT" --user anna --password-file bad
    assert_status 4
  done
  admin bans
  assert_output_matches $'^anna\taccount\t'
  admin bans --clear anna
  assert_status 0
  admin bans
  refute_output
  admin bans --clear anna
  assert_status 5
  nothing_broke
}

@test "auth admin: an administrator sets another's password, which ends their sessions" {
  serve_auth
  enroll anna bert
  other=$(token_of bert)
  sign_in anna
  ask passwd --user bert --new-password-file fresh
  assert_status 0
  ask whoami "$ENDPOINT" --token "$other"
  assert_status 4
  ask login "$ENDPOINT" --user bert --password-file fresh
  assert_status 0
  nothing_broke
}

@test "auth admin: a removed account cannot sign in" {
  serve_auth
  enroll anna bert
  admin remove bert
  assert_status 0
  ask login "$ENDPOINT" --user bert --password-file password
  assert_status 4
  admin remove anna
  assert_status 4
  nothing_broke
}

@test "auth admin: a ticket made offline is narrowed to what it says" {
  serve_auth
  enroll anna
  sign_in anna
  ticket=$(asked ticket --scope relay --expire 1m)
  [[ $ticket == nkt_* ]]
  ask whoami "$ENDPOINT" --token "$ticket" --json
  assert_status 0
  assert_equal "$(jq -c '[.scopes, .ticket]' <<<"$output")" '[["relay"],true]'
  ask users "$ENDPOINT" --token "$ticket"
  assert_status 4
  ask renew "$ENDPOINT" --token "$ticket"
  assert_status 4
  broad=$(asked ticket --expire 1m)
  ask invite "$ENDPOINT" --token "$broad"
  assert_status 4
  ask sessions "$ENDPOINT" --token "$broad"
  assert_status 4
  ask invite "$ENDPOINT" --token "$(asked ticket --verb invite)"
  assert_status 0
  ask renew "$ENDPOINT" --token "$broad"
  assert_status 4
  once=$(asked ticket --uses 1)
  ask whoami "$ENDPOINT" --token "$once"
  assert_status 0
  ask whoami "$ENDPOINT" --token "$once"
  assert_status 4
  asked logout
  ask whoami "$ENDPOINT" --token "$ticket"
  assert_status 4
  nothing_broke
}

@test "auth admin: one holder's counted tickets hold nobody else up" {
  serve_auth
  enroll anna bert
  sign_in bert
  asked ticket --uses 4000000000 >ticket
  PYTHONPATH=$ROOT/tests/support timeout 60 /usr/bin/python3 - "$(port_of 1 auth)" <<'SPENDING'
import sys, threading, time
from auth_client import AuthClient, DENIED, GRANT, SPEND, frame
port, count = sys.argv[1], 3000
ticket = open("ticket").read().strip().encode()
spender, kinds = AuthClient(port), []
reader = threading.Thread(target=lambda: kinds.extend(spender.receive()[0] for _ in range(count)))
reader.start()
spender.socket.sendall(b"".join(frame(SPEND, ticket, n + 1) for n in range(count)))
began = time.monotonic()
anna = AuthClient(port).ask("login", user="anna", password="correct horse battery staple")
took = time.monotonic() - began
reader.join(30)
assert anna["ok"] and took < 5, (anna.get("hint"), took)
assert len(kinds) == count and kinds.count(GRANT) >= 32 and set(kinds) <= {GRANT, DENIED}, kinds
SPENDING
  nothing_broke
}

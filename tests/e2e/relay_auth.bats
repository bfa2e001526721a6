#!/usr/bin/env bats
# Relays that ask who somebody is: links, clients and operators with tokens, and what is never sent
# or taken in clear.

load support
load auth_server
load relay_server

setup() { auth_home; }

linked() { wait_for_line "$1.err" "link state=up relay=$2"; }

# people USER...: accounts, of which the first administrates and is signed in here.
people() {
  serve_auth
  enroll "$@"
  sign_in "$1"
}

# guarded NAME [ARGUMENT...]: a relay that serves only who has a token; AT is host and port.
guarded() {
  serve_relay "$1" --require-auth "$ENDPOINT" "${@:2}"
  AT=127.0.0.1:$(port_of 1 "$1")
  FINGERPRINT=$(sed -n 's/.*fingerprint=\([^ ]*\).*/\1/p' "$1.err" | head -n 1)
}

@test "relay auth: a token of the scope relay:link links, another one or none does not" {
  people anna bert carl
  asked grant bert relay:link >/dev/null
  umask 077
  token_of bert >good
  token_of carl >poor
  guarded a
  serve_relay b --link "tls://$AT" --link-token-file good --link-tls-fingerprint "$FINGERPRINT"
  linked b a
  serve_relay c --link "tls://$AT" --link-token-file poor --link-tls-fingerprint "$FINGERPRINT"
  wait_for_line a.err 'link_refused relay=c '
  serve_relay d --link "tls://$AT" --link-tls-fingerprint "$FINGERPRINT"
  wait_for_line a.err 'link_refused relay=d '
  # By WebSocket, too.
  serve_relay e --link "wss://$AT" --link-token-file good --link-tls-fingerprint "$FINGERPRINT"
  linked e a
  assert_equal "$(netkit relay status --state state-a --json | jq -r \
    '[.links[]|select(.state=="up")|.relay]|sort|join(" ")')" "b e"
  ! grep -hw 'nk_[A-Za-z0-9_-]*' ./*.err || fail 'a token is in a log'
  nothing_broke e d c b a auth
}

@test "relay auth: measures from afar take a token of the scope relay:moderate" {
  people anna bert carl dora
  asked grant bert relay:moderate >/dev/null
  asked logout >/dev/null 2>&1
  guarded a
  netkit chat "$AT" --token "$(token_of carl)" --listen-only >carl.out 2>carl.err 3>&- &
  carl=$!
  wait_until 10 eval '[[ $(netkit relay status --state state-a --json | jq .clients) == 1 ]]'
  run_netkit relay kick carl --server "$AT"
  assert_status 4
  run_netkit relay kick carl --server "$AT" --token "$(token_of dora)"
  assert_status 4
  assert_stderr_matches 'relay:moderate'
  kill -0 "$carl"
  run_netkit relay kick carl enough --server "$AT" --token "$(token_of bert)"
  assert_status 0
  refute_output
  refute_stderr
  code=0
  wait "$carl" || code=$?
  assert_equal "$code" 4
  grep 'you were kicked: enough' carl.err
  nothing_broke a auth
}

@test "relay auth: chat over TLS with a token, to the certificate that is pinned alone" {
  people anna bert
  token=$(token_of bert)
  guarded a
  run_netkit -q chat "tls://$AT" --token "$token" --tls-fingerprint "$FINGERPRINT" <<<'hello'
  assert_status 0
  assert_output 'bert: hello'
  refute_stderr
  run_netkit -q chat "tls://$AT" --token "$token" --tls-fingerprint \
    "SHA256:$(printf '%064d' 0)" <<<'hello'
  assert_status 4
  refute_output
  run_netkit -q chat "tls://$AT" --token "nk_$(printf '%043d' 0)" --tls-fingerprint \
    "$FINGERPRINT" <<<'hello'
  assert_status 4
  refute_output
  nothing_broke a auth
}

@test "relay auth: no token goes in clear to another machine, and no link comes in so" {
  local map=()
  ((EUID == 0)) || map=(--map-root-user)
  unshare "${map[@]}" --net true 2>/dev/null || fail "no network namespace may be made"
  # In a network of its own, where that is an address of this machine but not loopback.
  timeout 60 unshare "${map[@]}" --net bash -c '
    ip link set lo up && ip address add 192.0.2.1/32 dev lo
    "$0" relay --name a --state state-a --listen tcp://192.0.2.1:2000 >a.out 2>a.err 3>&- & a=$!
    "$0" relay --name b --state state-b --listen tcp://127.0.0.1:0 --insecure \
      --link tcp://192.0.2.1:2000 >b.out 2>b.err 3>&- & b=$!
    for ((i = 0; i < 500; i++)); do
      ! grep -q link_refused a.err || break
      read -rt 0.02 <> <(:)
    done
    token=nk_$(printf "%043d" 0)
    timeout 20 "$0" chat tcp://192.0.2.1 --token "$token" <<<hello >chat.out 2>chat.err
    echo "$?" >>codes
    timeout 20 "$0" relay kick eve --server tcp://192.0.2.1 --token "$token" 2>kick.err
    echo "$?" >>codes
    timeout 20 "$0" chat tcp://192.0.2.1 <<<hello >plain.out 2>plain.err
    echo "$?" >>codes
    kill "$a" "$b"; wait' "$NETKIT"
  assert_equal "$(paste -sd ' ' codes)" '4 4 0'
  assert_file_has chat.err 'in clear'
  assert_file_has kick.err 'in clear'
  assert_file_has a.err 'link_refused relay=b .*refused'
  ! grep -E 'link state=up|ERROR: |runtime error' a.err b.err || fail 'it went wrong'
}

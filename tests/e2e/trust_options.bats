#!/usr/bin/env bats
# Servers that are clients of another: whom --require-auth and --link trust, and for how long they
# do without.

load support
load auth_server
load relay_server

setup() { auth_home; }

# certificate NAME: NAME.pem and NAME.key, for 127.0.0.1, its own authority.
certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$1.key" -out "$1.pem" 2>openssl.log
}
fingerprint() { openssl x509 -in "$1.pem" -noout -fingerprint -sha256 | cut -d= -f 2; }

# serve_auth_tls: one whose certificate is auth.pem, with the account anna, TOKEN; and other.pem.
serve_auth_tls() {
  certificate auth
  certificate other
  start_server auth auth serve --listen tls://127.0.0.1:0 --state "$STATE" --hash-memory 19MiB \
    --hash-passes 2 --tls-cert auth.pem --tls-key auth.key
  ENDPOINT=$(endpoint_of 1 auth)
  local trust=(--tls-ca auth.pem --user anna --password-file password)
  asked register "$ENDPOINT" "${trust[@]}" >/dev/null
  TOKEN=$(asked login "$ENDPOINT" "${trust[@]}" --print-token)
}

# guarded ARGUMENT...: an echo server, named echo, that asks there.
guarded() {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --state "$STATE-echo" \
    --require-auth "$ENDPOINT" "$@"
}
echoed() { run_netkit -q echo send "$(endpoint_of 1 echo)" --token "$TOKEN" hello; }

@test "trust: --auth-tls-fingerprint and --auth-tls-ca say which auth service is asked" {
  serve_auth_tls
  for trust in "--auth-tls-ca=auth.pem" "--auth-tls-fingerprint=$(fingerprint auth)"; do
    guarded "$trust"
    echoed
    assert_status 0
    assert_output hello
    stop_server echo
  done
  for trust in "--auth-tls-ca=other.pem" "--auth-tls-fingerprint=$(fingerprint other)"; do
    guarded "$trust"
    wait_for_line echo.err 'auth .*state=away'
    echoed
    assert_status 4
    stop_server echo
  done
  run_netkit echo serve --require-auth "$ENDPOINT" --auth-tls-ca auth.pem \
    --auth-tls-fingerprint "$(fingerprint auth)"
  assert_status 2
  # Not only once somebody comes.
  run_netkit echo serve --require-auth "$ENDPOINT" --auth-tls-ca none.pem
  assert_status 2
  assert_stderr_matches 'none.pem'
  nothing_broke
}

@test "trust: --auth-grace bounds how long known tokens are good without the auth service" {
  serve_auth
  enroll anna
  TOKEN=$(token_of anna)
  guarded --auth-grace 1s
  echoed
  assert_status 0
  crash_server
  wait_for_line echo.err 'auth .*state=away'
  is_over() { ! netkit -q echo send "$(endpoint_of 1 echo)" --token "$TOKEN" hello; }
  wait_until 20 is_over
  echoed
  assert_status 4
  stop_server echo
}

@test "trust: --link-tls-ca and --link-tls-fingerprint say which relay is linked to" {
  certificate a
  certificate other
  serve_relay a --listen tls://127.0.0.1:0 --tls-cert a.pem --tls-key a.key
  at=$(endpoint_of 2 a)
  serve_relay b --link "$at" --link-tls-ca a.pem
  wait_for_line b.err 'link state=up relay=a'
  serve_relay c --link "$at" --link-tls-ca other.pem
  wait_for_line c.err 'link .*certificate'
  serve_relay d --link "$at" --link-tls-fingerprint "$(fingerprint other)"
  wait_for_line d.err 'link .*cannot agree on TLS .*it shows SHA256:'
  assert_equal "$(netkit relay status --state state-a --json | jq -c '[.links[].relay]')" '["b"]'
  run_netkit relay --listen tcp://127.0.0.1:0 --state e --link "$at" --link-tls-ca none.pem
  assert_status 2
  assert_stderr_matches 'none.pem'
  stop_server d
  stop_server c
  stop_server b
  stop_server a
}

@test "trust: presenced shows --link-token-file to the one that it is linked to" {
  serve_auth
  enroll anna
  token_of anna >token
  daemon() {
    start_server "$1" presenced run --state "$PWD/$1" --name "$1" --listen tcp://127.0.0.1:0 \
      --no-multicast "${@:2}"
  }
  daemon one --require-auth "$ENDPOINT"
  daemon two --link "$(endpoint_of 1 one)" --link-token-file token
  wait_for_line two.err 'daemon .*name=one state=linked'
  daemon three --link "$(endpoint_of 1 one)"
  wait_for_line one.err 'authz_fail'
  ! grep -q 'name=one state=linked' three.err || fail "linked without a token"
  stop_server three
  stop_server two
  stop_server one
  nothing_broke
}

#!/usr/bin/env bats
# Whom a client trusts: on first use, by fingerprint, by an authority. Shown on echo send; the
# certificates are made by openssl or by the server itself.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

known_hosts() { echo "$XDG_STATE_HOME/netkit/known_hosts"; }

# start_tls ARGUMENT...: an echo server over tls and wss; TLS and WSS are where.
start_tls() {
  start_server echo echo serve --listen tls://127.0.0.1:0 --listen wss://127.0.0.1:0 "$@"
  TLS=$(endpoint_of 1) WSS=$(endpoint_of 2)
}

# sign NAME SUBJECT_ALT_NAMES: NAME.pem and NAME.key, signed by the authority in ca.pem.
sign() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.csr" 2>>openssl.log
  printf 'subjectAltName=%s\n' "$2" >ext
  openssl x509 -req -in "$1.csr" -CA "${3:-ca}.pem" -CAkey "${3:-ca}.key" -CAcreateserial -days 2 \
    -extfile ext -out "$1.pem" 2>>openssl.log
}

authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>>openssl.log
}

# bats test_tags=tsan
@test "tls: the first use keeps the fingerprint in known_hosts and says so; later ones are silent" {
  start_tls
  run_netkit echo send "$TLS" hello
  assert_status 0
  assert_output hello
  assert_stderr_matches "warn echo: trust server=${TLS#*//} fingerprint=SHA256:[0-9a-f]{64} "
  assert_file_has "$(known_hosts)" "^${TLS#*//} SHA256:[0-9a-f]{64}$"
  assert_equal "$(stat -c %a "$(known_hosts)")" 600
  run_netkit echo send "$TLS" hello
  assert_status 0
  [[ $stderr != *trust* ]] || fail "$stderr"
  run_netkit -q echo send "$WSS" hello
  assert_output hello
}

@test "tls: a certificate that changed is refused with 4, and the message says what to do" {
  start_tls
  netkit -q echo send "$TLS" hello
  local kept
  kept=$(<"$(known_hosts)")
  stop_server
  start_server echo echo serve --listen "$TLS" --state "$BATS_TEST_TMPDIR/other"
  run_netkit -q echo send "$TLS" hello
  assert_status 4
  refute_output
  assert_stderr_matches "cannot .*${TLS#*//}.*another certificate than before"
  assert_stderr_matches "remove its line from $(known_hosts)"
  assert_equal "$(<"$(known_hosts)")" "$kept"
}

@test "tls: --tls-fingerprint trusts that certificate alone, in openssl's spelling as well" {
  start_tls
  local shown colons wrong
  shown=$(sed -n 's/.*fingerprint=//p' echo.err)
  run_netkit -q echo send "$TLS" hello --tls-fingerprint "$shown"
  assert_status 0
  colons=$(openssl s_client -connect "${TLS#*//}" </dev/null 2>>openssl.log |
    openssl x509 -noout -fingerprint -sha256)
  run_netkit -q echo send "$TLS" hello --tls-fingerprint "${colons#*=}"
  assert_status 0
  wrong=SHA256:0000000000000000000000000000000000000000000000000000000000000000
  run_netkit -q echo send "$TLS" hello --tls-fingerprint "$wrong"
  assert_status 4
  refute_output
  assert_stderr_matches "$shown"
  run_netkit -q echo send "$TLS" hello --tls-fingerprint nonsense
  assert_status 2
  [[ ! -e $(known_hosts) ]] || fail "a pinned certificate went to known_hosts"
}

@test "tls: --tls-ca trusts what the authority signed for that host, and nothing else" {
  authority ca
  authority stranger
  sign server DNS:localhost
  start_tls --tls-cert server.pem --tls-key server.key
  local port
  port=$(port_of)
  run_netkit -q echo send "tls://localhost:$port" hello --tls-ca ca.pem
  assert_status 0
  assert_output hello
  # The name is another one.
  run_netkit -q echo send "tls://127.0.0.1:$port" hello --tls-ca ca.pem
  assert_status 4
  refute_output
  # Nobody whom this authority knows.
  run_netkit -q echo send "tls://localhost:$port" hello --tls-ca stranger.pem
  assert_status 4
  run_netkit -q echo send "tls://localhost:$port" hello --tls-ca none.pem
  assert_status 2
  assert_stderr_matches 'none.pem'
  [[ ! -e $(known_hosts) ]] || fail "an authority's certificate went to known_hosts"
}

@test "tls: --tls-ca refuses a certificate that has expired" {
  authority ca
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=old \
    -keyout old.key -out old.csr 2>>openssl.log
  echo subjectAltName=DNS:localhost >ext
  openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days -1 -extfile ext \
    -out old.pem 2>>openssl.log
  start_tls --tls-cert old.pem --tls-key old.key
  run_netkit -q echo send "tls://localhost:$(port_of)" hello --tls-ca ca.pem
  assert_status 4
}

@test "tls: TLS 1.3 is spoken; 1.1 is not" {
  start_tls
  local said
  said=$(openssl s_client -connect "${TLS#*//}" </dev/null 2>&1) || true
  [[ $said == *TLSv1.3* ]] || fail "$said"
  if openssl s_client -tls1_1 -cipher 'ALL:@SECLEVEL=0' -connect "${TLS#*//}" </dev/null \
    >/dev/null 2>&1; then fail "TLS 1.1 was accepted"; fi
}

@test "tls: a certificate or key that cannot be read stops the start, and names the file" {
  run_netkit echo serve --listen tls://127.0.0.1:0 --tls-cert none.pem --tls-key none.key
  assert_status 1
  refute_output
  assert_stderr_matches 'none.pem'
  authority ca
  authority stranger
  run_netkit echo serve --listen tls://127.0.0.1:0 --tls-cert ca.pem --tls-key stranger.key
  assert_status 2
  refute_output
  assert_stderr_matches 'private key [^ ]*stranger.key: .*mismatch'
  run_netkit echo serve --listen tls://127.0.0.1:0 --tls-cert stranger.key --tls-key ca.key
  assert_status 2
  assert_stderr_matches 'certificate [^ ]*stranger.key: no start line'
}

@test "tls: an end that comes with the last bytes is told behind them" {
  local size
  start_tls --chunk 1KiB
  for size in 1 1023 1024 15500 16000 16384 70000; do
    run timeout 20 "$PYTHON" "$ROOT/tests/support/tls_farewell.py" "${TLS##*:}" "$size"
    assert_status 0
    assert_output "$size"
  done
}

@test "tls: a client that speaks plain text to a tls port is sent away, others are served" {
  start_tls
  run_netkit -q echo send "tcp://${TLS#*//}" hello --timeout 5s
  [[ $status == 3 ]]
  refute_output
  assert_equal "$(netkit -q echo send "$TLS" hello)" hello
}

@test "tls: a server that speaks no TLS is an error, never a fall-back to plain text" {
  start_echo
  run_netkit -q echo send "tls://${ENDPOINT#*//}" hello --timeout 5s
  [[ $status == [34] ]] || fail "$(show_run)"
  refute_output
}

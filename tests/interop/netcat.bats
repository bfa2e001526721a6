#!/usr/bin/env bats
# Raw bytes, datagrams and TLS with nc, ncat, socat, curl and openssl at the other end, as clients
# of ours and as servers for ours. Never leaves loopback.

load support

# long_text: more than any buffer on the way, every line another.
long_text() { seq -f '%.0f żółw' 200000; }

# comes_back COMMAND...: what COMMAND prints is what it was given, long_text.
comes_back() {
  long_text >"$BATS_TEST_TMPDIR/sent"
  timeout -k 5 "$RUN_LIMIT_S" "$@" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/back"
  cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/back"
}

tls_client() {
  timeout -k 5 "$RUN_LIMIT_S" openssl s_client -connect "127.0.0.1:$(port_of 1)" "$@"
}

@test "tcp: nc, ncat, socat and curl get their bytes back, and the half-close is answered" {
  local port
  start_echo tcp
  port=$(port_of 1)
  comes_back nc -N 127.0.0.1 "$port"
  comes_back ncat 127.0.0.1 "$port"
  comes_back socat -t 10 - "TCP:127.0.0.1:$port"
  comes_back socat -t 10 - "TCP:127.0.0.1:$port,mss=88"
  # curl does not half-close: it ends once the server has nothing more to say, by its limit.
  printf 'hello\n' >"$BATS_TEST_TMPDIR/hello"
  run curl --silent --max-time 2 --noproxy '*' "telnet://127.0.0.1:$port" \
    <"$BATS_TEST_TMPDIR/hello"
  assert_output hello
  stop_server echo
}

@test "unix: nc and socat get their bytes back" {
  start_server echo echo serve --listen "unix:$BATS_TEST_TMPDIR/echo.sock"
  comes_back nc -N -U "$BATS_TEST_TMPDIR/echo.sock"
  comes_back socat -t 10 - "UNIX:$BATS_TEST_TMPDIR/echo.sock"
  stop_server echo
}

@test "udp: nc and socat get each datagram back" {
  local port
  start_echo udp
  port=$(port_of 1)
  run timeout -k 5 10 nc -u -W 1 127.0.0.1 "$port" <<<hello
  assert_output hello
  run timeout -k 5 10 socat -T 1 - "UDP:127.0.0.1:$port" <<<"hello, socat"
  assert_output "hello, socat"
  head -c 60000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
  timeout -k 5 10 socat -b 65507 -T 1 \
    "OPEN:$BATS_TEST_TMPDIR/sent,rdonly!!CREATE:$BATS_TEST_TMPDIR/back" "UDP:127.0.0.1:$port"
  cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/back"
  stop_server echo
}

@test "tls: socat and ncat get their bytes back" {
  local port
  start_echo tls
  port=$(port_of 1)
  comes_back socat -t 10 - "OPENSSL:127.0.0.1:$port,verify=0"
  run timeout -k 5 10 ncat --ssl -i 2 127.0.0.1 "$port" <<<hello
  assert_line hello
  stop_server echo
}

@test "tls: openssl agrees on 1.3 and 1.2, and 1.1 is refused" {
  start_echo tls
  run tls_client -brief <<<"hello"
  assert_status 0
  assert_output_matches 'Protocol version: TLSv1\.3'
  run tls_client -brief -tls1_2 <<<"hello"
  assert_status 0
  assert_output_matches 'Protocol version: TLSv1\.2'
  run tls_client -brief -tls1_1 -cipher DEFAULT@SECLEVEL=0 <<<"hello"
  [[ $status != 0 && $output != *"CONNECTION ESTABLISHED"* ]] || fail "1.1" "$(show_run)"
  # It does not half-close: it ends by the limit.
  run timeout 3 openssl s_client -connect "127.0.0.1:$(port_of 1)" -quiet <<<"one line"
  assert_line "one line"
  stop_server echo
}

@test "tls: the fingerprint in the log is the one that openssl sees" {
  local seen
  start_echo tls
  seen=$(tls_client </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 |
    sed 's/.*=//; s/://g' | tr A-F a-f)
  tr A-F a-f <"$BATS_TEST_TMPDIR/echo.err" | tr -d : | grep -q "$seen" ||
    fail "openssl sees $seen" "$(cat "$BATS_TEST_TMPDIR/echo.err")"
  run_netkit echo send --tls-fingerprint "$seen" "$(endpoint_of 1)" hello
  assert_status 0
  assert_output hello
}

@test "echo send: talks to openssl s_server, which answers backwards" {
  make_certificate
  start_peer openssl 'ACCEPT [^ ]*:([0-9]+)' openssl s_server -rev -accept 127.0.0.1:0 \
    -cert "$BATS_TEST_TMPDIR/cert.pem" -key "$BATS_TEST_TMPDIR/key.pem"
  run_netkit echo send "tls://localhost:$PEER_PORT" hello --tls-ca "$BATS_TEST_TMPDIR/cert.pem"
  assert_status 0
  assert_output olleh
  run_netkit echo send "tls://127.0.0.1:$PEER_PORT" hello
  assert_status 0
  assert_output olleh
  # Trusted on first use; then another certificate at the same place is refused.
  local port=$PEER_PORT
  make_certificate
  kill "${SERVER_PID[openssl]}"
  wait_for_exit "${SERVER_PID[openssl]}" 10
  start_peer openssl 'ACCEPT(.*)' openssl s_server -rev -accept "127.0.0.1:$port" \
    -cert "$BATS_TEST_TMPDIR/cert.pem" -key "$BATS_TEST_TMPDIR/key.pem"
  run_netkit echo send "tls://127.0.0.1:$port" hello
  assert_status 4
  refute_output
}

@test "echo send: a server of TLS 1.1 alone is refused" {
  make_certificate
  start_peer openssl 'ACCEPT [^ ]*:([0-9]+)' openssl s_server -rev -accept 127.0.0.1:0 -tls1_1 \
    -cipher DEFAULT@SECLEVEL=0 -cert "$BATS_TEST_TMPDIR/cert.pem" -key "$BATS_TEST_TMPDIR/key.pem"
  run_netkit echo send "tls://localhost:$PEER_PORT" hello --tls-ca "$BATS_TEST_TMPDIR/cert.pem"
  assert_status 4
  refute_output
}

@test "echo send and ping: talk to socat, in clear and through TLS, and to ncat" {
  local listen='listening on AF=2 127\.0\.0\.1:([0-9]+)'
  make_certificate
  start_peer plain "$listen" socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr PIPE
  run_netkit echo send "tcp://127.0.0.1:$PEER_PORT" "hello, socat"
  assert_status 0
  assert_output "hello, socat"
  run_netkit echo ping "127.0.0.1:$PEER_PORT" -c 5 -i 1ms --size 4KiB
  assert_status 0
  assert_output_matches '5 sent, 5 received'
  start_peer secure "$listen" socat -d -d "OPENSSL-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,verify=0,\
cert=$BATS_TEST_TMPDIR/cert.pem,key=$BATS_TEST_TMPDIR/key.pem" PIPE
  run_netkit echo ping "tls://localhost:$PEER_PORT" -c 5 -i 1ms \
    --tls-ca "$BATS_TEST_TMPDIR/cert.pem"
  assert_status 0
  assert_output_matches '5 sent, 5 received'
  start_peer ncat 'istening on (.*)' ncat -v -k -l -U "$BATS_TEST_TMPDIR/ncat" --exec /bin/cat
  run_netkit echo send "unix:$BATS_TEST_TMPDIR/ncat" "hello, ncat"
  assert_status 0
  assert_output "hello, ncat"
}

@test "echo ping: talks to a udp echo by socat" {
  local port
  # socat does not say which port it got.
  start_peer datagrams 'receiving on (.*)' \
    socat -d -d UDP-RECVFROM:0,bind=127.0.0.1,fork EXEC:/bin/cat
  port=$(ss -Hlunp | sed -n "s/.*:\([0-9]*\) .*pid=${SERVER_PID[datagrams]},.*/\1/p")
  run_netkit echo ping "udp://127.0.0.1:$port" -c 5 -i 10ms
  assert_status 0
  assert_output_matches '5 sent, 5 received'
}

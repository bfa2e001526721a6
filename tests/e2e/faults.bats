#!/usr/bin/env bats
# Bad input: each peer of tests/support/hostile.py misbehaves in one way, the server answers as it
# must, works for others meanwhile, and ends with 0 and without a sanitizer's report.

load support

# Memory that a fault may cost the server, in KiB: under sanitizers what is freed stays a while.
GROWTH_MAX_KIB=131072

# hostile COMMAND ARGUMENT...: fails with what the attacker found wrong.
hostile() { timeout -k 5 60 "$PYTHON" "$ROOT/tests/support/hostile.py" "$@"; }

# serve_all ARGUMENT...: tcp, tls, ws and wss, endpoints 1 to 4.
serve_all() {
  start_server echo echo serve --state "$BATS_TEST_TMPDIR/state" --listen tcp://127.0.0.1:0 \
    --listen tls://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 "$@"
}

# serve_framed FRAMING ARGUMENT...: one tcp listener with that dialect.
serve_framed() {
  start_server "$1" echo serve --framing "$1" --listen tcp://127.0.0.1:0 \
    --state "$BATS_TEST_TMPDIR/state" "${@:2}"
}

memory_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(server_pid "$@")/status"; }

# refuses N SHAPE REGEX: the listener closes after SHAPE, and its last words match.
refuses() {
  run hostile refused "$(endpoint_of "$1")" "$2"
  assert_status 0
  assert_output_matches "$3"
}

@test "faults: half a message, then silence, ends with the idle limit in every dialect" {
  local framing
  for framing in frame len64 line; do
    serve_framed "$framing" --idle-timeout 500ms --handshake-timeout 500ms
    hostile silent "$(endpoint_of 1)" nothing 10
    hostile silent "$(endpoint_of 1)" "half-$framing" 10
    if [[ $framing != line ]]; then hostile silent "$(endpoint_of 1)" "half-$framing-body" 10; fi
    assert_file_has "$BATS_TEST_TMPDIR/$framing.err" 'disconnect .*reason='
    stop_server "$framing"
  done
  serve_all --idle-timeout 500ms
  hostile silent "$(endpoint_of 3)" half-websocket 10
  hostile silent "$(endpoint_of 4)" half-websocket 10
  hostile silent "$(endpoint_of 2)" half-line 10
  stop_server
}

@test "faults: half a greeting, then silence, ends with the handshake limit" {
  local shape
  serve_all --handshake-timeout 500ms
  for shape in nothing half-tls half-request half-request-head; do
    hostile silent "$(endpoint_of 3)" "$shape" 10
  done
  hostile silent "$(endpoint_of 4)" half-request 10
  # A TLS handshake that stalls, on the ports that speak nothing else.
  for shape in nothing half-tls; do
    hostile silent "tcp://127.0.0.1:$(port_of 2)" "$shape" 10
    hostile silent "tcp://127.0.0.1:$(port_of 4)" "$shape" 10
  done
  hostile works "$(endpoint_of 2)"
  stop_server
}

@test "faults: a greeting that comes byte by byte does not outlast the handshake limit" {
  serve_all --handshake-timeout 1s
  hostile trickle "$(endpoint_of 3)" header-megabyte 10
  hostile trickle "$(endpoint_of 4)" header-megabyte 10
  stop_server
}

@test "faults: half a message without a limit waits for its other half, others do not" {
  serve_framed len64
  dial "$(port_of 1)"
  printf '%-6s' 5 >&"$PEER"
  run_netkit echo send --framing len64 "$(endpoint_of 1)" other
  assert_output other
  printf '%-58shello' '' >&"$PEER"
  assert_equal "$(answer 5)" hello
  hang_up
  stop_server
}

@test "faults: a length of 2^63 is refused from its header and costs no memory" {
  local before
  serve_framed frame
  before=$(memory_kib frame)
  refuses 1 frame-max "^b''"
  (($(memory_kib frame) - before < GROWTH_MAX_KIB))
  stop_server frame
  serve_framed len64
  before=$(memory_kib len64)
  refuses 1 len64-2^63 "^b''"
  refuses 1 len64-2^64 "^b''"
  refuses 1 len64-negative "^b''"
  (($(memory_kib len64) - before < GROWTH_MAX_KIB))
  stop_server len64
  serve_all
  before=$(memory_kib echo)
  # 1002 or 1009: the top bit may not be set (RFC 6455, 5.2), and it is too large as well.
  refuses 3 websocket-2^63 'x88.x02.x03.x(f1|ea)'
  refuses 3 websocket-2^62 'x88.x02.x03.xf1'
  refuses 4 websocket-2^62 'x88.x02.x03.xf1'
  (($(memory_kib echo) - before < GROWTH_MAX_KIB))
  stop_server echo
}

@test "faults: a header line of a megabyte is refused with 431, a line without an end is closed" {
  serve_all
  refuses 3 header-megabyte 'HTTP/1.1 431 '
  refuses 3 target-megabyte 'HTTP/1.1 (414|431) '
  refuses 4 header-megabyte 'HTTP/1.1 431 '
  stop_server
  serve_framed line --max-message 64KiB
  refuses 1 line-megabyte "^b''"
  assert_file_has "$BATS_TEST_TMPDIR/line.err" 'disconnect .*dialect=line .*reason=.*larger'
  stop_server line
}

@test "faults: text that is not UTF-8 ends that connection alone" {
  serve_framed line
  refuses 1 line-not-utf8 "^b''"
  assert_file_has "$BATS_TEST_TMPDIR/line.err" 'disconnect .*UTF-8'
  stop_server line
  serve_all
  refuses 3 websocket-not-utf8 'x88.x02.x03.xef'
  refuses 3 garbage 'HTTP/1.1 400 '
  # Raw bytes have no text in them.
  head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
  socat -t 10 - "TCP:127.0.0.1:$(port_of 1)" <"$BATS_TEST_TMPDIR/sent" |
    cmp - "$BATS_TEST_TMPDIR/sent"
  stop_server echo
}

@test "faults: a peer that never reads is not read from, and gets all it sent once it does" {
  local before
  serve_all
  before=$(memory_kib)
  hostile unread "$(endpoint_of 1)"
  (($(memory_kib) - before < GROWTH_MAX_KIB))
  hostile unread "$(endpoint_of 2)"
  (($(memory_kib) - before < GROWTH_MAX_KIB))
  stop_server
}

@test "faults: 2,000 peers that say nothing leave ten that work undisturbed" {
  serve_all
  hostile crowd "$(endpoint_of 1)" 2000
  hostile crowd "$(endpoint_of 2)" 200
  hostile crowd "$(endpoint_of 3)" 200
  stop_server
}

@test "faults: resets in mid-message end those connections alone" {
  local n
  serve_all
  for n in 1 2 3 4; do hostile resets "$(endpoint_of "$n")" 50; done
  stop_server
}

@test "faults: a peer that goes on sending after it was refused holds up nobody" {
  serve_all
  hostile flood_after_end "$(endpoint_of 3)" garbage
  stop_server
  # Bytes that were decrypted but never used must not keep the end from coming.
  start_server framed echo serve --framing frame --chunk 16 --listen tls://127.0.0.1:0 \
    --listen ws://127.0.0.1:0 --state "$BATS_TEST_TMPDIR/state"
  refuses 1 frame-garbage "^b''"
  hostile works "$(endpoint_of 2)"
  stop_server
}

@test "faults: a peer that sends without end leaves the others their turn" {
  serve_all
  hostile greedy "$(endpoint_of 1)"
  hostile greedy "$(endpoint_of 2)"
  stop_server
}

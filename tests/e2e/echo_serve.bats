#!/usr/bin/env bats
# echo serve: where it listens, how it says so, what it answers byte for byte, its events and
# limits. How a server starts and ends in general is in server_life.bats.

load support

# log_has REGEX: the server's log gets such a line.
log_has() { wait_for_line "$BATS_TEST_TMPDIR/echo.err" "$1"; }

# bats test_tags=tsan
@test "echo serve: listens on every transport at once and answers each" {
  start_server echo echo serve --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 \
    --listen tls://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 \
    --listen "unix:$BATS_TEST_TMPDIR/socket"
  local number
  for number in 1 2 3 4 5 6; do
    run_netkit -q echo send "$(endpoint_of "$number")" "number $number"
    assert_status 0
    assert_output "number $number"
  done
  stop_server
}

@test "echo serve: --port-file has one SCHEME://ADDRESS:PORT a line, in the order of --listen" {
  start_server echo echo serve --listen udp://127.0.0.1:0 --listen "unix:$BATS_TEST_TMPDIR/s" \
    --listen tcp://[::1]:0 --listen tcp://127.0.0.1:0
  local lines
  mapfile -t lines <"$BATS_TEST_TMPDIR/echo.port"
  assert_equal "${#lines[@]}" 4
  [[ ${lines[0]} =~ ^udp://127\.0\.0\.1:[1-9][0-9]*$ ]] || fail "${lines[0]}"
  assert_equal "${lines[1]}" "unix:$BATS_TEST_TMPDIR/s"
  [[ ${lines[2]} =~ ^tcp://\[::1\]:[1-9][0-9]*$ ]] || fail "${lines[2]}"
  [[ ${lines[3]} =~ ^tcp://127\.0\.0\.1:[1-9][0-9]*$ ]] || fail "${lines[3]}"
}

@test "echo serve: --port-file is written whole: a new file in the old one's place" {
  local ports=$BATS_TEST_TMPDIR/echo.port
  echo old >"$BATS_TEST_TMPDIR/linked"
  start_echo
  stop_server
  ln -f "$BATS_TEST_TMPDIR/linked" "$ports"
  "$NETKIT" echo serve --listen tcp://127.0.0.1:0 --port-file "$ports" 3>&- &
  SERVER_PID[echo]=$!
  wait_for_line "$ports" '^tcp://127.0.0.1:[0-9]+$'
  assert_equal "$(<"$BATS_TEST_TMPDIR/linked")" old
}

@test "echo serve: prints 'listening on ENDPOINT' and nothing else to stdout" {
  start_echo --listen udp://127.0.0.1:0
  assert_equal "$(<"$BATS_TEST_TMPDIR/echo.out")" \
    "$(sed 's/^/listening on /' "$BATS_TEST_TMPDIR/echo.port")"
}

@test "echo serve: --json prints one listening event an endpoint" {
  start_echo --json --listen udp://127.0.0.1:0
  assert_equal "$(jq -r 'select(.event == "listening").endpoint' "$BATS_TEST_TMPDIR/echo.out")" \
    "$(<"$BATS_TEST_TMPDIR/echo.port")"
}

@test "echo serve: --ready-fd gets one newline, after the ports are bound and written" {
  local dir=$BATS_TEST_TMPDIR
  mkfifo "$dir/pipe"
  # It sees the end of the pipe once netkit has closed its descriptor.
  {
    cat "$dir/pipe" >"$dir/ready.part"
    cp "$dir/port" "$dir/seen"
    mv "$dir/ready.part" "$dir/ready"
  } 3>&- &
  "$NETKIT" -q echo serve --listen tcp://127.0.0.1:0 --ready-fd 8 --port-file "$dir/port" \
    8>"$dir/pipe" 3>&- &
  SERVER_PID[ready]=$!
  wait_until 15 test -e "$dir/ready"
  assert_equal "$(od -An -c "$dir/ready" | tr -d ' ')" '\n'
  assert_equal "$(<"$dir/seen")" "$(<"$dir/port")"
}

@test "echo serve: without --listen it is tcp and udp on 9090, on all addresses" {
  # In a network of its own, where 9090 is free.
  local map=()
  ((EUID == 0)) || map=(--map-root-user)
  unshare "${map[@]}" --net true 2>/dev/null || skip "no network namespace may be made"
  run unshare "${map[@]}" --net bash -c '
    ip link set lo up
    "$0" -q echo serve --port-file "$1" --ready-fd 7 7> >(head -n 1 >"$1.ready") \
      >/dev/null 3>&- & server=$!
    for ((i = 0; i < 500; i++)); do [[ ! -s $1.ready ]] || break; read -rt 0.02 <> <(:); done
    cat "$1"
    for to in 127.0.0.1 "[::1]" udp://127.0.0.1 udp://[::1]; do
      "$0" -q echo send "$to" "at $to"
    done
    kill "$server"; wait "$server"' "$NETKIT" "$BATS_TEST_TMPDIR/port"
  assert_status 0
  assert_output "$(printf '%s\n' 'tcp://[::]:9090' 'udp://[::]:9090' \
    'at 127.0.0.1' 'at [::1]' 'at udp://127.0.0.1' 'at udp://[::1]')"
}

@test "echo serve: a taken port is a clear error and exit code 1" {
  hold_port
  run_netkit echo serve --listen "tcp://127.0.0.1:$TAKEN_PORT"
  assert_status 1
  refute_output
  assert_stderr_matches \
    "cannot listen on tcp://127.0.0.1:$TAKEN_PORT: Address already in use \(.*--auto-port"
}

# bats test_tags=tsan
@test "echo serve: --auto-port takes a free port instead and says which" {
  hold_port
  start_server echo echo serve --listen "tcp://127.0.0.1:$TAKEN_PORT" --auto-port
  [[ $(port_of) != "$TAKEN_PORT" ]]
  assert_file_has "$BATS_TEST_TMPDIR/echo.out" "^listening on $(endpoint_of)$"
  assert_file_has "$BATS_TEST_TMPDIR/echo.err" \
    "warn echo: listen wanted=tcp://127.0.0.1:$TAKEN_PORT"
  assert_equal "$(netkit -q echo send "$(endpoint_of)" hello)" hello
}

# bats test_tags=tsan
@test "echo serve: a second server on the port is refused, also with --threads 4 on both" {
  start_echo --threads 4
  local scheme
  run_netkit echo serve --threads 4 --listen "$ENDPOINT"
  assert_status 1
  assert_stderr_matches 'Address already in use'
  start_server udp echo serve --threads 4 --listen udp://127.0.0.1:0
  run_netkit echo serve --threads 4 --listen "$(endpoint_of 1 udp)"
  assert_status 1
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
}

@test "echo serve: --once serves one connection and ends with 0" {
  start_echo --once
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  wait_for_exit "$(server_pid)" 10
  wait "$(server_pid)"
  unset 'SERVER_PID[echo]'
  run_netkit -q echo send "$ENDPOINT" again
  assert_status 3
}

@test "echo serve: raw bytes come back as they are, all 256 of them and 4 MiB" {
  start_echo
  dial "$(port_of)"
  "$PYTHON" -c 'import sys; sys.stdout.buffer.write(bytes(range(256)))' |
    tee "$BATS_TEST_TMPDIR/all" >&"$PEER"
  answer 256 | cmp - "$BATS_TEST_TMPDIR/all"
  hang_up
  head -c 4194304 /dev/urandom >"$BATS_TEST_TMPDIR/much"
  timeout 20 nc -N 127.0.0.1 "$(port_of)" <"$BATS_TEST_TMPDIR/much" | cmp - "$BATS_TEST_TMPDIR/much"
}

@test "echo serve: a stream that looks like TLS, HTTP or len64 is not interpreted" {
  start_echo
  local sent
  for sent in '\x16\x03\x01\x02\x00' 'GET / HTTP/1.1\r\n\r\n' '5               hello' \
    'PRI * HTTP/2.0'; do
    assert_equal "$(printf "$sent" | timeout 10 nc -N 127.0.0.1 "$(port_of)" | od -An -tx1)" \
      "$(printf "$sent" | od -An -tx1)"
  done
}

@test "echo serve: --chunk bounds one read, never the message" {
  start_echo --chunk 1KiB --log-format json
  head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/much"
  timeout 20 nc -N 127.0.0.1 "$(port_of)" <"$BATS_TEST_TMPDIR/much" | cmp - "$BATS_TEST_TMPDIR/much"
  stop_server
  # 100,000 bytes in portions of at most 1,024 are 98 or more reads.
  local log=$BATS_TEST_TMPDIR/echo.err
  (($(jq -s 'map(select(.event == "receive") | .repeated // 1) | add' "$log") >= 98))
  assert_equal "$(jq -s 'map(select(.event == "receive") | .bytes) | add' "$log")" 100000
  run_netkit echo serve --chunk 0
  assert_status 2
}

# bats test_tags=tsan
@test "echo serve: --framing frame answers data with its like and a ping with a pong" {
  start_echo --framing frame
  dial "$(port_of)"
  # magic, version, type, flags, stream, length, body
  printf '\xf7NK\x01\0\0\0\0\0\0\0\x07\0\0\0\x05hello' >&"$PEER"
  printf '\xf7NK\x01\0\x04\0\0\0\0\0\0\0\0\0\x02ab' >&"$PEER"
  assert_equal "$(answer 39 | od -An -v -tx1 | tr -d ' \n')" \
    f74e4b0100000000000000070000000568656c6c6ff74e4b010005000000000000000000026162
  hang_up
  assert_equal "$(netkit -q echo send --framing frame "$ENDPOINT" hello)" hello
}

@test "echo serve: --framing len64 takes 64 bytes of length, answers bare bytes" {
  start_echo --framing len64
  dial "$(port_of)"
  printf '%-64s%s%-64s%s' 5 hello 3 abc >&"$PEER"
  assert_equal "$(answer 8)" helloabc
  hang_up
  assert_equal "$(netkit -q echo send --framing len64 "$ENDPOINT" hello)" hello
}

@test "echo serve: --framing line answers lines, ended by LF, also what ended in CR LF" {
  start_echo --framing line
  printf 'one\r\ntwo\nrest' | timeout 10 nc -N 127.0.0.1 "$(port_of)" >"$BATS_TEST_TMPDIR/said"
  printf 'one\ntwo\nrest\n' | cmp - "$BATS_TEST_TMPDIR/said"
}

@test "echo serve: with a pinned dialect a bad or too long message ends that connection alone" {
  start_echo --framing len64 --max-message 1KiB
  dial "$(port_of)"
  printf '%-64s' -5 >&"$PEER"
  assert_equal "$(answer 1)" ''
  hang_up
  log_has 'disconnect .*not a valid message'
  dial "$(port_of)"
  printf '%-64s' 1025 >&"$PEER"
  assert_equal "$(answer 1)" ''
  hang_up
  log_has 'disconnect .*larger than the limit'
  assert_equal "$(netkit -q echo send --framing len64 "$ENDPOINT" hello)" hello
}

@test "echo serve: a tcp port with a pinned dialect speaks TLS as well, unless --no-tls" {
  start_echo --framing line
  local tls=tls://127.0.0.1:$(port_of)
  assert_equal "$(netkit -q echo send --framing line "$tls" hello)" hello
  assert_equal "$(netkit -q echo send --framing line "$ENDPOINT" hello)" hello
  stop_server
  start_echo --framing line --no-tls
  run_netkit -q echo send --framing line "tls://127.0.0.1:$(port_of)" hello --timeout 5s
  [[ $status != 0 ]]
  refute_output
}

@test "echo serve: a plain GET on the ws port gets a page" {
  start_server echo echo serve --listen ws://127.0.0.1:0
  dial "$(port_of)"
  printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&"$PEER"
  answer 65536 >"$BATS_TEST_TMPDIR/answer"
  hang_up
  assert_file_has "$BATS_TEST_TMPDIR/answer" '^HTTP/1.1 200 OK'
  assert_file_has "$BATS_TEST_TMPDIR/answer" '[Cc]ontent-[Tt]ype: text/html'
}

# bats test_tags=tsan
@test "echo serve: logs start, listen, connect, receive, send, disconnect and stop" {
  start_echo
  netkit -q echo send "$ENDPOINT" hello
  stop_server
  local log=$BATS_TEST_TMPDIR/echo.err peer='address=127\.0\.0\.1 port=[0-9]+'
  assert_file_has "$log" "info echo: start version=[0-9.]+ pid=[0-9]+"
  assert_file_has "$log" "info echo: listen endpoint=$ENDPOINT"
  assert_file_has "$log" "info echo: connect $peer dialect=raw active=1$"
  assert_file_has "$log" "info echo: receive $peer bytes=6$"
  assert_file_has "$log" "info echo: send $peer bytes=6$"
  assert_file_has "$log" \
    "info echo: disconnect $peer dialect=raw active=0 reason=closed duration=[0-9.]+[mun]?s$"
  assert_equal "$(grep -o 'info echo: [a-z]*' "$log" | tail -n 1)" 'info echo: stop'
}

@test "echo serve: events in JSON have address, port, dialect and active as values" {
  start_echo --log-format json
  netkit -q echo send "$ENDPOINT" hello
  stop_server
  jq -es '
    (map(select(.event == "connect"))[0] |
      .address == "127.0.0.1" and (.port | type) == "number" and .dialect == "raw"
      and .active == 1) and
    (map(select(.event == "disconnect"))[0] |
      .address == "127.0.0.1" and (.port | type) == "number" and .dialect == "raw"
      and .active == 0)
    ' "$BATS_TEST_TMPDIR/echo.err"
}

@test "echo serve: a thousand messages are two lines each second, not a thousand" {
  start_echo --log-format json
  seq 1000 | netkit -q echo send "$ENDPOINT" >/dev/null
  stop_server
  local log=$BATS_TEST_TMPDIR/echo.err
  assert_equal "$(jq -s 'map(select(.event == "receive") | .repeated // 1) | add' "$log")" 1000
  (($(grep -c '"event":"receive"' "$log") < 60))
}

@test "echo serve: goes on when clients leave, reset or half-close" {
  start_echo
  "$PYTHON" -c '
import socket, struct, sys
to = ("127.0.0.1", int(sys.argv[1]))
reset = socket.create_connection(to)
reset.sendall(b"half a mess")
reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
reset.close()
socket.create_connection(to).close()
half = socket.create_connection(to)
half.sendall(b"all of it")
half.shutdown(socket.SHUT_WR)
half.settimeout(10)
assert half.makefile("rb").read() == b"all of it"' "$(port_of)"
  log_has 'disconnect .*reason="Connection reset by peer"'
  assert_equal "$(netkit -q echo send "$ENDPOINT" hello)" hello
  stop_server
}

@test "echo serve: --ask asks for address and port, and listens there" {
  command -v expect >/dev/null || fail "expect is not there"
  NETKIT=$NETKIT TERM=dumb timeout 30 expect -c '
    set timeout 10
    spawn -noecho $env(NETKIT) -q echo serve --ask --once
    expect -re {Host.*127\.0\.0\.1} {} default { exit 1 }
    send "no such host!\r"
    expect "Host" {} default { exit 2 }
    send "\r"
    expect -re {Port.*9090} {} default { exit 3 }
    send "0\r"
    expect -re {listening on tcp://127\.0\.0\.1:[1-9]} {} default { exit 4 }
    send "\003"
    expect eof
    exit [lindex [wait] 3]' 3>&-
}

#!/usr/bin/env bats
# The auth service as nc sees it: names of addresses, words, passwords on lines; and len64.

load support
load auth_server

# talk LINE...: those lines to the server, and all that it says until it has said goodbye.
talk() { printf '%s\n' "$@" quit | timeout 20 nc -N 127.0.0.1 "$(port_of 1 auth)"; }

# len64 TEXT: one message of the original's clients.
len64() { printf '%-64d%s' "${#1}" "$1"; }

@test "auth text: a silent peer is asked its name, and greeted by it next time" {
  serve_auth
  dial "$(port_of 1 auth)"
  assert_equal "$(answer 13)" "Who are you?"
  printf 'Ana Maria\n' >&"$PEER"
  assert_equal "$(answer 16)" "Hello Ana Maria."
  hang_up
  dial "$(port_of 1 auth)"
  assert_equal "$(answer 16)" "Hello Ana Maria."
  hang_up
  ask hello "$ENDPOINT"
  assert_output "Ana Maria"
  # Behind those words TLS makes no sense any more.
  run late_tls "$(port_of 1 auth)"
  [[ $status != 0 ]]
  wait_for_line "$SERVER_DIR/auth.err" 'cannot speak TLS here: .*too late'
  nothing_broke
}

@test "auth text: names that deceive are refused" {
  serve_auth
  run talk $'hello \u202Eevil' "hello $(printf 'x%.0s' {1..65})"
  assert_equal "$(grep -c '^cannot' <<<"$output")" 2
  ask hello "$ENDPOINT" --name $'a\u200Bb'
  assert_status 2
  ask hello "$ENDPOINT"
  assert_status 5
  nothing_broke
}

@test "auth text: register, login, whoami, passwd and logout by lines" {
  serve_auth
  run talk 'register anna' "$(<password)" 'login anna' "$(<password)" whoami passwd \
    "$(<password)" "$(<fresh)" logout whoami
  assert_output_matches 'registered anna, who administrates'
  assert_output_matches 'signed in as anna until'
  assert_output_matches $'anna\tadmin\t[0-9a-f]{32}'
  assert_output_matches 'sessions ended: 0'
  assert_output_matches 'cannot do that for somebody who has not signed in'
  ask login "$ENDPOINT" --user anna --password-file fresh
  assert_status 0
  nothing_broke
}

@test "auth text: a token signs a line client in" {
  serve_auth
  enroll anna
  run talk "/token $(token_of anna)" sessions
  assert_output_matches $'anna\tadmin'
  assert_output_matches 'this one'
  nothing_broke
}

@test "auth text: len64 clients speak the same words and get bare bytes" {
  serve_auth
  { len64 Bob; len64 'hello'; len64 quit; } |
    timeout 20 nc -N 127.0.0.1 "$(port_of 1 auth)" >said
  assert_equal "$(head -n 1 said)" "Who are you?"
  assert_equal "$(grep -c '^Hello Bob\.' said)" 2
  nothing_broke
}

@test "auth text: a password line of 10 MiB ends the connection, not the server" {
  serve_auth
  enroll anna
  { echo 'login anna'; head -c 10485760 /dev/zero | tr '\0' x; } |
    timeout 20 nc -N 127.0.0.1 "$(port_of 1 auth)" >said || true
  sign_in anna
  nothing_broke
}

@test "auth text: a password is refused in clear off loopback, with what to do" {
  address=$(hostname -I | cut -d ' ' -f 1)
  [[ -n $address ]] || skip "this machine has loopback only"
  start_server auth auth serve --listen "tcp://$address:0" --state "$STATE" --hash-memory 19MiB \
    --hash-passes 2
  printf 'hello\nlogin anna\nquit\n' | timeout 20 nc -N "$address" "$(port_of 1 auth)" >said
  grep 'cannot take a password in clear: use TLS: openssl s_client' said
  ask login "tcp://$address:$(port_of 1 auth)" --user anna --password-file password
  assert_status 4
  { sleep 1; echo 'login anna'; cat password; echo quit; } |
    timeout 20 openssl s_client -connect "$address:$(port_of 1 auth)" -quiet >said 2>errors || true
  grep 'wrong user or password' said
  nothing_broke
}

@test "auth text: a peer that never says anything is let go after a minute" {
  serve_auth
  exec 9<>"/dev/tcp/127.0.0.1/$(port_of 1 auth)"
  exec 8<>"/dev/tcp/127.0.0.1/$(port_of 1 auth)"
  SECONDS=0
  read -r -t 10 said <&9
  assert_equal "$said" "Who are you?"
  printf 'hello Bob\n' >&8
  timeout 80 cat <&9 >said 2>&1 || true  # An end or a reset.
  ((SECONDS >= 55 && SECONDS < 75))
  # Who has spoken may think for as long as he likes.
  printf 'hello\nquit\n' >&8
  assert_equal "$(timeout 10 cat <&8 | grep -c '^Hello Bob')" 2
  exec 8>&- 9>&-
  nothing_broke
}

# reset_early PORT ENCODING: 300 peers that speak and reset the connection before they are answered.
reset_early() {
  timeout 60 /usr/bin/python3 - "$@" <<'PEERS'
import socket, struct, sys, time
port, len64 = int(sys.argv[1]), sys.argv[2] == "len64"
for n in range(300):
    peer = socket.create_connection(("127.0.0.1", port), 5)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    words = [b"hello a%d" % n, b"hello b%d" % n, b"help"]
    peer.sendall(b"".join(b"%-64d%s" % (len(w), w) if len64 else w + b"\n" for w in words))
    time.sleep(0.001 * (n % 8))
    peer.close()
PEERS
}

@test "auth text: peers that reset before their answer end their connection alone" {
  serve_auth
  reset_early "$(port_of 1 auth)" line
  reset_early "$(port_of 1 auth)" len64
  run talk 'hello Bob' hello
  assert_equal "$(grep -c '^Hello Bob\.' <<<"$output")" 2
  nothing_broke
}

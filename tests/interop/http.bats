#!/usr/bin/env bats
# The HTTP side of a ws port, as curl sees it: the page, refusals, kept connections, handshakes.
# Never leaves loopback.

load support

setup() {
  private_home
  CURL=(curl --silent --show-error --insecure --max-time 20 --noproxy '*' --http1.1)
}

# page_url [N]: where the page of listener N is.
page_url() {
  local endpoint
  endpoint=$(endpoint_of "${1:-1}")
  echo "http${endpoint#ws}/"
}

# status_of ARGUMENT...: the status code that curl is answered with.
status_of() { "${CURL[@]}" --output "$BATS_TEST_TMPDIR/body" --write-out '%{http_code}' "$@"; }

# All of a handshake but its version; the key is that of RFC 6455, 1.3.
HANDSHAKE=(-H 'Connection: Upgrade' -H 'Upgrade: websocket'
  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')

@test "http: curl gets the page over http and https, on ws and wss ports" {
  local url
  start_echo ws wss
  for url in "$(page_url 1)" "$(page_url 2)" "https://127.0.0.1:$(port_of 1)/"; do
    run --separate-stderr "${CURL[@]}" --fail --include "$url"
    assert_status 0
    assert_output_matches '^HTTP/1\.1 200 OK'
    assert_output_matches '[Cc]ontent-[Tt]ype: text/html'
    assert_output_matches '<title>netkit echo</title>'
  done
  stop_server echo
}

@test "http: HEAD has the headers of GET and no body" {
  local url head body
  start_echo ws
  url=$(page_url)
  head=$("${CURL[@]}" --fail --head "$url" | tr -d '\r')
  body=$("${CURL[@]}" --fail "$url" | wc -c)
  grep -qix "content-length: $body" <<<"$head" || fail "$head"
}

@test "http: another path is 404, another method 405 with Allow" {
  local url
  start_echo ws
  url=$(page_url)
  assert_equal "$(status_of "${url}nothing")" 404
  assert_equal "$(status_of --head "${url}nothing")" 404
  assert_equal "$(status_of --request DELETE "$url")" 405
  assert_equal "$(status_of --data some=body "$url")" 405
  "${CURL[@]}" --head --request OPTIONS "$url" | grep -qi '^allow: .*GET' || fail "no Allow"
  assert_equal "$(status_of "$url?with=query")" 200
}

@test "http: one connection serves several requests, refused ones too" {
  local url
  start_echo ws wss
  for url in "$(page_url 1)" "$(page_url 2)"; do
    run "${CURL[@]}" --output /dev/null --write-out '%{http_code} %{num_connects}\n' "$url" \
      --next "${CURL[@]:1}" --output /dev/null --write-out '%{http_code} %{num_connects}\n' \
      "${url}nothing" \
      --next "${CURL[@]:1}" --output /dev/null --write-out '%{http_code} %{num_connects}\n' "$url"
    assert_status 0
    assert_output $'200 1\n404 0\n200 0'
  done
}

@test "http: HTTP/1.0 is answered, and the connection closed" {
  start_echo ws
  run "${CURL[@]}" --http1.0 --include --output - "$(page_url)"
  assert_status 0
  assert_output_matches '[Cc]onnection: close'
}

@test "ws: a handshake is answered 101 with the accept key of RFC 6455" {
  start_echo ws
  # The connection stays open after 101, so that curl ends by its time limit: 28.
  run --separate-stderr "${CURL[@]}" --max-time 2 --include "${HANDSHAKE[@]}" \
    -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Extensions: permessage-deflate' "$(page_url)"
  assert_status 28
  assert_output_matches '^HTTP/1\.1 101 '
  assert_output_matches '[Ss]ec-[Ww]eb[Ss]ocket-[Aa]ccept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo='
  [[ $output != *[Ee]xtensions* ]] || fail "an extension was negotiated" "$output"
}

@test "ws: a handshake that is not valid is refused with 400 or 426, never given the page" {
  local url version='Sec-WebSocket-Version: 13'
  start_echo ws
  url=$(page_url)
  assert_equal "$(status_of "${HANDSHAKE[@]}" -H 'Sec-WebSocket-Version: 8' "$url")" 426
  "${CURL[@]}" --include "${HANDSHAKE[@]}" -H 'Sec-WebSocket-Version: 14' "$url" |
    grep -qi '^sec-websocket-version: 13' || fail "the version spoken here is not told"
  assert_equal "$(status_of -H "$version" "$url")" 400
  assert_equal "$(status_of -H 'Sec-WebSocket-Protocol: chat' "$url")" 400
  assert_equal "$(status_of -H 'Connection: Upgrade' -H 'Upgrade: websocket' "$url")" 400
  assert_equal "$(status_of "${HANDSHAKE[@]:0:4}" -H "$version" "$url")" 400
  assert_equal "$(status_of "${HANDSHAKE[@]:0:4}" -H "$version" \
    -H 'Sec-WebSocket-Key: short' "$url")" 400
  assert_equal "$(status_of "${HANDSHAKE[@]}" -H "$version" --request POST "$url")" 400
  stop_server echo
}

# answer_to TEXT: the status line of a request that no client would make, by nc; \ as in printf.
answer_to() {
  printf "$1" | timeout -k 5 10 nc -N 127.0.0.1 "$(port_of 1)" | head -n 1 | tr -d '\r'
}

@test "http: a header line of a megabyte is refused with 431" {
  local request=$BATS_TEST_TMPDIR/request
  start_echo ws wss
  printf 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ' >"$request"
  { head -c 1048576 /dev/zero | tr '\0' a; printf '\r\n\r\n'; } >>"$request"
  nc -N 127.0.0.1 "$(port_of 1)" <"$request" >"$BATS_TEST_TMPDIR/plain" || true
  socat -t 5 - "OPENSSL:127.0.0.1:$(port_of 2),verify=0" <"$request" \
    >"$BATS_TEST_TMPDIR/secure" 2>/dev/null || true
  assert_file_has "$BATS_TEST_TMPDIR/plain" '^HTTP/1\.1 431 '
  assert_file_has "$BATS_TEST_TMPDIR/secure" '^HTTP/1\.1 431 '
  assert_equal "$(status_of "$(page_url 1)")" 200
  stop_server echo
}

@test "http: requests that two programs could read differently are refused" {
  local get='GET / HTTP/1.1\r\n' host='Host: a\r\n' end='\r\n'
  start_echo ws
  assert_equal "$(answer_to "$get$host$end")" "HTTP/1.1 200 OK"
  assert_equal "$(answer_to "$get$end")" "HTTP/1.1 400 Bad Request"
  assert_equal "$(answer_to "$get$host$host$end")" "HTTP/1.1 400 Bad Request"
  assert_equal "$(answer_to "$get${host}X: a\r\n b\r\n$end")" "HTTP/1.1 400 Bad Request"
  assert_equal "$(answer_to "$get${host}X : a\r\n$end")" "HTTP/1.1 400 Bad Request"
  assert_equal "$(answer_to "$get${host}Content-Length: +1\r\n$end")" "HTTP/1.1 400 Bad Request"
  assert_equal "$(answer_to "$get${host}Content-Length: 1\r\nContent-Length: 2\r\n$end")" \
    "HTTP/1.1 400 Bad Request"
  assert_equal \
    "$(answer_to "$get${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n$end")" \
    "HTTP/1.1 400 Bad Request"
  assert_equal "$(answer_to "$get${host}Transfer-Encoding: gzip\r\n$end")" \
    "HTTP/1.1 501 Not Implemented"
  assert_equal "$(answer_to "GET / HTTP/2.0\r\n$host$end")" \
    "HTTP/1.1 505 HTTP Version Not Supported"
  stop_server echo
}

#!/usr/bin/env bats
# The file server with --require-auth as curl and a WebSocket client see it: who shows nothing, too
# little, and enough. Never leaves loopback.

load support
load ../e2e/auth_server

setup() {
  auth_home
  mkdir -p served/docs other
  printf 'hello\n' >served/a.txt
  printf 'two\n' >other/b.txt
  serve_auth
  enroll anna bert
  sign_in anna >/dev/null
  TOKEN=$(token_of bert)
  CURL=(curl --silent --show-error --max-time 30 --noproxy '*' --http1.1)
}

# serve_web ARGUMENT...: a server that asks the auth service; URL is where.
serve_web() {
  start_server filesrv filesrv serve "$@" --listen tcp://127.0.0.1:0 --state files \
    --require-auth "$ENDPOINT"
  PORT=$(port_of 1 filesrv)
  URL=http://127.0.0.1:$PORT
}

# status_of ARGUMENT...: the status code of an answer; its head and body are in files.
status_of() { "${CURL[@]}" --output body --dump-header head --write-out '%{http_code}' "$@"; }
answers() { [[ $(status_of "${@:2}") == "$1" ]]; }

as_bert() { printf 'Authorization: Bearer %s' "$TOKEN"; }

all_is_fine() {
  stop_server filesrv
  ! grep -E 'ERROR: |runtime error' filesrv.err
  nothing_broke
}

@test "filesrv rights: a token as Bearer or as a password, judged with each request" {
  serve_web served --upload
  assert_equal "$(status_of "$URL/a.txt")" 401
  grep -qi '^WWW-Authenticate: Bearer' head
  grep -qi '^WWW-Authenticate: Basic realm="netkit token"' head
  ! grep -q hello body
  assert_equal "$(status_of -H 'Authorization: Bearer nk_wrong' "$URL/a.txt")" 401
  assert_equal "$(status_of -H "$(as_bert)" "$URL/a.txt")" 403
  asked grant bert filesrv:read >/dev/null
  wait_until 5 answers 200 -H "$(as_bert)" "$URL/a.txt"
  assert_equal "$(status_of -u "anybody:$TOKEN" "$URL/a.txt")" 200
  assert_equal "$(status_of -u "$TOKEN:" "$URL/a.txt")" 401
  "$PYTHON" "$ROOT/tests/support/web_files.py" "$PORT" tokens "$TOKEN"
  # To read is not to write, and the page offers no upload.
  assert_equal "$(status_of -T served/a.txt -H "$(as_bert)" "$URL/new")" 403
  assert_equal "$(status_of -H "$(as_bert)" "$URL/")" 200
  ! grep -q 'type="file"' body
  asked grant bert filesrv:write >/dev/null
  wait_until 5 answers 201 -T served/a.txt -H "$(as_bert)" "$URL/new"
  all_is_fine
}

@test "filesrv rights: a scope of one folder opens that one alone" {
  serve_web one=served two=other
  asked grant bert filesrv:read:two >/dev/null
  wait_until 5 answers 200 -H "$(as_bert)" "$URL/two/b.txt"
  assert_equal "$(status_of -H "$(as_bert)" "$URL/one/a.txt")" 403
  assert_equal "$(status_of -H "$(as_bert)" "$URL/one/?tar")" 403
  assert_equal "$(status_of -H "$(as_bert)" "$URL/?json")" 200
  assert_equal "$(jq -r '.entries[].name' body)" two
  all_is_fine
}

@test "filesrv rights: a WebSocket shows its token in the handshake or in the first message" {
  serve_web served
  asked grant bert filesrv:read >/dev/null
  wait_until 5 answers 200 -H "$(as_bert)" "$URL/a.txt"
  "$PYTHON" - "ws://127.0.0.1:$PORT/" "$TOKEN" <<'PY'
import asyncio
import json
import sys
import websockets

async def main(url, token):
    fields = {"Authorization": "Bearer " + token}
    async with websockets.connect(url, extra_headers=fields) as peer:
        await peer.send("get a.txt")
        assert await peer.recv() == b"hello\n"
    async with websockets.connect(url) as peer:
        await peer.send(json.dumps({"token": token}))
        await peer.send("get a.txt")
        assert await peer.recv() == b"hello\n"
    async with websockets.connect(url) as peer:
        await peer.send("get a.txt")
        try:
            while True:
                assert await peer.recv() != b"hello\n"
        except websockets.ConnectionClosed:
            pass

asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 20))
PY
  all_is_fine
}

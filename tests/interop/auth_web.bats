#!/usr/bin/env bats
# The auth service over WebSocket, as python3-websockets speaks it, and its page.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  start_server auth auth serve --listen tcp://127.0.0.1:0 --state "$BATS_TEST_TMPDIR/state" \
    --hash-memory 19MiB --hash-passes 2
  PORT=$(port_of 1 auth)
}

# converse ORIGIN MESSAGE...: each message's answer, a line each; TOKEN in a message is the token of
# the last login.
converse() {
  "$PYTHON" -c '
import asyncio, json, sys, websockets
async def main(port, origin, messages):
    token = ""
    async with websockets.connect(f"ws://127.0.0.1:{port}/", origin=origin or None) as socket:
        for message in messages:
            await socket.send(message.replace("TOKEN", token))
            answer = await asyncio.wait_for(socket.recv(), 10)
            token = json.loads(answer).get("token", token)
            print(answer)
asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))' "$PORT" "$@"
}

@test "auth web: requests as JSON, answered with their ids" {
  run converse "" '{"id":7,"do":"register","user":"anna","password":"correct horse battery"}' \
    '{"id":8,"do":"login","user":"anna","password":"correct horse battery","device":"python"}' \
    '{"id":9,"do":"sessions"}' '{"id":10,"do":"nonsense"}'
  assert_status 0
  assert_equal "$(jq -c '[.id, .ok]' <<<"$output" | paste -sd ' ')" \
    '[7,true] [8,true] [9,true] [10,false]'
  assert_equal "$(sed -n 3p <<<"$output" | jq -r '.sessions[0].device')" python
  run converse "" '{"id":1,"do":"login","user":"anna","password":"correct horse battery"}' \
    '{"token":"TOKEN"}' '{"id":3,"do":"logout"}' '{"id":4,"do":"whoami"}'
  assert_equal "$(sed -n 2p <<<"$output" | jq -r .user)" anna
  assert_equal "$(sed -n 4p <<<"$output" | jq -c '[.ok, .exit]')" '[false,4]'
  stop_server auth
}

@test "auth web: a page of another host is refused" {
  run converse "http://evil.example" '{"id":1,"do":"hello"}'
  [[ $status != 0 ]]
  assert_output_matches 'HTTP 403'
  run converse "http://127.0.0.1:$PORT" '{"id":1,"do":"hello"}'
  assert_status 0
  stop_server auth
}

@test "auth web: the page is served, loads nothing, and its script runs" {
  run curl --silent --include --noproxy '*' --max-time 10 "http://127.0.0.1:$PORT/"
  assert_output_matches '200 OK'
  assert_output_matches "default-src 'none'"
  assert_output_matches '<title>netkit auth</title>'
  ! grep -E '(src|href)="?(https?:)?//' <<<"$output"
  command -v chromium >/dev/null || skip "chromium is not installed"
  timeout 60 chromium --headless --no-sandbox --disable-gpu --virtual-time-budget=4000 \
    --user-data-dir="$BATS_TEST_TMPDIR/profile" --dump-dom "http://127.0.0.1:$PORT/" >dom \
    2>errors
  # The script ran to where nobody is signed in.
  grep -q '<main id="outside">' dom
  grep -q '<div id="inside" hidden' dom
  stop_server auth
}

#!/usr/bin/env bats
# The relay over WebSocket: plain clients and programs that speak JSON by python3-websockets, its
# page by curl and in Chromium, through a kill and a restart.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

start_relay() {
  start_server relay relay --listen "tcp://127.0.0.1:${1-0}" --name north \
    --state "$BATS_TEST_TMPDIR/state" "${@:2}"
  PORT=$(port_of 1 relay)
}

# converse ORIGIN SUBPROTOCOL STEP...: a STEP is sent; one that begins with `<` waits for a message
# which has that text and prints it, `<!` for the end. Messages that nobody waits for are passed
# over, and printed to stderr.
converse() {
  "$PYTHON" -c '
import asyncio, sys, websockets
async def main(port, origin, offer, steps):
    async with websockets.connect(f"ws://127.0.0.1:{port}/", origin=origin or None,
                                  subprotocols=[offer] if offer else None) as socket:
        for step in steps:
            if step == "<!":
                try:
                    while True: await asyncio.wait_for(socket.recv(), 10)
                except websockets.ConnectionClosed as closed:
                    print(closed.code)
            elif step.startswith("<"):
                while True:
                    message = await asyncio.wait_for(socket.recv(), 10)
                    if step[1:] in message: break
                    print(message, file=sys.stderr)
                print(message)
            else:
                await socket.send(step)
asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))' "$PORT" "$@"
}

enter() {
  printf '{"id":1,"do":"enter","nick":"%s","secret":"%064d","rooms":[{"room":"lobby"}]%s}' \
    "$1" "$2" "${3-}"
}

@test "relay web: a plain client sends text and gets one object a message, nothing else" {
  start_relay
  run --separate-stderr converse "http://anywhere.example" "" hello '<{' 'two words' '<{' \
    '/nick anna' '<nick' '//who' '<{' '/nonsense' '<notice' '/quit' '<!'
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(sed -n '1p;2p;4p' <<<"$output" |
    jq -c '[.event, .room, .nick, .text, .number]' | paste -sd ' ')" \
    '["message","lobby","guest-1","hello",1] ["message","lobby","guest-1","two words",2]'`
      `' ["message","lobby","anna","/who",3]'
  assert_equal "$(sed -n 1p <<<"$output" | jq 'keys | join(" ")')" \
    '"event id nick number room sender text time"'
  assert_equal "$(sed -n 3p <<<"$output" | jq -c '[.ok, .nick]')" '[true,"anna"]'
  assert_equal "$(sed -n 6p <<<"$output")" 1000
  stop_server relay
}

@test "relay web: programs ask in JSON, are told what is safe, and repeats are dropped" {
  start_relay
  run --separate-stderr converse "" netkit.chat "$(enter anna 1)" '<"id":1' \
    '{"do":"say","number":1,"room":"lobby","text":"one"}' '<message' \
    '{"do":"say","number":1,"room":"lobby","text":"one"}' \
    '{"do":"say","number":2,"room":"lobby","text":"a\"\\\u0001\n"}' '<message' \
    '{"id":2,"do":"who","room":"lobby"}' '<"id":2' '{"id":3,"do":"rooms"}' '<"id":3' \
    '{"id":4,"do":"history","room":"lobby","from":1,"to":9}' '<"id":4' \
    '{"id":5,"do":"nonsense"}' '<"id":5' '{"id":6,"do":"ping"}' '<"id":6' \
    '{"do":"say","number":3,"room":"elsewhere","text":"x"}' '<"number":3'
  assert_status 0
  assert_equal "$(sed -n 1p <<<"$output" | jq -c '[.ok, .relay, .nick, .known]')" \
    '[true,"north","anna",0]'
  assert_equal "$(sed -n 3p <<<"$output" | jq -c '[.number, .text]')" '[2,"a\"\\\u0001\n"]'
  assert_equal "$(sed -n 4p <<<"$output" | jq -r '.people[].nick')" anna
  assert_equal "$(sed -n 5p <<<"$output" | jq -c '.rooms')" '[{"room":"lobby","people":1}]'
  assert_equal "$(sed -n 6p <<<"$output" | jq -c '[.messages[].number]')" '[1,2]'
  assert_equal "$(sed -n 7,9p <<<"$output" | jq -c '.ok' | paste -sd ' ')" 'false true false'
  grep -q '"event":"ack","number":2' <<<"$stderr$output"
  # Somebody comes back by its secret: what it said is known, what was refused too, so that no hole
  # is left in its numbers; what it missed is told.
  run --separate-stderr converse "" netkit.chat "$(enter anna 1 ',"seen":{}')" '<"id":1' \
    '<"number":1' '<"number":2'
  assert_status 0
  assert_equal "$(sed -n 1p <<<"$output" | jq .known)" 3
  stop_server relay
}

@test "relay web: texts up to the limit pass however JSON spells them, longer ones are refused" {
  start_relay 0 --max-message 1KiB
  local long
  long=$(printf '\\u0001%.0s' {1..1024})
  run --separate-stderr converse "" netkit.chat "$(enter anna 1)" '<"id":1' \
    '{"do":"say","number":1,"room":"lobby","text":"'"$long"'"}' '<message' \
    '{"do":"say","number":2,"room":"lobby","text":"'"$long"'x"}' '<"number":2'
  assert_status 0
  assert_equal "$(sed -n 2p <<<"$output" | jq '.text | length')" 1024
  assert_equal "$(sed -n 3p <<<"$output" | jq .ok)" false
  run --separate-stderr converse "" netkit.chat '{"do":"say","number":1,"room":"lobby"}' '<!'
  assert_equal "$output" 1002
  run --separate-stderr converse "" netkit.chat 'no JSON' '<!'
  assert_equal "$output" 1002
  stop_server relay
}

@test "relay web: a page of another host may look, not talk as whoever looks at it" {
  start_relay
  run converse "http://evil.example" netkit.chat "$(enter anna 1)"
  [[ $status != 0 ]]
  assert_output_matches 'HTTP 403'
  run converse "http://127.0.0.1:$PORT" netkit.chat "$(enter anna 1)" '<"id":1'
  assert_status 0
  # A token is never said aloud, not even where none is asked for.
  run --separate-stderr converse "" "" '{"token":"nk_secret"}' hello '<{'
  assert_status 0
  assert_equal "$(jq -r .text <<<"$output")" hello
  stop_server relay
}

@test "relay web: with --require-auth a token comes first, and names the user" {
  local auth token
  start_server auth auth serve --listen tcp://127.0.0.1:0 --state "$BATS_TEST_TMPDIR/auth" \
    --hash-memory 19MiB --hash-passes 2
  auth=$(endpoint_of 1 auth)
  echo 'correct horse battery' >password
  netkit auth register "$auth" --user anna --password-file password
  token=$(netkit auth login "$auth" --user anna --password-file password --print-token)
  start_relay 0 --require-auth "$auth"
  run --separate-stderr converse "" netkit.chat "$(enter anna 1)" '<"event":"error"' '<!'
  assert_equal "$(sed -n 2p <<<"$output")" 1008
  run --separate-stderr converse "" netkit.chat '{"token":"'"$token"'"}' \
    "$(enter ben 1)" '<"id":1' "$(enter anna 1)" '<"id":1'
  assert_status 0
  assert_equal "$(jq -c '[.ok, .exit, .user]' <<<"$output" | paste -sd ' ')" \
    '[false,4,null] [true,null,"anna"]'
  run --separate-stderr converse "" "" '{"token":"'"$token"'"}' hello '<{'
  assert_equal "$(jq -r .nick <<<"$output")" anna
  stop_server relay
  stop_server auth
}

@test "relay web: the page is served and loads nothing" {
  start_relay
  run curl --silent --include --noproxy '*' --max-time 10 "http://127.0.0.1:$PORT/"
  assert_output_matches '200 OK'
  assert_output_matches "default-src 'none'"
  assert_output_matches '<title>netkit chat</title>'
  assert_equal "$(curl --silent --noproxy '*' --insecure --max-time 10 --output /dev/null \
    --write-out '%{http_code}' "https://127.0.0.1:$PORT/")" 200
  stop_server relay
}

@test "relay web: two people in Chromium, before and after the relay is killed" {
  local modules=$ROOT/build/playwright/node_modules pictures=$BATS_TEST_TMPDIR
  command -v chromium >/dev/null || fail "chromium is not installed"
  [[ -d $modules/playwright-core ]] || fail "playwright-core is missing: ./dev test interop gets it"
  [[ ! -d $ROOT/build/test ]] || pictures=$ROOT/build/test
  # What the browser's side runs to kill and to start it again at the same port.
  cat >relay.sh <<SH
#!/usr/bin/env bash
port=\$(cat port 2>/dev/null || echo 0)
if [[ \$1 == kill ]]; then kill -9 "\$(cat pid)"; exit; fi
rm -f ready
"$NETKIT" relay --listen "tcp://127.0.0.1:\$port" --name north --state state \\
  --port-file ready </dev/null >said 2>&1 3>&- &
echo \$! >pid
for ((i = 0; i < 200; ++i)); do [[ -s ready ]] && break; read -rt 0.1 <> <(:) || true; done
sed 's/.*://' ready >port
SH
  chmod +x relay.sh
  ./relay.sh start
  [[ -s port ]] || fail "the relay said" "$(cat said)"
  run --separate-stderr env NODE_PATH="$modules" RELAY=./relay.sh timeout -k 5 100 \
    node "$ROOT/tests/support/relay_page.js" meets_the_relay \
    "http://127.0.0.1:$(cat port)/" "$pictures"
  ./relay.sh kill
  assert_status 0
}

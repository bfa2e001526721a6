#!/usr/bin/env bats
# What the options of auth serve and of its verbs do that no other test of auth has need of.

load support
load auth_server

admin() { ask "$1" "unix:$STATE/admin.sock" "${@:2}"; }

@test "auth options: --default-scope is what a new account may do" {
  serve_auth --default-scope relay:link --default-scope echo
  enroll anna bert
  sign_in bert
  ask whoami --json
  assert_equal "$(jq -c '.scopes | sort' <<<"$output")" '["echo","relay:link"]'
  nothing_broke
  run_netkit auth serve --state other --default-scope 'no scope'
  assert_status 2
}

@test "auth options: --session-limit ends sessions that are in use" {
  serve_auth --session-limit 2s
  enroll anna
  sign_in anna
  ask whoami
  assert_status 0
  is_over() { ! asked whoami >/dev/null 2>&1; }
  wait_until 20 is_over
  ask whoami
  assert_status 4
  nothing_broke
  run_netkit auth serve --state other --session-limit 500ms
  assert_status 2
}

@test "auth options: --session-idle ends sessions that nobody uses" {
  serve_auth --session-idle 3s
  enroll anna
  used=$(token_of anna)
  unused=$(token_of anna)
  local begun=$SECONDS
  while ((SECONDS - begun < 5)); do
    ask whoami "$ENDPOINT" --token "$used"
    assert_status 0
  done
  ask whoami "$ENDPOINT" --token "$unused"
  assert_status 4
  nothing_broke
}

@test "auth options: sessions has the --device, --user's and --all for administrators" {
  serve_auth
  enroll anna bert
  ask login "$ENDPOINT" --user bert --password-file password --print-token --device 'blue phone'
  bert=$output
  sign_in anna
  ask sessions --user bert --json
  assert_equal "$(jq -r '.user + " " + .device' <<<"$output")" 'bert blue phone'
  ask sessions --all --json
  assert_equal "$(jq -r .user <<<"$output" | sort | tr '\n' ' ')" 'anna bert '
  ask sessions "$ENDPOINT" --token "$bert" --all
  assert_status 4
  nothing_broke
}

@test "auth options: revoke --others leaves this session alone" {
  serve_auth
  enroll anna
  first=$(token_of anna)
  second=$(token_of anna)
  ask revoke "$ENDPOINT" --others --token "$first"
  assert_status 0
  ask whoami "$ENDPOINT" --token "$second"
  assert_status 4
  ask whoami "$ENDPOINT" --token "$first"
  assert_status 0
  nothing_broke
}

@test "auth options: codes and tokens come from files, and renew --print-token keeps nothing" {
  serve_auth --registration invite
  asked invite "unix:$STATE/admin.sock" >code
  ask register "$ENDPOINT" --user anna --password-file password --code-file code
  assert_status 0
  asked invite "unix:$STATE/admin.sock" |
    asked register "$ENDPOINT" --user bert --password-file password --code-file -
  token_of bert >token
  ticket=$(asked ticket --token-file token)
  ask whoami "$ENDPOINT" --token "$ticket" --json
  assert_equal "$(jq -c '[.user, .ticket]' <<<"$output")" '["bert",true]'
  sign_in anna
  kept=$(<"$XDG_STATE_HOME/netkit/logins")
  ask renew --print-token
  assert_output_matches '^nk_'
  assert_equal "$(<"$XDG_STATE_HOME/netkit/logins")" "$kept"
  ask whoami "$ENDPOINT" --token "$output"
  assert_status 0
  nothing_broke
}

@test "auth options: hashes have the memory, passes and lanes that serve was given" {
  serve_auth --hash-memory 20MiB --hash-passes 3 --hash-lanes 2
  enroll anna
  admin export
  assert_output_matches '^anna:\$argon2id\$v=19\$m=20480,t=3,p=2\$'
  nothing_broke
  run_netkit auth serve --state other --hash-memory 1MiB
  assert_status 2
}

@test "auth options: tune stays within --hash-memory, and takes as long as --target" {
  passes() { sed -n 's/.*--hash-passes \([0-9]*\).*/\1/p' <<<"$output"; }
  ask tune --target 1ms --hash-memory 19MiB --hash-lanes 2
  assert_output_matches '^--hash-memory 19MiB --hash-passes [0-9]+ --hash-lanes 2$'
  quick=$(passes)
  ask tune --target 500ms --hash-memory 19MiB
  (($(passes) > quick)) || fail "$output for 500 ms, $quick passes for 1 ms"
}

@test "auth options: --hash-queue bounds who waits, others are told to try again" {
  serve_auth --hash-passes 20 --hash-queue 1
  local n pids=() code full=0 refused=0
  for n in {1..12}; do
    asked login "$ENDPOINT" --user "nobody$n" --password-file wrong >"$n.out" 2>&1 &
    pids+=($!)
  done
  for n in "${pids[@]}"; do
    code=0
    wait "$n" || code=$?
    ((code == 1)) && full=$((full + 1))
    ((code == 4)) && refused=$((refused + 1))
  done
  ((full > 0 && refused > 1 && full + refused == 12)) || fail "$full and $refused" "$(cat ./*.out)"
  grep -q 'try again' ./*.out
  nothing_broke
}

@test "auth options: a pepper is mixed into hashes, and an old one goes on being known" {
  echo 'the first secret of the server' >pepper
  serve_auth --pepper-file pepper
  enroll anna
  stop_server auth
  serve_again
  ask login "$ENDPOINT" --user anna --password-file password
  [[ $status != 0 ]] || fail "signed in without the pepper"
  stop_server auth
  printf '%s\n' 'the second secret of the server' "$(<pepper)" >peppers
  serve_again --pepper-file peppers
  ask login "$ENDPOINT" --user anna --password-file password
  assert_status 0
  stop_server auth
  # systemd's copy of it.
  mkdir credentials
  mv peppers credentials/pepper
  CREDENTIALS_DIRECTORY=$PWD/credentials serve_again
  ask login "$ENDPOINT" --user anna --password-file password
  assert_status 0
  nothing_broke
  echo short >pepper
  run_netkit auth serve --state other --pepper-file pepper
  assert_status 2
}

@test "auth options: a page by a name that is not ours takes --page-host" {
  serve_auth
  upgrade() {
    curl --silent --output body --write-out '%{http_code}' --max-time 1 --noproxy '*' --http1.1 \
      -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
      -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H "Host: auth.example" \
      -H "Origin: http://auth.example" "http://${ENDPOINT#tcp://}/"
  }
  assert_equal "$(upgrade)" 403
  assert_file_has body '--page-host auth\.example'
  stop_server auth
  serve_again --page-host auth.example
  assert_equal "$(upgrade)" 101
  nothing_broke
}

#!/usr/bin/env bats
# What those options of relay, presenced, shutdown-server and filesrv do that no other test has need
# of.

load support
load shutdown_server
load relay_server
load redis

setup() {
  shutdown_home
  REDIS_SOCKET=$BATS_TEST_TMPDIR/redis.sock
}
teardown() {
  end_servers
  stop_redis
}

@test "options: relay takes a page of the name that --page-host gives it" {
  serve_relay a
  upgrade() {
    curl --silent --output body --write-out '%{http_code}' --max-time 1 --noproxy '*' --http1.1 \
      -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
      -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'Sec-WebSocket-Protocol: netkit.chat' \
      -H 'Host: chat.example' -H 'Origin: http://chat.example' "http://127.0.0.1:$(port_of 1 a)/"
  }
  assert_equal "$(upgrade)" 403
  assert_file_has body '--page-host chat\.example'
  stop_server a
  serve_again a --page-host chat.example
  assert_equal "$(upgrade)" 101
  stop_server a
}

@test "options: relay ban --for ends by itself" {
  serve_relay a
  netkit -q chat "$(endpoint_of 1 a)" --nick eve --listen-only >/dev/null 2>&1 3>&- &
  is_here() { netkit relay ban eve --for 2s --state "$PWD/state-a" 2>/dev/null; }
  wait_until 20 is_here
  run_netkit relay bans --state "$PWD/state-a" --json
  assert_equal "$(jq -r .nick <<<"$output")" eve
  is_over() { [[ -z $(netkit relay bans --state "$PWD/state-a") ]]; }
  wait_until 20 is_over
  stop_server a
}

@test "options: --store-password-file opens the store of relay and presenced" {
  start_redis --requirepass 'correct horse'
  echo 'correct horse' >password
  echo 'wrong horse' >wrong
  local store=(--store "redis+unix:$REDIS_SOCKET")
  serve_relay a "${store[@]}" --store-password-file password
  run_netkit relay --listen tcp://127.0.0.1:0 --state b "${store[@]}" --store-password-file wrong
  assert_status 4
  stop_server a
  local daemon=(presenced run --listen tcp://127.0.0.1:0 --no-multicast "${store[@]}")
  start_server one "${daemon[@]}" --state one --store-password-file password
  run_netkit "${daemon[@]}" --state two --store-password-file wrong
  assert_status 4
  stop_server one
}

@test "options: shutdown-server cancel and wake take --all-matching for hosts of one name" {
  serve_shutdown
  come one agent --host web1 --machine "$(printf '%032d' 1)" --from 127.0.0.11 --mac 020000000001
  come two agent --host web1 --machine "$(printf '%032d' 2)" --from 127.0.0.12 --mac 020000000002
  ask order web1 --all-matching --delay 1h
  assert_status 0
  for verb in cancel wake; do
    ask "$verb" web1
    assert_status 2
    assert_stderr_matches '--all-matching'
    ask "$verb" web1 --all-matching
    assert_status 0
    assert_equal "$(cut -f 1 <<<"$output")" $'web1\nweb1'
  done
  stop_server server
}

@test "options: shutdown-agent enrols as the --machine-id and --boot-id that it is given" {
  local machine boot
  machine=$(printf '%032d' 9) boot=$(printf '%032d' 8)
  serve_shutdown
  run_netkit -q shutdown-agent enrol "$URL" --code "$(asked enrol)" --machine-id "$machine" \
    --boot-id "$boot" --state agent
  assert_status 0
  start_agent agent --state agent --machine-id "$machine" --boot-id "$boot" --exec false
  ask list --json
  assert_equal "$(jq -r .machine <<<"$output")" "$machine"
  stop_server agent
  run_netkit shutdown-agent enrol "$URL" --code x --machine-id short --state agent
  assert_status 2
  stop_server server
}

# serve_files ARGUMENT...: a file server with 600,000 bytes in `data`; E is where.
serve_files() {
  mkdir -p served
  head -c 600000 /dev/urandom >served/data
  start_server files filesrv serve served --listen tcp://127.0.0.1:0 --state files "$@"
  E=$(endpoint_of 1 files)
}

@test "options: filesrv --rate and --client-rate bound how fast bytes go" {
  local rate begun took_ms
  for rate in --rate --client-rate; do
    serve_files "$rate" 300k
    begun=${EPOCHREALTIME/./}
    netkit filesrv get "$E" data -o - | cmp - served/data
    took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
    # 600,000 bytes at 307,200 a second, a tenth of a second's worth at once.
    ((took_ms > 1700)) || fail "$rate: took $took_ms ms"
    stop_server files
  done
}

@test "options: filesrv --no-landlock leaves out the kernel's walls, and info says so" {
  serve_files --no-landlock
  run_netkit filesrv info "$E"
  assert_output_matches 'landlock no'
  assert_file_has "/proc/$(server_pid files)/status" $'^NoNewPrivs:\t0$'
  stop_server files
}

@test "options: filesrv put --checksum compares what has the same size and time" {
  serve_files --upload
  cp served/data mine
  run_netkit filesrv put "$E" mine
  assert_status 0
  printf 'rot' | dd of=served/mine bs=1 seek=10 conv=notrunc status=none
  touch -r mine served/mine
  run_netkit filesrv put "$E" mine --resume --json
  ! cmp -s mine served/mine || fail "it is there already"
  run_netkit filesrv put "$E" mine --checksum --overwrite --json
  assert_status 0
  cmp mine served/mine
  stop_server files
}

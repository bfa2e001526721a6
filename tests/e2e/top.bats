#!/usr/bin/env bats
# netkit top: a table of servers by their metrics, once, as JSON, and on a terminal.

load support
load screen
load servers

teardown() {
  end_screen
  end_servers
}

@test "top: a line a server, with the exit code of one that is away" {
  start_service echo --metrics 0
  start_service relay --metrics 0
  assert_equal "$(netkit -q echo send "$(endpoint_of 1 echo)" hello)" hello
  run_netkit top "$(metrics_at echo)" "$(metrics_at relay)"
  assert_status 0
  refute_stderr
  assert_output_matches '^SERVER +ENDPOINT +UP +CONNECTIONS +MESSAGES/S +IN/S +OUT/S +REFUSED +ST'
  local at='tcp://127\.0\.0\.1:[0-9]+ +[0-9]+s'
  assert_output_matches $'\n'"echo +$at +[01] +- +0 +0 +0 +serving"$'\n'
  assert_output_matches $'\n'"relay +$at +0 +0 +0 +0 +0 +serving\$"
  run_netkit top "$(metrics_at relay)" 127.0.0.1:1 --once
  assert_status 3
  assert_stderr_matches 'netkit top: cannot connect to tcp://127.0.0.1:1: Connection refused'
  assert_output_matches $'\nrelay .* serving\n-  *tcp://127.0.0.1:1 .* away: cannot connect'
}

@test "top: --json is an object a server, once or each second" {
  start_echo --metrics 0
  run_netkit top "$(metrics_at echo)" unix:/nowhere --once --json
  assert_status 3
  jq -es 'length == 2 and
    (.[0] | .state == "serving" and .service == "echo" and .connections == 0 and .uptime > 0 and
      .messages_per_second == null and .received_bytes_per_second == 0 and .refused == 0) and
    (.[1] | .state == "away" and .endpoint == "unix:/nowhere" and (.error | length) > 0)' \
    <<<"$output"
  netkit top "$(metrics_at echo)" --json | head -n 2 >said
  assert_equal "$(jq -r .state said | xargs)" 'serving serving'
}

@test "top: what is no netkit server is said to be none" {
  mkdir site
  start_server web filesrv serve --listen tcp://127.0.0.1:0 --state web site
  run_netkit top "$(endpoint_of 1 web)" --once
  assert_status 5
  assert_output_matches 'away: .*not the expected answer \(the answer is 404; '
  echo 'go_threads 1' >site/metrics
  run_netkit top "$(endpoint_of 1 web)" --once
  assert_status 5
  run_netkit top tls://127.0.0.1:1
  assert_status 2
}

@test "top: what answers nothing is named, and what it should have been" {
  start_server echo echo serve --listen tcp://127.0.0.1:0
  local at
  at=$(endpoint_of 1 echo)
  run_netkit top "$at" --once
  [[ $status == [56] ]]
  assert_stderr_matches "cannot read the metrics of $at: .*what its --metrics says"
}

@test "top: on a terminal each second anew, until q or ^C, both with 0" {
  begin_screen
  start_echo --metrics 0
  terminal 140 top "$(metrics_at echo)"
  shows '^echo .* serving'
  dial "$(port_of)"
  shows '^echo +tcp://127.0.0.1:[0-9]+ +[0-9]+s +1 '
  hang_up
  stop_server echo
  shows '^- +tcp://.* away: cannot connect'
  text q
  shows '^ended with 0$'
  shows '^ echo *$'
  end_screen
  terminal 40 top 127.0.0.1:1
  shows '^- +tcp://127.0.0.1:1'
  keys C-c
  shows '^ended with 0$'
}

@test "top: Tab offers endpoints that netkit has seen" {
  mkdir -p "$XDG_STATE_HOME/netkit"
  echo "lighthouse.example:9464 SHA256:$(printf '0%.0s' {1..64})" \
    >"$XDG_STATE_HOME/netkit/known_hosts"
  assert_equal "$(netkit __complete top light | cut -f 1)" lighthouse.example:9464
}

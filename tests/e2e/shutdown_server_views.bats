#!/usr/bin/env bats
# What shutdown-server shows of hosts and orders, and how an order is taken back.

load support
load shutdown_server

@test "shutdown cancel: nothing to cancel is 5, a host that goes down already is 4" {
  three_hosts --obey going
  ask cancel web1
  assert_status 5
  assert_stderr_matches 'cannot find an order to cancel'
  ask cancel nobody
  assert_status 5
  ask order web1
  until_order web1 going
  ask cancel web1
  assert_status 4
  assert_stderr_matches 'going down already'
  # Of several, the largest code counts.
  tell web2 obey accepted
  ask order web2
  until_order web2 accepted
  ask cancel web1 web2
  assert_status 4
  assert_stderr_matches 'web1.*going down already'
  until_order web2 cancelled
}

@test "shutdown history: newest first, -n limits it, --json has all fields" {
  three_hosts
  for name in web1 web2 db1; do ask order "$name" --wait=15s --reason "no $name"; done
  ask history
  assert_status 0
  refute_stderr
  assert_equal "$(cut -f 2-5 <<<"$output" | tr '\t' ,)" \
    $'db1.example,down,admin socket,no db1\nweb2,down,admin socket,no web2\n'\
$'web1,down,admin socket,no web1'
  ask history -n 1
  assert_equal "$(cut -f 2 <<<"$output")" db1.example
  ask history -n 1 --json
  assert_equal "$(jq -r 'keys | join(" ")' <<<"$output")" "address cancelling changed due expires \
force host issuer machine order ordered plan reason state why"
  assert_equal "$(jq -r '.ordered | test("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z$")' <<<"$output")" true
}

@test "shutdown list: tab-separated when piped, --json with every field" {
  three_hosts
  come plain plain --from 127.0.0.20
  await plain '^got'
  ask list
  assert_status 0
  refute_stderr
  assert_equal "$(cut -f 1-3 <<<"$output" | sort)" "127.0.0.20"$'\t127.0.0.20\tonline\n'\
$'db1.example\t127.0.0.13\tonline\nweb1\t127.0.0.11\tonline\nweb2\t127.0.0.12\tonline'
  [[ $(head -n 1 <<<"$output" | cut -f 4) =~ ^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z$ ]] || fail "$output"
  ask list --json
  assert_equal "$(jq -rs '.[] | select(.name == "web1") | keys | join(" ")' <<<"$output")" \
    "address boot connected dry_run enrolled exec kind last_seen machine macs name order since \
state version"
  assert_equal "$(jq -rs '[.[].kind] | sort | join(" ")' <<<"$output")" "agent agent agent plain"
  leave web1
  until_host web1 offline
}

@test "shutdown: Tab offers the names of hosts, of the state folder that is named" {
  serve_shutdown
  come web1 agent --host web1
  come db1 agent --host db1 --machine "$(printf '%032d' 2)"
  until_host db1 online
  run_netkit __complete shutdown-server order --state "$STATE" w
  assert_status 0
  assert_output_matches $'^web1\t?$'
  run_netkit __complete shutdown-server cancel --state /nowhere ''
  assert_status 0
  refute_output
}

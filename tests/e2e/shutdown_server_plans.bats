#!/usr/bin/env bats
# Plans and waking: stages in their order, what a host that stays up holds up, what is printed.

load support
load shutdown_server

# four_hosts [ARGUMENT...]: agents web1, web2, db1 and router.
four_hosts() {
  local name number=0
  for name in web1 web2 db1 router; do
    number=$((number + 1))
    come "$name" agent --host "$name" --machine "$(printf '%032d' $number)" \
      --mac "02000000000$number" "$@"
  done
}

night_plan() {
  cat >night.plan <<'PLAN'
# who goes when
group web web1 web2
stage clients
@web
wait down<=20s
stage data
db1
wait down<=20s
keep last router
PLAN
}

# order_of_orders: the hosts in the order in which they were ordered.
order_of_orders() { asked history --json | jq -rs '[reverse[].host] | join(" ")'; }

@test "shutdown plan: --dry-run prints who, when, after whom, and orders nobody" {
  serve_shutdown
  four_hosts
  night_plan
  ask order --plan night.plan --dry-run
  assert_status 0
  refute_stderr
  assert_equal "$(cut -f 1,2 <<<"$output")" \
    $'clients\tweb1\nclients\tweb2\ndata\tdb1\nlast\trouter'
  assert_output_matches $'clients\tweb1\tat once'
  assert_output_matches $'data\tdb1\twhen .*clients.*20s.*\tafter web1 web2'
  assert_output_matches $'last\trouter\twhen .*\tafter .*db1'
  ask order --plan night.plan --dry-run --json
  assert_equal "$(jq -rs '[.[].host] | join(" ")' <<<"$output")" "web1 web2 db1 router"
  ask history
  refute_output
}

@test "shutdown plan: one of a mebibyte is taken, and one byte more is not" {
  serve_shutdown
  four_hosts
  night_plan
  # Line ends are escaped on their way: the request is larger than the plan.
  yes '# a line of a long comment' |
    head -c $((1024 * 1024 - $(stat -c %s night.plan))) | cat night.plan - >long.plan
  ask order --plan long.plan --dry-run
  assert_status 0
  refute_stderr
  assert_equal "$(cut -f 2 <<<"$output" | xargs)" "web1 web2 db1 router"
  echo >>long.plan
  ask order --plan long.plan --dry-run
  assert_status 5
  assert_stderr_matches 'cannot read long.plan: larger than the limit'
}

@test "shutdown plan: stages go one after the other, each once the one before is down" {
  serve_shutdown
  four_hosts
  night_plan
  ask order --plan night.plan --wait --reason night
  assert_status 0
  refute_stderr
  for name in web1 web2 db1 router; do assert_line "$name"$'\tdown'; done
  order_of_orders | grep -Ex '(web1 web2|web2 web1) db1 router' || fail "$(order_of_orders)"
  asked history --json | jq -es '
    (map({(.host): .}) | add) as $by |
    $by.db1.ordered >= $by.web1.changed and $by.db1.ordered >= $by.web2.changed and
    $by.router.ordered >= $by.db1.changed and all(.[]; .reason == "night" and .plan != "")' ||
    fail "$(asked history --json)"
}

@test "shutdown plan: a dead host holds up its stage no longer than the limit" {
  serve_shutdown
  four_hosts
  tell web1 obey accepted
  printf 'stage one\nweb1 web2\nwait down<=1s\nstage two\ndb1\n' >plan
  ask order --plan plan
  assert_status 0
  until_order db1 down
  order_is web1 accepted
}

@test "shutdown plan: max-in-flight and keep last within a stage" {
  serve_shutdown
  four_hosts
  printf 'stage all\nrouter *\nmax-in-flight 1\nkeep last router\n' >plan
  ask order --plan plan --wait=25s
  assert_status 0
  asked history --json | jq -es 'reverse | .[-1].host == "router" and
    ([., .[1:]] | transpose | all(.[]; .[1] == null or .[1].ordered >= .[0].changed))' ||
    fail "$(asked history --json)"
}

@test "shutdown plan: of several ends the largest exit code counts" {
  serve_shutdown
  four_hosts
  tell web2 obey refused
  night_plan
  ask order --plan night.plan --wait
  assert_status 4
  assert_stderr_matches 'web2 refused'
  assert_line $'router\tdown'
}

@test "shutdown plan: cancel --plan takes back what can be, and no stage follows" {
  serve_shutdown
  four_hosts --obey accepted
  night_plan
  ask order --plan night.plan
  assert_status 0
  assert_output_matches $'^[0-9a-f]{16}\trunning$'
  until_order web1 accepted
  until_order web2 accepted
  ask order --plan night.plan
  assert_status 1
  assert_stderr_matches 'cancel --plan'
  ask cancel --plan
  assert_status 0
  assert_output_matches $'^[0-9a-f]{16}\tcancelled$'
  until_order web1 cancelled
  until_order web2 cancelled
  assert_equal "$(asked history | wc -l)" 2
  ask cancel --plan
  assert_status 5
}

@test "shutdown plan: a running plan goes on after kill -9 of the server" {
  serve_shutdown
  four_hosts --obey accepted
  night_plan
  ask order --plan night.plan
  until_order web1 accepted
  until_order web2 accepted
  crash_server
  for name in web1 web2 db1 router; do await "$name" '^closed'; done
  serve_again
  four_hosts
  until_order router down
  order_of_orders | grep -Ex '(web1 web2|web2 web1) db1 router' || fail "$(order_of_orders)"
}

@test "shutdown plan: a wrong line is exit code 2 and named, an unknown host 5, no file 1" {
  serve_shutdown
  four_hosts
  printf 'stage one\nweb1\nwait until noon\n' >plan
  ask order --plan plan --dry-run
  assert_status 2
  assert_stderr_matches 'line 3'
  printf 'stage one\nweb1 web9\n' >plan
  ask order --plan plan
  assert_status 5
  assert_stderr_matches 'web9'
  ask order --plan nowhere
  [[ $status == [15] ]] || fail "$(show_run)"
  assert_stderr_matches 'nowhere'
  ask history
  refute_output
  run bash -c 'echo "stage one
web1" | "$0" shutdown-server order --plan - --dry-run --state "$1"' "$NETKIT" "$STATE"
  assert_status 0
  assert_output $'one\tweb1\tat once'
}

@test "shutdown wake: a magic packet to the address that the agent reported" {
  serve_shutdown
  come web1 agent --host web1 --mac 020000000001 --mac 020000000002
  ask wake web1
  assert_status 0
  assert_output_matches $'^web1\t[1-9][0-9]*$'
  ask wake web1 --json
  assert_equal "$(jq -r .host <<<"$output")" web1
}

@test "shutdown wake: a host without an agent, or unknown, is exit code 5 with a hint" {
  serve_shutdown
  come plain plain --from 127.0.0.20
  await plain '^got'
  until_listed 127.0.0.20
  ask wake 127.0.0.20
  assert_status 5
  assert_stderr_matches 'hardware address.*agent'
  ask wake nobody
  assert_status 5
}

@test "shutdown wake: --wait ends once the host is online, or with 6" {
  serve_shutdown
  come web1 agent --host web1 --mac 020000000001
  leave web1
  until_host web1 offline
  ask wake web1 --wait=300ms
  assert_status 6
  assert_stderr_matches 'web1 online'
  in_background waking wake web1 --wait=20s
  wait_for_line waking.out '^web1'
  come again agent --host web1 --mac 020000000001
  ended waking
  assert_status 0
  assert_line $'web1\tonline'
}

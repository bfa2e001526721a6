# What doctor says of the machine it runs on, with a network made for the test.
load support

CABLE='ip link set lo up && ip link add left type veth peer name right &&
  ip link set left up && ip link set right up && ip address add 192.0.2.1/24 dev left'

# run_alone COMMAND: doctor with a network of its own, after COMMAND in there.
run_alone() {
  unshare --map-root-user --net true 2>/dev/null || skip "no network namespace may be made"
  run --separate-stderr unshare --map-root-user --net bash -c "$1 && exec \"\${@:2}\"" - \
    "$1" "$NETKIT" doctor "${@:2}"
}

@test "doctor: a line a finding: what, a verdict, and what to do" {
  run_alone "$CABLE" --json
  assert_status 0
  jq -es 'length > 3 and all(.[]; .what != "" and (.verdict | IN("ok", "note", "bad")) and
    (.verdict == "ok" or .hint != ""))' <<<"$output" >/dev/null || fail "$(show_run)"
  jq -es 'any(.[]; .what == "multicast left IPv4" and .verdict == "ok") and
    any(.[]; .what == "sctp kernel")' <<<"$output" >/dev/null || fail "$(show_run)"
}

@test "doctor: an interface that refuses what is sent is bad, and the exit code says so" {
  run_alone "$CABLE"' && nft "add table ip t;
    add chain ip t o { type filter hook output priority 0; };
    add rule ip t o oifname left udp dport 2003 drop"'
  assert_status 5
  assert_output_matches $'multicast left IPv4\tbad\tjoined, but sending fails: .*a firewall'
}

@test "doctor: without any network it says so and what is left" {
  run_alone true
  assert_status 0
  assert_output_matches $'interface lo\tnote\tswitched off; ip link set lo up'
  assert_output_matches $'multicast\tnote\t.*peers find a daemon by --presenced HOST'
  assert_output_matches $'multicast route\tnote\t.*ip route add 224'
}

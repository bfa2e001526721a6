# What doctor says of the machine it runs on, with a network made for the test.
load support

CABLE='ip link set lo up && ip link add left type veth peer name right &&
  ip link set left up && ip link set right up && ip address add 192.0.2.1/24 dev left'

# run_alone COMMAND ARGUMENT...: doctor with a network of its own, after COMMAND in there. What that
# started ends with it: it is the first process of its namespace.
run_alone() {
  local own=(--map-root-user --net --pid --fork --kill-child --mount-proc)
  unshare "${own[@]}" true 2>/dev/null || skip "no such namespaces may be made"
  run --separate-stderr timeout -k 5 "$RUN_LIMIT_S" unshare "${own[@]}" bash -c \
    "$1 && exec \"\${@:2}\"" - "$1" "$NETKIT" doctor "${@:2}"
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

# with_program COMMAND...: shell text for run_alone: COMMAND runs beside doctor, which begins once
# it has said something.
with_program() { printf 'exec {out}< <(exec %s 3>&-) && read -r -u $out _ ' "$*"; }

# hold KIND PORT: shell text of the same sort: python3 has that port of 127.0.0.1.
hold() {
  local kind=SOCK_STREAM
  [[ $1 == tcp ]] || kind=SOCK_DGRAM
  with_program "$PYTHON" -uc "'
import signal, socket
held = socket.socket(type=socket.$kind)
held.bind((\"127.0.0.1\", $2))
if held.type == socket.SOCK_STREAM: held.listen()
print(\"held\")
signal.pause()'"
}

clock() { with_program "$PYTHON" "$ROOT/tests/support/wrong_clock.py" "$@"; }

# drop RULE: shell text: the firewall drops what comes in and matches RULE.
drop() {
  printf 'nft "add table inet t; add chain inet t i { type filter hook input priority 0; };
    add rule inet t i %s drop"' "$1"
}

LO='ip link set lo up'
# A name server is asked only where one is given.
ETC='mount -t tmpfs none /etc && echo "127.0.0.1 nas" >/etc/hosts'

@test "doctor: an interface without an address, and one without a carrier" {
  run_alone 'ip link add left type veth peer name right && ip link set left addrgenmode none up &&
    ip link set right addrgenmode none up && ip link add bare type veth peer name off &&
    ip link set bare up'
  assert_output_matches $'interface left\tnote\tno address; ip address add ADDRESS/BITS dev left'
  assert_output_matches $'interface bare\tnote\tno carrier; is the cable in'
  assert_output_matches $'interface off\tnote\tswitched off; ip link set off up'
}

@test "doctor: an interface that multicast is switched off on" {
  run_alone "$CABLE && ip link set left multicast off"
  assert_status 5
  assert_output_matches $'multicast left IPv4\tbad\t[^\n]*; ip link set left multicast on'
}

@test "doctor: netkit's own SCTP is tried on loopback" {
  run_alone "$LO"
  assert_status 0
  assert_output_matches $'sctp user space\tok\tover UDP \(RFC 6951\), works on loopback, '
  run_alone "$LO && $(drop 'meta l4proto udp')"
  assert_status 5
  assert_output_matches $'sctp user space\tbad\t[^\n]*; does a firewall drop UDP on lo'
  run_alone true
  assert_output_matches $'sctp user space\tnote\t[^\n]*; ip link set lo up'
}

@test "doctor: a low limit of open files" {
  run_alone "$LO && ulimit -n 2000"
  assert_status 0
  assert_line $'open files\tnote\t2000, servers raise it to 2000 and take 1600 connections; '`
    `'LimitNOFILE=65536 in the unit, or as root: ulimit -n 65536'
  run_alone "$LO && ulimit -n 200"
  assert_status 5
  assert_output_matches $'open files\tbad\t200, servers raise it to 200 and take 160 connections'
}

@test "doctor: whether the kernel's clock is kept, as the kernel has it" {
  local state
  # struct timex of 208 bytes; adjtimex(2) returns 5, TIME_ERROR, where nothing keeps it.
  state=$("$PYTHON" -c 'import ctypes
print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(208)))')
  run_alone "$LO"
  if ((state == 5)); then
    assert_output_matches $'clock\tnote\tnothing keeps it right.*; timedatectl set-ntp true'
  else
    assert_output_matches $'clock\tok\tsynchronised, off by '
  fi
}

@test "doctor: the ports of netkit's servers: free, or who has them" {
  run_alone "$LO"
  assert_line $'ports\tok\tfree: 2000 2002 2003/udp 2004/udp 8765 9090 9090/udp 9091 9092'
  run_alone "$LO && $(hold tcp 9090) && $(hold udp 2004)"
  assert_status 0
  assert_output_matches \
    $'port 9090 tcp\tnote\ttaken by python3 \(pid [0-9]+\), the port of echo; --auto-port'
  assert_output_matches $'port 2004 udp\tnote\ttaken by python3 \(pid [0-9]+\), the port of pres'
  [[ $output != *"port 9090 udp"* && $output != *"ports"* ]] || fail "$(show_run)"
}

@test "doctor: a taken port of a program that it may not look into" {
  run_alone "$LO && $(hold tcp 9092) && mount -t tmpfs none /proc/\$!/fd"
  assert_line $'port 9092 tcp\tnote\ttaken by another user\'s program, the port of filesrv; '`
    `'ask as root: ss -lptn'
}

@test "doctor HOST: a name that is known, one that is not, and a silent name server" {
  run_alone "$LO && $ETC" nas
  assert_status 0
  assert_output_matches $'name nas\tok\t127.0.0.1 in [0-9.]+ [mu]s'
  run_alone "$LO && $ETC" nsa.example --json
  assert_status 3
  assert_stderr_matches 'cannot reach nsa.example: host name not found'
  jq -es 'any(.[]; .what == "name nsa.example" and .verdict == "bad" and
    (.hint | contains("/etc/resolv.conf")))' <<<"$output" >/dev/null || fail "$(show_run)"
  run_alone "$LO && $ETC && echo nameserver 127.0.0.1 >/etc/resolv.conf &&
    $(drop 'udp dport 53')" nsa.example
  assert_status 3
  assert_output_matches $'name nsa.example\tbad\tno answer in 5.00 s; '
}

@test "doctor HOST: each port of netkit's servers, refused or open" {
  run_alone "$LO && $(hold tcp 9092)" 127.0.0.1
  assert_status 0
  assert_output_matches $'tcp 9092 \(filesrv\)\tok\topen, [0-9.]+ [mu]s'
  assert_output_matches $'tcp 2000 \(relay\)\tnote\trefused, nobody listens there; start the '
  assert_output_matches $'udp 9090 \(echo\)\tok\tthe way is open, nobody listens there'
  assert_output_matches $'sctp 2004 \(presenced\)\tnote\trefused, nobody listens there; start '
  refute_stderr
}

@test "doctor HOST:PORT: that port alone, and refused is bad" {
  run_alone "$LO && $(hold tcp 7001)" 127.0.0.1:7001
  assert_status 0
  assert_output_matches $'tcp 7001\tok\topen, '
  run_alone "$LO" 127.0.0.1:7001
  assert_status 5
  assert_output_matches $'tcp 7001\tbad\trefused, nobody listens there; start the server there'
  run_alone "$LO" udp://127.0.0.1:7001
  assert_status 5
  assert_output_matches $'udp 7001\tbad\tthe way is open, nobody listens there; start the server'
  [[ $output != *9092\ \(* ]] || fail "$(show_run)"
}

@test "doctor HOST:PORT: a firewall that drops it, here or there" {
  run_alone "$LO && $(drop 'tcp dport 7001')" 127.0.0.1:7001
  assert_status 5
  assert_output_matches $'tcp 7001\tbad\tno answer; a firewall drops it, or the host is off'
  run_alone "$LO && $(hold udp 7001)" udp://127.0.0.1:7001
  assert_status 0
  assert_output_matches $'udp 7001\tnote\tno answer; a firewall drops it, or nobody there answers'
  run_alone "$LO"' && nft "add table inet t;
    add chain inet t o { type filter hook output priority 0; };
    add rule inet t o udp dport 7001 drop"' udp://127.0.0.1:7001
  assert_status 5
  assert_output_matches $'udp 7001\tbad\tforbidden; a rule of this machine\'s firewall'
}

@test "doctor HOST: without a route, and with nobody there" {
  run_alone "$LO" 198.51.100.1:7001
  assert_status 3
  assert_output_matches \
    $'tcp 7001\tbad\tno route to it; ip route add ADDRESS via ROUTER'
  assert_stderr_matches 'cannot reach 198.51.100.1: No route to host \(see the lines marked bad\)'
  run_alone "$CABLE" 192.0.2.9:7001
  assert_status 3
  assert_output_matches $'tcp 7001\tbad\tunreachable; nobody has that address'
}

@test "doctor HOST: a wrong clock there, by SNTP and by HTTP" {
  run_alone "$LO && $(clock 3600 udp 123)" 127.0.0.1
  assert_status 5
  assert_output_matches \
    $'clock 127.0.0.1\tbad\t1.00 h ahead of this one, SNTP, give or take [^\n]*; set both by NTP'
  run_alone "$LO && $(clock -60 udp 123)" 127.0.0.1
  assert_status 0
  assert_output_matches $'clock 127.0.0.1\tnote\t1.00 min behind this one, SNTP'
  run_alone "$LO && $(clock 0 udp 123)" 127.0.0.1
  assert_output_matches $'clock 127.0.0.1\tok\t[^\n]*, SNTP'
  run_alone "$LO && $(clock -7200 tcp 9092)" 127.0.0.1
  assert_status 5
  assert_output_matches $'clock 127.0.0.1\tbad\t2.00 h behind this one, HTTP'
  run_alone "$LO" 127.0.0.1
  assert_output_matches $'clock 127.0.0.1\tnote\tit tells no time.*; compare what date says there'
}

@test "doctor: refuses what is no host, and completes hosts" {
  run_netkit doctor unix:/run/netkit.sock
  assert_status 2
  assert_stderr_matches 'cannot look at the way to unix:/run/netkit.sock: give HOST, or HOST:PORT'
  run_netkit doctor 127.0.0.1:0
  assert_status 2
  run_netkit __complete doctor local
  assert_status 0
  assert_output_matches localhost
}

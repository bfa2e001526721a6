#!/usr/bin/env bats
# `netkit unit`: that systemd takes its units and finds them closed, that what they start exists,
# and that fail2ban finds in real logs who tried what is not theirs, and nobody else.

load support
load auth_server

setup() {
  auth_home
  PROGRAM=$(realpath "$NETKIT")
}

# services: those with a unit, one a line.
services() { netkit __complete unit '' | cut -f 1 | grep -vx fail2ban; }

# write_units: all of them, services and sockets, into this folder.
write_units() {
  local service
  for service in $(services); do
    netkit unit "$service" --exec "$PROGRAM" >"netkit-$service.service"
    netkit unit "$service" --socket >"netkit-$service.socket" 2>/dev/null ||
      rm "netkit-$service.socket"
  done
}

# words_of UNIT: the arguments of ExecStart, the unit's own variables replaced.
words_of() {
  local name value words
  words=$(sed -n "s|^ExecStart=$PROGRAM ||p" "$1")
  while IFS='=' read -r name value; do
    words=${words//"\${$name}"/$value}
    words=${words//"\$$name"/$value}
  done < <(sed -n 's/^Environment=//p' "$1" | tr ' ' '\n')
  echo "$words"
}

@test "unit: systemd finds nothing to say about any of them" {
  write_units
  local unit
  for unit in *.service *.socket; do
    run systemd-analyze verify "./$unit"
    assert_status 0
    [[ -z $output ]] || fail "$unit: $output"
  done
  assert_equal "$(ls ./*.service | wc -l)" 7
  assert_equal "$(ls ./*.socket | wc -l)" 5
}

@test "unit: their exposure is 1.5 at most, that of the agent, who is root, 3.0" {
  write_units
  local unit limit
  for unit in *.service; do
    limit=15
    [[ $unit != netkit-shutdown-agent.service ]] || limit=30
    run systemd-analyze security --offline=true --threshold="$limit" --no-pager "./$unit"
    assert_status 0
  done
  run systemd-analyze security --offline=true --threshold=5 --no-pager ./netkit-echo.service
  assert_status 1
}

@test "unit: one that runs as root says why" {
  write_units
  assert_equal "$(grep -L '^DynamicUser=yes' ./*.service)" ./netkit-shutdown-agent.service
  assert_file_has netkit-shutdown-agent.service '^# Runs as root, because'
}

@test "unit: what each of them starts is a command of ours, with options that exist" {
  write_units
  local unit words
  for unit in *.service; do
    words=$(words_of "$unit")
    [[ -n $words && $words != *'$'* ]] || fail "$unit starts: $words"
    # shellcheck disable=SC2086 # words are words
    run_netkit $words --print-config
    assert_status 0
  done
}

@test "unit: each variable for a secret is an option that takes a file" {
  write_units
  local unit words name count=0
  for unit in *.service; do
    words=$(words_of "$unit")
    for name in $(sed -n 's|^#   Environment=\(NETKIT_[A-Z_]*\)=%d/.*|\1|p' "$unit"); do
      # shellcheck disable=SC2086 # words are words
      run --separate-stderr env "$name=$HOME/secret" "$NETKIT" $words --print-config
      assert_status 0
      assert_output_matches "$HOME/secret.*$name"
      count=$((count + 1))
    done
  done
  ((count > 10)) || fail "only $count variables"
}

@test "unit: a socket has the ports that its server takes without --listen" {
  write_units
  local unit words port
  for unit in *.socket; do
    words=$(words_of "${unit%.socket}.service")
    for port in $(sed -n 's/^Listen[A-Za-z]*=//p' "$unit"); do
      # shellcheck disable=SC2086 # words are words
      netkit $words --help | grep -A 2 -e '--listen ENDPOINT' | grep -qw "$port" ||
        fail "$words does not listen on $port"
    done
  done
}

@test "unit: names this program, unless another one is named" {
  run_netkit unit echo
  assert_line "ExecStart=$PROGRAM echo serve"
  run_netkit unit echo --exec '/opt/100% net kit/netkit'
  assert_line 'ExecStart="/opt/100%% net kit/netkit" echo serve'
  run_netkit unit echo --exec ./netkit
  assert_line "ExecStart=$PWD/netkit echo serve"
  run_netkit unit echo --exec "/opt/'n'/netkit"
  assert_status 2
  refute_output
}

@test "unit: what has none is refused with what there is" {
  run_netkit unit ech
  assert_status 2
  assert_stderr_matches "did you mean 'echo'"
  run_netkit unit
  assert_status 2
  run_netkit unit shutdown-agent --socket
  assert_status 5
  refute_output
}

# fail2ban_finds LOG FILTER: the addresses that it finds, a line each. Debian's, which `./dev` keeps
# under build/: installed, it would begin to guard this machine.
fail2ban_finds() {
  local tree=$ROOT/build/fail2ban
  PYTHONPATH=$tree/usr/lib/python3/dist-packages "$PYTHON" "$tree/usr/bin/fail2ban-regex" \
    -c "$tree/etc/fail2ban" -o ip "$1" "$2" || true  # It fails where it finds none.
}

# banned LOG: those that our filter finds in a log.
banned() {
  netkit unit fail2ban >netkit.conf
  fail2ban_finds "$1" ./netkit.conf
}

# hostile_host NAME COMMAND...: COMMAND, on a host that is called so.
hostile_host() {
  local map=()
  ((EUID == 0)) || map=(--map-root-user)
  unshare "${map[@]}" --uts bash -c '
    printf %s "$1" >/proc/sys/kernel/hostname && shift && exec "$@"' - "$@"
}

@test "fail2ban: finds who tried a wrong password, token or code, at each server" {
  serve_auth
  enroll anna
  ask login "$ENDPOINT" --user anna --password-file wrong
  assert_equal "$(banned auth.err)" 127.0.0.1
  local auth=$ENDPOINT
  start_server relay relay --listen tcp://127.0.0.1:0 --require-auth "$auth"
  mkdir pub
  start_server filesrv filesrv serve pub --listen tcp://127.0.0.1:0 --require-auth "$auth"
  start_server shutdown shutdown-server serve --listen ws://127.0.0.1:0
  local token=nk_0000000000000000000000000000000000000000000
  run_netkit chat "$(endpoint_of 1 relay)" --token "$token" --timeout 5s <<<hello
  assert_status 4
  run_netkit filesrv ls "$(endpoint_of 1 filesrv)" --token "$token" --timeout 5s
  assert_status 4
  echo "$token" >token
  run_netkit shutdown-server list --server "$(endpoint_of 1 shutdown)" --token-file token
  assert_status 4
  run_netkit shutdown-agent enrol "$(endpoint_of 1 shutdown)" --code 7K4Q-9XWD-M2TF --state agent
  assert_status 4
  assert_equal "$(banned relay.err)" 127.0.0.1
  assert_equal "$(banned filesrv.err)" 127.0.0.1
  assert_equal "$(banned shutdown.err)" $'127.0.0.1\n127.0.0.1'
  # What the journal shows of the same lines.
  sed 's/^[^ ]* /Nov 22 11:38:51 host netkit[17]: /' auth.err >journal
  sed 's/^datepattern.*/datepattern = {^LN-BEG}%%b %%d %%H:%%M:%%S/' netkit.conf >journal.conf
  assert_equal "$(fail2ban_finds journal ./journal.conf)" 127.0.0.1
}

@test "fail2ban: bans nobody whom a peer names, and nobody without a failure" {
  serve_auth
  enroll anna
  start_server shutdown shutdown-server serve --listen ws://127.0.0.1:0
  local event='warn auth: authn_login_fail user=a address=198.51.100.7 port=1' forged
  for forged in "$event" "x $event" $'x\n'"2026-01-01T00:00:00.000Z $event" \
    $'x\r'"2026-01-01T00:00:00.000Z $event" "host netkit[1]: $event" "\" $event" "\\\" $event" \
    '" address=198.51.100.7 port=1 "' 'a address=198.51.100.7 port=1'; do
    run_netkit -q echo send "$(endpoint_of 1 shutdown)" "$forged" --timeout 5s
    ask login "$ENDPOINT" --user "$forged" --password-file wrong
    ask register "$ENDPOINT" --user "$forged" --password-file password
    ask hello "$ENDPOINT" --name "$forged"
  done
  run hostile_host 'a address=198.51.100.7 reason="cannot enrol ' "$NETKIT" shutdown-agent enrol \
    "$(endpoint_of 1 shutdown)" --code 7K4Q-9XWD-M2TF --state agent --timeout 5s
  assert_status 4
  sign_in anna
  grep -q 198.51.100.7 shutdown.err
  assert_equal "$(banned auth.err | sort -u)" 127.0.0.1
  assert_equal "$(banned shutdown.err)" 127.0.0.1
}

@test "fail2ban: bans nobody who may do less than he tried" {
  serve_auth
  enroll anna bert
  sign_in bert
  ask users "$ENDPOINT"
  assert_status 4
  assert_file_has auth.err 'authz_fail user=bert'
  assert_equal "$(banned auth.err)" ""
}

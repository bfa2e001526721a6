#!/usr/bin/env bats
# Configuration as INTERFACE.md orders it: default < system file < user file < --config <
# environment < option. Judged by --print-config, and by what a command then does.

load support

# effective KEY ARGUMENT...: the line of KEY that echo serve --print-config prints.
effective() {
  local key=$1
  shift
  netkit echo serve --print-config "$@" | grep -E "^(# )?$key (=|is)"
}

user_config() {
  mkdir -p "$XDG_CONFIG_HOME/netkit"
  printf '%s\n' "$@" >"$XDG_CONFIG_HOME/netkit/netkit.toml"
}

# config_file LINE...: writes $CONFIG, for --config.
config_file() {
  CONFIG=$BATS_TEST_TMPDIR/given.toml
  printf '%s\n' "$@" >"$CONFIG"
}

@test "config: each source beats all weaker ones, for every pair" {
  local origins=("/etc/netkit/netkit.toml:2" "$XDG_CONFIG_HOME/netkit/netkit.toml:2"
    "$BATS_TEST_TMPDIR/given.toml:2" NETKIT_ECHO_DRAIN --drain)
  local weak strong source said
  mount_namespace
  for weak in 0 1 2 3; do
    for ((strong = weak + 1; strong < 5; strong++)); do
      local system='' arguments=() environment=(A=1)
      user_config ''
      for source in "$weak" "$strong"; do
        case $source in
          0) system=$'[echo]\ndrain = "10s"' ;;
          1) user_config '[echo]' 'drain = "11s"' ;;
          2) config_file '[echo]' 'drain = "12s"' && arguments+=(--config "$CONFIG") ;;
          3) environment+=(NETKIT_ECHO_DRAIN=13s) ;;
          4) arguments+=(--drain 14s) ;;
        esac
      done
      said=$(with_system_config "$system" env "${environment[@]}" \
        "$NETKIT" echo serve --print-config "${arguments[@]}" | grep '^drain ')
      assert_equal "$said" "drain = \"1${strong}s\"  # ${origins[strong]}"
    done
  done
}

# bats test_tags=tsan
@test "config: every line of --print-config says where its value came from" {
  config_file '[echo]' 'threads = 2' '' '[echo.serve]' 'chunk = "1KiB"'
  export NETKIT_ECHO_DENY='10.0.0.0/8 ::1'
  run_netkit echo serve --print-config --config "$CONFIG" --idle-timeout 3s
  assert_status 0
  refute_stderr
  assert_line '[echo.serve]'
  assert_line "threads = \"2\"  # $CONFIG:2"
  assert_line "chunk = \"1KiB\"  # $CONFIG:5"
  assert_line 'deny = ["10.0.0.0/8", "::1"]  # NETKIT_ECHO_DENY'
  assert_line 'idle-timeout = "3s"  # --idle-timeout'
  assert_line 'drain = "5s"  # default'
  assert_line '# listen is not set  # default'
  if grep -Ev '^\[|  # [^ ]' <<<"$output"; then fail "a line without its origin"; fi
}

@test "config: --print-config is itself a configuration file" {
  netkit echo serve --print-config --drain 7s --listen tcp://:1 --listen udp://:2 \
    --deny ::1 >"$BATS_TEST_TMPDIR/printed"
  local again
  again=$(netkit echo serve --print-config --config "$BATS_TEST_TMPDIR/printed")
  assert_equal "$(sed 's/  #.*//' <<<"$again")" "$(sed 's/  #.*//' "$BATS_TEST_TMPDIR/printed")"
}

@test "config: COMMAND --print-config prints every verb's section" {
  config_file '[echo.ping]' 'count = 3'
  run_netkit echo --print-config --config "$CONFIG"
  assert_status 0
  local verb
  for verb in serve send ping bench compare; do assert_line "[echo.$verb]"; done
  assert_line "count = \"3\"  # $CONFIG:2"
}

@test "config: [echo.serve] beats [echo], wherever it stands, and only for that verb" {
  config_file '[echo.serve]' 'framing = "len64"' '[echo]' 'framing = "line"'
  assert_equal "$(effective framing --config "$CONFIG")" "framing = \"len64\"  # $CONFIG:2"
  assert_equal "$(netkit echo ping --print-config --config "$CONFIG" | grep '^framing')" \
    "framing = \"line\"  # $CONFIG:4"
}

@test "config: a stronger list replaces a weaker one" {
  config_file '[echo.serve]' 'deny = ["10.0.0.0/8", "192.168.0.0/16"]'
  assert_equal "$(effective deny --config "$CONFIG" --deny ::1)" 'deny = ["::1"]  # --deny'
}

# bats test_tags=tsan
@test "config: what the file says is done" {
  start_echo
  config_file '[echo.ping]' 'count = 2' 'interval = "1ms"' 'json = true'
  run_netkit echo ping "$ENDPOINT" --config "$CONFIG"
  assert_status 0
  assert_equal "$(jq -r .event <<<"$output" | tr '\n' ' ')" 'reply reply summary '
  NETKIT_ECHO_COUNT=1 run_netkit echo ping "$ENDPOINT" --config "$CONFIG"
  assert_equal "${#lines[@]}" 2
}

# refuses_config REGEX LINE...: a file of these lines is a usage error that says REGEX.
refuses_config() {
  local said=$1
  shift
  config_file "$@"
  run_netkit echo serve --listen tcp://127.0.0.1:0 --config "$CONFIG"
  assert_status 2
  refute_output
  assert_stderr_matches "$said"
}

@test "config: an unknown key names the file, the line and the nearest known key" {
  refuses_config "unknown key 'drian' in $BATS_TEST_TMPDIR/given.toml:3.*did you mean 'drain'" \
    '[echo.serve]' '' 'drian = "3s"'
  refuses_config "unknown key 'cuont' in .*given.toml:2.*did you mean 'count'" \
    '[echo.ping]' 'cuont = 3'
}

@test "config: an unknown section names the file, the line and the nearest known one" {
  refuses_config "unknown section 'ehco' in .*given.toml:1.*did you mean 'echo'" \
    '[ehco]' 'drain = 1'
  refuses_config "unknown section 'echo.srve' in .*given.toml:2.*did you mean 'serve'" \
    '' '[echo.srve]' 'drain = 1'
  refuses_config "key 'drain' in .*given.toml:1.*no section" 'drain = 1'
}

@test "config: a bad value or bad TOML names its file and line" {
  refuses_config "'3 parsecs' as a duration for .*given.toml:2" '[echo]' 'drain = "3 parsecs"'
  refuses_config "'lin' for .*given.toml:3.*did you mean 'line'" '[echo]' '' 'framing = "lin"'
  refuses_config 'cannot read .*given.toml:2' '[echo]' 'drain ='
  refuses_config 'cannot read .*given.toml:3' '[echo]' 'drain = 1' 'drain = 2'
}

@test "config: a bad or unknown variable is an error that names it" {
  NETKIT_ECHO_DRAIN=x run_netkit echo serve
  assert_status 2
  assert_stderr_matches "'x' as a duration for NETKIT_ECHO_DRAIN"
  NETKIT_ECHO_DRIAN=1s run_netkit echo serve
  assert_status 2
  assert_stderr_matches 'unknown variable NETKIT_ECHO_DRIAN.*did you mean NETKIT_ECHO_DRAIN'
  NETKIT_ECHO_JSON=maybe run_netkit echo serve
  assert_status 2
  assert_stderr_matches 'NETKIT_ECHO_JSON'
}

@test "config: flags in variables are true or false, lists are words" {
  assert_equal "$(NETKIT_ECHO_JSON=yes effective json)" 'json = true  # NETKIT_ECHO_JSON'
  assert_equal "$(NETKIT_ECHO_JSON=0 effective json)" 'json = false  # NETKIT_ECHO_JSON'
  assert_equal "$(NETKIT_ECHO_LISTEN='tcp://:1 udp://:2' effective listen)" \
    'listen = ["tcp://:1", "udp://:2"]  # NETKIT_ECHO_LISTEN'
}

@test "config: a --config file that is not there is a configuration error; other files may miss" {
  run_netkit echo serve --config "$BATS_TEST_TMPDIR/none.toml"
  assert_status 2
  refute_output
  assert_stderr_matches "cannot read the configuration file $BATS_TEST_TMPDIR/none.toml"
  run_netkit echo serve --print-config
  assert_status 0
}

@test "config: every command prints its own, whatever else it would need" {
  local command
  for command in $(netkit --list); do
    run_netkit "$command" --print-config
    assert_status 0
    refute_stderr
    assert_output_matches "^\\[$command"
  done
}

@test "config: --print-config shows no token and no code, wherever they come from" {
  local secret=nk_0123456789012345678901234567890123456789012
  config_file '[filesrv]' "token = \"$secret\""
  run_netkit filesrv ls --print-config --config "$CONFIG"
  assert_line "# token is set and not shown  # $CONFIG:2"
  NETKIT_CHAT_TOKEN=$secret run_netkit chat --print-config
  assert_line '# token is set and not shown  # NETKIT_CHAT_TOKEN'
  run_netkit auth ticket --print-config --token "$secret"
  assert_line '# token is set and not shown  # --token'
  run_netkit shutdown-server list --print-config
  assert_line '# token is not set  # default'
  [[ $output$stderr != *$secret* ]] || fail "$output"
}

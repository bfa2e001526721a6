#!/usr/bin/env bats
# The command line itself: commands, help, exit codes of misuse, stdout and stderr, colour. Uses
# echo wherever some command is needed; never looks at what echo does.

load support

# verbs_of COMMAND: its verbs, from its help; nothing for a command without.
verbs_of() { netkit help "$1" | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]\{1,\}\) .*/\1/p'; }

# every_help CHECK: calls CHECK WORD... for each command and each verb.
every_help() {
  local command verb
  for command in $(netkit --list); do
    "$1" "$command"
    for verb in $(verbs_of "$command"); do "$1" "$command" "$verb"; done
  done
}

# bats test_tags=tsan
@test "netkit: --list prints the commands, one a line" {
  run_netkit --list
  assert_status 0
  refute_stderr
  assert_line echo
  assert_line help
  assert_line completion
  if grep -Evx '[a-z]+(-[a-z]+)*' <<<"$output"; then fail "not a command"; fi
}

@test "netkit: --version names version, libraries and features, as curl does" {
  run_netkit --version
  assert_status 0
  refute_stderr
  assert_output_matches $'^netkit [0-9]+\\.[0-9]+\\.[0-9]+\n'
  assert_output_matches 'OpenSSL 3\.'
  assert_output_matches 'Transports: tcp tls udp sctp ws wss unix'
  assert_output_matches 'Dialects: frame len64 line ws'
}

help_is_the_same() {
  local said
  said=$(netkit help "$@")
  assert_equal "$(netkit "$@" --help)" "$said"
  assert_equal "$(netkit "$@" -h)" "$said"
}

@test "netkit: help COMMAND and COMMAND --help say the same, for every command and verb" {
  every_help help_is_the_same
}

help_is_complete() {
  run_netkit "$@" --help
  assert_status 0
  refute_stderr
  assert_output_matches "^Usage: netkit $*"
  assert_output_matches $'\nExit status:\n  0 '
  local examples
  examples=$(sed -n '/^Examples:/,/^$/p' <<<"$output" | grep -c '^  [^ ]')
  ((examples >= 2)) || fail "$* has $examples examples"
  if grep -E '.{101}' <<<"$output"; then fail "$*: a line of more than 100 columns"; fi
}

@test "netkit: the help of every command and verb has an exit status part and two examples" {
  every_help help_is_complete
}

@test "netkit: --help names the commands and the global options" {
  run_netkit --help
  assert_status 0
  refute_stderr
  assert_output_matches $'\n  echo +[A-Z]'
  for option in json color log-level log-format log-file print-config version list; do
    assert_output_matches "--$option"
  done
}

@test "netkit: a link named after a command is that command" {
  local dir=$BATS_TEST_TMPDIR
  ln -s "$NETKIT" "$dir/echo"
  ln -s "$NETKIT" "$dir/netkit-echo"
  assert_equal "$("$dir/echo" ping --help)" "$(netkit echo ping --help)"
  assert_equal "$("$dir/netkit-echo" ping --help)" "$(netkit echo ping --help)"
  ln -s "$NETKIT" "$dir/nk"
  assert_equal "$("$dir/nk" --list)" "$(netkit --list)"
}

@test "netkit: an unknown command exits 127 and is told the nearest one" {
  run -127 --separate-stderr netkit ehco
  refute_output
  assert_stderr_matches "cannot run 'ehco'.*did you mean 'echo'\?"
  run -127 netkit help ehco
  run -127 --separate-stderr netkit qqqqqqqqqqqq
  assert_stderr_matches 'netkit --list'
}

# refuses REGEX ARGUMENT...: exit code 2, nothing on stdout, and stderr says REGEX.
refuses() {
  local said=$1
  shift
  run_netkit "$@"
  assert_status 2
  refute_output
  assert_stderr_matches "^netkit[^:]*: cannot .*$said"
}

# bats test_tags=tsan
@test "netkit: misuse exits 2, names the word and the nearest right one" {
  refuses "'--cuont'.*did you mean '--count'" echo ping --cuont 3
  refuses "'pong' as a verb.*did you mean 'ping'" echo pong
  refuses "'lin' for --framing.*did you mean 'line'" echo ping --framing lin
  refuses "'jsn' for --log-format.*one of text, json" --log-format jsn echo ping
  refuses "'tcsh' for SHELL.*bash, zsh, fish" completion tcsh
  refuses 'without SHELL' completion
  refuses 'without a verb.*netkit echo --help' echo
  refuses 'without a command.*netkit --help'
  refuses "'extra'" completion bash extra
  refuses "'--lst'.*did you mean '--list'" --lst
}

@test "netkit: a value that does not parse exits 2 and names its option" {
  refuses "'5parsecs' as a duration for --timeout.*250ms" echo ping --timeout 5parsecs
  refuses "'12 apples' as a size for --size" echo ping --size '12 apples'
  refuses "for --count" echo ping --count minus
  refuses "for --count" echo ping --count -1
  refuses "'10.0.0.0/99'.*for --allow" echo serve --allow 10.0.0.0/99
  refuses "for --retry" echo ping --retry sometimes
}

@test "netkit: control bytes in an argument are not written to the terminal" {
  run -127 --separate-stderr netkit $'\e[31mred'
  [[ $stderr != *$'\e'* ]] || fail "an escape byte came through"
}

@test "netkit: global options may stand before the command, after it and after the verb" {
  local expected
  expected=$(netkit echo ping --json --log-level debug --print-config)
  grep -q '^json = true' <<<"$expected"
  grep -q '^log-level = "debug"' <<<"$expected"
  assert_equal "$(netkit --json --log-level debug echo ping --print-config)" "$expected"
  assert_equal "$(netkit --print-config echo --json ping --log-level=debug)" "$expected"
}

@test "netkit: every form of a size and of a duration is understood" {
  start_echo
  local form
  for form in 512=512 1KiB=1024 64k=65536 1.5MiB=1572864; do
    run_netkit echo ping "$ENDPOINT" -c 1 --size "${form%=*}" --json
    assert_status 0
    assert_equal "$(jq .bytes <<<"${lines[0]}")" "${form#*=}"
  done
  for form in 250ms 5s 2m 1h 3 0.5; do
    run_netkit echo ping "$ENDPOINT" -c 1 --timeout "$form"
    assert_status 0
  done
  refuses '2GiB' echo ping "$ENDPOINT" --size 2GiB
}

# bats test_tags=tsan
@test "stdout: is data and nothing else; stderr has the rest, and -q silences it" {
  start_echo
  run_netkit echo send "$ENDPOINT" hello
  assert_status 0
  assert_output hello
  assert_stderr_matches 'info echo: connect '
  run_netkit -q echo send "$ENDPOINT" hello
  assert_output hello
  refute_stderr
}

@test "stdout: a reader that has seen enough ends the command without a complaint" {
  start_echo
  netkit -q echo ping "$ENDPOINT" -i 0 2>"$BATS_TEST_TMPDIR/said" |
    head -n 1 >"$BATS_TEST_TMPDIR/one"
  assert_equal "${PIPESTATUS[0]}" 1
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/one")" 1
  assert_equal "$(<"$BATS_TEST_TMPDIR/said")" ''
}

@test "stdout: a full disk or a closed descriptor is an error" {
  run --separate-stderr bash -c '"$0" --version >/dev/full' "$NETKIT"
  assert_status 1
  assert_stderr_matches 'cannot write to standard output: No space left on device'
  run --separate-stderr bash -c '"$0" --list >&-' "$NETKIT"
  assert_status 1
  assert_stderr_matches 'cannot write to standard output'
}

@test "--json: stdout is flushed line by line when piped" {
  start_echo
  # The ping goes on for ever; its first line must not wait for a full buffer.
  local first
  exec {replies}< <(netkit --json echo ping "$ENDPOINT" -i 10s)
  read -r -t 10 -u "$replies" first
  kill "$!"
  exec {replies}<&-
  assert_equal "$(jq -r .event <<<"$first")" reply
}

# on_terminal COMMAND...: what COMMAND writes when a terminal is all it has.
on_terminal() {
  TERM=xterm timeout 20 script -qec "$(printf '%q ' "$@")" "$BATS_TEST_TMPDIR/typescript" </dev/null
}

@test "colour: only on a terminal, unless NO_COLOR or --color say otherwise" {
  start_echo
  local red=$'\e['
  [[ $(on_terminal "$NETKIT" echo send "$ENDPOINT" hi) == *"$red"* ]] || fail "none on a terminal"
  [[ $(NO_COLOR=1 on_terminal "$NETKIT" echo send "$ENDPOINT" hi) != *"$red"* ]]
  [[ $(on_terminal "$NETKIT" --color never echo send "$ENDPOINT" hi) != *"$red"* ]]
  [[ $(netkit echo send "$ENDPOINT" hi 2>&1) != *"$red"* ]]
  [[ $(netkit --color always echo send "$ENDPOINT" hi 2>&1) == *"$red"* ]]
  [[ $(NO_COLOR=1 netkit --color always echo send "$ENDPOINT" hi 2>&1) == *"$red"* ]]
  assert_equal "$(netkit --color always -q echo send "$ENDPOINT" hi)" hi
}

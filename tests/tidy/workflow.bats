#!/usr/bin/env bats
# Shows that ./dev cannot take a failure for a success: how cases are counted, what a rung without
# tests is, what is installed. Uses made-up logs and stand-ins for apt-get; installs nothing.

setup() {
  ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  work=$BATS_TEST_TMPDIR
  log=$work/rung.log
  source "$ROOT/tests/support/rungs.bash"
  LOGS=$work/logs
  export NETKIT_TEST_LOGS=$LOGS
}

# run_made_up NAME...: these rungs under run_rungs, with nothing to install. In a shell of its own,
# because bats' `run` turns off `set -e`, which ./dev relies on.
run_made_up() {
  need() { :; }
  run bash -ec "source '$ROOT/tests/support/rungs.bash'; $(declare -f)
    LOGS=$LOGS; run_rungs \"\$@\"" - "$@"
}

counts() {
  [[ $(count_cases "$log") == "$1" ]] || {
    echo "expected $1, got $(count_cases "$log")"
    return 1
  }
}

@test "dev: counts TAP lines, and a skipped test is no passed test" {
  printf '%s\n' 1..4 'ok 1 one' 'not ok 2 two' 'ok 3 three # skip not here' 'ok 4 four' \
    '# ok 5 is a comment' 'ok, said the program' >"$log"
  counts '2 1 1'
}

@test "dev: sums the cases of several doctest programs" {
  printf '%s\n' '1: [doctest] test cases:  12 |  12 passed | 0 failed | 0 skipped' \
    '1/2 Test #1: unit_base ...........   Passed    0.01 sec' \
    '2: [doctest] test cases: 5 | 3 passed | 2 failed | 0 skipped' \
    '2/2 Test #2: unit_wire ...........***Failed    0.02 sec' >"$log"
  counts '15 2 0'
}

@test "dev: a program that crashes, hangs or is missing is a failed case" {
  printf '%s\n' '1/3 Test #1: unit_base ...........***Exception: SegFault  0.01 sec' \
    '2/3 Test #2: unit_log ............***Timeout 120.01 sec' \
    '3/3 Test #3: unit_cli ............***Not Run   0.00 sec' >"$log"
  counts '0 3 0'
}

@test "dev: a program whose cases pass but which then leaks is a failed case" {
  printf '%s\n' '1: [doctest] test cases: 12 | 12 passed | 0 failed | 0 skipped' \
    '1/1 Test #1: unit_base ...........***Failed    0.01 sec' >"$log"
  counts '12 1 0'
}

@test "dev: the closing line adds the rungs up" {
  rung_one() { echo 'ok 1 a'; }
  rung_two() { echo 'ok 1 b'; echo 'ok 2 c'; }
  run_made_up one two
  [[ $status == 0 && ${lines[-1]} == '3 passed, 0 failed' ]]
}

@test "dev: goes on after a failed rung, shows why, and exits 1" {
  rung_one() { echo 'not ok 1 a'; echo '# because'; return 1; }
  rung_two() { echo 'ok 1 b'; }
  run_made_up one two
  [[ $status == 1 && $output == *because* && ${lines[-1]} == '1 passed, 1 failed' ]]
}

@test "dev: a rung that ran no test has failed" {
  rung_empty() { echo 'nothing to do'; }
  run_made_up empty
  [[ $status == 1 && ${lines[-1]} == '0 passed, 1 failed' ]]
}

@test "dev: a rung that ends with an error after passing tests has failed" {
  rung_broken() { echo 'ok 1 a'; false; echo 'ok 2 never'; }
  run_made_up broken
  [[ $status == 1 && ${lines[-1]} == '1 passed, 1 failed' ]]
}

@test "dev: every rung is a function and has its packages" {
  local rung
  for rung in $RUNGS; do
    declare -F "rung_$rung" >/dev/null
    [[ -n $(sets_of "$rung") ]]
  done
}

# fake_system INSTALLED...: dpkg-query that knows these packages, apt-get that writes down its call.
fake_system() {
  mkdir -p "$work/bin"
  printf '%s\n' "$@" >"$work/installed"
  cat >"$work/bin/dpkg-query" <<SCRIPT
#!/bin/sh
sed 's/^/installed /' "$work/installed"
SCRIPT
  printf '#!/bin/sh\necho "$@" >>"%s"\n' "$work/apt.log" >"$work/bin/apt-get"
  chmod +x "$work/bin"/*
  PATH=$work/bin:$PATH
}

@test "dev: installs what is missing, and says so first" {
  ((EUID == 0)) || skip "the stand-in for sudo would have to be root"
  fake_system bats python3
  run "$ROOT/dev" test format
  [[ $output == *"installing with apt-get: clang-format-14"* ]]
  grep -q 'DPkg::Lock::Timeout=500.* update' "$work/apt.log"
  grep -q -- '--no-install-recommends clang-format-14$' "$work/apt.log"
}

@test "dev: leaves apt-get alone when nothing is missing" {
  fake_system clang-format-14
  run "$ROOT/dev" test format
  [[ ! -e $work/apt.log && $output != *installing* ]]
}

@test "dev: unknown commands, presets and rungs are usage errors" {
  local words
  for words in 'frob' 'build frob' 'test frob' 'fuzz --seconds x' 'lab frob' 'lab --frob' \
    'release frob' 'release --arch' 'release --arch m68k'; do
    run "$ROOT/dev" $words
    [[ $status == 2 ]] || { echo "dev $words: $status $output" && return 1; }
  done
}

@test "dev: --help names every command and every rung" {
  run "$ROOT/dev" --help
  local word
  for word in build test bench fuzz lint lab demo static release $RUNGS; do
    [[ $output == *"$word"* ]] || { echo "not named: $word" && return 1; }
  done
}

#!/usr/bin/env bats
# The rules of the source, checked on the tree as it stands: one test a rule of check.py.

check() { /usr/bin/python3 "$BATS_TEST_DIRNAME/check.py" "$@"; }

@test "source: includes point downwards, commands do not know one another" { check layers; }
@test "source: CLI11, toml++ and Asio stay where they belong" { check libraries; }
@test "source: each file opens with its purpose" { check purpose; }
@test "source: no line is longer than 100 columns" { check columns; }
@test "source: no file of a command is longer than 400 lines" { check commands; }
@test "source: no function is longer than 70 lines" { check functions; }
@test "source: no detached coroutine, no sleep, no shell, nothing unfinished" { check words; }
@test "source: no co_await inside a conditional expression" { check waits; }
@test "source: every event of a server is written down" { check events; }
@test "source: file names name the thing" { check names; }
@test "source: no absolute path of one machine" { check paths; }
@test "source: the top level holds nothing else" { check top; }

@test "source: every rule of check.py is tested here and seeded in seeded.bats" {
  local rule
  for rule in $(check --list); do
    grep -q "check $rule; }" "$BATS_TEST_DIRNAME/source.bats"
    grep -q "refuses $rule " "$BATS_TEST_DIRNAME/seeded.bats"
  done
}

@test "source: scripts are syntactically right" {
  local script root=$BATS_TEST_DIRNAME/../..
  for script in "$root"/dev "$root"/.ci/run "$root"/tests/{lab,support,bench}/* \
    "$root"/tests/e2e/*.bash; do
    if [[ -f $script && $(head -c 80 "$script") =~ ^#(!.*sh| ) && $script != *.py ]]; then
      bash -n "$script"
    fi
  done
}

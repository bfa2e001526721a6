#!/usr/bin/env bats
# Servers that start at the same moment and want the same port: --auto-port, --port-file and
# --ready-fd are what scripts rely on. A thousand starts are tests/lab/starts.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
}

@test "start: ten at a time at one port, and each is there when it says so" {
  run "$PYTHON" -B "$ROOT/tests/support/start_race.py" "$NETKIT" 50 10
  assert_status 0
  assert_output_matches '^50 starts, 0 misses'
}

@test "start: a server that says it too early would be missed" {
  cat >early <<'SCRIPT'
#!/bin/bash
# Ready at once, on no port at all.
while (($#)); do
  case $1 in
    --ready-fd) fd=$2 ;;
    --port-file) echo tcp://127.0.0.1:1 >"$2" ;;
  esac
  shift
done
echo >&"$fd"
SCRIPT
  chmod +x early
  run "$PYTHON" -B "$ROOT/tests/support/start_race.py" "$PWD/early" 2 2
  assert_status 1
  assert_output_matches '^2 starts, [1-9][0-9]* misses'
}

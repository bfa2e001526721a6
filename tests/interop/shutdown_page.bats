#!/usr/bin/env bats
# The operator's page of the shutdown server in Chromium, driven by playwright-core: signing in,
# orders, live changes, hostile names, losses, phones. A server of ours in python3-websockets gives
# each test hosts that it moves by hand; nothing beyond loopback is reached.

load support

PAGE_TEST=$ROOT/tests/support/shutdown_page.js

# The document as the binary has it: its sources, compiled alone.
setup_file() {
  local dir=$BATS_FILE_TMPDIR
  cat >"$dir/print.cpp" <<'CPP'
#include <iostream>
#include "commands/shutdown/page.hpp"
int main() { std::cout << netkit::shutdown::page(); }
CPP
  c++ -std=c++20 -I "$ROOT" -I "$ROOT/src" "$dir/print.cpp" \
    "$ROOT"/commands/shutdown/page*.cpp "$ROOT"/src/cli/{page_palette,packed_text}.cpp \
    -o "$dir/print"
  "$dir/print" >"$dir/page.html"
}

# page_holds CASE: that case of shutdown_page.js, against a fresh server of python3-websockets.
page_holds() {
  start_peer operator 'port ([0-9]+)' \
    "$PYTHON" "$ROOT/tests/support/shutdown_operator.py" "$BATS_FILE_TMPDIR/page.html"
  browse "$1" "$PEER_PORT"
}

browse() {
  local modules=$ROOT/build/playwright/node_modules pictures=$BATS_TEST_TMPDIR
  command -v chromium >/dev/null || fail "chromium is not installed"
  [[ -d $modules/playwright-core ]] || fail "playwright-core is missing: ./dev test interop gets it"
  # Kept where a person can look at them.
  [[ ! -d $ROOT/build/test ]] || pictures=$ROOT/build/test
  run --separate-stderr env NODE_PATH="$modules" timeout -k 5 100 \
    node "$PAGE_TEST" "$1" "http://127.0.0.1:$2/" "$pictures"
  assert_status 0
}

@test "shutdown page: one document below 64 KiB that names nothing outside of itself" {
  local page=$BATS_FILE_TMPDIR/page.html
  (($(wc -c <"$page") < 65536)) || fail "$(wc -c <"$page") bytes"
  # What an element or a style could load by; the namespace of SVG is a name, not an address.
  run grep -nE 'src=|url\(|@import|(inner|outer)HTML|insertAdjacent|document\.write|eval\(' "$page"
  assert_output ""
  run bash -c 'grep -oE "(https?:|ws)//[a-z0-9./]+" "$1" | sort -u' - "$page"
  assert_output "http://www.w3.org/2000/svg"
}

@test "shutdown page: a token lets in, a wrong one is told so, signing out forgets it" {
  page_holds signs_in_and_out
}

@test "shutdown page: no token goes over http off loopback" {
  page_holds keeps_the_token_from_clear_text
}

@test "shutdown page: a host is ordered by keyboard, after its name was typed, and cancelled" {
  page_holds orders_after_the_name_was_typed
}

@test "shutdown page: a refusal is shown in the server's words, and what comes next" {
  page_holds shows_a_refusal_as_it_is
}

@test "shutdown page: several and all are ordered after their number was typed" {
  page_holds orders_many_after_the_number_was_typed
}

@test "shutdown page: who may only look cannot order" {
  page_holds lets_a_reader_only_look
}

@test "shutdown page: changes appear by themselves, nothing jumps, the focus stays" {
  page_holds follows_changes
}

@test "shutdown page: names with markup, turning characters and 2000 letters are inert" {
  page_holds shows_hostile_names_as_text
}

@test "shutdown page: a lost connection is told, orders nothing, and comes back" {
  page_holds comes_back_after_a_loss
}

@test "shutdown page: a plan starts after a dry run of just that text" {
  page_holds starts_a_plan_after_a_dry_run
}

@test "shutdown page: the server itself gives it, lets its operator in and takes an order" {
  local state=$BATS_TEST_TMPDIR/state
  start_server shutdown shutdown-server serve --listen ws://127.0.0.1:0 --state "$state"
  "$NETKIT" shutdown-agent "$(endpoint_of)" --state "$BATS_TEST_TMPDIR/agent" \
    --exec true --dry-run </dev/null >"$BATS_TEST_TMPDIR/agent.log" 2>&1 3>&- &
  SERVER_PID[agent]=$!
  wait_for_line "$BATS_TEST_TMPDIR/agent.log" ' connect '
  TOKEN=$(netkit shutdown-server enrol --state "$state" --operator ada)
  export TOKEN
  browse meets_the_server "$(port_of 1 shutdown)"
  stop_server shutdown
}

@test "shutdown page: a table at 1280 px, light and dark" { page_holds looks; }

@test "shutdown page: cards at 360 px that never scroll sideways, light and dark" {
  page_holds looks_narrow
}

#!/usr/bin/env bats
# The chat's page in Chromium, driven by playwright-core against a relay of ours in
# python3-websockets, which loses, skips and refuses what a test wants; relay_web.bats has a real
# one. Nothing beyond loopback is reached.

load support

PAGE_TEST=$ROOT/tests/support/relay_page.js

# The document as the binary has it: its sources, compiled alone.
setup_file() {
  local dir=$BATS_FILE_TMPDIR
  cat >"$dir/print.cpp" <<'CPP'
#include <iostream>
#include "commands/relay/page.hpp"
int main() { std::cout << netkit::relay::page(); }
CPP
  c++ -std=c++20 -I "$ROOT" -I "$ROOT/src" "$dir/print.cpp" \
    "$ROOT"/commands/relay/page*.cpp "$ROOT"/src/cli/{page_palette,packed_text}.cpp \
    -o "$dir/print"
  "$dir/print" >"$dir/page.html"
}

# page_holds CASE: that case of relay_page.js.
page_holds() {
  local modules=$ROOT/build/playwright/node_modules pictures=$BATS_TEST_TMPDIR
  command -v chromium >/dev/null || fail "chromium is not installed"
  [[ -d $modules/playwright-core ]] || fail "playwright-core is missing: ./dev test interop gets it"
  start_peer relay 'port ([0-9]+)' \
    "$PYTHON" "$ROOT/tests/support/relay_page_peer.py" "$BATS_FILE_TMPDIR/page.html"
  # Kept where a person can look at them.
  [[ ! -d $ROOT/build/test ]] || pictures=$ROOT/build/test
  run --separate-stderr env NODE_PATH="$modules" timeout -k 5 100 \
    node "$PAGE_TEST" "$1" "http://127.0.0.1:$PEER_PORT/" "$pictures"
  assert_status 0
}

@test "chat page: one document below 64 KiB that names nothing outside of itself" {
  local page=$BATS_FILE_TMPDIR/page.html
  (($(wc -c <"$page") < 65536)) || fail "$(wc -c <"$page") bytes"
  run grep -nE 'src=|url\(|@import|(inner|outer)HTML|insertAdjacent|document\.write|eval\(' "$page"
  assert_output ""
  run grep -nE '(https?|wss?)://[a-z0-9]' "$page"
  assert_output ""
}

@test "chat page: people talk, see who is here, and each name has one colour" { page_holds talks; }

@test "chat page: rooms, what is unread in them, messages to one alone" {
  page_holds keeps_rooms_apart
}

@test "chat page: keys and commands; a mistake is told and the text stays" {
  page_holds is_used_by_keyboard
}

@test "chat page: a loss loses nothing and repeats nothing" { page_holds resumes_after_a_loss; }

@test "chat page: what a new run of the relay does not know is sent again, shown once" {
  page_holds sends_again_to_a_relay_that_lost_it
}

@test "chat page: a reload resumes; a duplicated tab is somebody of its own" {
  page_holds survives_a_reload
}

@test "chat page: gaps, notices, refusals, who comes and goes" { page_holds tells_what_happens; }

@test "chat page: names and texts with markup are inert" { page_holds shows_hostile_texts_as_text; }

@test "chat page: a token is asked for, and kept from clear text" { page_holds asks_for_a_token; }

@test "chat page: older messages on demand, 2000 at most, and it does not jump" {
  page_holds keeps_a_bounded_past
}

@test "chat page: three columns at 1280 px, light and dark" { page_holds looks; }

@test "chat page: one column at 360 px that never scrolls sideways" { page_holds looks_narrow; }

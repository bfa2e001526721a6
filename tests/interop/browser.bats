#!/usr/bin/env bats
# A browser on the echo page: it connects, sends, shows the answer, and fits a phone. The browser
# is headless, has an empty profile in the test's folder, and reaches nothing but loopback.

load support

# browse URL: sets $output to what tests/support/browser.py saw.
browse() {
  run --separate-stderr timeout -k 5 90 \
    "$PYTHON" "$ROOT/tests/support/browser.py" "$1" "$BATS_TEST_TMPDIR"
  assert_status 0
  # Kept where a person can look at it.
  if [[ -d $ROOT/build/test ]]; then
    cp "$BATS_TEST_TMPDIR/page.png" "$ROOT/build/test/echo-page-${1%%:*}.png"
  fi
}

seen() { jq -r ".$1" <<<"$output"; }

@test "page: a browser connects, sends and shows the answer, in clear and through TLS" {
  local scheme
  command -v chromium >/dev/null || fail "chromium is not installed"
  start_echo ws wss
  for scheme in http https; do
    browse "$scheme://127.0.0.1:$(port_of "$([[ $scheme == http ]] && echo 1 || echo 2)")/"
    assert_equal "$(seen title)" "netkit echo"
    assert_equal "$(seen same)" true
    [[ $(seen round_trip) =~ ^[0-9.]+\ ms$ ]] || fail "no round trip" "$output"
    assert_equal "$(seen foreign)" "[]"
    # At 360 px nothing stands out to the right.
    assert_equal "$(seen inner_width)" 360
    (($(seen scroll_width) <= $(seen inner_width))) || fail "it scrolls sideways" "$output"
    [[ $(head -c 4 "$BATS_TEST_TMPDIR/page.png" | od -An -tx1) == *"89 50 4e 47"* ]]
  done
  stop_server echo
}

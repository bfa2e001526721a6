#!/usr/bin/env bats
# The README's transcripts, word for word.

load support

setup() {
  private_home
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  ln -s "$(realpath "$NETKIT")" "$BATS_TEST_TMPDIR/bin/netkit"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  cd "$BATS_TEST_TMPDIR"
}

@test "README: its transcripts are what happens" {
  run "$ROOT/tests/support/transcript.py" "$ROOT/README.md"
  assert_status 0
}

@test "transcript: a README that says something else fails" {
  printf '```console\n$ echo one\ntwo\n```\n' >README.md
  run "$ROOT/tests/support/transcript.py" README.md
  assert_status 1
}

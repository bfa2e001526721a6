#!/usr/bin/env bats
# The manual pages as readers get them: mandoc has no remark about any, each option of --help is on
# its page, and what netkit.toml(5) and netkit-wire(7) say works.

load support

# pages: what `netkit man` takes.
pages() {
  echo netkit
  netkit --list
  printf '%s\n' netkit.toml netkit-wire
}

# rendered NAME: the page as text; bold is a letter over itself.
rendered() { netkit man "$1" | mandoc -T utf8 | sed 's/.\x08//g'; }

# verbs_of COMMAND: its verbs as help lists them, or an empty line if it has none.
verbs_of() {
  local verbs
  verbs=$(netkit help "$1" | sed -n '/^Verbs:$/,/^$/s/^  \([a-z][a-z0-9-]*\)  .*/\1/p')
  if [[ -n $verbs ]]; then echo "$verbs"; fi
  # One that may be run without a verb tells its own options by itself.
  if netkit help "$1" | grep -q '^Global options:'; then echo; fi
}

# options_in: the names of the options that a help text lists.
options_in() { sed -nE 's/^  (-[a-zA-Z], |    )(--[a-z0-9-]+).*/\2/p'; }

@test "man: mandoc has no remark about any page" {
  local name seen=0
  for name in $(pages); do
    netkit man "$name" >"$BATS_TEST_TMPDIR/page"
    run mandoc -T lint "$BATS_TEST_TMPDIR/page"
    assert_status 0
    refute_output
    seen=$((seen + 1))
  done
  ((seen >= 14)) || fail "only $seen pages"
}

@test "man: mandoc would have a remark about a page that is not well made" {
  netkit man echo | sed 's/^\.SH SYNOPSIS/.SH/' >"$BATS_TEST_TMPDIR/page"
  run mandoc -T lint "$BATS_TEST_TMPDIR/page"
  [[ -n $output ]] || fail "no remark"
}

@test "man: a page tells every option that --help tells, and every verb" {
  local command verb option page help options=0
  for command in $(netkit --list); do
    page=$(rendered "$command")
    while IFS= read -r verb; do
      help=$(netkit help "$command" $verb)
      grep -Eq "^ +netkit $command${verb:+ $verb} \[OPTIONS\]" <<<"$page" ||
        fail "netkit-$command(1) has no synopsis of '$verb'"
      for option in $(options_in <<<"$help"); do
        grep -Eq -- "(^|[^a-z-])$option([^a-z-]|\$)" <<<"$page" ||
          fail "netkit-$command(1) lacks $option of '$verb'"
        options=$((options + 1))
      done
    done < <(verbs_of "$command")
  done
  ((options > 500)) || fail "only $options options were looked at"
}

@test "man: no rendered line is wider than a terminal, examples apart" {
  local name wide
  for name in $(pages); do
    wide=$(rendered "$name" | grep -E '.{81}' | grep -Ev '^ +(.*[ (<])?netkit ') || true
    [[ -z $wide ]] || fail "$name: $wide"
  done
}

@test "man: without a name it is netkit(1), and a page may be called by its own name" {
  run_netkit man
  assert_status 0
  refute_stderr
  assert_output "$(netkit man netkit)"
  assert_equal "$(netkit man netkit-echo)" "$(netkit man echo)"
  assert_equal "$(netkit man echo | head -n 1)" \
    ".TH NETKIT\\-ECHO 1 $(netkit man | awk 'NR == 1 { print $4 }') \"$(netkit --version |
      head -n 1)\" \"netkit manual\""
}

@test "man: a page that does not exist is named, with the nearest" {
  run_netkit man ecko
  assert_status 5
  refute_output
  assert_stderr_matches "cannot print a page 'ecko': .*did you mean 'echo'"
  run_netkit man $'no\e[2Jsuch'
  assert_status 5
  assert_stderr_matches "netkit --list"
  [[ $stderr != *$'\e'* ]] || fail "an escape sequence came through"
}

@test "man: Tab offers the pages" {
  assert_equal "$(netkit __complete man netkit | cut -f 1 | tr '\n' ' ')" \
    'netkit netkit.toml netkit-wire '
  assert_equal "$(netkit __complete man ec | cut -f 1)" echo
}

@test "man: what netkit.toml(5) shows as a file is one" {
  rendered netkit.toml | sed -n '/^ *\[echo\]$/,/^ *no-tls/p' >"$BATS_TEST_TMPDIR/shown.toml"
  assert_equal "$(grep -c = "$BATS_TEST_TMPDIR/shown.toml")" 5
  run_netkit echo serve --config "$BATS_TEST_TMPDIR/shown.toml" --print-config
  assert_status 0
  assert_line "allow = [\"192.168.0.0/16\"]  # $BATS_TEST_TMPDIR/shown.toml:6"
  assert_line "log-format = \"json\"  # $BATS_TEST_TMPDIR/shown.toml:2"
}

@test "man: a client that is written from netkit-wire(7) is served" {
  cd "$BATS_TEST_TMPDIR"
  mkdir served
  start_server files filesrv serve served --listen tcp://127.0.0.1:0 --state files
  start_server relay relay --name north --listen tcp://127.0.0.1:0 --state relay
  run "$PYTHON" - "$(port_of 1 files)" "$(port_of 1 relay)" <<'PY'
import json, re, socket, struct, sys

class Client:
    def __init__(self, port):
        self.peer = socket.create_connection(("127.0.0.1", int(port)), 10)
    def send(self, kind, body, stream=0):
        head = b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, stream, len(body))
        self.peer.sendall(head + body)
    def read(self, size):
        got = b""
        while len(got) < size:
            piece = self.peer.recv(size - len(got))
            assert piece, "closed"
            got += piece
        return got
    def frame(self):
        head = self.read(16)
        assert head[:4] == b"\xf7NK\x01", head
        kind, flags, stream, length = struct.unpack(">HHII", head[4:])
        return kind, stream, self.read(length)
    def str8(self, text):
        return bytes([len(text)]) + text.encode()

files = Client(sys.argv[1])
files.send(1, b'{"service":"filesrv"}')
kind, stream, body = files.frame()
assert (kind, json.loads(body)["service"]) == (1, "filesrv"), body
files.send(20, b"\x01", stream=7)
kind, stream, body = files.frame()
assert (kind, stream) == (53, 7) and re.fullmatch(rb"\d\d:\d\d:\d\d\n?", body), body

relay = Client(sys.argv[2])
relay.send(1, b'{"service":"relay"}')
kind, _, body = relay.frame()
assert (kind, json.loads(body)["name"]) == (1, "north"), body
relay.send(16, b'{"do":"enter","nick":"ana","rooms":[{"room":"lobby"}]}', stream=1)
kind, stream, body = relay.frame()
assert (kind, stream, json.loads(body)["ok"]) == (17, 1, True), body
relay.send(18, struct.pack(">Q", 1) + relay.str8("lobby") + b"hello")
said = acked = None
while said is None or acked is None:
    kind, _, body = relay.frame()
    if kind == 21:
        said = body
    elif kind == 20:
        acked = struct.unpack(">Q", body)[0]
assert acked == 1
number = struct.unpack(">5Q", said[:40])[4]
assert (number, said[40:]) == (1, relay.str8("lobby") + relay.str8("ana") + b"hello"), said
print("served")
PY
  assert_status 0
  assert_output served
}

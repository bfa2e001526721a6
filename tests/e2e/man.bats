#!/usr/bin/env bats
# The manual pages as readers get them: mandoc has no remark about any, each option of --help is on
# its page, and what netkit.toml(5) and netkit-wire(7) say works.

load support

# Every page once, as roff and as text: netkit man NAME > PAGES/NAME, PAGES/NAME.text. Bold is a
# letter over itself.
setup_file() {
  export PAGES=$BATS_FILE_TMPDIR HOME=$BATS_FILE_TMPDIR XDG_CONFIG_HOME=$BATS_FILE_TMPDIR
  local name
  for name in netkit $(netkit --list) netkit.toml netkit-wire; do
    netkit man "$name" >"$PAGES/$name"
    mandoc -T utf8 "$PAGES/$name" | sed 's/.\x08//g' >"$PAGES/$name.text"
    echo "$name" >>"$PAGES/names"
  done
}

# options_in: the names of the options that a help text lists.
options_in() { sed -nE 's/^  (-[a-zA-Z], |    )(--[a-z0-9-]+).*/\2/p' | sort -u; }

@test "man: mandoc has no remark about any page" {
  local name seen=0
  for name in $(<"$PAGES/names"); do
    run mandoc -T lint "$PAGES/$name"
    assert_status 0
    refute_output
    seen=$((seen + 1))
  done
  ((seen >= 14)) || fail "only $seen pages"
}

@test "man: mandoc would have a remark about a page that is not well made" {
  sed 's/^\.SH SYNOPSIS/.SH/' "$PAGES/echo" >"$BATS_TEST_TMPDIR/page"
  run mandoc -T lint "$BATS_TEST_TMPDIR/page"
  [[ -n $output ]] || fail "no remark"
}

# Of all verbs that is seen to by a test of the declarations; here is what readers see of some.
@test "man: a page shows every option that --help shows" {
  local words page lacks help
  for words in 'echo serve' 'echo ping' 'filesrv get' relay 'peer watch' chat; do
    page=$PAGES/${words%% *}.text
    # shellcheck disable=SC2086 # words are words
    help=$(netkit help $words)
    lacks=$(comm -23 <(options_in <<<"$help") <(grep -oE -- '--[a-z0-9-]+' "$page" | sort -u))
    [[ -z $lacks ]] || fail "$page has no" "$lacks"
    (($(options_in <<<"$help" | wc -l) > 15)) || fail "few options: $words"
    grep -Eq "^ +netkit $words \[OPTIONS\]" "$page" || fail "$page has no synopsis of $words"
  done
}

# A name in a test is not yet a test of it; a name in none is none.
@test "man: every option of every page stands in some test" {
  local name letter option untested='' seen=0
  for name in $(<"$PAGES/names"); do
    while read -r letter option; do
      seen=$((seen + 1))
      grep -rqE --exclude-dir=bench --exclude-dir=fuzz --exclude=man.bats -- \
        "--$option([^a-z0-9-]|\$)" "$ROOT/tests" && continue
      [[ $letter != - ]] && grep -rqE --include=*.bats -- "$name.* -$letter( |\$)" "$ROOT/tests" ||
        untested+=" $name:--$option"
    done < <(sed -nE '/^\.TP/{n;s/\\-/-/g;s/\\f.//g;s/^--/- --/
        s/^-([a-zA-Z]), /\1 /;s/^(.) --([a-z0-9-]+).*/\1 \2/p}' "$PAGES/$name" | sort -u)
  done
  ((seen > 300)) || fail "only $seen options"
  [[ -z $untested ]] || fail "in no test:$untested"
}

@test "man: no rendered line is wider than a terminal, examples apart" {
  local name wide
  for name in $(<"$PAGES/names"); do
    wide=$(grep -E '.{81}' "$PAGES/$name.text" | grep -Ev '^ +(.*[ (<])?netkit ') || true
    [[ -z $wide ]] || fail "$name: $wide"
  done
}

@test "man: without a name it is netkit(1), and a page may be called by its own name" {
  run_netkit man
  assert_status 0
  refute_stderr
  assert_output "$(<"$PAGES/netkit")"
  assert_equal "$(netkit man netkit-echo)" "$(<"$PAGES/echo")"
  assert_equal "$(head -n 1 "$PAGES/echo" | sed 's/ 20[0-9-]* / DATE /')" \
    ".TH NETKIT\\-ECHO 1 DATE \"$(netkit --version | head -n 1)\" \"netkit manual\""
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
  sed -n '/^ *\[echo\]$/,/^ *no-tls/p' "$PAGES/netkit.toml.text" >"$BATS_TEST_TMPDIR/shown.toml"
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

@test "man: a page says the same whatever machine and user prints it" {
  local name one
  one=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
  for name in $(<"$PAGES/names"); do
    env HOME=/elsewhere USER=other XDG_STATE_HOME=/state taskset -c "$one" "$NETKIT" man "$name" |
      cmp - "$PAGES/$name"
  done
  grep -q 'Threads that serve connections (default: one a processor, 4 at most)' \
    <(tr '\n' ' ' <"$PAGES/filesrv" | tr -s ' ')
}

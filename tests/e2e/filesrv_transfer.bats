#!/usr/bin/env bats
# The file server and its client: what goes over, what goes on after a break, what is refused.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  mkdir -p served/docs/deep here
  printf 'hello\n' >served/a
  : >served/empty
  head -c 3500001 /dev/urandom >served/large
  printf 'one' >served/docs/one.txt
  printf 'two' >served/docs/two.txt
  printf 'three' >served/docs/deep/three.log
}

teardown() {
  end_servers
  grep -E 'ERROR: |runtime error' ./*.err && return 1
  return 0
}

# serve [ARGUMENT...]: a file server for ./served; E is where.
serve() {
  start_server filesrv filesrv serve served --listen tcp://127.0.0.1:0 --state state "$@"
  E=$(endpoint_of 1 filesrv)
}

@test "filesrv: ls prints one name a line, sorted, folders with a slash" {
  serve
  run_netkit filesrv ls "$E"
  assert_status 0
  refute_stderr
  assert_output $'a\ndocs/\nempty\nlarge'
  run_netkit filesrv ls "$E" docs
  assert_output $'deep/\none.txt\ntwo.txt'
  run_netkit filesrv ls "$E" 'docs/*.txt'
  assert_output $'one.txt\ntwo.txt'
  run_netkit filesrv ls "$E" -r docs
  assert_output $'deep/\ndeep/three.log\none.txt\ntwo.txt'
  run_netkit filesrv ls "$E" large --json
  [[ $(jq -r '.name, .kind, .size' <<<"$output") == $'large\nfile\n3500001' ]]
  run_netkit filesrv ls "$E" -l a
  assert_output_matches '^-rw.* 6 [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5} a$'
}

@test "filesrv: what is not there exits 5, what leads out is refused" {
  serve
  run_netkit filesrv ls "$E" nothing
  assert_status 5
  refute_output
  assert_stderr_matches '^netkit filesrv: cannot list nothing: '
  run_netkit filesrv get "$E" nothing -o here
  assert_status 5
  run_netkit filesrv get "$E" ../served/a -o here
  assert_status 2
  ln -s /etc/passwd served/out
  run_netkit filesrv get "$E" out -o here
  assert_status 4
  [[ -z $(ls here) ]]
}

@test "filesrv: get fetches a file with its mode and time, and prints nothing" {
  serve
  chmod 640 served/large
  touch -d '2020-01-02T03:04:05.123456789Z' served/large
  run_netkit filesrv get "$E" large -o here
  assert_status 0
  refute_output
  refute_stderr
  cmp served/large here/large
  [[ $(stat -c '%a %y' here/large) == "$(stat -c '%a %y' served/large)" ]]
  [[ ! -e here/large.part ]]
  run_netkit filesrv get "$E" docs/one.txt -o here/renamed
  assert_status 0
  cmp served/docs/one.txt here/renamed
  run_netkit filesrv get "$E" empty a -o here
  assert_status 0
  cmp served/a here/a
  [[ -f here/empty && ! -s here/empty ]]
}

@test "filesrv: get -o - prints the bytes, of several files one after the other" {
  serve
  netkit filesrv get "$E" large -o - | cmp - served/large
  netkit filesrv get "$E" a docs/one.txt -o - | cmp - <(cat served/a served/docs/one.txt)
  netkit filesrv get "$E" large --no-check -o - | cmp - served/large
}

@test "filesrv: get expands patterns at the server, and takes a bracket for itself first" {
  printf 'bracket' >'served/x[1].txt'
  printf 'plain' >served/x1.txt
  serve
  run_netkit filesrv get "$E" 'docs/*.txt' -o here
  assert_status 0
  [[ $(ls here) == $'one.txt\ntwo.txt' ]]
  run_netkit filesrv get "$E" 'x[1].txt' -o here
  assert_status 0
  cmp 'served/x[1].txt' 'here/x[1].txt'
  run_netkit filesrv get "$E" '*.none' -o here
  assert_status 5
}

@test "filesrv: get -r fetches a tree with its times, and says what it could not" {
  printf 'n' >served/docs/$'line\nfeed'
  printf 'b' >served/docs/$'bad\xff'
  ln -s one.txt served/docs/link
  touch -d '2021-05-06T07:08:09Z' served/docs/deep
  serve
  run_netkit filesrv get "$E" docs -o here
  assert_status 1
  assert_stderr_matches 'cannot fetch docs: .*-r'
  run_netkit filesrv get "$E" -r docs -o here --json
  assert_status 0
  rm served/docs/link
  diff -r served/docs here/docs
  [[ $(stat -c %Y here/docs/deep) == $(stat -c %Y served/docs/deep) ]]
  [[ $(jq -r 'select(.event == "summary") | .files' <<<"$output") == 5 ]]
}

@test "filesrv: put stores a file whole, and never over another unless asked" {
  serve --upload
  run_netkit filesrv put "$E" served/large --name big
  assert_status 0
  refute_output
  refute_stderr
  cmp served/large served/big
  [[ ! -e served/big.part ]]
  printf 'other' >other
  run_netkit filesrv put "$E" other --name big
  assert_status 1
  assert_stderr_matches 'cannot store big: File exists.*--overwrite'
  cmp served/large served/big
  run_netkit filesrv put "$E" other --name big --overwrite
  assert_status 0
  cmp other served/big
  run_netkit filesrv put "$E" other --to new/folder
  assert_status 0
  cmp other served/new/folder/other
}

@test "filesrv: put -r stores a tree" {
  serve --upload
  mkdir -p tree/sub/empty
  for i in {1..300}; do printf '%s' "$i" >"tree/sub/f$i"; done
  printf 'x' >tree/$'odd\nname'
  run_netkit filesrv put "$E" -r tree --json
  assert_status 0
  # The digits of 1 to 300, and the x.
  [[ $(jq -c 'select(.event == "summary") | [.files, .bytes]' <<<"$output") == '[301,793]' ]]
  diff -r tree served/tree
  [[ $(jq -r 'select(.event == "summary") | .files' <<<"$output") == 301 ]]
}

@test "filesrv: without --upload nothing is taken" {
  serve
  run_netkit filesrv put "$E" served/large --name big
  assert_status 4
  assert_stderr_matches 'cannot store big: .*--upload'
  [[ ! -e served/big && ! -e served/big.part ]]
}

@test "filesrv: limits of uploads are told before the bytes are taken" {
  serve --upload --upload-max 1MiB --upload-total 1200000
  run_netkit filesrv put "$E" served/large --name big
  assert_status 5
  assert_stderr_matches 'at most 1MiB'
  head -c 1000000 /dev/urandom >million
  run_netkit filesrv put "$E" million
  assert_status 0
  run_netkit filesrv put "$E" million --name again
  assert_status 1
  [[ ! -e served/again && ! -e served/big ]]
}

@test "filesrv: --resume fetches only what is missing or damaged" {
  serve
  head -c 2500000 served/large >here/large.part
  printf 'damage' | dd of=here/large.part bs=1 seek=1100000 conv=notrunc status=none
  run_netkit filesrv get "$E" large -o here --resume --json
  assert_status 0
  cmp served/large here/large
  [[ $(jq -r 'select(.event == "file") | .kept' <<<"$output") == 1048576 ]]
  run_netkit filesrv get "$E" large -o here --resume --json
  [[ $(jq -r 'select(.event == "summary") | .bytes' <<<"$output") == 0 ]]
  printf 'rot' | dd of=here/large bs=1 seek=10 conv=notrunc status=none
  touch -r served/large here/large
  run_netkit filesrv get "$E" large -o here --checksum --json
  cmp served/large here/large
  [[ $(jq -r 'select(.event == "file") | .kept' <<<"$output") == 2451425 ]]
}

@test "filesrv: --resume stores only what is missing or damaged" {
  serve --upload
  head -c 2500000 served/large >served/up.part
  printf 'damage' | dd of=served/up.part bs=1 seek=5 conv=notrunc status=none
  run_netkit filesrv put "$E" served/large --name up --resume --json
  assert_status 0
  cmp served/large served/up
  [[ $(jq -r 'select(.event == "file") | .kept' <<<"$output") == 1048576 ]]
  run_netkit filesrv put "$E" served/large --name up --resume --json
  assert_status 0
  [[ $(jq -r 'select(.event == "file") | .kept' <<<"$output") == 3500001 ]]
}

@test "filesrv: a tree is gone on with, without what is there" {
  serve
  netkit filesrv get "$E" -r docs -o here
  rm here/docs/two.txt
  printf 'changed' >here/docs/one.txt
  run_netkit filesrv get "$E" -r docs -o here --resume --json
  assert_status 0
  diff -r served/docs here/docs
  [[ $(jq -r 'select(.event == "summary") | .bytes' <<<"$output") == 6 ]]
}

# kept: of the last run, how much of each file was at the other end already.
kept() { jq -r 'select(.event == "file") | "\(.path) \(.kept)"' <<<"$output" | sort; }

@test "filesrv: a tree is stored on with, from a folder by its name and from within it" {
  serve --upload
  mkdir served/other
  printf 'not ours' >served/other/file
  cp -r served/docs here/tree
  netkit filesrv put "$E" -r here/tree
  printf 'changed' >here/tree/one.txt
  run_netkit filesrv put "$E" -r here/tree --resume --overwrite --json
  assert_status 0
  diff -r here/tree served/tree
  assert_equal "$(kept)" $'tree/deep/three.log 5\ntree/one.txt 0\ntree/two.txt 3'
  printf 'changed too' >here/tree/two.txt
  cd here/tree
  run_netkit filesrv put "$E" -r . --to tree --resume --overwrite --json
  assert_status 0
  diff -r . ../../served/tree
  assert_equal "$(kept)" $'tree/deep/three.log 5\ntree/one.txt 7\ntree/two.txt 0'
}

@test "filesrv: the log says who fetched and stored what, and who was refused" {
  serve --upload --log-format json
  netkit filesrv get "$E" a -o here
  netkit filesrv put "$E" here/a --name new
  curl -sf "http://${E#tcp://}/docs/one.txt" >here/one.txt
  run jq -r 'select(.path) | [.event, .address, .user, .path, .size // "-"] | @tsv' \
    "$SERVER_DIR/filesrv.err"
  assert_output "$(printf '%s\t127.0.0.1\t-\t%s\t%s\n' get a - put new - stored new 6 \
    get docs/one.txt -)"
  end_servers
  serve
  run_netkit filesrv put "$E" here/a --name other
  assert_status 4
  wait_for_line "$SERVER_DIR/filesrv.err" \
    'authz_fail address=127.0.0.1 port=[0-9]+ user=- verb=put path=other reason='
}

@test "filesrv: a server that is killed is named, and what came is gone on with" {
  serve --client-rate 1MiB
  netkit filesrv get "$E" large -o here 2>lost.err &
  local client=$!
  wait_until 10 eval '[[ -s here/large.part ]]'
  kill -9 "$(server_pid filesrv)"
  local code=0
  wait "$client" || code=$?
  assert_equal "$code" 3
  grep -E "^netkit filesrv: cannot go on with $E: .* \(is it still running" lost.err
  [[ ! -e here/large && -s here/large.part ]]
}

# under_quota COUNT COMMAND...: the system takes so many pieces of its files and then no more.
under_quota() {
  ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" exec strace -D -f -qq -o /dev/null \
    -e trace=pwrite64 -e inject=pwrite64:error=EDQUOT:when="$1+" "${@:2}"
}

@test "filesrv: a quota that is used up is told by either end, and what came waits for more" {
  serve --upload
  run --separate-stderr timeout 60 bash -c "$(declare -f under_quota); "'under_quota 8 "$@"' bash \
    "$NETKIT" filesrv get "$E" large -o here
  assert_status 1
  assert_stderr_matches 'quota'
  [[ ! -e here/large && -s here/large.part ]]
  run_netkit filesrv get "$E" large -o here --resume
  assert_status 0
  cmp served/large here/large
  end_servers
  SERVER_COMMAND=(bash -c "$(declare -f under_quota); "'under_quota 8 "$@"' bash "$NETKIT")
  serve --upload
  run_netkit filesrv put "$E" here/large --name new
  assert_status 1
  assert_stderr_matches 'quota'
  [[ ! -e served/new && -s served/new.part ]]
  run curl -s -o /dev/null -w '%{http_code}' -T here/large "http://${E#tcp://}/web"
  assert_output 507
  # It goes once the answer has gone.
  wait_until 10 eval '[[ ! -e served/web.part ]]'
  [[ ! -e served/web ]]
}

@test "filesrv: get --follow prints what is added, and begins anew with another file" {
  serve
  printf 'first\n' >served/log
  RUN_LIMIT_S=20 netkit filesrv get "$E" log --follow >followed 2>follow.err &
  local client=$!
  wait_for_line followed '^first$'
  printf 'second\n' >>served/log
  wait_for_line followed '^second$'
  mv served/log served/log.1
  printf 'third\n' >served/log
  wait_for_line followed '^third$'
  kill -INT "$client"
  wait "$client" || true
}

@test "filesrv: get --follow loses nothing of a file that grows all the time" {
  serve
  printf 'line 0\n' >served/log
  RUN_LIMIT_S=40 netkit filesrv get "$E" log --follow >followed 2>follow.err &
  local client=$!
  "$PYTHON" -c '
import sys
with open("served/log", "ab", buffering=0) as log:
    for number in range(1, 20001):
        log.write(b"line %d\n" % number)'
  wait_for_line followed '^line 20000$'
  kill -INT "$client"
  wait "$client" || true
  cmp followed served/log
}

@test "filesrv: files called as parts of others come whole or are told of" {
  printf 'of a.part' >served/a.part
  serve
  run_netkit filesrv get "$E" a.part a -o here
  [[ $(<here/a) == hello ]]
  ((status == 0)) || [[ $stderr == *a.part* ]]
}

@test "filesrv: what cannot be named is told of, and the rest goes on" {
  serve --upload
  local deep=tree i
  for i in {1..64}; do deep+=/d; done
  mkdir -p "$deep"
  printf 'deep' >"$deep/file"
  printf 'last' >last
  run_netkit filesrv put "$E" -r tree last
  assert_status 5
  assert_stderr_matches 'cannot store tree/d/'
  cmp last served/last
  run_netkit filesrv get "$E" nothing a -o here
  assert_status 5
  assert_stderr_matches 'cannot fetch nothing: '
  cmp served/a here/a
}

@test "filesrv: stdout has files or events, not both" {
  serve
  run_netkit filesrv get "$E" a -o - --json
  assert_status 2
  refute_output
}

@test "filesrv: silent announcements keep nobody from storing, and what lies in parts counts" {
  serve --upload --upload-total 3MiB
  head -c 1500000 /dev/urandom >half
  "$PYTHON" - "${E##*:}" <<'PY'
import socket, struct, sys
def frame(kind, body, stream):
    return b"\xf7NK\x01" + struct.pack(">HHII", kind, 0, stream, len(body)) + body
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
put = frame(19, b"\0" + struct.pack(">IqQ", 0o644, 0, 3 << 20) + b"silent", 1)
peer.sendall(frame(1, b"{}", 0) + put)
open("held", "w").close()
data = bytes(1 << 20)
peer.sendall(frame(21, struct.pack(">Q", 0) + data, 1))
peer.shutdown(socket.SHUT_WR)
while peer.recv(65536):
    pass
PY
  run_netkit filesrv put "$E" half --name one
  assert_status 0
  run_netkit filesrv put "$E" half --name two
  assert_status 1
  assert_stderr_matches 'all uploads together may have 3MiB'
  [[ ! -e served/two ]]
}

@test "filesrv: several folders have names, and nothing else is there" {
  mkdir second
  printf '2' >second/two
  start_server filesrv filesrv serve one=served two=second --listen tcp://127.0.0.1:0 --state state
  E=$(endpoint_of 1 filesrv)
  run_netkit filesrv ls "$E"
  assert_output $'one/\ntwo/'
  run_netkit filesrv get "$E" two/two -o here
  assert_status 0
  cmp second/two here/two
  run_netkit filesrv get "$E" three/two -o here
  assert_status 5
  run_netkit filesrv serve served second
  assert_status 2
  assert_stderr_matches 'NAME=DIR'
}

@test "filesrv: a drop box takes files, and neither lists nor gives any" {
  serve --drop-box
  run_netkit filesrv put "$E" served/large --name dropped
  assert_status 0
  cmp served/large served/dropped
  run_netkit filesrv ls "$E"
  assert_status 4
  run_netkit filesrv get "$E" dropped -o here
  assert_status 4
  : >served/begun.part
  run_netkit filesrv put "$E" served/large --name begun --resume
  assert_status 4
}

@test "filesrv: time and info" {
  serve
  run_netkit filesrv time "$E"
  assert_output_matches '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$'
  run_netkit filesrv info "$E"
  assert_line 'state online 24 hours'
  assert_output_matches 'beneath (openat2|walk)'
  run_netkit filesrv info "$E" --json
  [[ $(jq -r .upload <<<"$output") == no ]]
}

@test "filesrv: both ways of keeping paths below the folder serve alike" {
  serve --beneath walk
  run_netkit filesrv info "$E"
  assert_line 'beneath walk'
  ln -s /etc served/etc
  run_netkit filesrv get "$E" etc/passwd -o here
  assert_status 4
  run_netkit filesrv get "$E" docs/deep/three.log -o here
  assert_status 0
}

@test "filesrv: a client that finds no server exits 3, one that finds another service says so" {
  hold_port
  run_netkit filesrv ls tcp://127.0.0.1:1
  assert_status 3
  start_echo
  run_netkit filesrv ls "$ENDPOINT" --timeout 3s
  [[ $status != 0 ]]
  assert_stderr_matches 'netkit filesrv: cannot '
}

@test "filesrv: names of the server complete, folders with a slash" {
  serve
  run_netkit __complete filesrv get "$E" ''
  assert_status 0
  refute_stderr
  assert_output_matches $'a\t'
  assert_output_matches $'docs/\t'
  run_netkit __complete filesrv get "$E" docs/o
  assert_output_matches $'docs/one.txt\t'
  [[ $output != *two.txt* ]]
  stop_server filesrv
  run_netkit __complete filesrv get "$E" ''
  assert_status 0
  refute_output
}

@test "filesrv: what comes at a pace comes whole" {
  serve --rate 1MiB
  run_netkit filesrv get "$E" large -o here
  assert_status 0
  cmp served/large here/large
}

#!/usr/bin/env bats
# The file server as curl, wget, tar and python's http.client see it: ranges, conditions, uploads,
# archives, refusals. Never leaves loopback.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  mkdir -p served/docs/deep
  printf 'hello\n' >served/a.txt
  printf '<script>alert(1)</script>' >served/docs/page.html
  printf 'deep' >served/docs/deep/file
  head -c 3000001 /dev/urandom >served/large
  # Their tags are strong: they have not changed for a while.
  touch -d '2024-02-29 12:00:00 UTC' served/a.txt served/large
  CURL=(curl --silent --show-error --max-time 30 --noproxy '*' --http1.1 --path-as-is)
}

# serve_web [ARGUMENT...]: a server of the folder `served`; URL is where.
serve_web() {
  start_server filesrv filesrv serve served --listen tcp://127.0.0.1:0 --state files "$@"
  PORT=$(port_of 1 filesrv)
  URL=http://127.0.0.1:$PORT
}

files_are_fine() {
  stop_server filesrv
  ! grep -E 'ERROR: |runtime error|WARNING: Thread' filesrv.err
}

# status_of ARGUMENT...: the status code that curl is answered with; the body goes to `body`.
status_of() { "${CURL[@]}" --output body --dump-header head --write-out '%{http_code}' "$@"; }

# field NAME: the value of that field of the last answer.
field() { sed -n "s/^$1: \(.*\)\r$/\1/Ip" head; }

ask() { "$PYTHON" "$ROOT/tests/support/web_files.py" "$PORT" "$@"; }

@test "filesrv http: curl gets files, their heads and their types" {
  serve_web
  assert_equal "$("${CURL[@]}" "$URL/a.txt")" hello
  "${CURL[@]}" "$URL/large" | cmp - served/large
  assert_equal "$(status_of --head "$URL/large")" 200
  assert_equal "$(field Content-Length)" 3000001
  assert_equal "$(field Content-Type)" application/octet-stream
  assert_equal "$(field Last-Modified)" 'Thu, 29 Feb 2024 12:00:00 GMT'
  assert_equal "$(field Accept-Ranges)" bytes
  assert_equal "$(status_of "$URL/docs/page.html")" 200
  assert_equal "$(field Content-Type)" 'text/html; charset=utf-8'
  assert_equal "$(field X-Content-Type-Options)" nosniff
  assert_equal "$(field Content-Security-Policy)" sandbox
  files_are_fine
}

@test "filesrv http: a broken download goes on where it ended" {
  serve_web
  head -c 1234567 served/large >large
  "${CURL[@]}" -C - -o large "$URL/large"
  cmp large served/large
  head -c 7 served/large >wgot
  if command -v wget >/dev/null; then
    wget --no-proxy -q -c -O wgot "$URL/large"
    cmp wgot served/large
  fi
  files_are_fine
}

@test "filesrv http: ranges, single, last, several and beyond the end" {
  serve_web
  "${CURL[@]}" -r 5-14 "$URL/large" | cmp - <(tail -c +6 served/large | head -c 10)
  "${CURL[@]}" -r -10 "$URL/large" | cmp - <(tail -c 10 served/large)
  "${CURL[@]}" -r 2999990- "$URL/large" | cmp - <(tail -c 11 served/large)
  assert_equal "$(status_of -r 3000001- "$URL/large")" 416
  assert_equal "$(field Content-Range)" 'bytes */3000001'
  assert_equal "$(status_of -r 18446744073709551615- "$URL/large")" 416
  assert_equal "$(status_of -H 'Range: lines=1-2' "$URL/large")" 200
  assert_equal "$(status_of -r 3-4 --head "$URL/large")" 200
  ask parts /large served/large
  files_are_fine
}

@test "filesrv http: what a client has already is not sent again" {
  local tag
  serve_web
  assert_equal "$(status_of "$URL/a.txt")" 200
  tag=$(field ETag)
  [[ $tag =~ ^\"[0-9a-f]+\"$ ]] || fail "ETag: $tag"
  assert_equal "$(status_of -H "If-None-Match: $tag" "$URL/a.txt")" 304
  assert_equal "$(status_of -H "If-None-Match: W/$tag" "$URL/a.txt")" 304
  assert_equal "$(status_of -H 'If-None-Match: "x"' "$URL/a.txt")" 200
  assert_equal "$(status_of -H 'If-Modified-Since: Thu, 29 Feb 2024 12:00:00 GMT' "$URL/a.txt")" 304
  assert_equal "$(status_of -H 'If-Match: "x"' "$URL/a.txt")" 412
  assert_equal "$(status_of -r 0-1 -H "If-Range: $tag" "$URL/a.txt")" 206
  assert_equal "$(status_of -r 0-1 -H 'If-Range: "x"' "$URL/a.txt")" 200
  # A file that may change once more within a tick of the clock has a weak one.
  printf 'new' >served/new
  assert_equal "$(status_of "$URL/new")" 200
  [[ $(field ETag) =~ ^W/\" ]] || fail "$(field ETag)"
  files_are_fine
}

@test "filesrv http: requests in a row, at once, with digests, with 100-continue" {
  serve_web --upload
  ask kept
  ask pipelined
  ask digests /large served/large
  ask digests /a.txt served/a.txt
  ask continues
  ask busy
  assert_equal "$(<served/pipe)" 'one two'
  assert_equal "$(<served/expected)" hello
  files_are_fine
}

@test "filesrv http: PUT stores a file, and replaces one only when asked to" {
  local tag
  serve_web --upload
  assert_equal "$(status_of -T served/large "$URL/new/folder/copy")" 201
  assert_equal "$(field Location)" /new/folder/copy
  cmp served/large served/new/folder/copy
  assert_equal "$(status_of -T served/a.txt "$URL/new/folder/copy")" 412
  grep -q 'Overwrite: T' body
  cmp served/large served/new/folder/copy
  assert_equal "$(status_of -T served/a.txt -H 'If-None-Match: *' -H 'Overwrite: T' \
    "$URL/large")" 412
  assert_equal "$(status_of -T served/a.txt -H 'Overwrite: T' "$URL/new/folder/copy")" 204
  cmp served/a.txt served/new/folder/copy
  status_of --head "$URL/large"
  tag=$(field ETag)
  assert_equal "$(status_of -T served/a.txt -H 'If-Match: "x"' "$URL/large")" 412
  assert_equal "$(status_of -T served/a.txt -H "If-Match: $tag" "$URL/large")" 204
  assert_equal "$(status_of -T served/a.txt -H "If-Match: $tag" "$URL/large")" 412
  cmp served/a.txt served/large
  # From a pipe it comes in chunks.
  assert_equal "$(printf piped | status_of -T - "$URL/piped")" 201
  assert_equal "$(<served/piped)" piped
  assert_equal "$(status_of -T served/a.txt "$URL/%C3%BC%20%23%0A")" 201
  cmp served/a.txt "served/ü #"$'\n'
  files_are_fine
}

@test "filesrv http: PUT leaves alone what a broken upload has brought" {
  serve_web --upload
  printf 'half of it' >served/new.part
  assert_equal "$(status_of -T served/a.txt "$URL/new")" 201
  assert_equal "$(<served/new.part)" 'half of it'
  rm served/new served/new.part
  files_are_fine
}

@test "filesrv http: what cannot be stored is refused, and nothing of it stays" {
  local how
  serve_web --upload --upload-max 10 --upload-total 25
  assert_equal "$(status_of -T served/large "$URL/big")" 413
  assert_equal "$(head -c 11 served/large | status_of -T - "$URL/big")" 413
  assert_equal "$(head -c 10 served/large | status_of -T - "$URL/one")" 201
  assert_equal "$(head -c 10 served/large | status_of -T - "$URL/two")" 201
  assert_equal "$(head -c 10 served/large | status_of -T - "$URL/three")" 507
  assert_equal "$(status_of -T served/a.txt "$URL/three")" 507
  assert_equal "$(status_of -T served/a.txt -H 'Content-Range: bytes 0-5/6' "$URL/x")" 400
  assert_equal "$(status_of -T served/a.txt -H 'Content-Encoding: gzip' "$URL/x")" 415
  assert_equal "$(status_of -X PUT "$URL/x")" 411
  assert_equal "$(status_of -T served/a.txt "$URL/docs")" 409
  assert_equal "$(status_of -X PUT -d x "$URL/docs/")" 409
  assert_equal "$(status_of -X PUT -d x "$URL/a.txt/x")" 409
  assert_equal "$(status_of -X PUT -d x "$URL/x.part")" 400
  assert_equal "$(status_of -X PUT -d x "$URL/..%2fx")" 400
  for how in length chunks nonsense; do ask broken "$how"; done
  wait_until 10 nothing_under_way
  assert_equal "$(ls served)" $'a.txt\ndocs\nlarge\none\ntwo'
  files_are_fine
}

nothing_under_way() { ! ls served | grep -q '\.part$'; }

@test "filesrv http: without --upload nothing is taken; a drop box shows nothing" {
  serve_web
  assert_equal "$(status_of -T served/a.txt "$URL/new")" 405
  assert_equal "$(field Allow)" 'GET, HEAD, OPTIONS'
  assert_equal "$(status_of -X DELETE "$URL/a.txt")" 405
  files_are_fine
  serve_web --drop-box
  assert_equal "$(status_of -T served/a.txt "$URL/new")" 201
  assert_equal "$(status_of "$URL/new")" 403
  assert_equal "$(status_of "$URL/?json")" 403
  assert_equal "$(status_of "$URL/?tar")" 403
  assert_equal "$(status_of "$URL/")" 200
  ! grep -q large body
  files_are_fine
}

@test "filesrv http: paths that lead out, links and devices are refused without being repeated" {
  local path
  serve_web
  ln -s /etc/passwd served/link
  ln -s . served/loop
  mkfifo served/pipe
  for path in /../etc/passwd /docs/../a.txt /%2e%2e/a.txt /a%00b /docs//page.html /./a.txt \
    /docs%2fpage.html /%zz; do
    assert_equal "$path $(status_of "$URL$path")" "$path 400"
    ! grep -qF "${path#/}" body
  done
  for path in /link /loop /loop/a.txt /pipe; do
    assert_equal "$path $(status_of "$URL$path")" "$path 403"
  done
  assert_equal "$(status_of "$URL/secret-name")" 404
  ! grep -q secret body
  assert_equal "$(status_of "$URL/a.txt/")" 404
  files_are_fine
}

@test "filesrv http: a folder without a slash leads to the one with it, and never elsewhere" {
  serve_web
  assert_equal "$(status_of "$URL/docs?sort=size")" 308
  assert_equal "$(field Location)" '/docs/?sort=size'
  assert_equal "$(status_of "$URL//example.org/")" 400
  assert_equal "$("${CURL[@]}" -L "$URL/docs?json" | jq -r '.entries[].name')" $'deep\npage.html'
  files_are_fine
}

@test "filesrv http: a folder as JSON, in the order that is asked for" {
  serve_web
  printf x >served/$'odd\xff"\n'
  run "${CURL[@]}" -H 'Accept: application/json' "$URL/?sort=size&order=desc"
  assert_equal "$(jq -r '.entries[].kind' <<<"$output" | tr '\n' ' ')" 'folder file file file '
  assert_equal "$(jq -r '.entries[1].name' <<<"$output")" large
  assert_equal "$(jq -r '.entries[1].size' <<<"$output")" 3000001
  assert_equal "$(jq -r '.entries[1].mtime' <<<"$output")" 2024-02-29T12:00:00.000Z
  assert_equal "$("${CURL[@]}" "$URL/$(jq -r '.entries[3].url' <<<"$output" | cut -c3-)")" x
  files_are_fine
}

@test "filesrv http: a folder as a tar archive that tar and python read" {
  local long
  serve_web
  long=$(printf 'l%.0s' {1..200})
  mkdir -p "served/docs/$long/empty"
  printf long >"served/docs/$long/$long"
  printf odd >served/docs/$'\xff\n'
  head -c 5000000 /dev/urandom >served/docs/big
  ln -s page.html served/docs/link
  touch -d '2024-02-29 12:00:00.123456789 UTC' served/docs/page.html
  "${CURL[@]}" "$URL/docs/?tar" >docs.tar
  mkdir out && tar -C out -xf docs.tar
  rm served/docs/link
  diff -r served/docs out/docs
  assert_equal "$(stat -c %Y.%y out/docs/page.html)" "$(stat -c %Y.%y served/docs/page.html)"
  "$PYTHON" - docs.tar <<'PY'
import sys
import tarfile
with tarfile.open(sys.argv[1]) as archive:
    names = archive.getnames()
    assert "docs/big" in names and "docs/deep/file" in names, names
    assert archive.extractfile("docs/deep/file").read() == b"deep"
    assert len(archive.extractfile("docs/big").read()) == 5000000
PY
  # HTTP/1.0 has no chunks: the end of the stream is that of the archive.
  "${CURL[@]}" --http1.0 "$URL/docs/?tar" | tar -t >names
  grep -qx docs/deep/file names
  assert_equal "$(status_of --head "$URL/docs/?tar")" 200
  assert_equal "$(field Content-Type)" application/x-tar
  [[ $(field Content-Disposition) == *'filename="docs.tar"'* ]]
  files_are_fine
}

@test "filesrv http: several folders stand side by side under their names" {
  mkdir other && printf two >other/b
  start_server filesrv filesrv serve one=served two=other --listen tcp://127.0.0.1:0 --state files
  URL=http://127.0.0.1:$(port_of 1 filesrv)
  assert_equal "$("${CURL[@]}" "$URL/?json" | jq -r '.entries[].name')" $'one\ntwo'
  assert_equal "$("${CURL[@]}" "$URL/two/b")" two
  assert_equal "$(status_of "$URL/two")" 308
  assert_equal "$(status_of "$URL/three/b")" 404
  assert_equal "$(status_of "$URL/b")" 404
  files_are_fine
}

@test "filesrv http: a page of another host may not put files here" {
  serve_web --upload --page-host files.example
  local own="127.0.0.1:$PORT"
  assert_equal "$(status_of -T served/a.txt -H "Origin: http://$own" "$URL/own")" 201
  assert_equal "$(status_of -T served/a.txt -H 'Origin: http://evil.example' "$URL/x")" 403
  assert_equal "$(status_of -T served/a.txt -H 'Origin: null' "$URL/x")" 403
  # A name that was bound to our address is the page's own host, and not ours.
  assert_equal "$(status_of -T served/a.txt -H 'Host: evil.example' \
    -H 'Origin: http://evil.example' "$URL/x")" 403
  assert_equal "$(status_of -T served/a.txt -H 'Host: files.example' \
    -H 'Origin: http://files.example' "$URL/x")" 201
  files_are_fine
}

@test "filesrv http: the same over TLS" {
  serve_web --upload
  "${CURL[@]}" --insecure "https://127.0.0.1:$PORT/large" | cmp - served/large
  "${CURL[@]}" --insecure -T served/large "https://127.0.0.1:$PORT/copy"
  cmp served/large served/copy
  "${CURL[@]}" --insecure "https://127.0.0.1:$PORT/?tar" | tar -tf - >names
  grep -qx files/docs/deep/file names
  files_are_fine
}

@test "filesrv http: words as WebSocket messages, to pages of its own host alone" {
  serve_web
  "$PYTHON" "$ROOT/tests/support/web_words.py" "ws://127.0.0.1:$PORT/" served
  assert_equal "$(status_of -H 'Connection: Upgrade' -H 'Upgrade: websocket' "$URL/")" 400
  assert_equal "$(status_of -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'Sec-WebSocket-Version: 12' "$URL/")" 426
  files_are_fine
}

@test "filesrv http: a file that becomes shorter under way ends by a reset, not by a short body" {
  serve_web --client-rate 20M
  head -c 30000000 /dev/zero >served/shrinks
  ask shrinks served/shrinks
  files_are_fine
}

@test "filesrv http: a page shows 10,000 entries and tells how many more there are" {
  serve_web
  mkdir served/many
  (cd served/many && seq -w 1 10020 | xargs touch)
  assert_equal "$(status_of "$URL/many/")" 200
  assert_equal "$(grep -c '<tr class="file"' body)" 10000
  grep -q '20 more are not shown' body
  assert_equal "$(status_of "$URL/many/?json&order=desc")" 200
  assert_equal "$(jq .left_out body)" 20
  assert_equal "$(jq -r '.entries[0].name' body)" 10020
  files_are_fine
}

@test "filesrv http: a browser whose name for this server was made up elsewhere gets nothing" {
  serve_web --page-host files.example
  assert_equal "$(status_of -H 'Host: evil.example' -A 'Mozilla/5.0' "$URL/a.txt")" 421
  assert_equal "$(status_of -H 'Host: evil.example' -H 'Sec-Fetch-Site: none' "$URL/")" 421
  assert_equal "$(status_of -H 'Host: files.example' -A 'Mozilla/5.0' "$URL/a.txt")" 200
  assert_equal "$(status_of -A 'Mozilla/5.0' "$URL/a.txt")" 200
  assert_equal "$(status_of -H 'Host: any.example' "$URL/a.txt")" 200
  files_are_fine
}

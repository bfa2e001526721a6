#!/usr/bin/env bats
# The file server as nc and the original's clients see it: words in, names and bare bytes out.

load support
load auth_server

setup() {
  auth_home
  mkdir -p served/docs
  printf 'hello\n' >served/a
  head -c 3000001 /dev/urandom >served/large
  printf 'never shown' >served/late.part
  printf 'odd' >served/$'line\nfeed\xff'
}

# serve_files [ARGUMENT...]: a server of the folder `served`, named filesrv; PORT is where.
serve_files() {
  start_server filesrv filesrv serve served --listen tcp://127.0.0.1:0 --state files "$@"
  PORT=$(port_of 1 filesrv)
}

files_are_fine() {
  stop_server filesrv
  ! grep -E 'ERROR: |runtime error|WARNING: Thread' filesrv.err
}

# talk LINE...: those lines, and all that comes until the server ends the connection after quit.
talk() { printf '%s\n' "$@" quit | timeout 20 nc 127.0.0.1 "$PORT"; }

# len64 TEXT: one message of the original's clients.
len64() { printf '%-64d%s' "${#1}" "$1"; }

@test "filesrv text: get is the bytes of the file and nothing else" {
  serve_files
  talk 'get large' >got
  cmp got served/large
  talk 'get a' 'GET a' '2 a' >got
  assert_equal "$(<got)" $'hello\nhello\nhello'
  # Without quit: the end of what is sent is the end.
  printf 'get large\n' | timeout 20 nc -N 127.0.0.1 "$PORT" >got
  cmp got served/large
  files_are_fine
}

@test "filesrv text: list shows sorted names, escaped, and get takes them as shown" {
  serve_files
  run talk list
  assert_output $'a\ndocs/\nlarge\nline\\nfeed\\xff'
  assert_equal "$(talk ls)" "$output"
  assert_equal "$(talk listar_arquivos)" "$output"
  assert_equal "$(talk 1)" "$output"
  assert_equal "$(talk 'get line\nfeed\xff')" odd
  assert_equal "$(talk 'list docs')" ""
  printf x >served/docs/b
  assert_equal "$(talk 'list docs/')" b
  assert_equal "$(talk 'get docs/b')" x
  files_are_fine
}

@test "filesrv text: time, info, dados and help" {
  serve_files
  run talk time hora_atual 3
  assert_equal "$(grep -Ecx '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]' <<<"$output")" 3
  assert_equal "$(talk dados)" "Servidor online 24 horas"
  [[ -n $(talk info) ]]
  assert_equal "$(talk info)" "$(talk 4)"
  run talk help
  assert_output_matches 'enviar_arquivo NAME'
  files_are_fine
}

@test "filesrv text: the time is the machine's own" {
  TZ=NETKIT-5:30 serve_files
  local now
  now=$(TZ=NETKIT-5:30 date +%H:%M)
  run talk time
  # A minute may end between the two.
  [[ $output == "$now"* || $output == "$(TZ=NETKIT-5:30 date +%H:%M)"* ]] || fail "$output, $now"
  files_are_fine
}

@test "filesrv text: what is not there is one line that does not repeat the path" {
  serve_files
  local line
  for line in 'get secretname' 'get ../secretname' 'get docs/../secretname' 'get docs' 'get' \
    'list secretname' 'list a' 'enviar_arquivo secretname' 'secretname' 'time secretname' \
    'get secretname\q' 'get secretname\x00'; do
    run talk "$line" dados
    assert_equal "${#lines[@]}" 2
    [[ ${lines[0]} == 'netkit: '* ]] || fail "$line: ${lines[0]}"
    [[ ${lines[0]} != *secretname* ]] || fail "$line: ${lines[0]}"
    assert_equal "${lines[1]}" 'Servidor online 24 horas'
  done
  ln -s /etc/passwd served/link
  run talk 'get link'
  assert_output_matches '^netkit: '
  files_are_fine
}

@test "filesrv text: nobody is spoken to; a word, and TLS, count after a silence" {
  serve_files
  late_tls "$PORT"
  dial "$PORT"
  run read -r -t 1 -N 1 -u "$PEER" _
  ((status > 128))
  printf 'dados' >&"$PEER"
  assert_equal "$(answer 25)" 'Servidor online 24 horas'
  printf 'quit' >&"$PEER"
  assert_equal "$(answer 1)" ''
  hang_up
  files_are_fine
}

@test "filesrv text: bytes that are no line end the connection with a word, not the server" {
  serve_files
  run talk $'get \xff\xfe'
  assert_output_matches '^netkit: .*UTF-8'
  head -c 10000000 /dev/zero | tr '\0' x | timeout 20 nc -N 127.0.0.1 "$PORT" >got || true
  [[ ! -s got ]] || grep -q '^netkit: ' got
  assert_equal "$(talk dados)" 'Servidor online 24 horas'
  files_are_fine
}

@test "filesrv text: len64 clients get bare bytes, as from the original" {
  serve_files
  assert_equal "$({ len64 dados; len64 finalizar_conexao; } | timeout 20 nc 127.0.0.1 "$PORT" |
    od -An -tx1)" "$(printf 'Servidor online 24 horas' | od -An -tx1)"
  assert_equal "$({ len64 hora_atual; len64 quit; } | timeout 20 nc 127.0.0.1 "$PORT" | wc -c)" 8
  { len64 listar_arquivos; len64 quit; } | timeout 20 nc 127.0.0.1 "$PORT" >got
  printf 'a\ndocs/\nlarge\nline\\nfeed\\xff' | cmp - got
  { len64 'enviar_arquivo large'; len64 quit; } | timeout 20 nc 127.0.0.1 "$PORT" >got
  { printf large; cat served/large; } | cmp - got
  { len64 'get large'; len64 'get a'; len64 quit; } | timeout 20 nc 127.0.0.1 "$PORT" >got
  cat served/large served/a | cmp - got
  { len64 'get none'; len64 quit; } | timeout 20 nc 127.0.0.1 "$PORT" >got
  grep -q '^netkit: ' got
  assert_equal "$(wc -l <got)" 0
  files_are_fine
}

@test "filesrv text: enviar_arquivo on lines is the name on a line, then the bytes" {
  serve_files
  talk 'enviar_arquivo large' >got
  { echo large; cat served/large; } | cmp - got
  files_are_fine
}

@test "filesrv text: many clients at once, one of them idle" {
  serve_files
  dial "$PORT"
  printf 'list\n' >&"$PEER"
  local i pids=()
  for i in {1..20}; do
    talk 'get large' >"got.$i" &
    pids+=($!)
  done
  wait "${pids[@]}"
  for i in {1..20}; do cmp "got.$i" served/large; done
  hang_up
  files_are_fine
}

@test "filesrv text: several folders by name, and their list" {
  mkdir other
  printf 'of the other\n' >other/a
  start_server filesrv filesrv serve one=served two=other --listen tcp://127.0.0.1:0 --state files
  PORT=$(port_of 1 filesrv)
  assert_equal "$(talk list)" $'one/\ntwo/'
  assert_equal "$(talk 'get two/a')" 'of the other'
  assert_equal "$(talk 'list two')" a
  run talk 'get one'
  assert_output_matches '^netkit: '
  files_are_fine
}

@test "filesrv text: with --require-auth the first line is a token" {
  serve_auth
  enroll anna bert
  sign_in anna
  asked grant "$ENDPOINT" bert filesrv:read
  token=$(token_of bert)
  serve_files --require-auth "$ENDPOINT"
  run talk 'get a'
  assert_output_matches '^netkit: refused: '
  assert_equal "$(talk "/token $token" 'get a')" hello
  { len64 "/token $token"; len64 'get large'; len64 quit; } |
    timeout 20 nc 127.0.0.1 "$PORT" >got
  cmp got served/large
  files_are_fine
  nothing_broke
}

@test "filesrv text: a token is no error where none is asked for" {
  serve_files
  assert_equal "$(talk "/token nk_$(printf '%043d' 0)" 'get a')" hello
  files_are_fine
}

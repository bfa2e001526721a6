#!/usr/bin/env bats
# The file server's menu on a terminal, as somebody in front of it sees it: tmux is the terminal.

load support
load screen

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  mkdir -p served/docs
  printf 'hello\n' >served/a
  head -c 3000001 /dev/urandom >served/large
  printf 'odd' >served/$'line\nfeed'
  begin_screen
}

teardown() {
  end_screen
  end_servers
}

serve_files() {
  start_server filesrv filesrv serve served --listen "tcp://127.0.0.1:${1:-0}" --state files
  PORT=$(port_of 1 filesrv)
}

# menu: the menu in its terminal, in this folder.
menu() {
  terminal 80 filesrv menu "127.0.0.1:$PORT"
  shows '^choice: *$'
}

nothing_broke() {
  stop_server filesrv
  ! grep -E 'ERROR: |runtime error' filesrv.err
}

@test "filesrv menu: lists, fetches, tells the time and about the server, and leaves" {
  serve_files
  menu
  shows '^  1  list '
  shows '^  5  quit '
  text '1'
  keys Enter
  shows ' large$'
  shows ' line\\nfeed$'
  shows ' docs/?$'
  text '3'
  keys Enter
  shows '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$'
  text '2'
  keys Enter
  shows '^file: *$'
  text 'large'
  keys Enter
  shows '^it is here, and whole$'
  cmp large served/large
  text '4'
  keys Enter
  shows '^state online 24 hours$'
  text '5'
  keys Enter
  shows '^ended with 0$'
  shows '^ echo'
  nothing_broke
}

@test "filesrv menu: nonsense is refused with a sentence, and asked again" {
  serve_files
  menu
  text '7'
  keys Enter
  shows 'there is no such choice: type a number from 1 to 5'
  text 'hello'
  keys Enter
  shows '^choice: *$'
  text '2 ../etc/passwd'
  keys Enter
  shows '^cannot .*not a valid message'
  text '2 nowhere'
  keys Enter
  shows '^cannot fetch nowhere: '
  text '2 docs'
  keys Enter
  shows '^cannot fetch docs: '
  text '2 line\nfeed'
  keys Enter
  shows '^it is here, and whole$'
  assert_equal "$(<$'line\nfeed')" odd
  text '2 line\nfeed'
  keys Enter
  shows 'File exists'
  keys C-d
  shows '^ended with 0$'
  nothing_broke
}

@test "filesrv menu: lines are edited, names are completed once they were listed" {
  serve_files
  menu
  text '1'
  keys Enter
  shows ' large$'
  text '2 lar'
  keys Tab
  shows '^choice: 2 large *$'
  keys C-u
  text 'ti'
  keys Home
  text 'x'
  keys DC DC
  keys C-u
  text '1 docs'
  keys Enter
  shows 'there are no files'
  keys Up
  shows '^choice: 1 docs$'
  keys C-c
  shows '^choice: *$'
  keys C-c
  shows '\^C again leaves'
  keys C-c
  shows '^ended with 130$'
  nothing_broke
}

@test "filesrv menu: the server's death is told at once, with exit code 3" {
  serve_files
  menu
  kill -KILL "$(server_pid filesrv)"
  shows '^netkit filesrv: cannot go on: the other side closed the connection'
  shows '^ended with 3$'
  shows '^ echo'
}

@test "filesrv menu: somebody may think for longer than an answer may take" {
  serve_files
  terminal 80 filesrv menu "127.0.0.1:$PORT" --timeout 1s
  shows '^choice: *$'
  read -rt 3 <> <(:) || true
  text '3'
  keys Enter
  shows '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$'
  text '5'
  keys Enter
  shows '^ended with 0$'
  nothing_broke
}

@test "filesrv menu: a server that hangs is told, too" {
  serve_files
  terminal 80 filesrv menu "127.0.0.1:$PORT" --timeout 1s
  shows '^choice: *$'
  kill -STOP "$(server_pid filesrv)"
  text '3'
  keys Enter
  shows '^ended with 6$'
  kill -CONT "$(server_pid filesrv)"
  nothing_broke
}

@test "filesrv menu: without a terminal it says what scripts use" {
  run_netkit filesrv menu 127.0.0.1:1 </dev/null
  assert_status 2
  refute_output
  assert_stderr_matches 'netkit filesrv ls'
}

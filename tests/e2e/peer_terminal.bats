#!/usr/bin/env bats
# An interactive peer, as somebody in front of it sees it: tmux is the terminal, its text the
# screen.

load support
load peers
load screen

setup() {
  private_home
  own_group
  cd "$BATS_TEST_TMPDIR"
  begin_screen
}

teardown() {
  end_screen
  end_servers
}

@test "peer terminal: messages come and go, above the line that is being typed" {
  start_presenced
  start_listener ana "${DAEMON[@]}"
  assert_state online ana "${DAEMON[@]}"
  terminal 100 peer --name bert "${DAEMON[@]}"
  shows '\* the presence daemon at tcp://127\.0\.0\.1:[0-9]+ tells who is here$'
  shows '\* ana is here; /help lists commands$'
  shows '^bert> *$'
  text '/msg ana hello wörld'; keys Enter
  shows '^[0-2][0-9]:[0-5][0-9] bert -> ana: hello wörld$'
  wait_for_line "$SERVER_DIR/ana.out" '^bert: hello wörld$'
  text 'and to the same'; keys Enter
  shows 'bert -> ana: and to the same$'
  text 'half a li'
  run_netkit -q peer send bert 'are you there?' --name carl "${DAEMON[@]}"
  assert_status 0
  shows '^[0-2][0-9]:[0-5][0-9] carl: are you there\?$'
  shows '^bert> half a li$'
  keys C-u
  shows '^bert> *$'
  keys C-d
  shows '^ended with 0$'
  shows '^ echo'
  assert_state left bert "${DAEMON[@]}"
  assert_equal "$(stat -c %a "$XDG_STATE_HOME/netkit/peer/typed")" 600
  stop_server ana
  stop_server presenced
}

@test "peer terminal: who comes, goes and is away is told; Tab completes names, also with spaces" {
  start_presenced
  terminal 100 peer --name bert "${DAEMON[@]}"
  shows '\* nobody else is here; /help lists commands$'
  start_listener 'Ana María' "${DAEMON[@]}"
  shows '\* Ana María is here$'
  text '/m'; keys Tab
  shows '^bert> /msg *$'
  text 'A'; keys Tab
  shows '^bert> /msg Ana María *$'
  text 'hi'; keys Enter
  shows 'bert -> Ana María: hi$'
  text '/list'; keys Enter
  shows '^NAME +ADDRESS +STATE +SINCE'
  shows '^Ana María +[^ ]+:[0-9]+ +online '
  text '/why Ana María'; keys Enter
  shows '^Ana María is online: last heard'
  text '/away'; keys Enter
  assert_state away bert "${DAEMON[@]}"
  text '/back'; keys Enter
  assert_state online bert "${DAEMON[@]}"
  stop_server 'Ana María'
  shows '\* Ana María has left$'
  text 'too late'; keys Enter
  shows 'cannot send to Ana María: it has left$'
  text '/msg nobody hi'; keys Enter
  shows 'cannot find a peer called nobody'
  text '/nonsense'; keys Enter
  shows '/help lists commands$'
  text '/quit'; keys Enter
  shows '^ended with 0$'
  stop_server presenced
}

@test "peer terminal: without a daemon it says so, and ^C twice leaves with 130" {
  terminal 100 peer --name bert "${NO_DAEMON[@]}"
  shows '\* no presence daemon: heard directly$'
  shows '^bert> *$'
  start_listener ana "${NO_DAEMON[@]}"
  shows '\* ana is here$'
  text '/msg ana direct'; keys Enter
  wait_for_line "$SERVER_DIR/ana.out" '^bert: direct$'
  stop_server ana
  shows '\* ana has left$'
  text 'never said'
  keys C-c
  shows '^bert> *$'
  keys C-c
  shows '^ended with 130$'
}

@test "peer terminal: SIGTERM leaves, with the terminal as it was" {
  start_presenced
  terminal 100 peer --name bert "${DAEMON[@]}"
  shows '^bert> *$'
  kill -TERM "$(program_pid)"
  shows '^ended with 0$'
  shows '^ echo'
  assert_state left bert "${DAEMON[@]}"
  stop_server presenced
}

@test "peer terminal: control characters of others do not reach the terminal" {
  terminal 100 peer --name bert --listen 127.0.0.1:0 "${NO_DAEMON[@]}"
  shows '^bert> *$'
  local port
  port=$(screen | grep -Eo 'endpoint=[^ ]+' | grep -Eo '[0-9]+$')
  run_netkit -q peer send "127.0.0.1:$port" $'\e[2J\e]0;title\a evil' --name carl
  assert_status 0
  shows 'carl: .x1b\[2J.x1b\]0;title.x07 evil$'
}

#!/usr/bin/env bats
# chat on a terminal, as somebody in front of it sees it: tmux is the terminal, its text the screen.

load support
load relay_server
load screen

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  begin_screen
}

teardown() {
  end_screen
  end_servers
}

@test "chat terminal: a line is typed, said, and appears above the prompt with the time" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  text 'hello wörld'
  shows '^lobby> hello wörld$'
  keys Enter
  shows '^[0-2][0-9]:[0-5][0-9] anna: hello wörld$'
  shows '^lobby> *$'
  keys C-d
  shows '^ended with 0$'
  shows '^ echo'
  nothing_broke a
}

@test "chat terminal: what others say comes above a line that is being typed, also a wrapped one" {
  serve_relay a
  terminal 40 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  text 'a line that is longer than forty-two columns, ö in it, three rows of it at the end'
  shows '^t the end *$'
  run_netkit chat "127.0.0.1:$(port_of 1 a)" --nick bert <<<$'hi anna\nsecond'
  assert_status 0
  shows 'bert: second$'
  screen >seen
  # Once each, in order, the line whole below them.
  assert_equal "$(grep -c 'bert: ' seen)" 2
  assert_equal "$(grep -A9 '^lobby> ' seen | tr -d '\n' | sed 's/ *$//')" \
    'lobby> a line that is longer than forty-two columns, ö in it, three rows of it at the end'
  keys C-u
  shows '^lobby> *$'
  nothing_broke a
}

@test "chat terminal: editing keys, history by arrows, completion by Tab" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  text 'wrld'
  keys Left Left Left
  text 'o'
  keys Home
  text 'my '
  keys End DC
  text '!'
  keys Enter
  shows 'anna: my world!$'
  keys Up
  shows '^lobby> my world!$'
  keys C-c
  shows '^lobby> *$'
  text '/wh'
  keys Tab
  shows '^lobby> /who$'
  keys C-u
  text 'an'
  keys Tab
  shows '^lobby> anna: *$'
  keys Escape
  text 'x'
  keys C-d
  keys C-u C-d
  shows '^ended with 0$'
  # What was typed is there again the next time, for nobody else.
  assert_equal "$(stat -c %a "$XDG_STATE_HOME/netkit/chat/typed")" 600
  nothing_broke a
}

@test "chat terminal: /who, /rooms, /join, /msg, /nick, /history, /part, /help, DISCONNECT" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  client bert "$(port_of 1 a)"
  tell bert "/nick bert"
  hears bert 'you are bert'
  text '/who'; keys Enter
  shows '^  bert  at a, in lobby$'
  text '/msg bert psst'; keys Enter
  hears bert 'anna -> bert: psst'
  shows 'anna -> bert: psst$'
  text '/msg nobody psst'; keys Enter
  shows 'not sent: '
  text '/join kitchen'; keys Enter
  shows '^kitchen> *$'
  text 'dinner'; keys Enter
  shows '\[kitchen\] anna: dinner$'
  text '/rooms'; keys Enter
  shows '^  kitchen  1$'
  text '/part'; keys Enter
  shows '^lobby> *$'
  text '/nick eve'; keys Enter
  shows 'you are called eve now$'
  text '/nonsense'; keys Enter
  shows 'try: /help'
  tell bert "see you"
  shows 'bert: see you$'
  leave bert
  shows '\* bert left'
  text '/history 5'; keys Enter
  shows 'bert: see you$'
  text DISCONNECT; keys Enter
  shows '^ended with 0$'
  nothing_broke a
}

@test "chat terminal: ^C clears the line, and twice leaves with 130" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)"
  shows '^lobby> *$'
  text 'never said'
  keys C-c
  shows '^lobby> *$'
  shows_not 'ended with'
  keys C-c
  shows '^ended with 130$'
  shows '^ echo'
  nothing_broke a
}

@test "chat terminal: a lost relay is told, what is typed meanwhile is said once it is back" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  crash_relay a
  shows '\* lost the relay at '
  text 'meanwhile'; keys Enter
  shows 'it is sent once there is a relay again'
  serve_again a
  shows 'connected again, to relay a as anna$'
  shows 'anna: meanwhile$'
  assert_equal "$(screen | grep -c 'anna: meanwhile')" 1
  nothing_broke a
}

@test "chat terminal: control characters of others do not reach the terminal" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  printf '\e[2J\e]0;title\a evil\n' | run_netkit chat "127.0.0.1:$(port_of 1 a)" --nick bert
  shows 'bert: .x1b\[2J.x1b\]0;title.x07 evil$'
  nothing_broke a
}

@test "chat terminal: ^Z stops it with the terminal as it was, fg goes on with the line" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  text 'half a line'
  shows 'half a line$'
  keys C-z
  shows 'Stopped|ended with 148'
  nothing_broke a
}

@test "chat terminal: a window that changes its width redraws the line" {
  serve_relay a
  terminal 80 chat "127.0.0.1:$(port_of 1 a)" --nick anna
  shows '^lobby> *$'
  text 'typed before'
  shows 'typed before$'
  tmux -L screen resize-window -x 50 -y 16
  text ' and after'
  shows '^lobby> typed before and after$'
  keys Enter
  shows 'anna: typed before and after$'
  nothing_broke a
}

@test "chat terminal: log lines come above the line that is being typed, too" {
  serve_relay a
  terminal 100 chat "127.0.0.1:$(port_of 1 a)" --nick anna -vv
  shows '^lobby> *$'
  text 'half a line'
  shows '^lobby> half a line$'
  crash_relay a
  shows 'chat: disconnect endpoint='
  shows '^lobby> half a line$'
  serve_again a
  shows 'connected again, to relay a as anna$'
  screen >seen
  # The prompt once, at the end, and each line of the log from its beginning.
  assert_equal "$(grep -v '^ *$' seen | tail -n 1 | sed 's/ *$//')" 'lobby> half a line'
  assert_equal "$(grep -c 'half a line' seen)" 1
  ! grep -E 'half.* chat: |lobby>.* chat: ' seen || fail 'a line of the log follows the prompt'
  keys Enter
  shows 'anna: half a line$'
  nothing_broke a
}

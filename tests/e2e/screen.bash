# A terminal and somebody in front of it, for tests of what is typed and shown: tmux. Loaded after
# support.bash.

begin_screen() {
  command -v tmux >/dev/null || fail "tmux is not there"
  export TMUX_TMPDIR=$BATS_TEST_TMPDIR TZ=UTC
  unset TMUX
}

# Returns once it is gone: the next one would take it for its own, and go with it.
end_screen() {
  local server
  server=$(tmux -L screen display-message -p '#{pid}' 2>/dev/null) || return 0
  tmux -L screen kill-server 2>/dev/null || true
  wait_for_exit "$server" 10
}

# terminal COLUMNS ARGUMENT...: $NETKIT ARGUMENT... in a shell in a terminal of that width. It says
# when it ended, and how the terminal was left.
terminal() {
  local columns=$1 part line="TERM=xterm-256color $NETKIT"
  shift
  for part; do line+=" $(printf %q "$part")"; done
  tmux -L screen -f /dev/null new-session -d -x "$columns" -y 16 \
    "bash --norc -ic 'PS1=; $line; echo \"ended with \$?\"; stty -a | grep -o \" [-]*echo \"
      cat'" 3>&-
}

keys() { tmux -L screen send-keys "$@"; }
text() { tmux -L screen send-keys -l "$1"; }
screen() { tmux -L screen capture-pane -p; }

# program_pid: of $NETKIT in it.
program_pid() { pgrep -P "$(tmux -L screen list-panes -F '#{pane_pid}')" | head -1; }

# shows REGEX: until a line of the screen is like that.
shows() {
  local i
  for i in {1..200}; do
    screen | grep -Eq -- "$1" && return 0
    read -rt 0.05 <> <(:) || true
  done
  fail "the screen never showed: $1" "$(screen)"
}

shows_not() { ! screen | grep -E -- "$1" || fail "the screen shows: $1"; }

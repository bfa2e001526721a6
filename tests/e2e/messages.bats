#!/usr/bin/env bats
# What all commands say alike when something is wrong: one line on stderr, "netkit COMMAND: cannot
# ATTEMPT: CAUSE", and the exit codes of the interface. How each command goes on is in its own file.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  echo 'correct horse battery staple' >password
  printf 'nk_%043d\n' 0 >token
}

# clients ENDPOINT: a line each, how every kind of client is told to talk to what is there.
clients() {
  cat <<LINES
echo send $1 hello
echo ping $1 --count 1
echo bench $1 --duration 200ms
echo compare $1 --count 1
auth hello $1
auth login $1 --user anna --password-file password
auth users $1 --token-file token
shutdown-server list --server $1 --token-file token
shutdown-agent enrol $1 --code x --state agent
relay kick anna --server $1 --token-file token
chat $1 --listen-only --expect 1
peer list --presenced $1 --no-multicast
peer send anna hello --presenced $1 --no-multicast
filesrv ls $1
filesrv get $1 a
filesrv put $1 password
filesrv info $1
LINES
}

# each_says CODE CAUSE ENDPOINT [ARGUMENT...]: so ends every client, and so reads what it says.
each_says() {
  local code=$1 cause=$2 line wrong=''
  while read -r line; do
    # shellcheck disable=SC2086 # words are words
    run_netkit -q $line "${@:4}" </dev/null
    # What was measured, even nothing, is data.
    [[ $line != echo\ [pc]* ]] || output=''
    [[ $status == "$code" && -z $output && $stderr != *$'\n'* &&
      $stderr =~ ^"netkit ${line%% *}: cannot "[^:].*": "$cause ]] ||
      wrong+="$line: $status: $stderr"$'\n'
  done < <(clients "$3")
  [[ -z $wrong ]] || fail "expected $code and: $cause" "$wrong"
}

@test "messages: nobody listens: 3, and what was refused" {
  each_says 3 '(Connection refused|No such file or directory) \(' 127.0.0.1:1
}

@test "messages: a name that nobody has: 3, and that it is the name" {
  each_says 3 'host name not found \(' nobody.invalid
}

@test "messages: no answer: 6, and whose" {
  hold_port
  each_says 6 'timed out' "127.0.0.1:$TAKEN_PORT" --timeout 200ms
}

@test "messages: a server that only sends back: 5, and which one it is" {
  local words at
  start_server echo echo serve --listen tcp://127.0.0.1:0
  at=$(endpoint_of 1 echo)
  for words in "filesrv ls $at" "filesrv get $at a" "filesrv put $at password"; do
    # shellcheck disable=SC2086 # words are words
    run_netkit -q $words
    assert_status 5
    assert_stderr_matches "cannot find a file server at $at: .*is it netkit filesrv"
  done
  stop_server echo
}

@test "messages: no endpoint, an unknown option, a value that is none: 2, and which" {
  each_says 2 "the port is not a number" 127.0.0.1:99999
  each_says 2 "see --help" 127.0.0.1:1 --nope
  each_says 2 "write it like 250ms, 5s" 127.0.0.1:1 --timeout soon
}

@test "messages: a file that is not there: 1, and its name" {
  local line
  while read -r line; do
    # shellcheck disable=SC2086 # words are words
    run_netkit -q $line
    [[ $status == 1 && $stderr =~ ^"netkit ${line%% *}: cannot ".*none": No such file" ]] ||
      fail "$line: $status: $stderr"
  done <<'LINES'
auth login 127.0.0.1:1 --user anna --password-file none
auth users 127.0.0.1:1 --token-file none
chat 127.0.0.1:1 --token-file none
filesrv ls 127.0.0.1:1 --token-file none
shutdown-agent enrol 127.0.0.1:1 --code-file none --state agent
shutdown-server order --plan none --state state
echo serve --listen tls://127.0.0.1:0 --tls-cert none --tls-key none
relay --link 127.0.0.1:1 --link-token-file none --listen tcp://127.0.0.1:0 --state relay
presenced run --link 127.0.0.1:1 --link-token-file none --listen tcp://127.0.0.1:0 --state daemon
filesrv serve none
LINES
  run_netkit --config none echo ping
  assert_status 2
}

@test "messages: a command is named where it is known, and its required options" {
  run_netkit echo nope
  assert_status 2
  assert_stderr_matches "^netkit echo: cannot take 'nope' as a verb: "
  run_netkit auth login
  assert_status 2
  assert_stderr_matches '^netkit auth: cannot go on without --user: '
  NETKIT_AUTH_USER=anna run_netkit auth login 127.0.0.1:1 --password-file password
  assert_status 3
  run -127 --separate-stderr netkit nope
  assert_stderr_matches "^netkit: cannot run 'nope': "
}

# Tab on a real terminal, for tests of completion (`load tab`).

# type_tab SHELL START LINE EXPECTED: in SHELL on a terminal, after START, LINE and Tab show
# EXPECTED within ten seconds.
type_tab() {
  command -v expect >/dev/null || fail "expect is not there"
  TYPED=$3 EXPECTED=$4 START=$2 TERM=vt100 timeout 60 expect -c '
    set timeout 10
    log_user 0
    eval spawn -noecho '"$1"'
    proc await {pattern} {
      expect -re $pattern {} timeout { puts "no $pattern in: $expect_out(buffer)"; exit 1 } eof {
        puts "ended: $expect_out(buffer)"; exit 1 }
    }
    send -- "$env(START); echo rea\"\"dy\r"
    await "ready\r\n"
    send -- "$env(TYPED)\t"
    await $env(EXPECTED)
    send "\003"
    send "exit\r"
    expect eof' 3>&-
}

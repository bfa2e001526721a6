# The rungs of `./dev test`: each is a function whose output is kept in build/test/RUNG.log and
# whose test cases are counted there. Sourced by dev; uses what dev has.

RUNGS="format tidy build unit net e2e interop fuzz-smoke tsan static lab"
LOGS=${NETKIT_TEST_LOGS:-build/test}
BATS_LIMIT_S=1800
LAB_LIMIT_S=${NETKIT_LAB_FULL:+3600}
LAB_LIMIT_S=${LAB_LIMIT_S:-300}

# sets_of RUNG: the package sets that it needs.
sets_of() {
  case $1 in
    format) echo format ;;
    tidy) echo shell ;;
    build | unit | net | program) echo build unit ;;
    e2e) echo build unit shell ;;
    interop | bats) echo build unit shell interop ;;
    fuzz-smoke) echo build fuzz ;;
    tsan) echo build unit shell ;;
    static) echo build unit lab ;;
    lab | script) echo build unit lab release ;;
  esac
}

# One test case: every C++ file of ours is as .clang-format says.
rung_format() {
  local said
  if said=$(find src commands tests -name '*.[ch]pp' -print0 |
    xargs -0 -r clang-format-14 --dry-run -Werror 2>&1); then
    echo "ok 1 format: clang-format has no change"
    return
  fi
  echo "not ok 1 format: clang-format has no change"
  echo "# run: clang-format-14 -i" $(sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error.*/\1/p' <<<"$said" |
    sort -u)
  return 1
}

rung_tidy() { run_bats tests/tidy; }

rung_build() {
  built dev
  echo "ok 1 build: the dev preset compiles without a warning"
}

rung_unit() {
  built dev
  run_programs dev '^unit'
}

rung_net() {
  built dev
  run_programs dev '^net'
}

rung_e2e() {
  built dev
  run_bats tests/e2e
}

rung_interop() {
  built dev
  run_bats tests/interop
}

rung_fuzz-smoke() {
  built fuzz
  FUZZ_SECONDS=10 run_fuzzers ''
}

# The unit and net programs that have threads, and the shell tests that are marked
# `# bats test_tags=tsan`.
rung_tsan() {
  built tsan
  local failed=0
  run_programs tsan . || failed=1
  NETKIT=$ROOT/build/tsan/netkit run_bats --filter-tags tsan tests/e2e || failed=1
  return "$failed"
}

rung_static() {
  built static
  timeout -k 10 "$LAB_LIMIT_S" tests/lab/static
}

rung_lab() {
  built dev
  built static
  source tests/support/release.bash
  last_release
  at_once lab_one $(lab_scripts)
}

lab_one() { timeout -k 10 "$LAB_LIMIT_S" "tests/lab/$1"; }

# The rungs behind `./dev test NAME` for a bats file, a test program and a lab script; NAMED is set.
rung_bats() {
  built dev
  run_bats "$NAMED"
}

rung_program() {
  built dev
  run_programs dev "^$NAMED\$"
}

rung_script() {
  ! wants_static "${NAMED##*/}" || built static
  [[ $NAMED != tests/lab/upgrade ]] || { source tests/support/release.bash && last_release; }
  [[ $NAMED == tests/lab/static ]] || built dev
  timeout -k 10 "$LAB_LIMIT_S" "$NAMED"
}

# built PRESET: builds it, at most once a run: a second rung must not repeat a long failure.
built() {
  local mark=$LOGS/$1.built
  (
    flock 9
    [[ -e $mark ]] || { build "$1" && echo yes || echo no; } >"$mark"
  ) 9>"$LOGS/$1.lock"
  [[ $(<"$mark") == yes ]] || { echo "the $1 build failed" && return 1; }
}

# build_ahead PRESET...: builds them in the background with what the tests of another preset leave
# of the processors: those wait for clocks and sockets more than they compute.
build_ahead() {
  (
    renice -n 19 "$BASHPID"
    local preset
    for preset; do built "$preset" || true; done  # The rung that needs it says why.
  ) >"$LOGS/ahead.log" 2>&1 </dev/null &
  trap "pkill -P $! 2>/dev/null || true" EXIT
}

# run_programs PRESET REGEX: the doctest programs of that build, through ctest, one a processor.
# ThreadSanitizer of this compiler does not know the address layouts of kernels that randomise more
# than 28 bits.
run_programs() {
  local fixed=()
  (($(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28) <= 28)) || fixed=(setarch -R)
  TSAN_OPTIONS=halt_on_error=1 "${fixed[@]}" \
    ctest --test-dir "build/$1" -V -j "$(nproc)" -R "$2" --timeout 300 --no-tests=error
}

# run_bats ARGUMENT...: one bounded run, a file a processor; each test has two minutes.
run_bats() {
  BATS_TEST_TIMEOUT=120 timeout -k 10 "$BATS_LIMIT_S" \
    bats --formatter tap --jobs "$(nproc)" --no-parallelize-within-files "$@"
}

# at_once COMMAND WORD...: COMMAND WORD for each, one a processor, each with its output in a piece
# and in that order. 1 if one of them failed.
at_once() {
  local command=$1 word failed=0
  local -A running=()
  shift
  for word; do
    while (($(jobs -rp | wc -l) >= $(nproc))); do sleep 0.2; done
    rm -f "$LOGS/$command-$word.code"
    (
      code=0
      "$command" "$word" >"$LOGS/$command-$word.log" 2>&1 </dev/null || code=$?
      echo "$code" >"$LOGS/$command-$word.code"
    ) &
    running[$word]=$!
  done
  for word; do
    # Its code is in the file: bash forgets that of a process whose number another one gets.
    wait "${running[$word]}" 2>/dev/null || true
    [[ $(cat "$LOGS/$command-$word.code") == 0 ]] || failed=1
    echo "# $command $word"
    cat "$LOGS/$command-$word.log"
  done
  return "$failed"
}

# run_fuzzers NAME: that fuzzer, or all, for FUZZ_SECONDS each, one a processor; TAP. The seeds are
# only read: what is found goes to build/fuzz/corpus, an input that crashes to build/fuzz/crashes.
run_fuzzers() {
  local program names=()
  for program in build/fuzz/tests/fuzz_${1:-*}; do
    [[ ! -f $program || ! -x $program ]] || names+=("${program##*/fuzz_}")
  done
  ((${#names[@]})) || { echo "no fuzzer ${1:-at all} in build/fuzz/tests" && return 1; }
  mkdir -p "$LOGS" build/fuzz/crashes
  at_once fuzz_one "${names[@]}"
}

fuzz_one() {
  local program=build/fuzz/tests/fuzz_$1 corpus=("build/fuzz/corpus/$1") dictionary=()
  mkdir -p "${corpus[0]}"
  [[ ! -d tests/fuzz/corpus/$1 ]] || corpus+=("tests/fuzz/corpus/$1")
  [[ ! -f tests/fuzz/$1.dict ]] || dictionary=("-dict=tests/fuzz/$1.dict")
  if timeout -k 10 "$((FUZZ_SECONDS + 120))" "$program" "${dictionary[@]}" -timeout=10 \
    -rss_limit_mb=2048 -max_total_time="$FUZZ_SECONDS" -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$1-" "${corpus[@]}" >"$program.log" 2>&1; then
    echo "ok 1 fuzz $1: $(grep -a '^Done' "$program.log")"
  else
    echo "not ok 1 fuzz $1: see $program.log"
    tail -n 40 "$program.log" | sed 's/^/# /'
    return 1
  fi
}

# count_cases LOG: "PASSED FAILED SKIPPED" over TAP lines and doctest's totals. A program that ctest
# calls failed although its cases passed (a leak, a crash, a time limit) is one failed case.
count_cases() {
  awk '
    /^ok [0-9]+/ { if (/# skip/) skipped++; else passed++ }
    /^not ok [0-9]+/ { failed++ }
    /^([0-9]+: )?\[doctest\] test cases:/ {
      split($0, field, "|")
      program = $1
      passed += field[2] + 0
      failed += field[3] + 0
      failed_in[program] = field[3] + 0
    }
    / Test +#[0-9]+: .*(\*\*\*|Not Run)/ {
      match($0, /#[0-9]+:/)
      program = substr($0, RSTART + 1, RLENGTH - 1)
      if (!failed_in[program]) failed++
    }
    END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# show_failure LOG: the part of the log that a person needs first.
show_failure() {
  if grep -q '^not ok' "$1"; then
    awk '/^ok /{ on = 0 } /^not ok /{ on = 1 } on' "$1" | head -n 150
  elif grep -Eq 'ERROR: |runtime error: |\*\*\*' "$1"; then
    grep -E -B 8 -A 12 'ERROR: |runtime error: |\*\*\*' "$1" | head -n 150
  else
    tail -n 60 "$1"
  fi | sed 's/^/    /'
}

# run_rung NAME: runs it, prints its line, adds its cases to PASSED and FAILED.
run_rung() {
  local name=$1 log=$LOGS/$1.log begin=$EPOCHREALTIME code passed failed skipped
  set +e
  (
    set -e
    "rung_$name"
  ) >"$log" 2>&1 </dev/null
  code=$?
  set -e
  read -r passed failed skipped < <(count_cases "$log")
  if ((passed + failed + code == 0)); then echo "no test ran in this rung" >>"$log"; fi
  if ((failed == 0 && (code != 0 || passed == 0))); then failed=1; fi
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
  awk -v name="${NAMED:-$name}" -v passed="$passed" -v failed="$failed" -v skipped="$skipped" \
    -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN {
      printf "%-12s %4d passed, %d failed%s  %.1f s\n", name, passed, failed,
             skipped ? ", " skipped " skipped" : "", end - begin }'
  if ((skipped)); then grep '^ok .*# skip' "$log" | sed 's/^/    /'; fi
  ((failed == 0)) || show_failure "$log"
}

# run_rungs NAME...: all of them, whatever fails, then the closing line.
run_rungs() {
  local name sets=
  for name; do sets+=" $(sets_of "$name")"; done
  need $sets
  mkdir -p "$LOGS"
  rm -f "$LOGS"/*.built
  PASSED=0 FAILED=0
  for name; do
    run_rung "$name"
    [[ $name != build || $# -eq 1 ]] || build_ahead fuzz tsan static
  done
  echo "$PASSED passed, $FAILED failed"
  ((FAILED == 0))
}

# test_rungs [NAME]: what `./dev test` does.
test_rungs() {
  local name=${1-} file
  if [[ -z $name ]]; then
    run_rungs $RUNGS
  elif [[ " $RUNGS " == *" $name "* ]]; then
    run_rungs "$name"
  elif file=$(first_file "$name" tests/*/"${name%.bats}.bats") && [[ $file == *.bats ]]; then
    NAMED=$file run_rungs bats
  elif [[ -x tests/lab/$name ]]; then
    NAMED=tests/lab/$name run_rungs script
  elif [[ $name =~ ^(unit_[a-z0-9_]+|net[a-z0-9_]*)$ ]]; then
    NAMED=${name%_tests} run_rungs program
  else
    die "no rung, bats file, test program or lab script $name; the rungs are: $RUNGS" 2
  fi
}

first_file() {
  local path
  for path; do
    if [[ -f $path ]]; then
      echo "$path"
      return 0
    fi
  done
  return 1
}

#!/usr/bin/env bats
# Shows that each rule of check.py can fail: a small clean tree passes every rule, then one
# violation is planted and must be found, on its line.

setup() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/src/{base,wire,config,net} "$tree"/commands/{echo,auth} "$tree"/tests/unit
  plant src/main.cpp '// The entry.' '#include "commands/table.hpp"' 'int main() { return 0; }'
  plant src/base/error.hpp '// Errors.' 'namespace netkit { enum class E { a, b }; }'
  plant src/wire/frame.hpp '// Frames.' '#include "base/error.hpp"'
  plant src/config/file.cpp '// Reads.' '#include <toml++/toml.h>' '#include "base/error.hpp"'
  plant src/net/stream.hpp '// Streams.' '#include <asio.hpp>' '#include "wire/frame.hpp"'
  plant commands/table.hpp '// All.' '#include "commands/echo/echo.hpp"'
  plant commands/echo/echo.hpp '// Echo.' '#include "net/stream.hpp"'
  plant commands/auth/auth.hpp '// Auth.' '#include "net/stream.hpp"'
}

# plant FILE LINE...: writes FILE in the seeded tree.
plant() {
  local file=$1
  shift
  mkdir -p "$(dirname "$tree/$file")"
  printf '%s\n' "$@" >"$tree/$file"
}

check() { /usr/bin/python3 "$BATS_TEST_DIRNAME/check.py" "$@"; }

# refuses RULE PLACE: the rule finds exactly one violation, at PLACE (FILE:LINE).
refuses() {
  run check "$1" "$tree"
  [[ $status == 1 && ${#lines[@]} == 1 && ${lines[0]} == "$2: "* ]] || {
    printf 'expected one violation at %s, got %s:\n%s\n' "$2" "$status" "$output"
    return 1
  }
}

# many N LINE: the same line N times, as arguments for plant.
many() { mapfile -t repeated < <(yes "$2" | head -n "$1"); }

@test "seeded: the clean tree passes every rule" {
  local rule
  for rule in $(check --list); do check "$rule" "$tree"; done
}

@test "seeded: refuses layers that include upwards" {
  plant src/wire/frame.hpp '// Frames.' '#include "net/stream.hpp"'
  refuses layers src/wire/frame.hpp:2
}

@test "seeded: refuses layers that include a sibling" {
  plant src/wire/frame.hpp '// Frames.' '' '#include "config/file.hpp"'
  refuses layers src/wire/frame.hpp:3
}

@test "seeded: refuses layers that include a command" {
  plant src/net/stream.hpp '// Streams.' '#include "commands/table.hpp"'
  refuses layers src/net/stream.hpp:2
}

@test "seeded: refuses layers where one command includes another" {
  plant commands/auth/auth.hpp '// Auth.' '#include "commands/echo/echo.hpp"'
  refuses layers commands/auth/auth.hpp:2
}

@test "seeded: refuses layers with an include that is no full path" {
  plant commands/echo/echo.cpp '// Echo.' '#include "echo.hpp"'
  refuses layers commands/echo/echo.cpp:2
}

@test "seeded: refuses layers that nobody placed" {
  plant src/extra/thing.hpp '// A thing.'
  refuses layers src/extra/thing.hpp:1
}

@test "seeded: refuses libraries outside their layer: CLI11" {
  plant commands/echo/echo.cpp '// Echo.' '#include <CLI/CLI.hpp>'
  refuses libraries commands/echo/echo.cpp:2
}

@test "seeded: refuses libraries outside their layer: Asio" {
  plant src/wire/frame.hpp '// Frames.' '#include <asio/buffer.hpp>'
  refuses libraries src/wire/frame.hpp:2
}

@test "seeded: refuses libraries that are included twice: toml++" {
  plant src/config/again.cpp '// Reads.' '#include <toml++/toml.h>'
  refuses libraries src/config/again.cpp:2
}

@test "seeded: refuses purpose missing, and purpose too long" {
  plant src/base/error.hpp '#pragma once'
  refuses purpose src/base/error.hpp:1
  many 5 '// A line.'
  plant src/base/error.hpp "${repeated[@]}"
  refuses purpose src/base/error.hpp:1
}

@test "seeded: refuses purpose missing in a script" {
  plant tests/e2e/echo.bats '#!/usr/bin/env bats' 'load support'
  refuses purpose tests/e2e/echo.bats:1
}

@test "seeded: refuses columns beyond 100" {
  plant src/base/error.hpp '// Errors.' "$(printf '// %098d' 0)"
  refuses columns src/base/error.hpp:2
}

@test "seeded: refuses commands longer than 400 lines" {
  many 401 '// A line.'
  plant commands/echo/echo.cpp "${repeated[@]}"
  refuses commands commands/echo/echo.cpp:401
}

@test "seeded: refuses functions longer than 70 lines" {
  many 69 '  call();'
  plant src/base/long.cpp '// Long.' 'namespace netkit {' 'int f() {' "${repeated[@]}" '}' '}'
  refuses functions src/base/long.cpp:3
}

@test "seeded: refuses functions longer than 70 lines behind member initializers" {
  many 69 '  call();'
  plant src/base/long.cpp '// Long.' 'class Frame {' ' public:' \
    '  Frame(int a, Options b = {}) : a_{a}, b_{std::move(b)} {' "${repeated[@]}" '  }' '};'
  refuses functions src/base/long.cpp:3
}

@test "seeded: refuses functions longer than 70 lines behind braces in text" {
  many 66 '  call();'
  plant src/base/long.cpp '// Long.' 'const char* brace = "{"; // {' \
    'template <typename T>' 'Result<T> f(T t) noexcept {' "  use('{', R\"(})\");" \
    "${repeated[@]}" '}'
  check functions "$tree"
  many 67 '  call();'
  plant src/base/long.cpp '// Long.' 'const char* brace = "{"; // {' \
    'template <typename T>' 'Result<T> f(T t) noexcept {' "  use('{', R\"(})\");" \
    "${repeated[@]}" '}'
  refuses functions src/base/long.cpp:3
}

@test "seeded: a class of many short functions is not one long function" {
  many 100 '  int f() const { return 0; }'
  plant src/base/wide.hpp '// Wide.' 'struct Wide {' "${repeated[@]}" '};'
  check functions "$tree"
}

@test "seeded: refuses words that detach, sleep or run a shell" {
  local word
  for word in 'asio::detached' 'std::this_thread::sleep_for(1s)' 'std::system("ls")'; do
    plant src/base/long.cpp '// Long.' "void f() { g($word); }"
    refuses words src/base/long.cpp:2
  done
}

@test "seeded: refuses words for unfinished work, also in comments and scripts" {
  plant src/base/long.cpp '// Long.' '// TODO: the rest'
  refuses words src/base/long.cpp:2
  rm "$tree/src/base/long.cpp"
  plant tests/e2e/echo.bats '#!/usr/bin/env bats' '# Echo.' 'true # FIXME'
  refuses words tests/e2e/echo.bats:3
}

@test "seeded: refuses waits inside a conditional expression, also over many lines" {
  local wait
  for wait in 'x ? ok : co_await send();' 'x ? (co_await a()) : b;' 'f(co_await a() ? b : c);' \
    'g(1, x ? Y{co_await a()} : b);'; do
    plant src/base/long.cpp '// Long.' 'void f() {' "  y = $wait" '}'
    refuses waits src/base/long.cpp:3
  done
  plant src/base/long.cpp '// Long.' 'void f() {' '  y = x' '    ? ok' '    : co_await a();' '}'
  refuses waits src/base/long.cpp:4
}

@test "seeded: a co_await beside a conditional expression is none inside it" {
  plant src/base/long.cpp '// Long.' 'void f() {' '  y = co_await a(x ? b : c);' \
    '  if (co_await a()) y = x ? b : c;' '  if (y) { co_await a(); }' '  z = x ? b : c;' \
    '  g(co_await a(), x ? b : c);' '}'
  check waits "$tree"
}

@test "seeded: refuses events that no list has" {
  plant src/cli/events.cpp '// Events.' '' '`start`, `stop` :: The life.' '' '`tls` :: It.'
  plant commands/echo/echo.cpp '// Echo.' '' '# EVENTS' '' '`tried` :: What.' ')";' \
    'void f(L& log) { log.info("start"); log.warn("tried"); }' 'void g(L& l, L& log) {' \
    '  note(log::Level::info, "tls"); log.debug(' '      "untold", {});' '}'
  refuses events commands/echo/echo.cpp:9
}

@test "seeded: refuses names that say nothing" {
  plant src/base/string_utils.hpp '// Text.'
  refuses names src/base/string_utils.hpp:1
}

@test "seeded: refuses paths of one machine" {
  plant tests/unit/read.cpp '// Reads.' 'auto file = open("/home/me/file");'
  refuses paths tests/unit/read.cpp:2
}

@test "seeded: refuses what a program left at the top level" {
  plant out ok
  refuses top out:1
}

@test "seeded: a tree without sources is a failure, not a success" {
  rm -r "$tree/src"
  run check words "$tree"
  [[ $status == 1 ]]
}

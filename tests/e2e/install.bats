#!/usr/bin/env bats
# `netkit install`: what it lays down, that doing it again changes nothing, that it takes away no
# more than it brought, and that no failure leaves half a file. All below the test's own folder.

load support
load tab

# With its symbols a build for tests has a hundred megabytes, which each test would write.
setup_file() { strip -o "$BATS_FILE_TMPDIR/netkit" "$(realpath "$NETKIT")"; }

setup() {
  private_home
  NETKIT=$BATS_FILE_TMPDIR/netkit
  PREFIX=$BATS_TEST_TMPDIR/prefix
  umask 022
}

# install ARGUMENT...: into PREFIX, for assert_*.
install() { run_netkit install --prefix "$PREFIX" "$@"; }

# contents FOLDER: everything in it, with types, modes, sizes, targets and sums, a line each.
contents() {
  (cd "$1" && find . -mindepth 1 -printf '%p %y %m %l\n' | sort && find . -type f -print0 |
    sort -z | xargs -0r sha256sum)
}

@test "install: the program, completions and units into an empty prefix, each path said" {
  install
  assert_status 0
  refute_stderr
  cmp "$NETKIT" "$PREFIX/bin/netkit"
  "$PREFIX/bin/netkit" --version >/dev/null
  cmp "$ROOT/completions/netkit.bash" "$PREFIX/share/bash-completion/completions/netkit"
  cmp "$ROOT/completions/_netkit" "$PREFIX/share/zsh/site-functions/_netkit"
  cmp "$ROOT/completions/netkit.fish" "$PREFIX/share/fish/vendor_completions.d/netkit.fish"
  cmp <("$PREFIX/bin/netkit" unit relay) "$PREFIX/lib/systemd/system/netkit-relay.service"
  cmp <(netkit unit relay --socket) "$PREFIX/lib/systemd/system/netkit-relay.socket"
  assert_file_has "$PREFIX/lib/systemd/system/netkit-relay.service" \
    "^ExecStart=$PREFIX/bin/netkit relay$"
  # Exactly what it says, and nothing beside it.
  assert_equal "$(cut -f 2 <<<"$output" | sort)" "$(find "$PREFIX" ! -type d | sort)"
  assert_equal "$(cut -f 1 <<<"$output" | sort -u)" created
  assert_equal "$(find "$PREFIX" -type d ! -perm 755)$(find "$PREFIX" -type f ! -perm -444)" ''
  assert_equal "$(stat -c %a "$PREFIX/bin/netkit")" 755
}

@test "install: a strict umask of the caller makes nothing unreadable for others" {
  umask 077
  install
  assert_status 0
  assert_equal "$(find "$PREFIX" -mindepth 1 -type d ! -perm 755)" ''
  assert_equal "$(find "$PREFIX" -type f ! -perm -444)" ''
}

@test "install: a second time changes nothing, and says so" {
  install --symlinks
  local before
  before=$(contents "$PREFIX")
  install --symlinks
  assert_status 0
  assert_equal "$(cut -f 1 <<<"$output" | sort -u)" unchanged
  run "$PREFIX/bin/netkit" install --prefix "$PREFIX" --symlinks
  assert_equal "$(cut -f 1 <<<"$output" | sort -u)" unchanged
  assert_equal "$(contents "$PREFIX")" "$before"
}

@test "install: what is another file, another mode or a link is replaced, never followed" {
  install
  echo mine >"$BATS_TEST_TMPDIR/mine"
  ln -sf "$BATS_TEST_TMPDIR/mine" "$PREFIX/bin/netkit"
  chmod 600 "$PREFIX/share/zsh/site-functions/_netkit"
  echo older >"$PREFIX/lib/systemd/system/netkit-echo.service"
  install
  assert_status 0
  assert_equal "$(grep -v ^unchanged <<<"$output" | cut -f 1,2 | tr '\t' ' ')" \
    "replaced $PREFIX/bin/netkit
replaced $PREFIX/share/zsh/site-functions/_netkit
replaced $PREFIX/lib/systemd/system/netkit-echo.service"
  assert_equal "$(<"$BATS_TEST_TMPDIR/mine")" mine
  [[ ! -L $PREFIX/bin/netkit ]]
  cmp "$NETKIT" "$PREFIX/bin/netkit"
}

@test "install: --dry-run says the same and does nothing" {
  install --symlinks --dry-run
  assert_status 0
  local said=$output
  [[ ! -e $PREFIX ]]
  install --symlinks
  assert_equal "$output" "$said"
  local before
  before=$(contents "$PREFIX")
  install --symlinks --uninstall --dry-run
  said=$output
  assert_equal "$(contents "$PREFIX")" "$before"
  install --symlinks --uninstall
  assert_equal "$output" "$said"
}

@test "install: --json is an object a path" {
  install --json
  assert_status 0
  local said
  said=$(jq -r '[.action, .path] | @tsv' <<<"$output")
  install --uninstall
  install
  assert_equal "$output" "$said"
}

@test "install: each link is a command, and answers --help" {
  install --symlinks
  assert_status 0
  local link links=("$PREFIX"/bin/*)
  assert_equal "${#links[@]}" "$(($(netkit --list | wc -l) + 1))"
  for link in "${links[@]}"; do
    run --separate-stderr "$link" --help
    assert_status 0
    [[ $link == */netkit ]] || assert_output_matches "^Usage: netkit $(sed 's/^netkit-//' \
      <<<"${link##*/}")"
  done
  [[ -L $PREFIX/bin/relay && -L $PREFIX/bin/netkit-echo ]]
  # Scripts mean others by these.
  [[ ! -e $PREFIX/bin/echo && ! -e $PREFIX/bin/install && ! -e $PREFIX/bin/man ]]
}

@test "install: a link takes the place of no other program" {
  mkdir -p "$PREFIX/bin"
  echo theirs >"$PREFIX/bin/relay"
  ln -s /old/netkit "$PREFIX/bin/chat"
  install --symlinks
  assert_status 1
  assert_stderr_matches "cannot link $PREFIX/bin/relay: File exists"
  assert_equal "$(<"$PREFIX/bin/relay") $(readlink "$PREFIX/bin/chat")" 'theirs netkit'
  install --uninstall
  assert_status 0
  assert_equal "$(ls -A "$PREFIX/bin")" relay
}

@test "install: --uninstall leaves an empty prefix, links or not" {
  install --symlinks
  install --uninstall
  assert_status 0
  refute_stderr
  assert_equal "$(cut -f 1 <<<"$output" | sort -u)" removed
  assert_equal "$(ls -A "$PREFIX")" ''
  install --uninstall
  assert_status 0
  refute_output
}

@test "install: --uninstall by the program that goes with it" {
  install
  run --separate-stderr "$PREFIX/bin/netkit" install --prefix "$PREFIX" --uninstall
  assert_status 0
  assert_equal "$(ls -A "$PREFIX")" ''
}

@test "install: --uninstall keeps what was changed, and folders that were there" {
  mkdir -p "$PREFIX/bin" "$PREFIX/lib" "$PREFIX/share/man"
  install
  local unit=$PREFIX/lib/systemd/system/netkit-echo.service
  echo '# ours' >>"$unit"
  touch "$PREFIX/share/fish/theirs"
  install --uninstall
  assert_status 0
  assert_line "kept"$'\t'"$unit"
  assert_stderr_matches "kept path=$unit hint="
  assert_equal "$(cd "$PREFIX" && find . -mindepth 1 | sort | tr '\n' ' ')" \
    './bin ./lib ./lib/systemd ./lib/systemd/system ./lib/systemd/system/netkit-echo.service '"\
./share ./share/fish ./share/fish/theirs ./share/man "
}

@test "install: for packages, --root is taken for /, and nothing in it names it" {
  run_netkit install --root "$PREFIX" --prefix /usr
  assert_status 0
  assert_file_has "$PREFIX/usr/lib/systemd/system/netkit-echo.service" \
    '^ExecStart=/usr/bin/netkit echo serve$'
  # Where Debian's zsh looks for what packages bring.
  [[ -f $PREFIX/usr/share/zsh/vendor-completions/_netkit ]]
  ! grep -rIl -- "$PREFIX" "$PREFIX/usr/lib" "$PREFIX/usr/share" || fail "it is named there"
}

@test "install: bash and fish find their completions there by themselves" {
  install
  PATH=$PREFIX/bin:$PATH
  run env XDG_DATA_DIRS="$PREFIX/share:/usr/share" bash --norc --noprofile -c '
    . /usr/share/bash-completion/bash_completion
    _completion_loader netkit || (($? == 124))
    complete -p netkit'
  assert_output 'complete -F _netkit netkit'
  run env XDG_DATA_DIRS="$PREFIX/share:/usr/share" fish -c "complete -C 'netkit echo comp'"
  assert_output_matches '^compare'
}

@test "install: bash, zsh and fish find the completions of links by themselves" {
  install --symlinks
  PATH=$PREFIX/bin:$PATH
  export XDG_DATA_DIRS=$PREFIX/share:/usr/share
  run bash --norc --noprofile -c '
    . /usr/share/bash-completion/bash_completion
    for link in relay netkit-echo; do
      _completion_loader "$link" || (($? == 124))
      complete -p "$link"
    done'
  assert_output $'complete -F _netkit relay\ncomplete -F _netkit netkit-echo'
  # By its path, where its folder is not in $PATH.
  run env PATH=/usr/bin:/bin bash --norc --noprofile -c '
    . /usr/share/bash-completion/bash_completion
    _completion_loader relay || (($? == 124))
    COMP_LINE="$1/relay che" COMP_POINT=$((${#1} + 10))
    compopt() { :; }
    _netkit
    complete -p relay && echo "${COMPREPLY[*]}"' - "$PREFIX/bin"
  assert_output $'complete -F _netkit relay\ncheck'
  run fish -c "complete -C 'relay che'; complete -C 'netkit-echo comp'" </dev/null
  assert_output_matches $'^check\t.*\ncompare\t'
  run zsh -fc "fpath=($PREFIX/share/zsh/site-functions \$fpath); autoload -U compinit
    compinit -u -d $HOME/dump; print \$_comps[relay] \$_comps[netkit-echo] \$_comps[netkit]"
  assert_output '_netkit_links _netkit_links _netkit'
  type_tab 'zsh -f -i' "fpath=($PREFIX/share/zsh/site-functions \$fpath)
    autoload -U compinit; compinit -u -d $HOME/dump" 'relay che' 'check '
}

# as_owner COMMAND...: root, too, is held by the modes of files then.
as_owner() {
  local drop=()
  ((EUID != 0)) || drop=(setpriv --bounding-set=-dac_override --inh-caps=-dac_override)
  "${drop[@]}" "$@"
}

@test "install: without the right to write says which path, once a folder, and what it takes" {
  mkdir -p "$PREFIX/bin" "$PREFIX/share" "$PREFIX/lib"
  chmod 555 "$PREFIX" "$PREFIX"/*
  run --separate-stderr as_owner "$NETKIT" install --prefix "$PREFIX" --symlinks
  chmod 755 "$PREFIX" "$PREFIX"/*
  assert_status 1
  refute_output
  assert_stderr_matches "cannot write $PREFIX/bin/netkit: Permission denied .*sudo netkit install"
  assert_stderr_matches "cannot create the folder $PREFIX/share/fish: Permission denied .*sudo"
  assert_equal "$(grep -c "$PREFIX/bin" <<<"$stderr")" 1
  assert_equal "$(grep -c "$PREFIX/lib" <<<"$stderr")" 1
  assert_equal "$(find "$PREFIX" -mindepth 1 | wc -l)" 3
}

@test "install: does what can be done, and ends as the worst of it" {
  mkdir -p "$PREFIX/share/fish/vendor_completions.d/netkit.fish/theirs"
  install
  assert_status 1
  assert_stderr_matches "cannot write $PREFIX/share/fish/vendor_completions.d/netkit.fish: "
  cmp "$NETKIT" "$PREFIX/bin/netkit"
  [[ -f $PREFIX/lib/systemd/system/netkit-relay.socket ]]
}

@test "install: a full disk leaves the old program whole, and no other file" {
  local size
  mount_namespace
  size=$(($(stat -c %s "$(realpath "$NETKIT")") / 2))
  run --separate-stderr "${MOUNTS[@]}" bash -c '
    mkdir "$1" && mount -t tmpfs -o "size=$2" none "$1" && mkdir "$1/bin" &&
      printf old >"$1/bin/netkit" || exit 99
    "$3" install --prefix "$1"
    code=$?
    ls -A "$1/bin"
    cat "$1/bin/netkit"
    exit $code' - "$PREFIX" "$size" "$NETKIT"
  assert_status 1
  assert_stderr_matches "cannot write $PREFIX/bin/netkit: No space left on device"
  assert_equal "$(tail -n 2 <<<"$output")" $'netkit\nold'
}

@test "install: killed at any moment it leaves an old or a new program, and nothing half" {
  mkdir -p "$PREFIX/bin"
  printf '#!/bin/sh\necho old\n' >"$PREFIX/bin/netkit"
  chmod 755 "$PREFIX/bin/netkit"
  local old_sum new_sum sum after name
  old_sum=$(sha256sum <"$PREFIX/bin/netkit")
  new_sum=$(sha256sum <"$NETKIT")
  for after in 0.002 0.005 0.01 0.02 0.04 0.08 0.16 0.32; do
    timeout -s KILL "$after" "$NETKIT" install --prefix "$PREFIX" >/dev/null 2>&1 || true
    sum=$(sha256sum <"$PREFIX/bin/netkit")
    [[ $sum == "$old_sum" || $sum == "$new_sum" ]] || fail "another program after $after s"
    for name in $(ls -A "$PREFIX/bin"); do
      sum=$(sha256sum <"$PREFIX/bin/$name")
      [[ $sum == "$old_sum" || $sum == "$new_sum" ]] || fail "half a file: $name"
    done
  done
  install
  assert_status 0
  assert_equal "$(ls -A "$PREFIX/bin")" netkit
}

# What `./dev release` makes, in build/packages: the static file of each architecture, its .deb and
# its bill of materials, the changelog and the sums. Also the program of the release before, which
# the upgrade lab asks for.
# Sourced by dev; uses its need, build, note and die.

PACKAGES=${NETKIT_PACKAGES:-build/packages}
ARM_SYSTEM=build/aarch64-system
ARCHITECTURES="x86_64 aarch64"

# release [--arch ARCHITECTURE]...: all of them without one.
release() {
  local wanted=() arch
  while (($#)); do
    [[ $1 == --arch && " $ARCHITECTURES " == *" ${2-} "* && -n ${2-} ]] ||
      die "release takes --arch and one of: $ARCHITECTURES" 2
    wanted+=("$2")
    shift 2
  done
  ((${#wanted[@]})) || read -ra wanted <<<"$ARCHITECTURES"
  [[ $(uname -m) == x86_64 ]] || die "releases are made on x86_64"
  need build release
  VERSION=$(sed -n 's/^project(netkit VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  SECONDS_MADE=$(git log -1 --format=%ct)
  rm -rf "$PACKAGES"
  mkdir -p "$PACKAGES"
  build static
  changelog >"$PACKAGES/CHANGELOG"
  for arch in "${wanted[@]}"; do "release_$arch"; done
  (cd "$PACKAGES" && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
  (cd "$PACKAGES" && printf "$PACKAGES/%s\n" *)
}

release_x86_64() { publish x86_64 amd64 build/static; }

release_aarch64() {
  need cross
  arm_system
  build aarch64
  smoke build/aarch64/netkit
  publish aarch64 arm64 build/aarch64 "$ARM_SYSTEM"
}

# publish ARCHITECTURE DEBIAN'S-NAME BUILD [SYSTEM]: the file, its bill and its package.
publish() {
  local arch=$1 debian=$2 from=$3 file=$PACKAGES/netkit-$VERSION-$1
  install -m 755 "$from/netkit" "$file"
  /usr/bin/python3 tests/support/bill.py "$file" "$from/netkit.map" "$VERSION" "$SECONDS_MADE" \
    "${@:4}" >"$file.spdx.json"
  debian_package "$file" "$debian"
}

last_tag() { git describe --tags --abbrev=0 "$@" 2>/dev/null || true; }

# subjects: what was done since the release before this one, the latest first.
subjects() {
  local since
  since=$(last_tag)
  # On the tag itself it tells of what that release brought.
  if [[ -n $since && $(git rev-parse "$since^{commit}") == $(git rev-parse HEAD) ]]; then
    since=$(last_tag HEAD^)
  fi
  git log --no-merges --format=%s ${since:+"$since..HEAD"}
}

changelog() {
  printf 'netkit %s, %s\n\n' "$VERSION" "$(date -u -d "@$SECONDS_MADE" +%F)"
  subjects | sed 's/^/- /'
}

contact() { git log -1 --format='%an <%ae>'; }

# debian_changelog: the same as deb-changelog(5) wants it, folded.
debian_changelog() {
  printf 'netkit (%s) unstable; urgency=medium\n\n' "$VERSION"
  subjects | fold -s -w 74 | sed -E 's/ +$//; s/^/    /; s/^    ([a-z0-9_., -]+: )/  * \1/'
  printf '\n -- %s  %s\n' "$(contact)" "$(date -u -R -d "@$SECONDS_MADE")"
}

# debian_package FILE DEBIAN'S-ARCHITECTURE: what the file lays down of itself below /usr, with what
# Debian wants of a package.
debian_package() {
  local file=$1 debian=$2 tree=$ROOT/build/package-$2/tree control=$ROOT/build/package-$2/control
  local about said
  rm -rf "build/package-$debian"
  mkdir -p "$tree/usr/bin" "$control"
  lay_out "$tree"
  install -m 755 "$file" "$tree/usr/bin/netkit"
  find "$tree/usr/share/man" -type f -exec gzip -9n {} + 2>/dev/null || true
  about=$tree/usr/share/doc/netkit
  mkdir -p "$about" "$tree/etc/netkit" "$tree/usr/share/lintian/overrides"
  debian_changelog | gzip -9n >"$about/changelog.gz"
  gzip -9nc README.md >"$about/README.md.gz"
  gzip -9nc "$file.spdx.json" >"$about/netkit.spdx.json.gz"
  debian_copyright >"$about/copyright"
  system_configuration >"$tree/etc/netkit/netkit.toml"
  lintian_overrides >"$tree/usr/share/lintian/overrides/netkit"
  chmod -R u=rwX,go=rX "$tree"
  echo /etc/netkit/netkit.toml >"$control/conffiles"
  maintainer_scripts "$control" "$tree"
  said=$(NETKIT_TREE=$tree NETKIT_CONTROL=$control NETKIT_OUT=$ROOT/$PACKAGES \
    NETKIT_VERSION=$VERSION NETKIT_ARCHITECTURE=$debian NETKIT_CONTACT=$(contact) \
    SOURCE_DATE_EPOCH=$SECONDS_MADE cpack --config tests/support/package.cmake 2>&1) ||
    die "cpack failed:"$'\n'"$said"
  rm -rf "$PACKAGES/_CPack_Packages"
}

# lay_out TREE: what this machine's build offers: all of it by `install`, else what there is.
lay_out() {
  local tree=$1 netkit=$ROOT/build/static/netkit page name
  if offers install; then
    "$netkit" install --root "$tree" --prefix /usr >/dev/null
    rm -rf "$tree/usr/share/netkit"  # Which folders it made; dpkg knows that itself.
  else
    install -D -m 644 completions/netkit.bash \
      "$tree/usr/share/bash-completion/completions/netkit"
    install -D -m 644 completions/_netkit "$tree/usr/share/zsh/vendor-completions/_netkit"
    install -D -m 644 completions/netkit.fish \
      "$tree/usr/share/fish/vendor_completions.d/netkit.fish"
  fi
  [[ ! -d $tree/usr/share/man ]] && offers man || return 0
  for name in netkit netkit.toml netkit-wire $("$netkit" --list); do
    page=$("$netkit" man "$name") || die "there is no manual page of $name"
    case $name in
      netkit) name=netkit.1 ;;
      netkit.toml) name=netkit.toml.5 ;;
      netkit-wire) name=netkit-wire.7 ;;
      *) name=netkit-$name.1 ;;
    esac
    mkdir -p "$tree/usr/share/man/man${name##*.}"
    printf '%s\n' "$page" >"$tree/usr/share/man/man${name##*.}/$name"
  done
}
offers() { "$ROOT/build/static/netkit" --list | grep -x "$1" >/dev/null; }

system_configuration() {
  cat <<'TEXT'
# The configuration of all netkit commands on this machine: netkit.toml(5). Options, variables such
# as NETKIT_ECHO_LISTEN and a user's own file win over it; netkit COMMAND --print-config tells.
#
# [echo.serve]
# listen = ["tcp://:9090", "ws://:9094"]
# allow = ["192.168.0.0/16"]
TEXT
}

debian_copyright() {
  cat <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: netkit
Comment: The program is linked statically. The libraries in it, their versions
 and their licences are listed in netkit.spdx.json.gz beside this file.

Files: *
Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE)
License: Expat
$(sed -n '/^Permission/,$p' LICENSE | sed 's/^$/./; s/^/ /')
TEXT
}

# Each with the reason why it is so.
lintian_overrides() {
  cat <<'TEXT'
# One file that needs nothing beside it is what netkit is for. It is linked as static-pie, which
# lintian takes for a library.
netkit: shared-library-lacks-prerequisites [usr/bin/netkit]
netkit: embedded-library *
TEXT
}

# maintainer_scripts CONTROL TREE: services are installed and not started; removing the package
# stops them, purging it takes their state, their settings and what enabled them away.
maintainer_scripts() {
  local control=$1 units
  units=$(cd "$2" && find . -path '*/systemd/system/netkit-*' -printf '%f\n' | sort | xargs)
  cat >"$control/prerm" <<TEXT
#!/bin/sh
set -e
units="$units"
if [ "\$1" = remove ] && [ -d /run/systemd/system ] && [ -n "\$units" ]; then
  deb-systemd-invoke stop \$units >/dev/null || true
fi
TEXT
  cat >"$control/postrm" <<TEXT
#!/bin/sh
set -e
if [ "\$1" = purge ]; then
  rm -rf /etc/netkit /var/lib/netkit /var/lib/private/netkit
  rm -f /etc/systemd/system/*.wants/netkit-*
fi
TEXT
  chmod 755 "$control"/{prerm,postrm}
}

# arm_system: Debian's libraries for arm64, unpacked into a folder by a private apt: this machine's
# own knows of no other architecture afterwards. Each has its place in a dpkg database of its own.
arm_system() {
  [[ ! -e $ARM_SYSTEM/complete ]] || return 0
  local apt=$ROOT/$ARM_SYSTEM.apt said package wanted
  note "unpacking Debian's arm64 libraries into $ARM_SYSTEM"
  rm -rf "$ARM_SYSTEM" "$apt"
  mkdir -p "$apt"/{lists,archives}/partial "$ARM_SYSTEM/var/lib/dpkg/info" "$ARM_SYSTEM/linker"
  : >"$apt/status"
  echo 1 >"$ARM_SYSTEM/var/lib/dpkg/info/format"
  arm_sources >"$apt/sources.list"
  cat >"$apt/apt.conf" <<TEXT
APT { Architecture "arm64"; Architectures { "arm64"; }; Install-Recommends "false"; };
APT::Sandbox::User "root";
Dir { State "$apt"; State::status "$apt/status"; Cache "$apt"; Log "$apt"; };
Dir::Etc { SourceList "$apt/sources.list"; SourceParts "-"; };
TEXT
  wanted=$(packages_of build | tr ' ' '\n' | grep -- '-dev$')
  said=$(APT_CONFIG=$apt/apt.conf bash -c 'apt-get -qq -o Acquire::Retries=3 update &&
    apt-get -qq -y -o Acquire::Retries=3 --download-only install "$@"' - $wanted libc6-dev \
    </dev/null 2>&1) || die "cannot get the packages of arm64:"$'\n'"$said"
  for package in "$apt"/archives/*.deb; do arm_package "$package"; done
  # gcc asks for the linker by its plain name.
  ln -s "$(command -v ld.lld)" "$ARM_SYSTEM/linker/ld.lld"
  rm -rf "$apt"
  touch "$ARM_SYSTEM/complete"
}

arm_package() {
  local name info=$ARM_SYSTEM/var/lib/dpkg/info
  name=$(dpkg-deb -f "$1" Package)
  [[ $(dpkg-deb -f "$1" Multi-Arch) != same ]] || name+=:$(dpkg-deb -f "$1" Architecture)
  dpkg-deb -x "$1" "$ARM_SYSTEM"
  dpkg-deb --fsys-tarfile "$1" | tar -t | sed 's|^\.||; s|/$||; s|^$|/.|' >"$info/$name.list"
  { dpkg-deb -f "$1" && printf 'Status: install ok installed\n\n'; } \
    >>"$ARM_SYSTEM/var/lib/dpkg/status"
}

# arm_sources: where this machine gets Debian's packages from.
arm_sources() {
  local release=bookworm main security
  main=$(mirror_of debian)
  security=$(mirror_of debian-security)
  printf 'deb %s main\n' "$main $release" "$main $release-updates" "$security $release-security"
}
mirror_of() {
  local found
  found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -nE "s/^(URIs:|deb( \[[^]]*\])?) +([^ ]+\/$1)\/?( .*)?\$/\3/p" | head -n 1)
  echo "${found:-http://deb.debian.org/$1}"
}

# smoke FILE: under an emulator it tells its version, and a line goes through its server and back.
smoke() {
  local work said code=0
  work=$(mktemp -d)
  said=$(
    source tests/support/server.bash
    export HOME=$work XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
    SERVER_DIR=$work SERVER_COMMAND=(qemu-aarch64-static "$1")
    trap end_servers EXIT
    "${SERVER_COMMAND[@]}" --version && start_server echo echo serve --listen tls://127.0.0.1:0 &&
      [[ $("${SERVER_COMMAND[@]}" -q echo send "$(endpoint_of 1)" hello 2>&1) == hello ]] &&
      stop_server echo
  ) 2>&1 || code=$?
  rm -rf "$work"
  ((code == 0)) || die "$1 does not run under qemu-aarch64-static:"$'\n'"$said"
  note "under qemu-aarch64-static: ${said%%$'\n'*}, and an echo through TLS"
}

# last_release: the last tag's program, built in a worktree of its own, in build/tags/TAG. Without a
# tag there is none.
last_release() {
  local tag tree
  tag=$(last_tag)
  [[ -n $tag ]] || return 0
  tree=build/tags/$tag
  [[ ! -x $tree/build/static/netkit ]] || return 0
  note "building $tag, to test the upgrade from it"
  [[ -d $tree ]] || git worktree add --quiet --force --detach "$tree" "$tag"
  "$tree/dev" static >/dev/null
}

# What `./dev release` makes, in build/packages: the static file of each architecture, its .deb and
# its bill of materials, the changelog and the sums. Also the program of the release before, which
# the upgrade lab asks for.
# Sourced by dev; uses its need, build, note and die.

PACKAGES=${NETKIT_PACKAGES:-build/packages}
ARM_SYSTEM=build/aarch64-system
ARCHITECTURES="x86_64 aarch64"

# release [--arch ARCHITECTURE]...: all of them without one.
release() {
  local wanted=() arch said
  while (($#)); do
    [[ $1 == --arch && " $ARCHITECTURES " == *" ${2-} "* && -n ${2-} ]] ||
      die "release takes --arch and one of: $ARCHITECTURES" 2
    wanted+=("$2")
    shift 2
  done
  ((${#wanted[@]})) || read -ra wanted <<<"$ARCHITECTURES"
  [[ $(uname -m) == x86_64 ]] || die "releases are made on x86_64"
  need build release
  [[ ${wanted[*]} != *aarch64* ]] || need cross
  VERSION=$(sed -n 's/^project(netkit VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  SECONDS_MADE=$(git log -1 --format=%ct)
  umask 022  # The modes are a part of what is packed.
  rm -rf "$PACKAGES"
  mkdir -p "$PACKAGES"
  for arch in "${wanted[@]}"; do "release_$arch"; done
  said=$(lintian --allow-root --fail-on error,warning "$PACKAGES"/*.deb 2>&1) ||
    die "lintian has remarks:"$'\n'"$said"
  (cd "$PACKAGES" && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
  (cd "$PACKAGES" && printf "$PACKAGES/%s\n" *)
}

# RUN is what runs a file of that architecture here.
release_x86_64() {
  RUN=()
  build static
  smoke build/static/netkit 'Advanced Micro Devices X86-64'
  publish x86_64 amd64 build/static
}

release_aarch64() {
  # One of the first processors of that kind, lest the file need what only later ones have.
  RUN=(qemu-aarch64-static -cpu cortex-a53)
  arm_system
  build aarch64
  smoke build/aarch64/netkit AArch64
  publish aarch64 arm64 build/aarch64 "$ARM_SYSTEM"
}

# smoke FILE MACHINE: tests/release/smoke.bats, its lines on stderr; MACHINE is readelf's word.
smoke() {
  local work code=0
  note "trying $1${RUN:+ under ${RUN[*]}}"
  work=$(mktemp -d)
  printf '#!/bin/sh\nexec %s"$@"\n' "$(printf '%q ' "${RUN[@]}" "$ROOT/$1")" >"$work/netkit"
  chmod +x "$work/netkit"
  NETKIT=$work/netkit SMOKE_FILE=$ROOT/$1 SMOKE_MACHINE=$2 SMOKE_VERSION=$VERSION \
    RUN_LIMIT_S=120 SERVER_READY_LIMIT_S=60 SERVER_STOP_LIMIT_S=60 \
    bats --tap tests/release/smoke.bats >&2 </dev/null || code=1
  rm -rf "$work"
  ((code == 0)) || die "$1 does not do what it is for"
}

# publish ARCHITECTURE DEBIAN'S-NAME BUILD [SYSTEM]: the file, its bill and its package.
publish() {
  local debian=$2 from=$3 file=$PACKAGES/netkit-$VERSION-$1
  install -m 755 "$from/netkit" "$file"
  /usr/bin/python3 tests/support/bill.py "$file" "$from/netkit.map" "$VERSION" "$SECONDS_MADE" \
    "${@:4}" >"$file.spdx.json"
  changes "$file" >build/changes
  changelog >"$PACKAGES/CHANGELOG"
  debian_package "$file" "$debian"
}

last_tag() { git describe --tags --abbrev=0 "$@" 2>/dev/null || true; }

# changes FILE: what this release brings, an item a line. The first one has every command of FILE,
# by its own words; then comes what was done to the program since the release before, the latest
# first.
changes() {
  local since
  since=$(last_tag)
  # On the tag itself it tells of what that release brought.
  if [[ -n $since && $(git rev-parse "$since^{commit}") == $(git rev-parse HEAD) ]]; then
    since=$(last_tag HEAD^)
  fi
  [[ -n $since ]] || "${RUN[@]}" "$1" --help |
    sed -nE '/^Commands:/,/^$/s/^  ([a-z-]+) +(.)/\1: \l\2/p'
  git log --no-merges --format=%s ${since:+"$since..HEAD"} | sed -E '/: format$/d
    /^(tests|lab|bench|e2e|interop|fuzz|demo|dev|build|release|readme)(, [a-z]+)*: /Id'
}

changelog() {
  printf 'netkit %s, %s\n\n' "$VERSION" "$(date -u -d "@$SECONDS_MADE" +%F)"
  sed 's/^/- /' build/changes
}

contact() { git log -1 --format='%an <%ae>'; }

# debian_changelog: the same as deb-changelog(5) wants it, folded.
debian_changelog() {
  printf 'netkit (%s) unstable; urgency=medium\n\n' "$VERSION"
  <build/changes fold -s -w 74 | sed -E 's/ +$//; s/^/    /; s/^    ([a-z0-9_., -]+: )/  * \1/'
  printf '\n -- %s  %s\n' "$(contact)" "$(date -u -R -d "@$SECONDS_MADE")"
}

# debian_package FILE DEBIAN'S-ARCHITECTURE: what the file lays down of itself below /usr, with what
# Debian wants of a package.
debian_package() {
  local file=$1 debian=$2 tree=$ROOT/build/package-$2/tree control=$ROOT/build/package-$2/control
  local about said
  rm -rf "build/package-$debian"
  mkdir -p "$tree" "$control"
  "${RUN[@]}" "$file" install --root "$tree" --prefix /usr >/dev/null
  cmp "$file" "$tree/usr/bin/netkit"
  rm -rf "$tree/usr/share/netkit"  # Which folders it made; dpkg knows that itself.
  find "$tree/usr/share/man" -type f -exec gzip -9n {} +
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

# arm_system: Debian's libraries for arm64 in a folder, fetched anew once this machine's own have
# been upgraded. Both files are called the same release, so it says where they differ in version.
arm_system() {
  local wanted versions said
  wanted="libc6-dev $(packages_of build | tr ' ' '\n' | grep -- '-dev$' | xargs)"
  versions=$(versions_of $wanted)
  [[ $(cat "$ARM_SYSTEM/complete" 2>/dev/null) == "$versions" ]] || fetch_arm_system $wanted
  echo "$versions" >"$ARM_SYSTEM/complete"
  said=$(diff <(echo "$versions") <(versions_of --admindir "$ARM_SYSTEM/var/lib/dpkg" $wanted)) ||
    note "this machine's libraries (<) are not the latest (try: apt-get upgrade):"$'\n'"$said"
}

versions_of() { dpkg-query -W -f '${Package} ${source:Version}\n' "$@" | sort; }

# fetch_arm_system PACKAGE...: unpacks them by a private apt: this machine's own knows of no other
# architecture afterwards. Each has its place in a dpkg database of its own.
fetch_arm_system() {
  local apt=$ROOT/$ARM_SYSTEM.apt said package
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
  said=$(APT_CONFIG=$apt/apt.conf bash -c 'apt-get -qq -o Acquire::Retries=3 update &&
    apt-get -qq -y -o Acquire::Retries=3 --download-only install "$@"' - "$@" \
    </dev/null 2>&1) || die "cannot get the packages of arm64:"$'\n'"$said"
  for package in "$apt"/archives/*.deb; do arm_package "$package"; done
  # gcc asks for the linker by its plain name.
  ln -s "$(command -v ld.lld)" "$ARM_SYSTEM/linker/ld.lld"
  rm -rf "$apt"
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

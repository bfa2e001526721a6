# What the lab scripts source: TAP lines, hosts as network namespaces on one bridge, loss and cut
# links, netkit servers. All of it is gone again when the script ends, however it ends.
#
#   source "$(dirname "$0")/support.bash"; lab_begin "$@"
#   lab_host alice 10.77.0.1; lab_host bob 10.77.0.2
#   check "bob reaches alice" on bob "$NETKIT" echo send tcp://10.77.0.1:9090 hello
#   lab_end

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NETKIT=${NETKIT:-$ROOT/build/dev/netkit}
PATH=$PATH:/usr/sbin:/sbin
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99}
source "$ROOT/tests/support/server.bash"

CHECK_LIMIT_S=${CHECK_LIMIT_S:-${NETKIT_LAB_FULL:+600}}

LAB_CHECKS=0
LAB_FAILED=0
LAB_HOSTS=()

# lab_begin ARGUMENT...: prints the opening comment for --help; otherwise goes on in
# namespaces of its own (mount, network, process): nothing outlives it or leaves the machine.
lab_begin() {
  case ${1-} in
    -h | --help)
      sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    '') ;;
    *)
      echo "$(basename "$0"): unknown argument $1" >&2
      exit 2
      ;;
  esac
  if [[ -z ${NETKIT_LAB_INSIDE-} ]]; then
    local map=()
    ((EUID == 0)) || map=(--user --map-root-user)
    NETKIT_LAB_INSIDE=1 exec unshare "${map[@]}" --mount --net --pid --fork --kill-child \
      --mount-proc "$0"
  fi
  unset NETKIT_LAB_INSIDE
  LAB_DIR=$(mktemp -d)
  SERVER_DIR=$LAB_DIR
  trap lab_clean EXIT
  trap 'exit 130' INT TERM
  export HOME=$LAB_DIR/home XDG_STATE_HOME=$LAB_DIR/home/state XDG_CONFIG_HOME=$LAB_DIR/home/config
  mkdir -p "$XDG_STATE_HOME" "$XDG_CONFIG_HOME"
  # `ip netns` keeps its names in /run/netns: ours must not be seen outside.
  mount -t tmpfs none /run
  ip link set lo up
}

# lab_clean: the namespaces end with this process; what is left is the folder and our servers.
lab_clean() {
  end_servers
  rm -rf "$LAB_DIR"
}

# check CLAIM COMMAND...: one TAP line; a failed one shows what the command said.
check() {
  local claim=$1 said code=0
  shift
  said=$(timeout -k 5 "${CHECK_LIMIT_S:-60}" bash -c "$(lab_functions)"$'\n"$@"' - "$@" 2>&1) ||
    code=$?
  tap "$code" "$claim" "$*: exit code $code" "$said"
}

# The functions that a command of `check` may use: it runs in a shell of its own, under a limit.
lab_functions() { declare -f on fails; }

# passed COMMAND...: 0 or 1 as a word for tap, whatever `set -e` thinks.
passed() { "$@" >/dev/null && echo 0 || echo 1; }

# fails CODE REGEX COMMAND...: the command ends with CODE and says REGEX on stderr.
fails() {
  local code=$1 pattern=$2 got=0 said
  shift 2
  said=$(timeout -k 5 30 "$@" 2>&1 >/dev/null) || got=$?
  ((got == code)) && [[ $said =~ $pattern ]] || { echo "exit code $got: $said" && return 1; }
}

# tap CODE CLAIM [DETAIL...]: the TAP line of a check that was made by hand.
tap() {
  local code=$1 claim=$2
  shift 2
  LAB_CHECKS=$((LAB_CHECKS + 1))
  if [[ $code == 0 ]]; then  # Nothing at all is no success.
    echo "ok $LAB_CHECKS $claim"
  else
    LAB_FAILED=$((LAB_FAILED + 1))
    echo "not ok $LAB_CHECKS $claim"
    printf '%s\n' "$@" | sed 's/^/# /'
  fi
}

# lab_length SHORT FULL: how long or how often, FULL under NETKIT_LAB_FULL (./dev lab --full).
lab_length() { if [[ -n ${NETKIT_LAB_FULL-} ]]; then echo "$2"; else echo "$1"; fi; }

# lab_end: exit code 0 only if something was checked and all of it held.
lab_end() {
  echo "1..$LAB_CHECKS"
  exit "$((LAB_FAILED > 0 || LAB_CHECKS == 0))"
}

# lab_host NAME IPV4: a host on the lab's bridge, 10.77.0.0/24 or another /24; multicast works.
lab_host() {
  local name=$1 address=$2
  if ((${#LAB_HOSTS[@]} == 0)); then
    ip link add lab0 type bridge mcast_snooping 0
    ip link set lab0 up
  fi
  LAB_HOSTS+=("$name")
  ip netns add "$name"
  ip link add "lab-$name" type veth peer name eth0 netns "$name"
  ip link set "lab-$name" master lab0 up
  ip -n "$name" address add "$address/24" dev eth0
  ip -n "$name" link set lo up
  ip -n "$name" link set eth0 up
  ip -n "$name" route add 224.0.0.0/4 dev eth0
}

# on HOST COMMAND...: runs it there. For servers: SERVER_COMMAND=(ip netns exec HOST "$NETKIT").
on() { ip netns exec "$@"; }

# lab_cut HOST, lab_mend HOST: the cable between the host and the bridge; a mended one carries.
lab_cut() { ip link set "lab-$1" down; }
lab_mend() {
  ip link set "lab-$1" up
  wait_until 10 lab_carries "$1"
}
lab_carries() { bridge link show dev "lab-$1" | grep -q 'state forwarding'; }

# lab_loss PERCENT: drops that share of all IPv4 packets on the bridge, at random; 0 ends it. ARP is
# left alone, since losing it would cut the line for seconds.
lab_loss() {
  nft delete table bridge lab 2>/dev/null || true
  (($1 > 0)) || return 0
  nft add table bridge lab
  nft add chain bridge lab forward '{ type filter hook forward priority 0; }'
  nft add rule bridge lab forward meta protocol ip numgen random mod 100 '<' "$1" counter drop
}

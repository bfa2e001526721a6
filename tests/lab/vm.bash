# A virtual machine for the lab: Debian's own kernel under qemu's emulator, busybox and the one
# static file in its memory, one cable to the host. Sourced after support.bash. The kernel's package
# is fetched once, into build/vm, and never installed.

VM_CACHE=$ROOT/build/vm
# What sctp sums with it does not name; two namespaces in the guest need a cable.
VM_MODULES=(virtio_pci virtio_net virtio_rng crc32c_generic sctp veth)
VM_HOST=192.168.100.1
VM_GUEST=192.168.100.2
VM_PID=
VM_QMP_PID=

# vm_kernel: the kernel and the modules it needs for a network card into $VM_CACHE. Before
# lab_begin, for the lab itself reaches no mirror.
vm_kernel() {
  local name folder=$VM_CACHE/fetch version
  [[ "${VM_MODULES[*]}" != "$(cat "$VM_CACHE/wanted" 2>/dev/null)" ]] || return 0
  name=$(apt-cache depends linux-image-amd64 2>/dev/null |
    sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  [[ -n $name ]] || { vm_fails "knows no linux-image-amd64 (try: apt-get update)" && return 1; }
  rm -rf "$folder"
  rm -rf "$VM_CACHE/modules"
  mkdir -p "$folder" "$VM_CACHE/modules"
  (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download "$name") ||
    { vm_fails "cannot fetch $name" && return 1; }
  dpkg-deb -x "$folder"/*.deb "$folder/tree"
  version=$(basename "$folder"/tree/lib/modules/*)
  depmod -b "$folder/tree" "$version"
  # In the order in which they must be loaded; the guest then needs no modprobe.
  modprobe -d "$folder/tree" -S "$version" -a --show-depends "${VM_MODULES[@]}" |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | nl -w 2 -n rz -s ' ' |
    while read -r number path; do
      cp "$path" "$VM_CACHE/modules/$number-${path##*/}"
    done
  mv "$folder/tree/boot/vmlinuz-$version" "$VM_CACHE/vmlinuz"
  rm -rf "$folder"
  echo "${VM_MODULES[*]}" >"$VM_CACHE/wanted"
}

vm_fails() { echo "vm: $*" >&2; }

# vm_image: $LAB_DIR/initrd, with the guest's own script as its first process.
vm_image() {
  local tree=$LAB_DIR/guest
  mkdir -p "$tree"/{bin,dev,proc,sys,tmp,state,modules,etc,run}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  install -m 755 "$ROOT/tests/lab/vm_guest" "$tree/init"
  install -m 755 "$NETKIT_STATIC" "$tree/bin/netkit"
  cp "$VM_CACHE"/modules/*.ko "$tree/modules/"
  echo 'root:x:0:0:root:/state:/bin/sh' >"$tree/etc/passwd"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"
  (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$LAB_DIR/initrd"
}

# vm_cable: the host's end of the cable, an address of its own, so that the guest is another host.
vm_cable() {
  ip tuntap add dev vm0 mode tap
  ip address add "$VM_HOST/24" dev vm0
  ip link set vm0 up
}

# vm_start NAME WORD...: boots it with these words on the kernel's command line. Its console is
# $LAB_DIR/NAME.console, what qemu reports is $LAB_DIR/NAME.qmp, one JSON object a line. An
# emulated processor: the host's may not be lent where the lab itself runs in a virtual machine.
vm_start() {
  local name=$1
  shift
  qemu-system-x86_64 -M pc -accel tcg,thread=single -m "${VM_MEMORY_MIB:-256}" -nodefaults \
    -display none -no-reboot -kernel "$VM_CACHE/vmlinuz" -initrd "$LAB_DIR/initrd" \
    -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off audit=0 random.trust_cpu=on \
cryptomgr.notests 8250.nr_uarts=1 $*" \
    -serial "file:$LAB_DIR/$name.console" -qmp "unix:$LAB_DIR/$name.sock,server=on,wait=off" \
    -netdev tap,id=cable,ifname=vm0,script=no,downscript=no \
    -device virtio-net-pci,netdev=cable -device virtio-rng-pci,max-bytes=1024,period=1000 \
    </dev/null 2>"$LAB_DIR/$name.qemu" &
  VM_PID=$!
  SERVER_PID[qemu-$name]=$VM_PID
  wait_until 10 test -S "$LAB_DIR/$name.sock"
  /usr/bin/python3 -c '
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(b"{\"execute\":\"qmp_capabilities\"}")
for line in peer.makefile():
    print(line.strip(), flush=True)' "$LAB_DIR/$name.sock" >"$LAB_DIR/$name.qmp" &
  VM_QMP_PID=$!
  SERVER_PID[qmp-$name]=$VM_QMP_PID
}

# vm_says NAME REGEX [SECONDS]: until the guest's console has such a line.
vm_says() {
  wait_until "${3:-30}" grep -Eqs -- "$2" "$LAB_DIR/$1.console"
}

# vm_ring PORT: the guest's bell there; fails while it is not listened for.
vm_ring() { timeout 2 bash -c ": </dev/tcp/$VM_GUEST/$1" 2>/dev/null; }

# vm_off NAME SECONDS: until qemu has ended; prints why, as qemu reported it.
vm_off() {
  if ! wait_for_exit "$VM_PID" "$2"; then
    echo "still runs"
    return 1
  fi
  wait_for_exit "$VM_QMP_PID" 5 || true
  sed -n 's/.*"event": "SHUTDOWN".*"reason": "\([^"]*\)".*/\1/p' "$LAB_DIR/$1.qmp"
}

#!/usr/bin/env bash
# The part of tests/package.sh that runs in namespaces: a fresh root folder installs, runs, upgrades, removes and purges.
#
#   machine.sh WORK BARE      WORK holds old.deb and new.deb; BARE is the root folder as debootstrap left it, as a tar file
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
work=$1 bare=$2 root=$1/root

die() { echo "package: $*" >&2; exit 1; }
step() { echo "--- $*"; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null; }

ip link set lo up
mount --make-rprivate /

fresh_machine() {
	if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
	rm -rf "$root"
	mkdir -p "$root"
	tar -C "$root" --numeric-owner -xf "$bare"
	mount -t proc proc "$root/proc"
	cp "$work/old.deb" "$work/new.deb" "$root/"
}

# Installs a package and keeps what was printed by it, without dpkg's own lines.
installs() {
	inside dpkg -i "/$1" >"$work/dpkg.log" 2>&1 || die "dpkg -i $1: $(cat "$work/dpkg.log")"
	grep -vE '^(Selecting|Preparing|Unpacking|Setting up|Processing|\(Reading)' "$work/dpkg.log" >"$work/said.txt" || true
}

installed() { inside dpkg-query -W -f '${db:Status-Status} ${Version}' schoolgate; }

step "where systemd-resolved holds port 53, an install prints the fix"
fresh_machine
python3 - <<'PYTHON' &
import signal, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stub:
    stub.bind(("127.0.0.53", 53))
    signal.pause()
PYTHON
stub=$!
for _ in $(seq 100); do grep -q 3500007F:0035 /proc/net/udp && break; sleep 0.1; done
installs old.deb
kill "$stub"
wait "$stub" || true
grep -q 'held by systemd-resolved' "$work/said.txt" || die "nothing about systemd-resolved: $(cat "$work/said.txt")"
grep -q 'DNSStubListener=no' "$work/said.txt" || die "no fix: $(cat "$work/said.txt")"

step "a clean install ends with three lines"
fresh_machine
find "$root/etc" "$root/usr" "$root/var/lib" | sort >"$work/before.txt"
installs old.deb
cat "$work/said.txt"
[ "$(wc -l <"$work/said.txt")" = 3 ] || die "not three lines"
sed -n 1p "$work/said.txt" | grep -q '0\.0\.0\.0:53.*0\.0\.0\.0:3128.*0\.0\.0\.0:8080' || die "the first line does not say what listens"
sed -n 2p "$work/said.txt" | grep -qi 'point one laptop' || die "the second line does not say how to try it"
sed -n 3p "$work/said.txt" | grep -q 'schoolgate status' || die "the third line does not say where to look"
[ "$(inside stat -c '%U:%G %a' /var/lib/schoolgate)" = 'schoolgate:schoolgate 750' ] || die "the data folder is not the gate's own"
inside getent passwd schoolgate | grep -q ':/usr/sbin/nologin$' || die "its user can sign in"
[ -L "$root/etc/systemd/system/multi-user.target.wants/schoolgate.service" ] || die "the unit is not enabled"

step "the installed unit and configuration"
verified=$(systemd-analyze verify --man=no --root="$root" schoolgate.service 2>&1 || true)
if grep -q schoolgate <<<"$verified"; then die "systemd-analyze verify --root: $verified"; fi
inside schoolgate --config /etc/schoolgate/schoolgate.toml check >"$work/check.txt" 2>&1 || die "check: $(cat "$work/check.txt")"

step "the gate runs as its unit says"
python3 "$here/gate.py" "$root" www.pokerstars.com 53

step "an upgrade asks nothing, says nothing and keeps everything"
echo 'kept' >"$root/var/lib/schoolgate/kept"
echo '# the school wrote this' >>"$root/etc/schoolgate/schoolgate.toml"
installs new.deb
[ ! -s "$work/said.txt" ] || die "an upgrade said: $(cat "$work/said.txt")"
[ "$(installed)" = "installed $(dpkg-deb --field "$work/new.deb" Version)" ] || die "not upgraded: $(installed)"
grep -q 'the school wrote this' "$root/etc/schoolgate/schoolgate.toml" || die "an upgrade took the school's configuration"
[ -f "$root/var/lib/schoolgate/kept" ] || die "an upgrade took data"
! ls "$root"/etc/schoolgate/*.dpkg-* 2>/dev/null || die "an upgrade left a second configuration"
python3 "$here/gate.py" "$root" www.pokerstars.com 53

step "a removal keeps the data and says where"
inside dpkg --remove schoolgate >"$work/said.txt" 2>&1 || die "$(cat "$work/said.txt")"
grep -q 'stay in /var/lib/schoolgate' "$work/said.txt" || die "nothing about the data: $(cat "$work/said.txt")"
[ ! -e "$root/usr/bin/schoolgate" ] || die "the binary is still there"
[ -f "$root/var/lib/schoolgate/kept" ] || die "a removal took data"
[ -f "$root/etc/schoolgate/schoolgate.toml" ] || die "a removal took the configuration"

step "a purge takes the data, says so and leaves nothing"
inside dpkg --purge schoolgate >"$work/said.txt" 2>&1 || die "$(cat "$work/said.txt")"
grep -q 'deleted' "$work/said.txt" || die "a purge said nothing: $(cat "$work/said.txt")"
find "$root/etc" "$root/usr" "$root/var/lib" | sort >"$work/after.txt"
left=$(comm -13 "$work/before.txt" "$work/after.txt" | grep -v "^$root/var/lib/dpkg/\|^$root/etc/.*-\$" || true)
[ -z "$left" ] || die "a purge left: $left"
! inside getent passwd schoolgate >/dev/null || die "a purge left the user"
umount "$root/proc"

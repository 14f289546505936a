#!/usr/bin/env bash
# The Debian package, from the outside: what is in it, and what happens to a machine that installs, upgrades, removes and
# purges it. The machine is a root folder of the test's own (debootstrap), in namespaces of its own; this one is not touched.
# Needs root. Every step that fails ends the test.
#
#   tests/package.sh [--profile dev|release]
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."

profile=dev
case "${1:-}" in
'') ;;
--profile) profile=${2:?a profile} ;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

die() { echo "package: $*" >&2; exit 1; }
step() { echo "--- $*"; }

[ "$(id -u)" = 0 ] || die "needs root, for chroot and namespaces. Type: sudo -E env \"PATH=\$PATH\" $0"
for tool in cargo-deb dpkg-deb debootstrap systemd-analyze unshare setpriv dig python3; do
	command -v "$tool" >/dev/null || die "$tool is missing: tests/run installs it"
done

target=$(cargo metadata --locked --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
work=$target/package-test
root=$work/root
mkdir -p "$work"
rm -rf "$root" "$work"/*.deb

step "the installed configuration says what the shipped one says"
# But for where it listens and keeps its data; a key or comment that is new in one must come into the other.
lacks=$(grep -vxFf packaging/schoolgate.toml config/schoolgate.toml |
	grep -vE '^(listen|dir) = |^#shipped = |As it ships it runs|After every edit|systemctl reload|Where register|is taken as it ships' || true)
[ -z "$lacks" ] || die "packaging/schoolgate.toml lacks: $lacks"

step "two packages, an old and a new ($profile)"
version=$(cargo metadata --locked --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["packages"][0]["version"])')
packaging/build-deb --profile "$profile" --deb-version "$version-1" --output "$work/old.deb"
packaging/build-deb --profile "$profile" --deb-version "$version-2" --output "$work/new.deb"

step "what is in it"
fields=$(dpkg-deb --field "$work/new.deb")
grep -qx "Architecture: $(dpkg --print-architecture)" <<<"$fields" || die "wrong architecture: $fields"
for needed in adduser libc6 procps; do
	grep -qE "^Depends: (.*, )?$needed( |,|\$)" <<<"$fields" || die "does not depend on $needed: $fields"
done
contents=$(dpkg-deb --contents "$work/new.deb")
while read -r mode path; do
	grep -q "^$mode 0/0 .* \./$path\$" <<<"$contents" || die "not in it, or not $mode of root: $path"
done <<'PATHS'
-rwxr-xr-x usr/bin/schoolgate
-rw-r--r-- etc/schoolgate/schoolgate.toml
-rw-r--r-- usr/lib/systemd/system/schoolgate.service
-rw-r--r-- usr/share/schoolgate/config/matters.toml
-rw-r--r-- usr/share/schoolgate/config/profiles.toml
-rw-r--r-- usr/share/schoolgate/config/categories.toml
-rw-r--r-- usr/share/schoolgate/config/term-dates.toml
-rw-r--r-- usr/share/schoolgate/blocklists/gambling.txt
-rw-r--r-- usr/share/schoolgate/blocklists/platforms.txt
-rw-r--r-- usr/share/schoolgate/blocklists/never-inside.txt
-rw-r--r-- usr/share/man/man1/schoolgate.1.gz
-rw-r--r-- usr/share/bash-completion/completions/schoolgate
-rw-r--r-- usr/share/zsh/vendor-completions/_schoolgate
-rw-r--r-- usr/share/fish/vendor_completions.d/schoolgate.fish
-rw-r--r-- usr/share/doc/schoolgate/copyright
-rw-r--r-- usr/share/doc/schoolgate/public-certificate.md
-rwxr-xr-x usr/share/schoolgate/certbot-deploy
PATHS
for list in $(find blocklists -type f); do
	grep -q " \./usr/share/schoolgate/$list\$" <<<"$contents" || die "a shipped list is missing: $list"
done
! grep -E '^[-d]......(s|S|...[tT])' <<<"$contents" || die "a set-uid or sticky file"
[ "$(dpkg-deb --info "$work/new.deb" conffiles)" = /etc/schoolgate/schoolgate.toml ] || die "the conffiles are not the one file"

step "a machine of the test's own"
. /etc/os-release
bare=$work/$VERSION_CODENAME.tar
if [ ! -f "$bare" ]; then
	# The mirror this machine uses for its own release; none is named here.
	mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v release="$VERSION_CODENAME" '$1 == release && $2 == "main" { print $3; exit }')
	[ -n "$mirror" ] || die "apt knows no mirror of $VERSION_CODENAME main"
	mkdir -p "$root"
	debootstrap --variant=minbase --include=adduser,procps,systemd "$VERSION_CODENAME" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
		die "debootstrap failed: $(tail -n 5 "$work/debootstrap.log")"
	tar -C "$root" --numeric-owner -cf "$bare.part" .
	mv "$bare.part" "$bare"
	rm -rf "$root"
fi
# Its own network, so that port 53 is free and nothing leaves; its own mounts and processes, which end with it.
unshare --net --mount --pid --fork --kill-child --mount-proc tests/package/machine.sh "$work" "$bare"

step "the unit"
verified=$(systemd-analyze verify --man=no systemd/schoolgate.service 2>&1 | grep -v 'Command /usr/bin/schoolgate is not executable' || true)
[ -z "$verified" ] || die "systemd-analyze verify: $verified"
# Over 2.0 of 10 somebody has taken something out of it.
systemd-analyze security --offline=true --threshold=20 --no-pager systemd/schoolgate.service >"$work/security.txt" ||
	die "systemd-analyze security: $(tail -n 1 "$work/security.txt")"
tail -n 1 "$work/security.txt"
rm -rf "$root"
echo "package: all steps passed"

#!/bin/sh
# Shows that the README's commands work from nothing: makes a Debian 12 root that has git and python3 only, clones this
# checkout's HEAD into it, and runs `./dev check` and `./dev test` there (or the command that is given).
#
#     tests/fresh-root.sh [COMMAND]
#
# Needs root and debootstrap. The package mirror, the certificates and the settings of pip are this machine's own.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
command=${1:-./dev check; test $? -le 1 && ./dev test}
work=$(mktemp -d "${TMPDIR:-/tmp}/sepal-fresh-root.XXXXXX")
root=$work/root

command -v debootstrap >/dev/null ||
	{ echo "fresh-root: debootstrap is missing: apt-get install debootstrap" >&2; exit 3; }
[ "$(id -u)" = 0 ] || { echo "fresh-root: making a root directory needs root" >&2; exit 3; }

# The first address that apt itself uses for this release, whichever format its sources are written in.
mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | head -n 1)
[ -n "$mirror" ] || { echo "fresh-root: apt has no sources; run apt-get update first" >&2; exit 3; }

clean_up() {
	umount "$root/proc" "$root/dev" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

echo "fresh-root: making a root in $root" >&2
debootstrap --variant=minbase --include=git,python3,ca-certificates bookworm "$root" "$mirror" >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2; exit 3; }

# How this machine reaches the network, it reaches it in there.
rm -f "$root/etc/apt/sources.list"
cp -a /etc/apt/sources.list /etc/apt/sources.list.d "$root/etc/apt/" 2>/dev/null || true
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp -L --remove-destination /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
for file in pip.conf resolv.conf hosts; do
	if [ -e "/etc/$file" ]; then cp -L "/etc/$file" "$root/etc/"; fi
done
network=$(env | grep -iE '^(https?_proxy|no_proxy|pip_[a-z_]*)=' || true)

git clone -q "$here" "$root/srv/sepal"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"

# Word splitting of $network is wanted: one NAME=value each.
# shellcheck disable=SC2086
env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 $network \
	chroot "$root" sh -c "cd /srv/sepal && $command"

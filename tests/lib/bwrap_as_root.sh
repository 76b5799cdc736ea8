#!/bin/sh
# Stands in for bubblewrap where root may not make a user namespace (in a chroot nobody may): the sandbox is made of the
# other namespaces only, for which root needs none. BWRAP is the real program. What is left out, each once, since the
# same words might be arguments of the command: --unshare-user, and the --uid and --gid that need it.
user=1 uid=1 gid=1 left=$#
while [ "$left" -gt 0 ]; do
	case $1$user$uid$gid in
	--unshare-user1??) user=0 skip=1 ;;
	--uid?1?) uid=0 skip=2 ;;
	--gid??1) gid=0 skip=2 ;;
	*) skip=1; set -- "$@" "$1" ;;
	esac
	shift $skip
	left=$((left - skip))
done
exec "$BWRAP" "$@"

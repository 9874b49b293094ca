# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# apt.sh - packages from the Debian mirror this machine already uses, through
# an apt configuration of our own.  Sourced by scripts/deps after common.sh.
#
# A "world" is a set of sources with its own lists and cache under
# build/cache/apt/<world>:
#
#   bookworm      bookworm, -updates and (where the machine has it) -security.
#                 It sees the machine's installed packages, so it can install;
#                 since no other release is among its sources, every package
#                 it installs is bookworm's.
#   backports, trixie, sid
#                 one newer release each.  They see nothing installed and are
#                 only ever downloaded from and unpacked with dpkg -x.
#
# The machine's own sources, lists and pins are read for the mirror's address
# and otherwise left alone.

apt_cache=$build/cache/apt
apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_sources: print "URI SUITE" for each enabled binary source of the machine,
# from one-line files and deb822 files.
apt_sources()
{
	local etc=${QUICSOCK_ETC_APT:-/etc/apt} f

	for f in "$etc"/sources.list "$etc"/sources.list.d/*.list; do
		[ -r "$f" ] || continue
		awk '{
			sub(/#.*/, "")
			if ($1 != "deb")
				next
			sub(/\[[^]]*\]/, "")
			print $2, $3
		}' "$f"
	done
	for f in "$etc"/sources.list.d/*.sources; do
		[ -r "$f" ] || continue
		awk '
		function flush(  i, j, n, m, u, s) {
			n = split(uris, u, " "); m = split(suites, s, " ")
			if (types ~ /(^| )deb( |$)/ && enabled !~ /^(no|false|0)$/)
				for (i = 1; i <= n; i++)
					for (j = 1; j <= m; j++)
						print u[i], s[j]
			types = uris = suites = enabled = key = ""
		}
		/^[ \t]*#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[^ \t]/  {
			key = tolower($0); sub(/:.*/, "", key)
			sub(/^[^:]*:[ \t]*/, "")
		}
		key == "types"   { types = types " " $0 }
		key == "uris"    { uris = uris " " $0 }
		key == "suites"  { suites = suites " " $0 }
		key == "enabled" { enabled = tolower($1) }
		END { flush() }' "$f"
	done
}

# apt_mirror SUITE: the first address the machine has for SUITE, or nothing.
apt_mirror() { apt_sources | awk -v s="$1" '$2 == s { sub(/\/$/, "", $1); print $1; exit }'; }

# apt_security: the address of bookworm-security, under any name of its suite.
apt_security() { apt_sources | awk '$2 ~ /^(bookworm|oldstable|oldoldstable)(-security|\/updates)\/?$/ { print $1, $2; exit }'; }

# apt_world WORLD: make the configuration of a world and select it for the
# functions below.
apt_world()
{
	local dir=$apt_cache/$1 mirror sec opt=

	apt_name=$1
	apt_conf=$dir/apt.conf

	mirror=$(apt_mirror bookworm)
	[ -n "$mirror" ] || mirror=$(apt_mirror oldstable)
	mkdir -p "$dir"/{lists/partial,archives/partial,etc/parts}
	[ -r "$apt_keyring" ] && opt="[signed-by=$apt_keyring] "
	case $1 in
	bookworm)
		sec=$(apt_security)
		echo "deb $opt$mirror bookworm main"
		echo "deb $opt$mirror bookworm-updates main"
		[ -z "$sec" ] || echo "deb $opt$sec main"
		;;
	backports)
		echo "deb $opt$mirror bookworm-backports main"
		;;
	trixie | sid)
		echo "deb $opt$mirror $1 main"
		;;
	*)	die "no such set of sources: $1" ;;
	esac > "$dir/etc/sources.list"

	if [ "$1" = bookworm ]; then
		echo 'Dir::State::status "/var/lib/dpkg/status";'
	else
		: > "$dir/status"
		echo "Dir::State::status \"$dir/status\";"
	fi > "$apt_conf.new"
	cat >> "$apt_conf.new" <<-EOF
	Dir::State::lists "$dir/lists";
	Dir::Cache "$dir";
	Dir::Cache::archives "$dir/archives";
	Dir::Cache::pkgcache "pkgcache.bin";
	Dir::Cache::srcpkgcache "srcpkgcache.bin";
	Dir::Etc::sourcelist "$dir/etc/sources.list";
	Dir::Etc::sourceparts "$dir/etc/parts";
	Dir::Etc::preferences "$dir/etc/preferences";
	Dir::Etc::preferencesparts "$dir/etc/parts";
	APT::Sandbox::User "root";
	APT::Get::Assume-Yes "true";
	APT::Install-Recommends "false";
	APT::Install-Suggests "false";
	APT::Update::Error-Mode "any";
	Acquire::Languages "none";
	Acquire::Retries "2";
	Acquire::http::Timeout "20";
	Acquire::https::Timeout "20";
	Dpkg::Use-Pty "false";
	EOF
	# A frozen copy of a moving release may be past its date.
	case $1 in
	trixie | sid) echo 'Acquire::Check-Valid-Until "false";' >> "$apt_conf.new" ;;
	esac
	mv "$apt_conf.new" "$apt_conf"
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -c "$apt_conf" "$@"; }

# apt_update: read the mirror's lists, unless that was done today.
apt_update()
{
	local dir=$apt_cache/$apt_name

	[ -z "$(find "$dir/updated" -mmin -720 2> /dev/null)" ] || return 0
	if with_progress "reading the package lists of $apt_name" no_probe apt_get -q update; then
		touch "$dir/updated"
		return
	fi
	# One source that fails must not stop what the others can give.
	if [ -s "$dir/updated" ] || ls "$dir"/lists/*_Packages* > /dev/null 2>&1; then
		say "$(grep -m 1 -E '^(E|W|Err)' "$progress_log" || echo 'apt-get update failed'), using the lists at hand"
		return
	fi
	die "no network: the mirror $(awk 'NR == 1 { sub(/\[[^]]*\] /, ""); print $2 }' "$dir/etc/sources.list") does not answer" \
		"check the network, or name a mirror that answers in /etc/apt/sources.list"
}

# apt_missing PACKAGE...: print those that are not installed.
apt_missing()
{
	# shellcheck disable=SC2016  # dpkg-query's own variables
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2> /dev/null |
		awk -v want="$*" '
		$2 == "installed" { ok[$1] = 1 }
		END { n = split(want, w, " ")
		      for (i = 1; i <= n; i++) if (!(w[i] in ok)) print w[i] }' || true
}

apt_last_line()
{
	local l

	l=$(grep -E '^(Get:|Unpacking|Setting up)' "$progress_log" | tail -n 1)
	l=${l#Get:}
	[ -z "$l" ] || printf ', %.60s' "$l"
}

# apt_install PACKAGE...: install what is missing, from bookworm only, removing
# nothing.
apt_install()
{
	local missing

	missing=$(apt_missing "$@" | xargs)
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "not root, and these packages are missing: $missing" "sudo scripts/deps ${deps_target:-demo}"
	apt_world bookworm
	apt_update
	say "installing from bookworm: $missing"
	# shellcheck disable=SC2086  # a list of names
	if ! with_progress "installing" apt_last_line \
			apt_get -q install --no-remove -o DPkg::Lock::Timeout=300 $missing; then
		tail -n 5 "$progress_log" >&2
		die "apt could not install: $missing" "apt-get -f install, then run this again (the whole log: $progress_log)"
	fi
	apt_get clean
}

apt_download_probe()
{
	printf ', %d of %d MB' "$(du -sm "$apt_dl_dir" | cut -f 1)" "$apt_dl_mb"
}

# apt_fetch DIR PACKAGE...: download into DIR from the selected world.
apt_fetch()
{
	apt_dl_dir=$1
	shift
	mkdir -p "$apt_dl_dir"
	apt_dl_mb=$(apt_get -qq --print-uris download "$@" 2> /dev/null |
		awk '{ n += $3 } END { print int(n / 1000000 + 1) }')
	apt_dl_rc=0
	with_progress "downloading $1 and $(($# - 1)) more ($apt_dl_mb MB)" apt_download_probe \
		env -C "$apt_dl_dir" DEBIAN_FRONTEND=noninteractive \
		apt-get -q -c "$apt_conf" download "$@" || apt_dl_rc=$?
	[ "$apt_dl_rc" = 0 ] && return
	# The lists may be older than the mirror: once more with fresh ones.
	rm -f "$apt_cache/$apt_name/updated"
	apt_update
	with_progress "downloading again" apt_download_probe \
		env -C "$apt_dl_dir" DEBIAN_FRONTEND=noninteractive \
		apt-get -q -c "$apt_conf" download "$@" && return
	tail -n 3 "$progress_log" >&2
	die "download of $* failed" "check the network and run this again"
}

# apt_find REGEX: the newest package of the selected world whose name matches.
apt_find() { apt-cache -c "$apt_conf" search --names-only "$1" | awk '{ print $1 }' | sort -V | tail -n 1; }

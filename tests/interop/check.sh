#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh H09PEER - h09peer talks to itself, on loopback and without quicsock: what
# fails here is no matter of ours. And it can fail: bad names, certificates, ports.

# shellcheck source=../selftests/lib.sh
. "$(dirname "$0")/../selftests/lib.sh"

peer=$1
if [ ! -x "$peer" ]; then
	skip "libngtcp2 is here" "the mirror has no bookworm-backports"
	finish
fi
ok "libngtcp2 is here"

work=$(mktemp -d /tmp/h09.XXXXXX)
on_exit "rm -rf $work"
make -C "$top/tests/selftests" -s O="$build/selftests" certs > /dev/null || die "no certificates"
certs=$build/selftests/certs
mkdir "$work/files"
head -c 512K /dev/urandom > "$work/files/big"
: > "$work/files/empty"
sum=$(sha256sum < "$work/files/big")
sum=${sum%% *}

# a free port: the kernel's choice of a moment ago
port=$(python3 -c 'import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 0)); print(s.getsockname()[1])')

serve() # [OPTION]...
{
	: > "$work/server"	# before it runs: what the last one said must not be taken for its word
	"$peer" server -p "$port" -d "$work/files" --cert "$certs/good.pem" \
		--key "$certs/good.key" "$@" >> "$work/server" 2>&1 &
	server=$!
	on_exit "kill -KILL $server"
	wait_for 10 grep -q listening "$work/server" || die "it does not listen: $(cat "$work/server")"
}

serve

client() { timeout 60 "$peer" client -p "$port" "$@" > "$work/out" 2>&1 || { cat "$work/out"; return 1; }; }
sums() { grep -c "\"path\":\"big\",\"sha256\":\"$sum\",\"error\":\"\"" "$work/out"; }
trusting=(--ca "$certs/ca.pem" --server-name server.test)

for host in 127.0.0.1 ::1; do
	check "$host: files, the server verified" client "${trusting[@]}" "$host" big empty
	check_eq "$host: and as they were" 1 "$(sums)"
done
for c in aes128=AES-128-GCM aes256=AES-256-GCM chacha20=CHACHA20-POLY1305; do
	check "${c#*=}" client --ciphers "${c%%=*}" 127.0.0.1 big
	check "${c#*=}: it was that" grep -q "\"summary\".*\"cipher\":\"${c#*=}\"" "$work/out"
done
check "20 connections, 4 at a time, 3 streams each, late ends" \
	client --connections 20 --parallel 4 --repeat 3 --late-fin 127.0.0.1 big
check_eq "60 files" 60 "$(sums)"
check "PUT" client --bulk-put 3M 127.0.0.1
check "the server counted" wait_for 10 grep -q '"bytes":3145728.*"verb":"PUT"' "$work/server"
check "no GSO" client --no-gso --bulk 3M 127.0.0.1

fails() { ! client "$@"; }
check "a file that is not there is a failure" fails 127.0.0.1 nothing
check "a name that is not the server's is one" fails --ca "$certs/ca.pem" --server-name a.test 127.0.0.1 big
check "another authority is one" fails --ca "$certs/otherca.pem" --server-name server.test 127.0.0.1 big
check "another protocol is one" fails --alpn h3 127.0.0.1 big
kill -TERM "$server"
wait "$server"
check_eq "the server ends well" 0 "$?"

serve --retry
check "a server that wants addresses proved" client 127.0.0.1 big
kill -TERM "$server"
wait "$server"
check "a port where nobody listens is a failure" fails 127.0.0.1 big
finish

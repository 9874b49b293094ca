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
make -C "$top/tests/selftests" -s O="$build/selftests" certs "$build/selftests/quic/nat" > /dev/null ||
	die "no certificates, or no NAT"
certs=$build/selftests/certs
mkdir "$work/files"
head -c 512K /dev/urandom > "$work/files/big"
: > "$work/files/empty"
sum=$(sha256sum < "$work/files/big")
sum=${sum%% *}

# free ports: the kernel's choice of a moment ago
read -r port nat_port < <(python3 -c 'import socket
s = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for i in range(2)]
for t in s: t.bind(("::", 0))
print(*[t.getsockname()[1] for t in s])')

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

# said WHAT PATTERN [FILE]: by the client, or in FILE
said() { check "$1" wait_for 10 grep -q "$2" "${3:-$work/out}" || note "$(cut -c -300 "${3:-$work/out}")"; }
stop_server() { kill -TERM "$server"; wait "$server"; }

serve --greetings 40
check "datagrams and greetings" client --datagrams 300 --greetings 40 ::1 empty
both='"datagrams":300,"datagrams_bad":0,"greetings":40,"greeted":40,"uni_limit":3'
said "the client has them all" "\"connection\",.*$both"
said "and so has the server" "\"connection\",.*$both" "$work/server"
stop_server

# the first request ends early, the second one does not
bulk=/bulk/1000000000
early='"event":"early","connection":[0-9]*,"stream":0,.*'
serve
for how in "stop-after $bulk stopped" "reset-after put:1G reset"; do
	read -r option request word <<< "$how"
	check "--$option" client --streams 1 "--$option" 64K 127.0.0.1 "$request" big
	said "it was $word" "$early\"how\":\"$word\""
	said "the server saw it" "$early\"how\":\"$word by the peer\"" "$work/server"
	check_eq "the next file comes" 1 "$(sums)"
done
stop_server
serve --stop-after 64K --reset-after 64K
for how in "$bulk reset" "put:1G stopped"; do
	read -r request word <<< "$how"
	check "$word by the server: a failure" fails --streams 1 127.0.0.1 "$request" big
	said "the server does" "$early\"how\":\"$word\"" "$work/server"
	said "the client sees it" "$early\"how\":\"$word by the peer\""
	check_eq "the next file comes" 1 "$(sums)"
done
stop_server

for l in 0 4 18 20; do
	serve --cid-length "$l"
	check "connection IDs of $l bytes" client --cid-length "$((20 - l))" 127.0.0.1 big
	said "they are" "\"cid_length\":$((20 - l)),\"peer_cid_length\":$l"
	check_eq "with the file" 1 "$(sums)"
	stop_server
done

# --- paths ---

serve
for to in 127.0.0.2 ::1; do
	check "a client that moves to $to" client --streams 1 --move-to "$to" "${to/%2/1}" big big
	said "it has" '"path".*"validated":1'
	check_eq "with the files" 2 "$(sums)"
done
stop_server
# a server that goes on after a NAT has forgotten; the client knows nothing of it
serve
"$build/selftests/quic/nat" "$nat_port" 127.0.0.1 "$port" 60 > "$work/nat" 2>&1 &
nat=$!
on_exit "kill -KILL $nat"
bound() { ss -Hanu "sport = :$1" | grep -q .; }
wait_for 10 bound "$nat_port" || die "no NAT"
check "through a NAT that forgets" client -p "$nat_port" 127.0.0.1 put:3M big
check_eq "with the file" 1 "$(sums)"
said "it did forget" mapped "$work/nat"
said "the server followed" '"path".*"validated":1' "$work/server"
kill "$nat"
stop_server

# --- a server that has lost its state ---

serve --reset-secret same
timeout 60 "$peer" client -p "$port" --stay 127.0.0.1 big > "$work/out" 2>&1 &
stays=$!
on_exit "kill -KILL $stays"
said "a client stays" '"transfer".*"error":""'
{ kill -KILL "$server"; wait "$server"; } 2> /dev/null
serve --reset-secret same
wait "$stays"
check_eq "what became of its connection is a failure" 1 $?
said "it knows the server's stateless reset" '"connection",.*"error":"stateless reset"'

# a client that has; the server has an ID of its with a token since it moved
"$peer" client -p "$port" --reset-secret same --move-to 127.0.0.2 --streams 1 \
	--repeat 100000 127.0.0.1 big > "$work/out" 2>&1 &
moves=$!
on_exit "kill -KILL $moves"
said "a client moves" '"path".*"validated":1'
said "its server follows" '"path".*"validated":1' "$work/server"
{ kill -KILL "$moves"; wait "$moves"; } 2> /dev/null
there=$(sed -n 's/.*"path".*"local":\([0-9]*\).*/\1/p' "$work/out")
"$peer" server -a 127.0.0.2 -p "$there" --reset-secret same --cert "$certs/good.pem" \
	--key "$certs/good.key" > /dev/null 2>&1 &
on_exit "kill -KILL $!"
said "who is there with its secret resets the server's connection" \
	'"connection",.*"error":"stateless reset"' "$work/server"
stop_server

serve --retry
check "a server that wants addresses proved" client 127.0.0.1 big
stop_server
check "a port where nobody listens is a failure" fails 127.0.0.1 big
finish

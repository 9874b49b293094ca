// SPDX-License-Identifier: GPL-2.0
/*
 * Writes libFuzzer's dictionary of a target, from the core's own tables: frame
 * types, transport parameter IDs, and the integers that sit at an edge.
 *
 *	dict packets|frames|tparams|ops|netlink
 */
#include <stdio.h>
#include <string.h>
#include "../../kmod/core/varint.h"
#include "../../kmod/core/defs_frame.h"
#include "../../kmod/core/defs_tparam.h"

static void word(const u8 *p, size_t n)
{
	printf("\"");
	while (n--)
		printf("\\x%02x", *p++);
	printf("\"\n");
}

static void varint(u64 v)
{
	u8 buf[8];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));

	quic_put_varint(&w, v);
	word(buf, w.p - buf);
}

static void edges(void)
{
	static const u64 values[] = {
		63, 64, 1200, 16383, 16384, (1ULL << 30) - 1, 1ULL << 30,
		QUIC_STREAMS_MAX, QUIC_STREAMS_MAX + 1, QUIC_VARINT_MAX - 1,
		QUIC_VARINT_MAX,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		varint(values[i]);
}

static void frames(void)
{
#define X(name, first, last, pkts, attrs) { first, last },
	static const struct {
		u32 first;
		u32 last;
	} types[] = { QUIC_FRAMES(X) };
#undef X
	u32 i, type;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (type = types[i].first; type <= types[i].last; type++)
			varint(type);
	edges();
}

static void tparams(void)
{
#define X(field, id, ...) id,
	static const u32 ids[] = {
		QUIC_TPARAMS_INT(X)
		QUIC_TPARAMS_FLAG(X)
		QUIC_TPARAMS_CID(X)
		QUIC_TPARAM_STATELESS_RESET_TOKEN,
		QUIC_TPARAM_PREFERRED_ADDRESS,
		QUIC_TPARAM_VERSION_INFORMATION,
	};
#undef X
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		varint(ids[i]);
	edges();
}

static void packets(void)
{
	static const u32 versions[] = { 0, QUIC_VERSION_V1, QUIC_VERSION_V2 };
	u8 hdr[5];
	u32 i, j;

	/* first byte and version of every type */
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		for (j = 0; j < 4; j++) {
			hdr[0] = 0xc0 | j << 4;
			put_unaligned_be32(versions[i], hdr + 1);
			word(hdr, sizeof(hdr));
		}
	}
	edges();
}

int main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	if (!strcmp(name, "packets"))
		packets();
	else if (!strcmp(name, "frames") || !strcmp(name, "ops"))
		frames();
	else if (!strcmp(name, "tparams"))
		tparams();
	else if (!strcmp(name, "netlink"))
		edges();
	else
		return 2;
	return 0;
}

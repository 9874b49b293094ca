// SPDX-License-Identifier: GPL-2.0
/*
 * Names of error codes: each code has one, unknown ones too, and the first error
 * of a connection is the one that stays.
 */
#include "unit.h"
#include "../../kmod/core/defs_error.h"

static void names(struct unit *t)
{
	EXPECT_STR_EQ(t, quic_error_name(0), "no error");
	EXPECT_STR_EQ(t, quic_error_name(0x0a), "protocol violation");
	EXPECT_STR_EQ(t, quic_error_name(0x11), "version negotiation error");
	EXPECT_STR_EQ(t, quic_error_name(0x100 + 120),
		      "TLS alert: no application protocol");
	EXPECT_STR_EQ(t, quic_error_name(0x1ff), "TLS alert");
	EXPECT_STR_EQ(t, quic_error_name(0x200), "unknown error");
	EXPECT_STR_EQ(t, quic_error_name(U64_MAX), "unknown error");
}

static void never_null(struct unit *t)
{
	u64 code;

	for (code = 0; code < 0x400; code++) {
		ASSERT(t, quic_error_name(code));
		EXPECT_EQ(t, !strcmp(quic_error_name(code), "unknown error"),
			  code > 0x11 && code >> 8 != 1);
	}
}

/* The first error stays. */
static void first_wins(struct unit *t)
{
	struct quic_error err = {};

	EXPECT_EQ(t, quic_error_set(&err, 7, 3, "one"), -EPROTO);
	EXPECT_EQ(t, quic_error_set(&err, 8, 4, "two"), -EPROTO);
	EXPECT(t, err.set && !err.app);
	EXPECT_EQ(t, err.code, 7);
	EXPECT_EQ(t, err.frame_type, 3);
	EXPECT_STR_EQ(t, err.reason, "one");
}

static const struct unit_case cases[] = {
	UNIT_CASE(names),
	UNIT_CASE(never_null),
	UNIT_CASE(first_wins),
};

UNIT_SUITE(defs_error, cases);

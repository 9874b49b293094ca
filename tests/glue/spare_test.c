// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/glue/spare.c in userspace: what was given back is used again, what is kept is
 * bounded, and goes where it is not needed.
 */
#include "../unit/unit.h"
#include "glue_test.h"
#include "../../kmod/glue/spare.h"

#define MANY		5000
#define KEPT_MAX	1100	/* of a kind: what the store has, and one CPU */
#define REST_S		10	/* seconds until nothing is kept */

static void *objects[MANY];

/* Return: the trims, one a second, until nothing is left. */
static u32 to_rest(void)
{
	u32 n = 1;

	while (quic_spares_trim() && n < 100)
		n++;
	return n;
}

static void take(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		objects[i] = quic_spare_alloc(QUIC_SPARE_TX_CHUNK);
		/* all of it is the caller's */
		memset(objects[i], 0xa5, sizeof(struct quic_txchunk));
	}
}

static void give(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		quic_spare_free(QUIC_SPARE_TX_CHUNK, objects[i]);
}

/* As many as before: nothing is allocated, no object is there twice. */
static void again(struct unit *t)
{
	u32 before, round, i;

	to_rest();
	take(200);
	give(200);
	before = glue_object_allocs;
	for (round = 0; round < 5; round++) {
		take(200);
		for (i = 0; i < 200; i++)
			memcpy(objects[i], &i, sizeof(i));
		for (i = 0; i < 200; i++)
			EXPECT_EQ(t, memcmp(objects[i], &i, sizeof(i)), 0);
		give(200);
	}
	EXPECT_EQ(t, glue_object_allocs, before);
	EXPECT_EQ(t, glue_objects, 200);
	to_rest();
	EXPECT_EQ(t, glue_objects, 0);
}

static void bounded(struct unit *t)
{
	u32 before, kept;

	to_rest();
	take(MANY);
	EXPECT_EQ(t, glue_objects, MANY);
	give(MANY);
	kept = glue_objects;
	EXPECT_GE(t, kept, 1000);
	EXPECT_LE(t, kept, KEPT_MAX);
	before = glue_object_allocs;
	take(MANY);
	EXPECT_EQ(t, glue_object_allocs, before + MANY - kept);
	give(MANY);
	EXPECT_LE(t, glue_objects, KEPT_MAX);
	EXPECT_LE(t, to_rest(), REST_S);
	EXPECT_EQ(t, glue_objects, 0);
}

/* What is used goes on being kept; what lies in the store goes meanwhile. */
static void in_use(struct unit *t)
{
	u32 before, i;

	to_rest();
	take(1000);
	give(1000);
	for (i = 0; i < 2 * REST_S; i++) {
		take(20);
		give(20);
		EXPECT_NE(t, quic_spares_trim(), 0);
	}
	EXPECT_LE(t, glue_objects, 64);
	before = glue_object_allocs;
	take(20);
	give(20);
	EXPECT_EQ(t, glue_object_allocs, before);
	to_rest();
	EXPECT_EQ(t, glue_objects, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(again),
	UNIT_CASE(bounded),
	UNIT_CASE(in_use),
};

UNIT_SUITE(spare, cases);

// SPDX-License-Identifier: GPL-2.0
/*
 * The trees that streams and received chunks live in. In userspace this tests
 * our own stand-in (tests/shim/rbtree.c), in a kernel only that we use it right.
 */
#include "unit.h"

#define NODES	400

struct item {
	struct rb_node node;
	u32 key;
	bool in;
};

static struct item items[NODES];

static bool item_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key <
	       rb_entry(b, struct item, node)->key;
}

#ifndef __KERNEL__
/* Return: black height, 0 when an invariant does not hold. */
static u32 black_height(const struct rb_node *n, const struct rb_node *parent)
{
	u32 left, right;
	bool black;

	if (!n)
		return 1;
	black = n->parent_color & 1;
	if (rb_parent(n) != parent || (!black && (!parent || !(parent->parent_color & 1))))
		return 0;
	left = black_height(n->rb_left, n);
	right = black_height(n->rb_right, n);
	return left && left == right ? left + black : 0;
}
#endif

static void check_tree(struct unit *t, struct rb_root *root)
{
	struct rb_node *n, *last = NULL;
	u32 count = 0, i, in = 0, key = 0;

#ifndef __KERNEL__
	EXPECT(t, black_height(root->rb_node, NULL));
#endif
	for (n = rb_first(root); n; n = rb_next(n), count++) {
		EXPECT(t, rb_prev(n) == last);
		EXPECT(t, !count || rb_entry(n, struct item, node)->key > key);
		key = rb_entry(n, struct item, node)->key;
		EXPECT(t, rb_entry(n, struct item, node)->in);
		last = n;
	}
	EXPECT(t, rb_last(root) == last);
	for (i = 0; i < NODES; i++)
		in += items[i].in;
	EXPECT_EQ(t, count, in);
}

static void insert_erase(struct unit *t)
{
	struct rb_root root = RB_ROOT;
	struct item *it;
	u32 i, fill;

	memset(items, 0, sizeof(items));
	for (i = 0; i < NODES; i++)
		items[i].key = i * 7919 % 65521;
	for (i = 0; i < 20000; i++) {
		/* Between nearly empty and nearly full, in waves. */
		fill = i / 1000 % 2 ? 8 : 2;
		it = &items[unit_below(t, NODES)];
		if (!it->in && unit_below(t, 10) < fill) {
			rb_add(&it->node, &root, item_less);
			it->in = true;
		} else if (it->in && unit_below(t, 10) >= fill) {
			rb_erase(&it->node, &root);
			it->in = false;
		}
		if (i % 37 == 0)
			check_tree(t, &root);
	}
	while ((it = rb_entry_safe(rb_first(&root), struct item, node))) {
		rb_erase(&it->node, &root);
		it->in = false;
		check_tree(t, &root);
	}
	EXPECT(t, RB_EMPTY_ROOT(&root));
}

static void ordered_and_cached(struct unit *t)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct item *it, *next;
	u32 i, n = 0;

	memset(items, 0, sizeof(items));
	for (i = 0; i < NODES; i++) {
		items[i].key = i & 1 ? i : NODES * 2 - i;
		items[i].in = true;
		rb_add_cached(&items[i].node, &root, item_less);
		EXPECT(t, rb_first_cached(&root) == rb_first(&root.rb_root));
	}
	check_tree(t, &root.rb_root);
	for (i = 0; i < NODES / 2; i++) {
		it = rb_entry(rb_first_cached(&root), struct item, node);
		rb_erase_cached(&it->node, &root);
		it->in = false;
		EXPECT(t, rb_first_cached(&root) == rb_first(&root.rb_root));
	}
	check_tree(t, &root.rb_root);
	rbtree_postorder_for_each_entry_safe(it, next, &root.rb_root, node) {
		memset(&it->node, 0xa5, sizeof(it->node));
		n++;
	}
	EXPECT_EQ(t, n, NODES - NODES / 2);
}

static void replace(struct unit *t)
{
	struct rb_root root = RB_ROOT;
	u32 i;

	memset(items, 0, sizeof(items));
	for (i = 0; i < NODES; i++)
		items[i].key = i / 2;
	for (i = 0; i < NODES; i += 2) {
		rb_add(&items[i].node, &root, item_less);
		items[i].in = true;
	}
	for (i = 0; i < NODES; i += 2) {
		rb_replace_node(&items[i].node, &items[i + 1].node, &root);
		items[i].in = false;
		items[i + 1].in = true;
		if (i % 20 == 0)
			check_tree(t, &root);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(insert_erase),
	UNIT_CASE(ordered_and_cached),
	UNIT_CASE(replace),
};

UNIT_SUITE(rbtree, cases);

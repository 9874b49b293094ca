// SPDX-License-Identifier: GPL-2.0
/*
 * Red-black trees for userspace: what lib/rbtree.c is to the kernel.
 *
 * The textbook algorithm over struct rb_node. Invariants: the root is black, a
 * red node has no red child, every path down from a node meets the same number
 * of black nodes. A missing child counts as black.
 *
 * Left and right are written once: a node's children are reached by
 * child(node, side), and the mirrored case is the other side.
 */
#include <linux/rbtree.h>

#define RB_BLACK	1UL

static struct rb_node **child(struct rb_node *n, bool right)
{
	return right ? &n->rb_right : &n->rb_left;
}

static bool is_red(const struct rb_node *n)
{
	return n && !(n->parent_color & RB_BLACK);
}

static void set_black(struct rb_node *n, bool black)
{
	n->parent_color = (n->parent_color & ~RB_BLACK) | black;
}

static void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (unsigned long)parent | (n->parent_color & RB_BLACK);
}

/* Make whatever pointed down at @old point at @n. */
static void replace_child(struct rb_node *old, struct rb_node *n,
			  struct rb_node *parent, struct rb_root *root)
{
	if (!parent)
		root->rb_node = n;
	else
		*child(parent, parent->rb_right == old) = n;
}

/* The child on the far side of @n comes up, @n goes down on side @right. */
static void rotate(struct rb_node *n, bool right, struct rb_root *root)
{
	struct rb_node *up = *child(n, !right);
	struct rb_node *inner = *child(up, right);
	struct rb_node *parent = rb_parent(n);

	*child(n, !right) = inner;
	if (inner)
		set_parent(inner, n);
	*child(up, right) = n;
	set_parent(n, up);
	set_parent(up, parent);
	replace_child(n, up, parent, root);
}

void rb_insert_color(struct rb_node *n, struct rb_root *root)
{
	set_black(n, false);
	while (is_red(rb_parent(n))) {
		struct rb_node *parent = rb_parent(n);
		struct rb_node *grand = rb_parent(parent);
		bool right = grand->rb_right == parent;
		struct rb_node *uncle = *child(grand, !right);

		if (is_red(uncle)) {
			set_black(parent, true);
			set_black(uncle, true);
			set_black(grand, false);
			n = grand;
			continue;
		}
		if (*child(parent, !right) == n) {
			rotate(parent, right, root);
			parent = n;
		}
		set_black(parent, true);
		set_black(grand, false);
		rotate(grand, !right, root);
		break;
	}
	set_black(root->rb_node, true);
}

/* Paths through @n, a child of @parent, miss one black node. */
static void erase_fix(struct rb_node *n, struct rb_node *parent,
		      struct rb_root *root)
{
	while (parent && !is_red(n)) {
		bool right = parent->rb_right == n;
		struct rb_node *sib = *child(parent, !right);

		if (is_red(sib)) {
			set_black(sib, true);
			set_black(parent, false);
			rotate(parent, right, root);
			sib = *child(parent, !right);
		}
		if (!is_red(sib->rb_left) && !is_red(sib->rb_right)) {
			set_black(sib, false);
			n = parent;
			parent = rb_parent(n);
			continue;
		}
		if (!is_red(*child(sib, !right))) {
			set_black(*child(sib, right), true);
			set_black(sib, false);
			rotate(sib, !right, root);
			sib = *child(parent, !right);
		}
		set_black(sib, !is_red(parent));
		set_black(parent, true);
		set_black(*child(sib, !right), true);
		rotate(parent, right, root);
		return;
	}
	if (n)
		set_black(n, true);
}

/* Take @n, which has at most one child, out; repair the colours above it. */
static void erase_outer(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *down = n->rb_left ? n->rb_left : n->rb_right;
	struct rb_node *parent = rb_parent(n);

	if (down)
		set_parent(down, parent);
	replace_child(n, down, parent, root);
	if (!is_red(n))
		erase_fix(down, parent, root);
}

void rb_erase(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *next;

	if (!n->rb_left || !n->rb_right) {
		erase_outer(n, root);
		return;
	}
	/* Two children: the successor, which has no left one, takes its place. */
	next = rb_next(n);
	erase_outer(next, root);
	rb_replace_node(n, next, root);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *n,
		     struct rb_root *root)
{
	*n = *victim;
	if (n->rb_left)
		set_parent(n->rb_left, n);
	if (n->rb_right)
		set_parent(n->rb_right, n);
	replace_child(victim, n, rb_parent(victim), root);
}

static struct rb_node *outermost(struct rb_node *n, bool right)
{
	while (n && *child(n, right))
		n = *child(n, right);
	return n;
}

static struct rb_node *step(struct rb_node *n, bool right)
{
	struct rb_node *parent;

	if (RB_EMPTY_NODE(n))
		return NULL;
	if (*child(n, right))
		return outermost(*child(n, right), !right);
	for (parent = rb_parent(n); parent && *child(parent, right) == n;
	     parent = rb_parent(n))
		n = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, false);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, true);
}

struct rb_node *rb_next(const struct rb_node *n)
{
	return step((struct rb_node *)n, true);
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	return step((struct rb_node *)n, false);
}

static struct rb_node *deepest(struct rb_node *n)
{
	while (n && (n->rb_left || n->rb_right))
		n = n->rb_left ? n->rb_left : n->rb_right;
	return n;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *n)
{
	struct rb_node *parent = rb_parent(n);

	if (parent && parent->rb_left == n && parent->rb_right)
		return deepest(parent->rb_right);
	return parent;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/rbtree.h>; the tree itself is tests/shim/rbtree.c. */
#ifndef SHIM_LINUX_RBTREE_H
#define SHIM_LINUX_RBTREE_H

#include <linux/types.h>
#include <linux/compiler.h>

/* Same three words as in the kernel, so that objects have the same size. */
struct rb_node {
	unsigned long parent_color;	/* bit 0: black */
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT		((struct rb_root) { NULL })
#define RB_ROOT_CACHED	((struct rb_root_cached) { { NULL }, NULL })

#define rb_parent(n)	((struct rb_node *)((n)->parent_color & ~1UL))
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) ({ \
	__typeof__(ptr) ____p = (ptr); \
	____p ? rb_entry(____p, type, member) : NULL; })

#define RB_EMPTY_ROOT(root)	(!(root)->rb_node)
#define RB_EMPTY_NODE(n)	((n)->parent_color == (unsigned long)(n))
#define RB_CLEAR_NODE(n)	((n)->parent_color = (unsigned long)(n))

void rb_insert_color(struct rb_node *n, struct rb_root *root);
void rb_erase(struct rb_node *n, struct rb_root *root);
void rb_replace_node(struct rb_node *victim, struct rb_node *n,
		     struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *n);

static inline void rb_link_node(struct rb_node *n, struct rb_node *parent,
				struct rb_node **link)
{
	n->parent_color = (unsigned long)parent;
	n->rb_left = NULL;
	n->rb_right = NULL;
	*link = n;
}

#define rb_first_cached(root)	((root)->rb_leftmost)

static inline void rb_insert_color_cached(struct rb_node *n,
					  struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = n;
	rb_insert_color(n, &root->rb_root);
}

static inline struct rb_node *rb_erase_cached(struct rb_node *n,
					      struct rb_root_cached *root)
{
	struct rb_node *leftmost = NULL;

	if (root->rb_leftmost == n) {
		leftmost = rb_next(n);
		root->rb_leftmost = leftmost;
	}
	rb_erase(n, &root->rb_root);
	return leftmost;
}

static __always_inline void rb_add(struct rb_node *n, struct rb_root *root,
				   bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(n, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(n, parent, link);
	rb_insert_color(n, root);
}

static __always_inline struct rb_node *
rb_add_cached(struct rb_node *n, struct rb_root_cached *root,
	      bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (less(n, parent)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(n, parent, link);
	rb_insert_color_cached(n, root, leftmost);
	return leftmost ? n : NULL;
}

static __always_inline struct rb_node *
rb_find(const void *key, const struct rb_root *root,
	int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *n = root->rb_node;

	while (n) {
		int c = cmp(key, n);

		if (!c)
			break;
		n = c < 0 ? n->rb_left : n->rb_right;
	}
	return n;
}

#define rbtree_postorder_for_each_entry_safe(pos, n, root, member) \
	for (pos = rb_entry_safe(rb_first_postorder(root), \
				 __typeof__(*pos), member); \
	     pos && ({ n = rb_entry_safe(rb_next_postorder(&pos->member), \
					 __typeof__(*pos), member); 1; }); \
	     pos = n)

#endif /* SHIM_LINUX_RBTREE_H */

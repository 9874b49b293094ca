// SPDX-License-Identifier: GPL-2.0
// Is a fragment filled by skb_frag_fill_page_desc?
#include <linux/skbuff.h>

void probe(skb_frag_t *f, struct page *p);

void probe(skb_frag_t *f, struct page *p)
{
	skb_frag_fill_page_desc(f, p, 0, 1);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes to send that stay where they are: in pages of a file, of a pipe, or of a kernel user's.
 *
 * sendfile(2), splice(2) and sendmsg() in the kernel with MSG_SPLICE_PAGES give pages and not
 * bytes. The core gets references into them, and the AEAD reads them from there:
 *
 *   file --page cache--> pipe or iterator --bvec--> quic_lend_piece()
 *                                                      quic_stream_append(owner: page, lent)
 *   ... acknowledged: quic_host_txbuf_put()            put_page()
 *
 * Who else has such a page may write to it at any time, as with TCP: what is sent, and sent
 * again after a loss, is what is there then. A packet is consistent for itself all the same,
 * since its ciphertext, of which the tag is, is written elsewhere and text is read once. A peer
 * may notice if the same bytes come twice and differ (RFC 9000 2.2).
 *
 * Bytes are charged to the socket as if they were copied. Tiny pieces are: a reference keeps a
 * page. So are pages that have no count (slab) or no address of their own (high memory).
 *
 * Invariants: nothing of ours writes to such a page, nor to what lies near its bytes: owners
 * are marked as lent, and pieces of theirs have nothing in front that might be borrowed
 * (seal.c). They are never kept as blocks.
 *
 * Not here: which stream, and waiting for room (sock_send.c). Datagrams are copied.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/uio.h>

#include "blocks.h"
#include "sock_ops.h"

#define LEND_MIN	256	/* bytes: less is copied */

/* What of the first page comes next, and where. NULL: that is to be copied. */
static struct page *next_page(const struct iov_iter *it, size_t *off, size_t *len)
{
	const struct bio_vec *bv = it->bvec;
	struct page *page;
	size_t at;

	if (it->iov_offset >= bv->bv_len)
		return NULL;
	at = bv->bv_offset + it->iov_offset;
	page = bv->bv_page + at / PAGE_SIZE;
	*off = at % PAGE_SIZE;
	*len = min3(it->count, bv->bv_len - it->iov_offset, PAGE_SIZE - *off);
	return *len >= LEND_MIN && sendpage_ok(page) && !PageHighMem(page) ? page : NULL;
}

ssize_t quic_lend_piece(struct sock *sk, struct quic_stream *stream, struct msghdr *msg)
{
	struct quic_txbuf *owner;
	struct page *page;
	size_t off, len;
	bool merged;
	int err;

	if (!(msg->msg_flags & MSG_SPLICE_PAGES) || !iov_iter_is_bvec(&msg->msg_iter))
		return 0;
	page = next_page(&msg->msg_iter, &off, &len);
	if (!page)
		return 0;
	if (quic_fail(QUIC_FAIL_TX) || !sk_wmem_schedule(sk, len))
		return -ENOMEM;
	owner = quic_txbuf_lend((struct quic_txbuf *)compound_head(page));
	err = quic_stream_append(quic_sk(sk)->conn, stream, page_address(page) + off, len, owner,
				 &merged);
	if (err)
		return err;
	/* given back by quic_host_txbuf_put() */
	sk_wmem_queued_add(sk, len);
	sk_mem_charge(sk, len);
	if (!merged)
		get_page(page);
	iov_iter_advance(&msg->msg_iter, len);
	quic_mib_add(sock_net(sk), OutBytesLent, len);
	return len;
}

/* Before there was MSG_SPLICE_PAGES for splice(2). */
ssize_t __maybe_unused quic_sendpage(struct socket *sock, struct page *page, int offset,
				     size_t size, int flags)
{
	struct bio_vec bv = { .bv_page = page, .bv_offset = offset, .bv_len = size };
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };

	if (flags & MSG_SENDPAGE_NOTLAST)
		msg.msg_flags |= MSG_MORE;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bv, 1, size);
	return quic_sendmsg(sock->sk, &msg, size);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test host behind kmod/core/host.h: counts every object, fails allocations
 * on demand, and is random in the same way each time. One thread.
 */
#ifndef SHIM_HOST_H
#define SHIM_HOST_H

#include "../../kmod/core/host.h"

/**
 * struct quic_rxbuf - bytes as received
 * @refs: freed at 0
 * @len: of @data
 */
struct quic_rxbuf {
	u32 refs;
	u32 len;
	u8 data[];			/* as received */
};

/**
 * struct quic_txbuf - bytes an application queued
 * @refs: one per chunk of the core and one of the creator
 * @held: bytes that the core has and did not put yet
 * @len: of @data
 */
struct quic_txbuf {
	u32 refs;
	u32 len;
	u64 held;
	u8 data[];			/* as queued */
};

/**
 * struct shim_arena - where the packets of a batch are written (batch->host)
 */
struct shim_arena {
	u8 *buf;			/* the bytes */
	u32 cap;			/* how many there is room for */
	u32 used;			/* how many are written */
	u32 asked;			/* how often a place was asked for */
	bool one_by_one;		/* quic_host_tx_more() has no more */
};

/**
 * shim_host_reset - as at the beginning
 * @seed: of quic_host_random()
 *
 * Objects that live now are forgotten by the counters.
 */
void shim_host_reset(u64 seed);

/* What reset tokens are derived from, besides the ID. */
extern u64 shim_reset_key;

/*
 * From now on keep freed objects in lists, one per kind, as the kernel's slab
 * does: for benchmarks. They are never given back.
 */
void shim_host_fast(void);

/**
 * shim_host_fail_at - let allocations fail
 * @n: the how manieth from now, counted from 1; 0: none
 */
void shim_host_fail_at(u64 n);

/**
 * shim_host_fail_some - let allocations fail at random
 * @permille: how many of a thousand; 0: none
 */
void shim_host_fail_some(u32 permille);

/* Allocations that were made to fail since the reset. */
u64 shim_host_failed(void);

/* Allocations asked for since the reset. */
u64 shim_host_allocs(void);

/* Objects alive: of all kinds and buffers, of one kind, and their bytes. */
u64 shim_host_live(void);
u64 shim_host_live_kind(enum quic_obj kind);
u64 shim_host_bytes(void);

/* Memory of the tests' own: not counted, never made to fail. */
void *shim_mem_alloc(size_t size);
void shim_mem_free(void *p);

/* Buffers; their creator holds one reference. NULL when memory is short. */
struct quic_rxbuf *shim_rxbuf_new(u32 len);
struct quic_txbuf *shim_txbuf_new(u32 len);

static inline void shim_txbuf_get(struct quic_txbuf *buf)
{
	buf->refs++;
}

#endif /* SHIM_HOST_H */

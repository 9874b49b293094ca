/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that make up a pair (pair*.c) share among themselves. */
#ifndef SHIM_PAIR_INT_H
#define SHIM_PAIR_INT_H

#include "pair.h"

/* pair.c */
void *pair_zalloc(size_t size);
bool pair_dice(struct pair *p, u32 permille);
void pair_end_accept(struct pair *p, const struct pair_dgram *d);
void pair_end_pump(struct pair *p, struct pair_end *e);

/*
 * pair_retry.c: server: answer an Initial that has no token (true), or take what its
 * token says into the parameters, give one for a next time; client: a Retry came.
 */
bool pair_retry_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d);
void pair_retry_accept(struct pair *p, const struct pair_dgram *d, struct quic_conn_params *cp);
void pair_retry_give(struct pair *p, struct pair_end *e);
void pair_retry_take(struct pair *p, struct pair_end *e, const struct pair_dgram *d);

/* pair_reset.c: server: answer what came with a stateless reset; client: one came. */
void pair_reset_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d);
void pair_reset_take(struct pair *p, struct pair_end *e, const struct pair_dgram *d);

/*
 * pair_version.c: server: answer an Initial of a version that is not served (true);
 * client: a Version Negotiation came.
 */
bool pair_version_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d);
void pair_version_take(struct pair *p, struct pair_end *e, const struct pair_dgram *d);

/* pair_tls.c: the client's first message; read what arrived at a level. */
void pair_tls_start(struct pair_end *e);
void pair_tls_read(struct pair_end *e, u8 level);

/* pair_app.c */
void pair_app_read(struct pair *p, struct pair_end *e);
void pair_app_write(struct pair *p, struct pair_end *e);

/* pair_msg.c */
void pair_msg_read(struct pair *p, struct pair_end *e);
void pair_msg_write(struct pair *p, struct pair_end *e);

/* pair_link.c */
void pair_dgram_free(struct pair_dgram *d);
struct pair_dgram *pair_dgram_copy(const struct pair_dgram *d);
void pair_link_send(struct pair *p, struct pair_end *from, struct pair_dgram *d);

/* pair_path.c: tell the core where the packets of a datagram come from. Return: heard. */
bool pair_path_rx(struct pair_end *e, const struct pair_dgram *d);
u8 pair_path_addr(const struct pair_end *e, u8 place);
void pair_path_sent(struct pair *p, struct pair_end *e, u8 place, u32 len);

/* pair_wire.c: build one batch and send it. Return: there was something. */
bool pair_wire_build(struct pair *p, struct pair_end *e);

/* pair_open.c */
void pair_open_parked(struct pair *p, struct pair_end *e);
void pair_open_arrivals(struct pair *p, struct pair_end *e);

#endif /* SHIM_PAIR_INT_H */

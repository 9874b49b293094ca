// SPDX-License-Identifier: GPL-2.0
/*
 * aliases - the message flags are the MSG_ bits that they stand for
 *
 * linux/quic.h writes them as numbers; here the C library's own are at hand, and
 * the header is included after them, as most programs do.
 */
#include <sys/socket.h>
#include <netinet/in.h>
#include <linux/tls.h>

#include <linux/quic.h>

#ifdef __cplusplus
#define IS(name, n)	static_assert((int)(name) == (int)(n), #name)
#else
#define IS(name, n)	_Static_assert((int)(name) == (int)(n), #name)
#endif

IS(MSG_QUIC_STREAM_NEW, MSG_SYN);
IS(MSG_QUIC_STREAM_FIN, MSG_FIN);
IS(MSG_QUIC_STREAM_UNI, MSG_CONFIRM);
IS(MSG_QUIC_STREAM_DONTWAIT, MSG_WAITFORONE);
IS(MSG_QUIC_STREAM_SNDBLOCK, MSG_ERRQUEUE);
IS(MSG_QUIC_DATAGRAM, MSG_RST);
IS(MSG_QUIC_NOTIFICATION, MSG_MORE);

/* Cipher numbers that quic_config and quic_info speak of. */
IS(TLS_CIPHER_AES_GCM_128, 51);
IS(TLS_CIPHER_AES_GCM_256, 52);
IS(TLS_CIPHER_AES_CCM_128, 53);
IS(TLS_CIPHER_CHACHA20_POLY1305, 54);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_CIPHER_H
#define QUICD_CIPHER_H

#include <gnutls/gnutls.h>

#include "common.h"

#define CIPHERS 3			/* rows of the table in cipher.c */
#define CIPHER_ALL ((1U << CIPHERS) - 1)
#define CIPHER_NONE (-1)

int cipher_by_name(const char *name, size_t len);
int cipher_by_number(uint32_t number);
unsigned int cipher_mask(uint32_t bits);
uint32_t cipher_number(gnutls_cipher_algorithm_t algorithm);
int cipher_priority(unsigned int mask, gnutls_priority_t *priority);

#endif /* QUICD_CIPHER_H */

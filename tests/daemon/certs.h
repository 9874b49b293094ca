/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CERTS_H
#define CERTS_H

#include <stdint.h>

extern char certs_dir[];

void certs_make(void);
void certs_remove(void);
const char *certs_path(const char *name);
void certs_spki(const char *name, uint8_t hash[32]);
void certs_write(const char *name, const char *text);
char *certs_read(const char *name, size_t *len);

#endif /* CERTS_H */

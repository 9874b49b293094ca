// SPDX-License-Identifier: GPL-2.0
// Does a crypto completion get its own data, not the request?
#include <linux/crypto.h>

void probe_done(void *data, int err);

crypto_completion_t probe = probe_done;

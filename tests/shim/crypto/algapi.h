/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <crypto/algapi.h>: what it has of <crypto/utils.h>. */
#include <crypto/utils.h>

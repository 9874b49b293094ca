// SPDX-License-Identifier: GPL-2.0
// Is unaligned.h under linux?
#include <linux/unaligned.h>

u16 probe(const u8 *p);

u16 probe(const u8 *p)
{
	return get_unaligned_be16(p);
}

// SPDX-License-Identifier: GPL-2.0
// Is the traffic class of an IPv4 flow called flowi4_dscp?
#include <net/flow.h>

size_t probe = offsetof(struct flowi4, flowi4_dscp);

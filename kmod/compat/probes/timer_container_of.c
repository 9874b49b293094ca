// SPDX-License-Identifier: GPL-2.0
// Is from_timer called timer_container_of?
#include <linux/timer.h>

#ifndef timer_container_of
#error "from_timer"
#endif

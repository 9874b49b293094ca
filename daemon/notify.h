/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_NOTIFY_H
#define QUICD_NOTIFY_H

void notify_systemd(const char *state);

#endif /* QUICD_NOTIFY_H */

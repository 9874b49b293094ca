/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Planted bugs: deliberate errors that show whether the tests find errors.
 *
 * A build with -DQUIC_PLANT=n has the one of number n; any other build has none,
 * and the compiler removes the places without a trace. tests/planted has the
 * list, and for each number what has to find it.
 */
#ifndef QUIC_CORE_PLANT_H
#define QUIC_CORE_PLANT_H

#ifdef QUIC_PLANT
#define QUIC_PLANTED(n)	(QUIC_PLANT == (n))
#else
#define QUIC_PLANTED(n)	0
#endif

#endif /* QUIC_CORE_PLANT_H */

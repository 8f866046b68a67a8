/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Bits of RFLAGS (SDM vol. 1, 3.4.3). */
#ifndef ISAHP_CORE_FLAGS_H
#define ISAHP_CORE_FLAGS_H

#define ISAHP_FLAG_CF (1u << 0)
#define ISAHP_FLAG_PF (1u << 2)
#define ISAHP_FLAG_AF (1u << 4)
#define ISAHP_FLAG_ZF (1u << 6)
#define ISAHP_FLAG_SF (1u << 7)
#define ISAHP_FLAG_OF (1u << 11)
#define ISAHP_FLAG_AC (1u << 18)

/** ISAHP_FLAGS_ARITHMETIC - what arithmetic sets */
#define ISAHP_FLAGS_ARITHMETIC (ISAHP_FLAG_CF | ISAHP_FLAG_PF | ISAHP_FLAG_AF | \
				ISAHP_FLAG_ZF | ISAHP_FLAG_SF | ISAHP_FLAG_OF)

#endif /* ISAHP_CORE_FLAGS_H */

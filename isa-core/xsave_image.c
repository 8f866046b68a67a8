// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "xsave_image.h"

/* SDM vol. 1, 10.5.1 (FXSAVE's image) and 13.4.2. */
#define MXCSR 24
#define XMM 160
#define XSTATE_BV 512
#define XCOMP_BV 520
#define LEGACY_AND_HEADER 576

#define COMPACTED (1ULL << 63)
#define MXCSR_INITIAL 0x1f80

#define COMPONENT(n) (1ULL << (n))

/* What a component is: so many bytes of each of these registers, from one on. */
static const struct piece {
	__u8 component;
	__u8 first;
	__u8 count;
	__u8 from;
	__u8 bytes;
	__u8 width;	/* of registers that have it */
} pieces[] = {
	{ ISAHP_XSAVE_SSE, 0, 16, 0, 16, 16 },
	{ ISAHP_XSAVE_AVX, 0, 16, 16, 16, 32 },
	{ ISAHP_XSAVE_ZMM_HI256, 0, 16, 32, 32, 64 },
	{ ISAHP_XSAVE_HI16_ZMM, 16, 16, 0, 64, 64 },
};

#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

static __u64 load_u64(const void *p)
{
	__u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static __u32 offset_of(const struct isahp_xsave_layout *layout, unsigned int component)
{
	return component == ISAHP_XSAVE_SSE ? XMM : layout->offset[component];
}

static bool has_room(const struct isahp_xsave_layout *layout, unsigned int component,
		     __u32 bytes)
{
	__u32 offset = offset_of(layout, component);

	if (layout->size < LEGACY_AND_HEADER)
		return false;
	if (component == ISAHP_XSAVE_SSE)
		return true;
	return offset >= LEGACY_AND_HEADER && offset <= layout->size &&
	       bytes <= layout->size - offset;
}

static bool fits(const struct isahp_xsave_layout *layout,
		 const struct isahp_simd *simd)
{
	const struct piece *p;

	for (p = pieces; p < pieces + PIECES; p++)
		if (p->width <= simd->bytes &&
		    !has_room(layout, p->component, p->count * p->bytes))
			return false;
	return simd->bytes < 64 ||
	       has_room(layout, ISAHP_XSAVE_OPMASK, sizeof(simd->k));
}

struct isahp_xsave_layout isahp_xsave_compact(__u64 xcomp_bv, const __u32 *sizes,
					      __u64 aligned)
{
	struct isahp_xsave_layout layout = { .size = LEGACY_AND_HEADER };
	unsigned int i;

	for (i = ISAHP_XSAVE_AVX; i < ISAHP_XSAVE_KNOWN; i++) {
		if (!(xcomp_bv & COMPONENT(i)))
			continue;
		if (aligned & COMPONENT(i))
			layout.size = (layout.size + 63) & ~63u;
		layout.offset[i] = layout.size;
		layout.size += sizes[i];
	}
	return layout;
}

/* --- loading -------------------------------------------------------------- */

static void load_piece(const __u8 *at, const struct piece *p, bool in_use,
		       struct isahp_simd *simd)
{
	unsigned int i;
	__u8 *to;

	for (i = 0; i < p->count; i++) {
		to = simd->v[p->first + i].b + p->from;
		if (in_use)
			memcpy(to, at + i * p->bytes, p->bytes);
		else
			memset(to, 0, p->bytes);
	}
}

/*
 * The standard format holds MXCSR whether or not XMM registers are in use; the
 * compacted one as a part of them (SDM vol. 1, 13.8.1 and 13.8.2).
 */
static __u32 load_mxcsr(const __u8 *image)
{
	__u32 mxcsr;

	if (load_u64(image + XCOMP_BV) & COMPACTED &&
	    !(load_u64(image + XSTATE_BV) & COMPONENT(ISAHP_XSAVE_SSE)))
		return MXCSR_INITIAL;
	memcpy(&mxcsr, image + MXCSR, sizeof(mxcsr));
	return mxcsr;
}

bool isahp_xsave_load(const void *image, const struct isahp_xsave_layout *layout,
		      struct isahp_simd *simd)
{
	const struct piece *p;
	const __u8 *bytes = image;
	__u64 in_use;

	if (!fits(layout, simd))
		return false;
	in_use = load_u64(bytes + XSTATE_BV);
	for (p = pieces; p < pieces + PIECES; p++)
		if (p->width <= simd->bytes)
			load_piece(bytes + offset_of(layout, p->component), p,
				   in_use & COMPONENT(p->component), simd);
	if (simd->bytes == 64 && in_use & COMPONENT(ISAHP_XSAVE_OPMASK))
		memcpy(simd->k, bytes + layout->offset[ISAHP_XSAVE_OPMASK],
		       sizeof(simd->k));
	else
		memset(simd->k, 0, sizeof(simd->k));
	simd->mxcsr = load_mxcsr(bytes);
	return true;
}

/* --- storing -------------------------------------------------------------- */

static void store_piece(__u8 *at, const struct piece *p,
			const struct isahp_simd *simd)
{
	unsigned int i;

	for (i = 0; i < p->count; i++)
		memcpy(at + i * p->bytes, simd->v[p->first + i].b + p->from, p->bytes);
}

static bool is_zero(const struct piece *p, const struct isahp_simd *simd)
{
	__u64 any = 0;
	unsigned int i, n;

	for (i = 0; i < p->count; i++)
		for (n = 0; n < p->bytes / sizeof(__u64); n++)
			any |= simd->v[p->first + i].q[p->from / sizeof(__u64) + n];
	return !any;
}

static bool are_zero(const __u64 *k)
{
	__u64 any = 0;
	unsigned int i;

	for (i = 0; i < ISAHP_SIMD_OPMASKS; i++)
		any |= k[i];
	return !any;
}

/* What is not in use is zero, and stays out of use for as long as it is. */
bool isahp_xsave_store(void *image, const struct isahp_xsave_layout *layout,
		       const struct isahp_simd *simd)
{
	const struct piece *p;
	__u8 *bytes = image;
	__u64 in_use;

	if (!fits(layout, simd))
		return false;
	in_use = load_u64(bytes + XSTATE_BV);
	for (p = pieces; p < pieces + PIECES; p++) {
		if (p->width > simd->bytes)
			continue;
		/* MXCSR may count as a part of XMM. */
		if (!(in_use & COMPONENT(p->component)) &&
		    p->component != ISAHP_XSAVE_SSE && is_zero(p, simd))
			continue;
		store_piece(bytes + offset_of(layout, p->component), p, simd);
		in_use |= COMPONENT(p->component);
	}
	if (simd->bytes == 64 && (in_use & COMPONENT(ISAHP_XSAVE_OPMASK) ||
				  !are_zero(simd->k))) {
		memcpy(bytes + layout->offset[ISAHP_XSAVE_OPMASK], simd->k,
		       sizeof(simd->k));
		in_use |= COMPONENT(ISAHP_XSAVE_OPMASK);
	}
	memcpy(bytes + MXCSR, &simd->mxcsr, sizeof(simd->mxcsr));
	memcpy(bytes + XSTATE_BV, &in_use, sizeof(in_use));
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Vector registers in the image that XSAVE makes: in the kernel's fpstate, and in
 * a signal frame (SDM vol. 1, 13.4).
 */
#ifndef ISAHP_CORE_XSAVE_IMAGE_H
#define ISAHP_CORE_XSAVE_IMAGE_H

#include "simd.h"

/* State components, as XCR0 and XSTATE_BV number them (SDM vol. 1, 13.1). */
#define ISAHP_XSAVE_SSE 1
#define ISAHP_XSAVE_AVX 2
#define ISAHP_XSAVE_OPMASK 5
#define ISAHP_XSAVE_ZMM_HI256 6
#define ISAHP_XSAVE_HI16_ZMM 7
#define ISAHP_XSAVE_KNOWN 8

/**
 * struct isahp_xsave_layout - where the components of an image are
 * @size: of the image in bytes.
 * @offset: of a component from the image's beginning; 0 where there is none. Of
 *	ISAHP_XSAVE_SSE it does not matter, its place is fixed. The standard
 *	format's are CPUID.0DH's, the compacted one's isahp_xsave_compact()'s.
 */
struct isahp_xsave_layout {
	__u32 size;
	__u32 offset[ISAHP_XSAVE_KNOWN];
};

/**
 * isahp_xsave_compact - the layout of a compacted image
 * @xcomp_bv: the components that the image has room for.
 * @sizes: of every component in bytes, CPUID.(EAX=0DH,ECX=n):EAX.
 * @aligned: bits of those that begin at a multiple of 64, ECX[1] there.
 *
 * Return: offsets and size (SDM vol. 1, 13.4.3). Components from 8 on count in
 * neither.
 */
struct isahp_xsave_layout isahp_xsave_compact(__u64 xcomp_bv, const __u32 *sizes,
					      __u64 aligned);

/**
 * isahp_xsave_load - read vector registers
 * @image: of @layout.
 * @layout: of the image.
 * @simd: @bytes says what is wanted: 16, 32, 64. The rest is filled in; what is
 *	not in the image, or in its initial state, is 0, and 1F80H of MXCSR.
 *
 * Context: any. Nothing of the image is trusted but where @layout says it is.
 *
 * Return: false if the image has no room for what is wanted.
 */
bool isahp_xsave_load(const void *image, const struct isahp_xsave_layout *layout,
		      struct isahp_simd *simd);

/**
 * isahp_xsave_store - write vector registers
 * @image: of @layout. Its other components stay as they are.
 * @layout: of the image.
 * @simd: @bytes says what is written: XMM and MXCSR; and the upper halves of YMM;
 *	and opmasks and all of ZMM. Of these a component that is not in use and is
 *	all zero stays so; others count as in use from then on.
 *
 * Context: any.
 *
 * Return: false if the image has no room for it; nothing is written then.
 */
bool isahp_xsave_store(void *image, const struct isahp_xsave_layout *layout,
		       const struct isahp_simd *simd);

#endif /* ISAHP_CORE_XSAVE_IMAGE_H */

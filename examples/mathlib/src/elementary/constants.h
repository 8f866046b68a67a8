/* SPDX-License-Identifier: MIT */
/* Made by constants.py, which says what this is. */
#ifndef ML_ELEMENTARY_CONSTANTS_H
#define ML_ELEMENTARY_CONSTANTS_H

#define ML_LOG2_E 0x1.71547652b82fep+0
#define ML_1_PI 0x1.45f306dc9c883p-2
#define ML_2_PI 0x1.45f306dc9c883p-1
#define ML_HALF_PI 0x1.921fb54442d18p+0
/* pi/2, times 2^63. */
#define ML_HALF_PI_BITS 0xc90fdaa22168c235ull

/* Sums; times a number of 20 bits all parts but the last are exact. */
#define ML_LN2_1 0x1.62e42fef00000p-1
#define ML_LN2_2 0x1.473de6af278edp-34

#define ML_PI_1 0x1.921fb54400000p+1
#define ML_PI_2 0x1.0b4611a626331p-33

#define ML_HALF_PI_1 0x1.921fb54400000p+0
#define ML_HALF_PI_2 0x1.0b4611a600000p-34
#define ML_HALF_PI_3 0x1.3198a2e000000p-69
#define ML_HALF_PI_4 0x1.b839a252049c1p-104

/* exp(x) = 1 + x + x^2 * this, x in +-ln(2)/2. */
/* Error 2^-32.1. */
#define ML_EXP_S(TERM, x) \
	TERM(0x1.0000000b9129bp-1, x, \
	TERM(0x1.5555555a78ed4p-3, x, \
	TERM(0x1.5554e9063586ep-5, x, \
	TERM(0x1.1110e0f238322p-7, x, \
	TERM(0x1.6d43246b523b4p-10, x, \
	SET(0x1.a124f19fe89acp-13))))))

/* exp(x) = 1 + x + x^2 * this, x in +-ln(2)/2. */
/* Error 2^-61.4. */
#define ML_EXP_D(TERM, x) \
	TERM(0x1.0000000000000p-1, x, \
	TERM(0x1.5555555555557p-3, x, \
	TERM(0x1.5555555555556p-5, x, \
	TERM(0x1.11111111100dcp-7, x, \
	TERM(0x1.6c16c16c162d4p-10, x, \
	TERM(0x1.a01a01abe7fe1p-13, x, \
	TERM(0x1.a01a01a6d889cp-16, x, \
	TERM(0x1.71de0231960ebp-19, x, \
	TERM(0x1.27e4db646b17ep-22, x, \
	TERM(0x1.af4de97ca4194p-26, x, \
	SET(0x1.1f730349868cep-29)))))))))))

/* 2 atanh(s) = 2s + s * x * this, x = s^2, s = f / (2 + f). */
/* Error 2^-37.6. */
#define ML_LOG_S(TERM, x) \
	TERM(0x1.555554fe4e331p-1, x, \
	TERM(0x1.999a796d764cfp-2, x, \
	TERM(0x1.243918dec2428p-2, x, \
	SET(0x1.e2ed602500052p-3))))

/* 2 atanh(s) = 2s + s * x * this, x = s^2, s = f / (2 + f). */
/* Error 2^-59.1. */
#define ML_LOG_D(TERM, x) \
	TERM(0x1.5555555555592p-1, x, \
	TERM(0x1.99999999800e7p-2, x, \
	TERM(0x1.24924941c5607p-2, x, \
	TERM(0x1.c71c522beb97fp-3, x, \
	TERM(0x1.74663802cb61fp-3, x, \
	TERM(0x1.39a2680fa3d8cp-3, x, \
	SET(0x1.2efebc1048e4cp-3)))))))

/* sin(r) = r + r * x * this, x = r^2. */
/* Error 2^-43.4. */
#define ML_SIN_S(TERM, x) \
	TERM(-0x1.5555555549221p-3, x, \
	TERM(0x1.1111110b0e807p-7, x, \
	TERM(-0x1.a019fdae33a70p-13, x, \
	TERM(0x1.71dd095bd1a91p-19, x, \
	TERM(-0x1.ae071731e6958p-26, x, \
	SET(0x1.53126066ee8b9p-33))))))

/* sin(r) = r + r * x * this, x = r^2. */
/* Error 2^-57.1. */
#define ML_SIN_D(TERM, x) \
	TERM(-0x1.5555555555549p-3, x, \
	TERM(0x1.111111110f877p-7, x, \
	TERM(-0x1.a01a019c11285p-13, x, \
	TERM(0x1.71de35775aa1ap-19, x, \
	TERM(-0x1.ae5e65f69cb37p-26, x, \
	SET(0x1.5d92ee4ed54dfp-33))))))

/* cos(r) = 1 - x / 2 + x^2 * this, x = r^2. */
/* Error 2^-59.8. */
#define ML_COS_D(TERM, x) \
	TERM(0x1.5555555555552p-5, x, \
	TERM(-0x1.6c16c16c15fc7p-10, x, \
	TERM(0x1.a01a019e1526ep-16, x, \
	TERM(-0x1.27e4f90803912p-22, x, \
	TERM(0x1.1eea963240b9cp-29, x, \
	SET(-0x1.90055bad49129p-37))))))

/* 2/pi, 64 bits a word, the highest first; and zeros before it. */
#define ML_2_PI_WORDS 20
#define ML_2_PI_BITS \
	0, \
	0xa2f9836e4e441529ull, \
	0xfc2757d1f534ddc0ull, \
	0xdb6295993c439041ull, \
	0xfe5163abdebbc561ull, \
	0xb7246e3a424dd2e0ull, \
	0x06492eea09d1921cull, \
	0xfe1deb1cb129a73eull, \
	0xe88235f52ebb4484ull, \
	0xe99c7026b45f7e41ull, \
	0x3991d639835339f4ull, \
	0x9c845f8bbdf9283bull, \
	0x1ff897ffde05980full, \
	0xef2f118b5a0a6d1full, \
	0x6d367ecf27cb09b7ull, \
	0x4f463f669e5fea2dull, \
	0x7527bac7ebe5f17bull, \
	0x3d0739f78a5292eaull, \
	0x6bfb5fb11f8d5d08ull, \
	0x56033046fc7b6babull

#endif /* ML_ELEMENTARY_CONSTANTS_H */

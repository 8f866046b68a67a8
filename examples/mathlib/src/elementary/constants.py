#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""constants.py > constants.h: the polynomials and constants of elementary.

Each polynomial interpolates its function at the zeros of a Chebyshev
polynomial, computed with 500 digits and rounded to double: within a factor of
two of the best there is. The error in the comment is that of the function as a
whole, relative, before any rounding in its evaluation.
"""
import mpmath as mp

mp.mp.dps = 500


def zeros(count):
    """Of a Chebyshev polynomial, falling."""
    return [mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def interpolate(function, low, high, count):
    """The coefficients, lowest first, of the polynomial with that many.

    From 0 on the error is to be small times x: that has one more zero, at 0.
    """
    middle, half = (low + high) / 2, (high - low) / 2
    if low:
        nodes = [middle + half * u for u in zeros(count)]
    else:
        *least, zero = zeros(count + 1)
        nodes = [high * (u - zero) / (1 - zero) for u in least]
    tiny = mp.mpf(10) ** -100
    matrix = mp.matrix(count, count)
    right = mp.matrix(count, 1)
    for i, x in enumerate(nodes):
        right[i] = function(x if abs(x) > tiny else tiny)
        for j in range(count):
            matrix[i, j] = x**j
    return [float(c) for c in mp.lu_solve(matrix, right)]


def evaluate(coefficients, x):
    value = mp.mpf(0)
    for c in reversed(coefficients):
        value = value * x + mp.mpf(c)
    return value


def polynomial(name, count, low, high, tail, exact, whole):
    """tail(x): what is approximated; whole(x, p): the function by way of it."""
    c = interpolate(tail, low, high, count)
    worst = mp.mpf(0)
    for i in range(1, 2000):
        x = low + (high - low) * i / 2000
        if x:
            worst = max(worst, abs(whole(x, evaluate(c, x)) / exact(x) - 1))
    print(f"/* Error 2^{float(mp.log(worst, 2)):.1f}. */")
    print(f"#define {name}(TERM, x)", end="")
    for value in c[:-1]:
        print(f" \\\n\tTERM({value.hex()}, x,", end="")
    print(f" \\\n\tSET({c[-1].hex()}){')' * (count - 1)}\n")


def parts(name, value, bits):
    """The value as a sum, all but the last of that many bits."""
    rest = value
    for i in range(1, len(bits) + 2):
        if i <= len(bits):
            unit = mp.mpf(2) ** (mp.floor(mp.log(rest, 2)) - bits[i - 1] + 1)
            part = mp.floor(rest / unit) * unit
        else:
            part = mp.mpf(float(rest))
        print(f"#define {name}_{i} {float(part).hex()}")
        rest -= part
    print()


def main():
    log2 = mp.log(2)
    third = log2 / 2 * mp.mpf("1.0001")
    sqrt2 = mp.sqrt(2) * mp.mpf("1.000001")
    edge = ((sqrt2 - 1) / (sqrt2 + 1)) ** 2
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Made by constants.py, which says what this is. */")
    print("#ifndef ML_ELEMENTARY_CONSTANTS_H\n#define ML_ELEMENTARY_CONSTANTS_H\n")
    print(f"#define ML_LOG2_E {float(1 / log2).hex()}")
    print(f"#define ML_1_PI {float(1 / mp.pi).hex()}")
    print(f"#define ML_2_PI {float(2 / mp.pi).hex()}")
    print(f"#define ML_HALF_PI {float(mp.pi / 2).hex()}")
    print("/* pi/2, times 2^63. */")
    print(f"#define ML_HALF_PI_BITS 0x{int(mp.nint(mp.pi / 2 * 2**63)):x}ull\n")
    print("/* Sums; times a number of 20 bits all parts but the last are exact. */")
    parts("ML_LN2", log2, [33])
    parts("ML_PI", mp.pi, [33])
    parts("ML_HALF_PI", mp.pi / 2, [33, 33, 33])
    for name, count in (("ML_EXP_S", 6), ("ML_EXP_D", 11)):
        print("/* exp(x) = 1 + x + x^2 * this, x in +-ln(2)/2. */")
        polynomial(
            name, count, -third, third,
            lambda x: (mp.exp(x) - 1 - x) / x**2,
            mp.exp, lambda x, p: 1 + x + x * x * p,
        )
    for name, count in (("ML_LOG_S", 4), ("ML_LOG_D", 7)):
        print("/* 2 atanh(s) = 2s + s * x * this, x = s^2, s = f / (2 + f). */")
        polynomial(
            name, count, mp.mpf(0), edge,
            lambda x: (2 * mp.atanh(mp.sqrt(x)) / mp.sqrt(x) - 2) / x,
            lambda x: 2 * mp.atanh(mp.sqrt(x)),
            lambda x, p: 2 * mp.sqrt(x) + mp.sqrt(x) * x * p,
        )
    for name, count, end in (("ML_SIN_S", 6, mp.pi / 2), ("ML_SIN_D", 6, mp.pi / 4)):
        print("/* sin(r) = r + r * x * this, x = r^2. */")
        polynomial(
            name, count, mp.mpf(0), (end * mp.mpf("1.0001")) ** 2,
            lambda x: (mp.sin(mp.sqrt(x)) / mp.sqrt(x) - 1) / x,
            lambda x: mp.sin(mp.sqrt(x)),
            lambda x, p: mp.sqrt(x) + mp.sqrt(x) * x * p,
        )
    print("/* cos(r) = 1 - x / 2 + x^2 * this, x = r^2. */")
    polynomial(
        "ML_COS_D", 6, mp.mpf(0), (mp.pi / 4 * mp.mpf("1.0001")) ** 2,
        lambda x: (mp.cos(mp.sqrt(x)) - 1 + x / 2) / x**2,
        lambda x: mp.cos(mp.sqrt(x)),
        lambda x, p: 1 - x / 2 + x * x * p,
    )
    words = 19
    bits = int(mp.floor(2 / mp.pi * mp.mpf(2) ** (64 * words)))
    print("/* 2/pi, 64 bits a word, the highest first; and zeros before it. */")
    print(f"#define ML_2_PI_WORDS {words + 1}")
    print("#define ML_2_PI_BITS \\\n\t0", end="")
    for i in range(words - 1, -1, -1):
        print(f", \\\n\t0x{bits >> (64 * i) & (2**64 - 1):016x}ull", end="")
    print("\n\n#endif /* ML_ELEMENTARY_CONSTANTS_H */")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""bench_restored: see __main__."""

# SPDX-License-Identifier: MIT
"""Run the benchmark programs and join their results: see ./dev bench --help."""

# SPDX-License-Identifier: MIT
"""The demo: a VM that changes hosts, and instruction sets, while it computes."""

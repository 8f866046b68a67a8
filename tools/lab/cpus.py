# SPDX-License-Identifier: MIT
"""CPU models of the pool's hosts, as QEMU spells them.

Pairs that a live guest survives under TCG with no kernel options. BMI1 and
LZCNT (abm) stay on every host: without them TZCNT and LZCNT do not trap but
compute something else.
"""

RICH = "Haswell"
POOR = "Haswell,-avx2,-bmi2,-fma,-f16c,-movbe"
AMD = "EPYC"
# An AMD host that a guest may be booted on that shall move to RICH: without what
# a kernel that has found it at boot can not lose (a page of 1 GiB among it).
AMD_TO_RICH = ("EPYC,-smap,-rdseed,-3dnowprefetch,-clflushopt,-xgetbv1,-pdpe1gb,"
               "-cr8legacy")

# What POOR lacks, as Linux names it.
LOST = ("avx2", "bmi2", "fma", "f16c", "movbe")

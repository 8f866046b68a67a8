# SPDX-License-Identifier: MIT
# Which end-to-end tests run on which kernels besides the default one.

# The quick ones that between them load and use the device, exchange the vDSO's
# entry, trap on an invalid opcode, migrate live, see nonsense on the page, and
# unload.
isahp_e2e_kernel(6.12 smoke-6.12 300
  10-announce-add-and-remove
  11-live-migration-swaps
  12-cancelled-migration-restores
  18-vdso32-through-vendor-change
  20-bad-input
  21-nonsense-on-the-page
  23-uevents-tell-of-each-record)

# KASAN and lockdep make a guest some five times slower. Not here: tests of the
# lab itself (00 to 02), and KVM, which the debug kernel has not (30).
set(debug_tests ${scripts})
list(TRANSFORM debug_tests REPLACE "^.*/([^/]*)\\.py$" "\\1")
list(FILTER debug_tests EXCLUDE REGEX "^(00|01|02|30)-")
isahp_e2e_kernel(debug debug-kernel 900 ${debug_tests})

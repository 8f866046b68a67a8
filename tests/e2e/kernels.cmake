# SPDX-License-Identifier: MIT
# Which end-to-end tests run on which kernels besides the default one.

# The quick ones that between them load and use the device, exchange the vDSO's
# entry, finish instructions that have gone, migrate live, and see nonsense on
# the page; and what 6.1 has not: a JIT that emits BMI2, and a switch that turns
# 32-bit programs off.
isahp_e2e_kernel(6.12 smoke-6.12 300
  10-announce-add-and-remove
  11-live-migration-swaps
  18-vdso32-through-vendor-change
  21-nonsense-on-the-page
  23-uevents-tell-of-each-record
  39-no-32-bit-programs-stay-none
  50-undefined-is-emulated
  66-compiled-programs-are-seen-and-finished)

# What has been seen to pass there. Tests that want a speed (18, 45), hibernation
# (75), Debian's own drivers and ciphers (60) or KVM (30, 31) do not fit.
isahp_e2e_kernel(debug debug-kernel 900
  10-announce-add-and-remove
  22-device-under-stress
  40-entry-msrs-are-right-on-every-cpu
  63-kernel-code-takes-part)

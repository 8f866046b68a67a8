# SPDX-License-Identifier: MIT
# Which end-to-end tests run on which kernels besides the default one.

# The quick ones that between them load and use the device, exchange the vDSO's
# entry, finish instructions that have gone, and migrate live; and what 6.1 has
# not: a JIT that emits BMI2, and a switch that turns 32-bit programs off.
isahp_e2e_kernel(6.12 smoke-6.12 300
  10-announce-add-and-remove
  11-live-migration-swaps
  18-vdso32-through-vendor-change
  23-uevents-tell-of-each-record
  39-no-32-bit-programs-stay-none
  50-undefined-is-emulated
  54-vector-instructions-are-emulated
  66-compiled-programs-are-seen-and-finished)

# What has been seen to pass there. Tests that count on speed or on every system
# call (45, 46), on hibernation (75), kexec (76), Debian's own drivers and ciphers
# (60, 62), a newer kernel (39, 66) or KVM (30 to 32) do not fit.
isahp_e2e_kernel(debug debug-kernel 900
  10-announce-add-and-remove
  11-live-migration-swaps
  12-cancelled-migration-restores
  13-laggard-refuses
  14-registrant-killed-in-prepare
  15-fork-in-prepare
  16-shim-killed-in-prepare
  17-snapshots-4x4
  18-vdso32-through-vendor-change
  20-bad-input
  21-nonsense-on-the-page
  22-device-under-stress
  23-uevents-tell-of-each-record
  40-entry-msrs-are-right-on-every-cpu
  41-entry-follows-its-policy
  42-ss-is-repaired-at-switches
  43-unload-leaves-an-entry-that-works
  44-entry-from-amd-to-intel
  47-entry-unwinds-at-each-instruction
  48-entry-that-traps-is-finished
  49-entry-is-that-of-a-boot-there
  50-undefined-is-emulated
  51-undefined-faults-as-the-cpu-would
  52-undefined-policies
  53-undefined-under-uprobes-and-stress
  54-vector-instructions-are-emulated
  57-runs-ahead-unnoticed
  58-debug-builds-test-the-emulator
  61-silent-features-refuse-a-target
  63-kernel-code-takes-part
  64-unannounced-move-is-noticed
  65-rollback-believes-no-stale-ack
  70-ten-thousand-registrants
  71-device-against-a-hostile-user
  72-host-page-under-mutations
  73-older-and-newer-host
  74-module-unloads-and-returns
  77-out-of-memory
  78-removal-under-64-busy-threads)

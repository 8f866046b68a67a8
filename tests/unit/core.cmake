# SPDX-License-Identifier: MIT
isahp_unit_test(core_features LIBS isa_core)
isahp_unit_test(core_crc32c LIBS isa_core)
isahp_unit_test(core_slot LIBS isa_core)
isahp_unit_test(core_state LIBS isa_core)
isahp_unit_test(core_state_page LIBS isa_core)
isahp_unit_test(core_cpuid LIBS isa_core)

# SPDX-License-Identifier: MIT
# The shim: helpers in shim_env.c.
foreach(name policy profile hypercall loopback)
  isahp_unit_test(shim_${name} LIBS isahp_shim
    SOURCES shim_${name}.c shim_env.c)
endforeach()
isahp_unit_test(shim_qmp LIBS isahp_shim SOURCES shim_qmp.c shim_env.c)
# Two QEMUs each: one test after the other.
set_tests_properties(unit/shim_qmp PROPERTIES
  ENVIRONMENT CRITERION_JOBS=1 RESOURCE_LOCK qemu)

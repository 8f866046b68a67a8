# SPDX-License-Identifier: MIT
# The shim: helpers in shim_env.c.
foreach(name policy profile hypercall loopback)
  isahp_unit_test(shim_${name} LIBS isahp_shim
    SOURCES shim_${name}.c shim_env.c)
endforeach()

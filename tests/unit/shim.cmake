# SPDX-License-Identifier: MIT
# The shim: helpers in shim_env.c.
foreach(name attributes rules names hypercall loopback)
  isahp_unit_test(shim_${name} LIBS isahp_shim
    SOURCES shim_${name}.c shim_env.c)
endforeach()
isahp_unit_test(shim_qmp LIBS isahp_shim SOURCES shim_qmp.c shim_env.c)
# Two QEMUs each: one test after the other.
set_tests_properties(unit/shim_qmp PROPERTIES
  ENVIRONMENT CRITERION_JOBS=1 RESOURCE_LOCK qemu)

add_test(NAME unit/shim_daemon
  COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit
    python3 ${CMAKE_CURRENT_SOURCE_DIR}/shim_daemon.py
    $<TARGET_FILE:isahpd> $<TARGET_FILE:isahpctl>)
set_tests_properties(unit/shim_daemon PROPERTIES LABELS unit TIMEOUT 120)

foreach(name policy_apply policy_ctl policy_ctl_input)
  add_test(NAME unit/${name}
    COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit
      python3 ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py
      $<TARGET_FILE:isahpd> $<TARGET_FILE:isahpctl>)
  set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()

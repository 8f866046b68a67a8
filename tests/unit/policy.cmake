# SPDX-License-Identifier: MIT
# What knows CPUs: policy_NAME.c. Their data is in policy/.
foreach(name
    configure
    cpuid
    cpuid_numbers
    export
    field
    floor
    import
    json_file
    level
    mask_msr
    merge
    merge_law
    native
    profile
    qemu
    remote)
  isahp_unit_test(policy_${name} LIBS isahp_policy)
  target_compile_definitions(test_policy_${name} PRIVATE
    POLICY_DATA="${CMAKE_CURRENT_SOURCE_DIR}/policy")
endforeach()

# Hosts to merge: helpers in policy_hosts.c.
foreach(name
    merge
    merge_law)
  target_sources(test_policy_${name} PRIVATE policy_hosts.c)
endforeach()

# With hosts from policy_env.c.
foreach(name
    admission
    admission_law
    entry
    envelope
    errata
    pool
    pool_law
    record)
  isahp_unit_test(policy_${name} LIBS isahp_policy
    SOURCES policy_${name}.c policy_env.c)
  target_compile_definitions(test_policy_${name} PRIVATE
    POLICY_DATA="${CMAKE_CURRENT_SOURCE_DIR}/policy")
endforeach()

# A guest and a host: helpers in policy_fixture.c.
foreach(name
    admission
    admission_law)
  target_sources(test_policy_${name} PRIVATE policy_fixture.c)
endforeach()

# With a pool of VMs from policy_plan_world.c.
foreach(name
    alike
    plan
    plan_law)
  isahp_unit_test(policy_${name} LIBS isahp_policy
    SOURCES policy_${name}.c policy_plan_world.c policy_env.c)
  target_compile_definitions(test_policy_${name} PRIVATE
    POLICY_DATA="${CMAKE_CURRENT_SOURCE_DIR}/policy")
endforeach()

# Hosts that are asked through libvirt, where it was built with that; and an
# isahpctl that was built without.
if(LIBVIRT_FOUND)
  add_executable(isahpctl_plain ${PROJECT_SOURCE_DIR}/hypervisor-shim/isahpctl/libvirt/none.c)
  target_link_libraries(isahpctl_plain PRIVATE isahpctl_commands)
  set_target_properties(isahpctl_plain PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME unit/policy_connect
    COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit
      python3 ${CMAKE_CURRENT_SOURCE_DIR}/policy_connect.py
      $<TARGET_FILE:isahpctl> $<TARGET_FILE:isahpctl_plain>)
  set_tests_properties(unit/policy_connect PROPERTIES LABELS unit TIMEOUT 300)
endif()

# SPDX-License-Identifier: MIT
# What knows CPUs: policy_NAME.c. Their data is in policy/.
foreach(name
    configure
    cpuid
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
    qemu)
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
    entry
    envelope
    errata
    pool
    record)
  isahp_unit_test(policy_${name} LIBS isahp_policy
    SOURCES policy_${name}.c policy_env.c)
  target_compile_definitions(test_policy_${name} PRIVATE
    POLICY_DATA="${CMAKE_CURRENT_SOURCE_DIR}/policy")
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

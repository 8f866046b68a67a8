# SPDX-License-Identifier: MIT
isahp_unit_test(core_features LIBS isa_core)
isahp_unit_test(core_crc32c LIBS isa_core)
isahp_unit_test(core_slot LIBS isa_core)
isahp_unit_test(core_state LIBS isa_core)
isahp_unit_test(core_state_page LIBS isa_core)
isahp_unit_test(core_cpuid LIBS isa_core)
isahp_unit_test(core_crypto LIBS isa_core)
isahp_unit_test(core_lanes LIBS isa_core SOURCES core_lanes.c core_stub.c)
isahp_unit_test(core_scalar_bits LIBS isa_core SOURCES core_scalar_bits.c core_stub.c)
isahp_unit_test(core_run LIBS isa_core SOURCES core_run.c core_flat.c)
isahp_unit_test(core_run_random LIBS isa_core
  SOURCES core_run_random.c core_encode.c core_flat.c)
isahp_unit_test(core_xsave_image LIBS isa_core)
isahp_unit_test(core_string_compare LIBS isa_core
  SOURCES core_string_compare.c core_stub.c)
isahp_unit_test(core_form LIBS isa_core)
isahp_unit_test(core_emulate LIBS isa_core SOURCES core_emulate.c core_native.c)
isahp_unit_test(core_decoder_cpu LIBS isa_core
  SOURCES core_decoder_cpu.c core_native.c)
isahp_unit_test(core_execute LIBS isa_core_selftest isa_core
  SOURCES
    core_case.c
    core_case_mask.c
    core_compare.c
    core_encode.c
    core_estimate.c
    core_execute.c
    core_float_operands.c
    core_kinds.c
    core_native.c
    core_reference.c
    core_segments.c
    core_tally.c
    core_world.c)
# `./dev test --long`: 100,000 states of each form.
add_test(NAME unit/long-core_execute
  COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit $<TARGET_FILE:test_core_execute>)
set_tests_properties(unit/long-core_execute PROPERTIES
  LABELS long ENVIRONMENT
  "ISAHP_STATES=100000;ISAHP_REPORT=${CMAKE_BINARY_DIR}/emulator-report.json"
  TIMEOUT 36000)
isahp_unit_test(core_intersect LIBS isa_core
  SOURCES
    core_case.c
    core_case_mask.c
    core_encode.c
    core_float_operands.c
    core_intersect.c
    core_native.c
    core_reference.c
    core_segments.c
    core_world.c)
isahp_unit_test(core_masked LIBS isa_core)
isahp_unit_test(core_selftest LIBS isa_core_selftest isa_core
  SOURCES core_encode.c core_native.c core_selftest.c core_selftest_native.c)
# Its control: a bug is planted into one operation.
target_link_options(test_core_selftest PRIVATE -Wl,--wrap=isahp_lanes_paddb)
add_executable(record_selftest
  core_encode.c
  core_estimate.c
  core_native.c
  core_selftest_native.c
  record_selftest.c)
target_link_libraries(record_selftest PRIVATE isa_core_selftest isa_core)
set_target_properties(record_selftest PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
isahp_unit_test(core_vnni LIBS isa_core
  SOURCES
    core_case.c
    core_case_mask.c
    core_encode.c
    core_float_operands.c
    core_native.c
    core_segments.c
    core_vnni.c
    core_world.c)
find_library(ZYDIS Zydis)
if(ZYDIS)
  isahp_unit_test(core_constant_time LIBS isa_core ${ZYDIS})
  # isahp_tool knows which features an instruction of Zydis' needs.
  isahp_unit_test(core_decoder LIBS isahp_tool isa_core ${ZYDIS}
    SOURCES core_decoder.c core_zydis.c)
  set_tests_properties(unit/core_decoder PROPERTIES TIMEOUT 600)
  # `./dev test --long`: all code of the libraries, and more of random bytes.
  add_test(NAME unit/long-core_decoder
    COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit $<TARGET_FILE:test_core_decoder>)
  set_tests_properties(unit/long-core_decoder PROPERTIES
    LABELS long ENVIRONMENT ISAHP_LONG=1 TIMEOUT 7200)
else()
  add_test(NAME unit/core_decoder COMMAND sh -c
    "echo 'skipped: no Zydis (package libzydis-dev)'; exit 77")
  add_test(NAME unit/core_constant_time COMMAND sh -c
    "echo 'skipped: no Zydis (package libzydis-dev)'; exit 77")
  set_tests_properties(unit/core_constant_time unit/core_decoder PROPERTIES
    LABELS unit SKIP_RETURN_CODE 77)
endif()
add_test(NAME unit/core_freestanding
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/core_freestanding.sh $<TARGET_FILE:isa_core>)
set_tests_properties(unit/core_freestanding PROPERTIES
  LABELS unit SKIP_RETURN_CODE 77)
isahp_unit_test(core_float LIBS isa_core m
  SOURCES core_float.c core_float_case.c core_float_native.c core_float_operands.c)
set_tests_properties(unit/core_float PROPERTIES TIMEOUT 300)

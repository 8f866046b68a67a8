# SPDX-License-Identifier: MIT
# mathlib
isahp_unit_test(mathlib_variants LIBS mathlib_check m
  SOURCES mathlib_variants.c mathlib_arena.c mathlib_operands.c)

# mathlib_family_test(NAME): once for each way of finding the readers.
function(mathlib_family_test name)
  isahp_unit_test(mathlib_${name} LIBS mathlib_check lib_shim m
    SOURCES mathlib_${name}.c mathlib_arena.c mathlib_operands.c)
  foreach(mode fenced urcu)
    add_test(NAME unit/mathlib_${name}-${mode}
      COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit
        $<TARGET_FILE:test_mathlib_${name}>)
    set_tests_properties(unit/mathlib_${name}-${mode} PROPERTIES
      LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77)
  endforeach()
  set_tests_properties(unit/mathlib_${name}-fenced PROPERTIES
    ENVIRONMENT ISAHP_MEMBARRIER=0)
  set_tests_properties(unit/mathlib_${name}-urcu PROPERTIES
    ENVIRONMENT ISAHP_GP=urcu)
endfunction()

mathlib_family_test(blas1)
mathlib_family_test(bits)
mathlib_family_test(base64)
mathlib_family_test(igemm)
mathlib_family_test(elementary)
mathlib_family_test(fft)
mathlib_family_test(choice)
# Unoptimised and checked, a gigabyte takes too long.
if(NOT ISAHP_SANITIZE)
  mathlib_family_test(pieces)
endif()
find_package(Threads REQUIRED)
# Its products go on from variant to variant by the library's own structure.
isahp_unit_test(mathlib_gemm LIBS mathlib_check Threads::Threads m
  SOURCES mathlib_gemm.c mathlib_gemm_case.c mathlib_arena.c mathlib_operands.c)
target_include_directories(test_mathlib_gemm PRIVATE ${PROJECT_SOURCE_DIR})

# In each of the library's modes: lib.cmake's function wants one source.
add_library(mathlib_gemm_case STATIC EXCLUDE_FROM_ALL mathlib_gemm_case.c
  mathlib_operands.c)
target_link_libraries(mathlib_gemm_case PUBLIC mathlib_check lib_shim Threads::Threads m)
isahp_library_test(mathlib_gemm_swap mathlib_gemm_case)

isahp_unit_test(mathlib_subsets LIBS mathlib_check isa_core)
add_executable(mathlib_subset_child mathlib_subset_child.c mathlib_operands.c)
target_link_libraries(mathlib_subset_child PRIVATE mathlib_check)
set_target_properties(mathlib_subset_child PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_compile_definitions(test_mathlib_subsets PRIVATE
  MATHLIB_SUBSET_CHILD="$<TARGET_FILE:mathlib_subset_child>")

find_library(JANSSON jansson REQUIRED)
isahp_unit_test(mathlib_demo LIBS mathlib_check ${JANSSON}
  SOURCES mathlib_demo.c mathlib_process.c)
target_compile_definitions(test_mathlib_demo PRIVATE MATHDEMO="$<TARGET_FILE:mathdemo>")
add_dependencies(test_mathlib_demo mathdemo)
add_dependencies(test_mathlib_subsets mathlib_subset_child)

isahp_unit_test(mathlib_hosts LIBS mathlib_check ${JANSSON}
  SOURCES mathlib_hosts.c mathlib_process.c)
target_compile_definitions(test_mathlib_hosts PRIVATE
  MATHDEMO="$<TARGET_FILE:mathdemo>" ISAHPD="$<TARGET_FILE:isahpd>"
  ISAHPCTL="$<TARGET_FILE:isahpctl>")
add_dependencies(test_mathlib_hosts mathdemo isahpd isahpctl)
# The library's second mode: plain grace periods.
add_test(NAME unit/mathlib_hosts-urcu
  COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit $<TARGET_FILE:test_mathlib_hosts>)
set_tests_properties(unit/mathlib_hosts-urcu PROPERTIES
  LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77 ENVIRONMENT ISAHP_GP=urcu)

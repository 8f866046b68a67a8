# SPDX-License-Identifier: MIT
# The loopback's other end, for tests of the library.
add_library(lib_shim STATIC EXCLUDE_FROM_ALL lib_shim.c)
target_include_directories(lib_shim PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(lib_shim PUBLIC isa_core)

# isahp_library_test(NAME LIB [SOURCES ...]): once for each way of finding the
# readers.
function(isahp_library_test name lib)
  isahp_unit_test(${name} LIBS ${lib} lib_shim ${ARGN})
  foreach(mode fenced urcu)
    add_test(NAME unit/${name}-${mode}
      COMMAND ${PROJECT_SOURCE_DIR}/tests/run-unit $<TARGET_FILE:test_${name}>)
    set_tests_properties(unit/${name}-${mode} PROPERTIES
      LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77)
  endforeach()
  set_tests_properties(unit/${name}-fenced PROPERTIES
    ENVIRONMENT ISAHP_MEMBARRIER=0)
  set_tests_properties(unit/${name}-urcu PROPERTIES ENVIRONMENT ISAHP_GP=urcu)
endfunction()

isahp_library_test(lib_operation isahp_static)
target_include_directories(test_lib_operation PRIVATE ${PROJECT_SOURCE_DIR})
isahp_library_test(lib_follow isahp::isahp)
isahp_library_test(lib_drain isahp::isahp)
isahp_library_test(lib_callback isahp::isahp)
# A process with threads forks: gcc 12's ASan can leave its allocator's lock held
# in the child, which then hangs in malloc().
if(NOT ISAHP_SANITIZE)
  isahp_library_test(lib_fork isahp::isahp)
endif()
isahp_unit_test(lib_source LIBS isahp::isahp)
isahp_unit_test(lib_barrier LIBS isahp::isahp lib_shim)
isahp_library_test(lib_fiber isahp::isahp)
# Reaches behind the interface; hence the library with what it hides.
isahp_library_test(lib_thread isahp_static)
target_include_directories(test_lib_thread PRIVATE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/libisahp)
isahp_library_test(lib_exit isahp::isahp)
isahp_library_test(lib_exit_unwound isahp::isahp SOURCES lib_exit.c)
target_compile_options(test_lib_exit_unwound PRIVATE -fexceptions)

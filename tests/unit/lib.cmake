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
isahp_library_test(lib_registry isahp_static)
target_include_directories(test_lib_registry PRIVATE ${PROJECT_SOURCE_DIR})
isahp_library_test(lib_follow isahp::isahp)
isahp_library_test(lib_drain isahp::isahp)
isahp_library_test(lib_callback isahp::isahp)
isahp_library_test(lib_same_bits isahp::isahp)
isahp_library_test(lib_cost isahp::isahp)
isahp_library_test(lib_memory isahp_static)
target_link_options(test_lib_memory PRIVATE
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=aligned_alloc)
isahp_library_test(lib_late isahp::isahp)
# Its counts are not exported.
isahp_library_test(lib_push isahp_static)
target_include_directories(test_lib_push PRIVATE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/libisahp)
isahp_library_test(lib_fault isahp_static)
foreach(call eventfd epoll_create1 epoll_ctl socket connect fstat send recvmsg poll
    mmap pthread_create)
  target_link_options(test_lib_fault PRIVATE -Wl,--wrap=${call})
endforeach()
# A process with threads forks: gcc 12's ASan can leave its allocator's lock held
# in the child, which then hangs in malloc().
if(NOT ISAHP_SANITIZE)
  isahp_library_test(lib_fork isahp::isahp)
endif()
# Natively, as this CPU may have all that is emulated: lib_planted.h.
add_library(lib_planted OBJECT EXCLUDE_FROM_ALL lib_planted.c)
foreach(name lib_emulation lib_emulation_ahead lib_emulation_chain
    lib_emulation_faults lib_emulation_left lib_emulation_rseq)
  isahp_unit_test(${name} LIBS isahp_static lib_planted)
  target_link_options(test_${name} PRIVATE
    -Wl,--wrap=isahp_own_memory_fetch,--wrap=isahp_own_pages_fetch)
endforeach()
target_link_options(test_lib_emulation_faults PRIVATE -Wl,--wrap=clone)
target_include_directories(test_lib_emulation PRIVATE ${PROJECT_SOURCE_DIR})
target_include_directories(test_lib_emulation_ahead PRIVATE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/libisahp)
target_include_directories(test_lib_emulation_faults PRIVATE
  ${PROJECT_SOURCE_DIR}/libisahp)
# On a CPU that has less, by the program that a guest runs.
if(NOT ISAHP_SANITIZE)
  add_test(NAME unit/lib_emulation-qemu-user
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lib_emulation_qemu.sh $<TARGET_FILE:guest_lost>)
  add_test(NAME unit/lib_emulation-needs-no-libc
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lib_emulation_libc.sh $<TARGET_FILE:isahp>)
  set_tests_properties(unit/lib_emulation-qemu-user unit/lib_emulation-needs-no-libc
    PROPERTIES LABELS unit TIMEOUT 60 SKIP_RETURN_CODE 77)
endif()
isahp_unit_test(lib_source LIBS isahp::isahp)
isahp_unit_test(lib_barrier LIBS isahp::isahp lib_shim)
isahp_library_test(lib_fiber isahp::isahp)
# Static: one of its keys is to be made before the library makes its own.
isahp_library_test(lib_frame isahp_static)
target_include_directories(test_lib_frame PRIVATE ${PROJECT_SOURCE_DIR})
# Reaches behind the interface; hence the library with what it hides.
isahp_library_test(lib_thread isahp_static)
target_include_directories(test_lib_thread PRIVATE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/libisahp)
isahp_library_test(lib_exit isahp::isahp)
if(ISAHP_SANITIZE)
  # Nobody clears what marks frames that are left without unwinding them.
  target_compile_options(test_lib_exit PRIVATE -fno-sanitize=address)
endif()
isahp_library_test(lib_exit_unwound isahp::isahp SOURCES lib_exit.c)
target_compile_options(test_lib_exit_unwound PRIVATE -fexceptions)

# Processes: what is executed and loaded is built beside it.
add_executable(lib_exec_child lib_exec_child.c)
target_link_libraries(lib_exec_child PRIVATE isahp::isahp)
add_library(lib_plugin MODULE lib_plugin.c)
target_link_libraries(lib_plugin PRIVATE isahp::isahp)
set_target_properties(lib_exec_child lib_plugin PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
if(NOT ISAHP_SANITIZE) # see lib_fork
  isahp_library_test(lib_process isahp::isahp)
  target_compile_options(test_lib_process PRIVATE -fopenmp)
  target_link_options(test_lib_process PRIVATE -fopenmp)
  target_compile_definitions(test_lib_process PRIVATE
    PLUGIN="$<TARGET_FILE:lib_plugin>" EXEC_CHILD="$<TARGET_FILE:lib_exec_child>")
  add_dependencies(test_lib_process lib_plugin lib_exec_child)
endif()

# C++: exceptions through a call and through a region; and <isahp/isahp.hpp>.
foreach(name cxx hpp)
  add_executable(test_lib_${name} lib_${name}.cpp)
  target_link_libraries(test_lib_${name} PRIVATE isahp::isahp)
  set_target_properties(test_lib_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests CXX_STANDARD 17
    CXX_STANDARD_REQUIRED ON)
  foreach(mode membarrier fenced urcu)
    add_test(NAME unit/lib_${name}-${mode} COMMAND test_lib_${name})
    set_tests_properties(unit/lib_${name}-${mode} PROPERTIES LABELS unit TIMEOUT 60)
  endforeach()
  set_tests_properties(unit/lib_${name}-fenced PROPERTIES
    ENVIRONMENT ISAHP_MEMBARRIER=0)
  set_tests_properties(unit/lib_${name}-urcu PROPERTIES ENVIRONMENT ISAHP_GP=urcu)
endforeach()
target_link_libraries(test_lib_hpp PRIVATE lib_shim)

# Without the library: only the headers.
function(isahp_plain_test name source)
  add_executable(test_${name} ${source})
  target_include_directories(test_${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/libisahp/include ${PROJECT_SOURCE_DIR}/include)
  set_target_properties(test_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME unit/${name} COMMAND test_${name})
  set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 20)
endfunction()
isahp_plain_test(lib_plain lib_plain.c)
target_compile_definitions(test_lib_plain PRIVATE ISAHP_PLAIN)
isahp_plain_test(lib_plain_cxx lib_plain.cpp)
if(NOT ISAHP_SANITIZE)
  isahp_plain_test(lib_plain_32 lib_plain.c)
  target_compile_options(test_lib_plain_32 PRIVATE -m32)
  target_link_options(test_lib_plain_32 PRIVATE -m32)
endif()

# SPDX-License-Identifier: MIT
# The loopback's other end, for tests of the library.
add_library(lib_shim STATIC EXCLUDE_FROM_ALL lib_shim.c)
target_include_directories(lib_shim PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(lib_shim PUBLIC isa_core)
isahp_unit_test(lib_follow LIBS isahp::isahp lib_shim)

# SPDX-License-Identifier: MIT
pkg_check_modules(URCU_MEMB REQUIRED IMPORTED_TARGET liburcu-memb)
find_library(ZYDIS Zydis REQUIRED)

# The shared library as it is, but that it hides nothing.
isahp_library_target(isahp_open SHARED)
set_target_properties(isahp_open PROPERTIES
  EXCLUDE_FROM_ALL ON C_VISIBILITY_PRESET default)
target_link_options(isahp_open PRIVATE -Wl,-z,nodelete -Wl,-Bsymbolic-functions)

# Where a loop lies in its cache lines is worth as much as what is measured.
set_source_files_properties(bench/calls.c bench/callers.c PROPERTIES
  COMPILE_OPTIONS -falign-loops=64)

# Another object, and one more that calls into it and is bound lazily.
add_library(bench_other SHARED EXCLUDE_FROM_ALL bench/other.c)
target_link_libraries(bench_other PRIVATE isahp_open isahp_bench)
add_library(bench_lazy SHARED EXCLUDE_FROM_ALL bench/callers.c)
target_compile_definitions(bench_lazy PRIVATE CALLERS_LAZY)
target_link_libraries(bench_lazy PRIVATE bench_other isahp_open isahp_bench)
target_link_options(bench_lazy PRIVATE -Wl,-z,lazy)

add_executable(bench_library
  bench/library.c bench/calls.c bench/callers.c bench/children.c bench/crowd.c
  bench/removal.c bench/scaling.c bench/swaps.c bench/written.c)
target_include_directories(bench_library PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(bench_library PRIVATE
  isahp_open bench_other bench_lazy isa_core isahp_bench PkgConfig::URCU_MEMB ${ZYDIS})

# ./dev bench emulator: loops of isa-core's benchmark, by the handler of SIGILL.
set(loops ${PROJECT_SOURCE_DIR}/isa-core/bench)
add_executable(emulator_library bench/finished.c
  ${loops}/ahead.c ${loops}/loop.c ${loops}/loop_code.c ${loops}/signalled.c)
isahp_bench_loops(${loops}/loop_code.c)
target_link_libraries(emulator_library PRIVATE
  isahp isa_core isahp_bench ${CMAKE_DL_LIBS})

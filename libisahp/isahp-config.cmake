# SPDX-License-Identifier: MIT
# find_package(isahp) gives isahp::isahp. It is a shared library, and its headers
# need nothing but a C library: there is nothing else to look for.
include("${CMAKE_CURRENT_LIST_DIR}/isahp-targets.cmake")

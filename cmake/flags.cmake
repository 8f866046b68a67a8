# SPDX-License-Identifier: MIT
# Warnings and hardening for all user space code, in one place.

add_compile_options(
  -Wall -Wextra -Wpointer-arith -Wwrite-strings -Wvla
  "$<$<COMPILE_LANGUAGE:C>:-Wshadow;-Wstrict-prototypes;-Wmissing-prototypes>"
  "$<$<COMPILE_LANGUAGE:C>:-Werror=implicit-function-declaration>"
  "$<$<COMPILE_LANGUAGE:C>:-Werror=incompatible-pointer-types>"
  -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now)

if(ISAHP_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

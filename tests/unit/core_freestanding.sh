#!/bin/sh
# SPDX-License-Identifier: MIT
# isa-core's objects want nothing of their surroundings but memcpy and its like (no
# libgcc: the kernel has none), and have no variables.
set -eu

library=$1
status=0

if nm -C "$library" 2>/dev/null | grep -q __asan; then
	echo "skipped: the sanitizers' calls are everywhere"
	exit 77
fi
own=$(nm --defined-only "$library" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
[ -n "$own" ] || {
	echo "no symbols in $library"
	exit 1
}
wanted=$(nm -u "$library" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u)
for symbol in $wanted; do
	case $symbol in
	memcpy | memset | memcmp | memmove | strlen) continue ;;
	# Of the compiler's, where PIC or the stack protector is asked for.
	_GLOBAL_OFFSET_TABLE_ | __stack_chk_fail) continue ;;
	esac
	echo "$own" | grep -qx "$symbol" || {
		echo "isa-core wants $symbol"
		status=1
	}
done

# Constants with addresses are .data.rel.ro, which is not named here.
variables=$(size -A "$library" | awk '($1 == ".data" || $1 == ".bss") && $2 { n += $2 }
	END { print n + 0 }')
[ "$variables" -eq 0 ] || {
	echo "isa-core has $variables bytes of variables"
	status=1
}
exit $status

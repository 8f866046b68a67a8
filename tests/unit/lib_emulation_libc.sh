#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a handler of SIGILL calls must not be libc's choice for the CPU that the
# program started on, which memcpy() and its like are, nor be looked up meanwhile.
set -euo pipefail

library=$1
chosen='memcpy|memmove|memset|memcmp|str[a-z]+|wcs[a-z]+'
# Called by other parts of it than these.
elsewhere='memchr|str[a-z]+'
functions='isahp_finish|answer|carry_out|isahp_signal_|isahp_own_|on_sigill|pass_on|isahp_xsave_|isahp_do_|isahp_emulate_instruction|isahp_instruction_'
functions+='|isahp_ahead_run|isahp_run|enter_block|fetch|load_more|has_asked|isahp_code_map_has|isahp_exec_'

fail() {
	echo "$1" >&2
	exit 1
}

dynamic=$(readelf -Wd "$library")
grep -q 'BIND_NOW\|Flags:.*NOW' <<<"$dynamic" ||
	fail "symbols are looked up when they are first called"
imported=$(nm -D --undefined-only "$library" | awk '{ sub("@.*", "", $2); print $2 }')
! grep -Ex "$chosen" <<<"$imported" | grep -Evx "$elsewhere" ||
	fail "the library calls libc's"
# Those others are not called from here.
calls=$(objdump -d --no-show-raw-insn "$library" |
	awk -v of="^($functions)" '/^[0-9a-f]+ <.*>:$/ {
		name = $2; gsub("[<>:]", "", name); inside = name ~ of; seen += inside }
		inside && /call/ { print name, $NF }
		END { print "functions", seen }')
((${calls##* } > 30)) || fail "functions were not found"
! grep -E "<($chosen|memchr)@plt>" <<<"$calls" || fail "a handler calls libc's"
# And none has a vector register of the program in it.
upper=$(objdump -d --no-show-raw-insn "$library" |
	awk -v of="^($functions)" '/^[0-9a-f]+ <.*>:$/ {
		name = $2; gsub("[<>:]", "", name); inside = name ~ of }
		inside && /%[xyz]mm/ { print name, $0 }')
[[ -z $upper ]] || fail "vector registers: $upper"

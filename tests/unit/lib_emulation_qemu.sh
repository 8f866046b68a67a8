#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On a CPU that has not got them: instructions are finished in real signals, their
# faults told as they are, two threads at once; without the handler it is SIGILL.
# The CPU is qemu-user's, whose frames up to 7.2 have no more than FXSAVE's state.
set -euo pipefail

lost=$1
ulimit -c 0
parts=(bmi2 fault movbe popcnt sse4_2 ssse3)
if ! command -v qemu-x86_64 >/dev/null; then
	echo "skipped: no qemu-x86_64 (package qemu-user)"
	exit 77
fi

fail() {
	echo "$1" >&2
	exit 1
}

for cpu in qemu64 core2duo; do
	line=$(qemu-x86_64 -cpu $cpu "$lost" 3 "${parts[@]}" | tail -n 1)
	echo "$cpu: $line"
	[[ $line =~ ^round=3\ wrong=0\ finished=([0-9]+)\ faults=60\ foreign=0\ signals= ]] ||
		fail "$cpu: not what was expected"
	((BASH_REMATCH[1] >= 400)) || fail "$cpu: too few were finished"
	# A loop costs a signal, not one for each turn.
	for how in "" --alone; do
		line=$(qemu-x86_64 -cpu $cpu "$lost" $how 3 loop | tail -n 1)
		echo "$cpu: loop $how: $line"
		[[ $line =~ ^round=3\ wrong=0\ finished=7680\ .*signals=([0-9]+)$ ]] ||
			fail "$cpu: not what was expected of a loop"
		if [[ $how ]]; then
			((BASH_REMATCH[1] == 7680)) || fail "$cpu: alone it is one each"
		else
			((BASH_REMATCH[1] * 20 <= 7680)) || fail "$cpu: too many signals"
		fi
	done
	for part in bmi2 movbe popcnt sse4_2; do
		status=0
		qemu-x86_64 -cpu $cpu "$lost" --without 1 $part 2>/dev/null || status=$?
		((status == 128 + 4)) || fail "$cpu: $part without it ends by $status"
	done
done

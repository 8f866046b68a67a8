#!/bin/sh
# SPDX-License-Identifier: MIT
# The controls of emulator_coverage: what is not there is missed, by name.
set -u
program=$1
file=$(mktemp) || exit 1
trap 'rm -f "$file" "$file.out"' EXIT
failed=0

# want STATUS TEXT LINE ...: a file of these lines ends in STATUS, and says TEXT.
want() {
	status=$1 text=$2
	shift 2
	printf '%s\n' "$@" >"$file"
	"$program" "$file" >"$file.out" 2>&1
	got=$?
	if [ $got -ne "$status" ] || ! grep -q -- "$text" "$file.out"; then
		echo "of '$*' exit status $got, not $status with '$text':"
		cat "$file.out"
		failed=1
	fi
}

known='T1,libx,AVX2,vpaddb,VEX,256,10,5'
want 0 '^T1 *libx *1 *100.00 *100.00 *2 ' "$known"
want 1 'vpaddbx (VEX, 256 bits, memory) is not decoded' "$known" \
	'T1,libx,AVX2,vpaddbx,VEX,256,10,5'
# A mnemonic that is known, in a form that is not: VEX has no 512 bits.
want 1 'vpaddb (VEX, 512 bits, registers) is not decoded' "$known" \
	'T4,libx,AVX512BW,vpaddb,VEX,512,10,0'
want 1 'vpmovmskb (VEX, 256 bits, memory) is not decoded' \
	'T2,libx,AVX2,vpmovmskb,VEX,256,1,1'
# Half of a mnemonic's forms is no mnemonic, and half of the forms.
want 1 '^T2 *all *1 *0.00 *0.00 *2 *50.00 *50.00 ' \
	'T2,libx,AVX2,vpmovmskb,VEX,256,2,1'
want 0 'vpaddbx (EVEX, 512 bits, registers) is not decoded' "$known" \
	'T5,libx,AVX512BW,vpaddbx,EVEX,512,10,0'
want 0 ' 7  *$' "$known" 'T1,libx,X87,fld,legacy,0,7,7'
want 1 '^tier' '# nothing'
want 2 'not as it should be' "$known" 'T1,libx'
want 2 'not as it should be' 'T1,libx,AVX2,vpaddb,VEX,256,10,11'
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: tool_image_seeds.sh SOURCE_DIR OUT.h
# The seeds of fuzz/tool_image: a library with RELR, a stripped one, an object.
set -eu
top=$1 out=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
flags="-I$top/include -I$top/libisahp/include -O2 -mavx2 -fPIC -ftree-vectorize"

# shellcheck disable=SC2086 # flags are words
build() { ${CC:-cc} $flags "$@" "$top/tests/fuzz/tool_image_seed.c"; }

build -c -o "$dir/0"
build -shared -nostdlib -Wl,-z,pack-relative-relocs -Wl,-z,noseparate-code -o "$dir/1" ||
	cp "$dir/0" "$dir/1"
build -shared -nostdlib -fvisibility=hidden -Wl,-z,noseparate-code -s -o "$dir/2"
{
	for n in 0 1 2; do
		echo "static const unsigned char seed_${n}[] = {"
		od -An -v -tu1 "$dir/$n" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
		echo "};"
	done
	echo "static const struct seed { const unsigned char *bytes; size_t size; } seeds[] = {"
	for n in 0 1 2; do
		echo "{ seed_$n, sizeof(seed_$n) },"
	done
	echo "};"
} >"$out"

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the commands of ./dev share. Sourced, never run.
set -euo pipefail

ISAHP_TOP=${ISAHP_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
export ISAHP_TOP
export PYTHONPATH=$ISAHP_TOP/tools${PYTHONPATH:+:$PYTHONPATH}
export PYTHONDONTWRITEBYTECODE=1
cd "$ISAHP_TOP"

say() { printf '== %s\n' "$*"; }

die() {
	printf 'dev: %s\n' "$*" >&2
	exit 1
}

# bad_option ARG: the end of every option parser.
bad_option() {
	printf "dev %s: unknown option or argument '%s'; --help lists them\n" \
		"$(basename "$0")" "$1" >&2
	exit 2
}

# need_value OPTION COUNT: an option that stands last lacks its value.
need_value() {
	(($2 >= 2)) || {
		printf 'dev %s: %s needs a value\n' "$(basename "$0")" "$1" >&2
		exit 2
	}
}

ensure_setup() { "$ISAHP_TOP/tools/dev/setup" --quiet; }

# ensure_built [PRESET]: set up and build, quietly when nothing is to be done.
ensure_built() {
	ensure_setup
	"$ISAHP_TOP/tools/dev/build" --quiet --preset "${1:-dev}"
}

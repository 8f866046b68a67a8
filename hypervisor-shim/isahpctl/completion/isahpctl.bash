# bash completion for isahpctl                              -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The program itself says what may come next, so nothing is listed here.

_isahpctl() {
	local current=${COMP_WORDS[COMP_CWORD]} word files=
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		if [[ $word == :files ]]; then
			files=1
		elif [[ $word ]]; then
			COMPREPLY+=("$word")
		fi
	done < <("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	if [[ $files ]]; then
		compopt -o filenames 2>/dev/null
		while IFS= read -r word; do
			COMPREPLY+=("$word")
		done < <(compgen -f -- "$current")
	fi
}
complete -F _isahpctl isahpctl

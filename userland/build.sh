#!/bin/bash
# Builds every C program below userland/ as a static musl executable.
#
#   userland/build.sh OUTDIR
#
# exo-init, exo-batch and bench land in OUTDIR, the programs of conformance/ and hostile/ in the
# folders of the same names. Only what is older than its sources is rebuilt. EXO_CC names another
# compiler; JOBS the number of compilers at once.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
jobs=${JOBS:-$(nproc)}

# musl has no kernel headers; links to the host's are searched last.
headers=$out/.kernel-headers
if [ ! -e "$headers/asm" ]; then
	mkdir -p "$headers"
	for dir in linux asm-generic; do
		ln -sfn "/usr/include/$dir" "$headers/$dir"
	done
	ln -sfn /usr/include/x86_64-linux-gnu/asm "$headers/asm"
fi

export CC=${EXO_CC:-musl-gcc}
export CFLAGS="-std=gnu11 -static -O2 -g0 -Wall -Wextra -Werror -Wno-unused-parameter -pthread -I$here/include -idirafter $headers"
mkdir -p "$out/conformance" "$out/hostile"

stale() { # SOURCE TARGET: prints the pair when the target must be built
	local source=$1 target=$2 header
	if [ ! -e "$target" ] || [ "$source" -nt "$target" ] || [ "$0" -nt "$target" ]; then
		printf '%s %s\n' "$source" "$target"
		return
	fi
	for header in "$here"/include/*.h; do
		if [ "$header" -nt "$target" ]; then
			printf '%s %s\n' "$source" "$target"
			return
		fi
	done
}

{
	stale "$here/exo-init/exo-init.c" "$out/exo-init"
	stale "$here/exo-init/exo-batch.c" "$out/exo-batch"
	[ ! -e "$here/bench/bench.c" ] || stale "$here/bench/bench.c" "$out/bench"
	for dir in conformance hostile; do
		for source in "$here/$dir"/*.c; do
			[ ! -e "$source" ] || stale "$source" "$out/$dir/$(basename "$source" .c)"
		done
	done
} | xargs -r -n 2 -P "$jobs" sh -c '$CC $CFLAGS -o "$2.tmp" "$1" && strip "$2.tmp" && mv "$2.tmp" "$2"' build

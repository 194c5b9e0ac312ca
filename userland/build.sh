#!/bin/bash
# Builds every C program below userland/ as a static musl executable.
#
#   userland/build.sh OUTDIR
#
# exo-init, exo-batch and bench land in OUTDIR, the programs of conformance/, hostile/ and stress/ in the
# folders of the same names. Only what is older than its sources is rebuilt. EXO_CC names another
# compiler; JOBS the number of compilers at once.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
mkdir -p "$1/conformance" "$1/hostile" "$1/stress"
out=$(cd "$1" && pwd)
jobs=${JOBS:-$(nproc)}

# The system-call table, for programs that go through all calls. Only a changed one makes them stale.
(cd "$here/.." && cargo run --quiet --package posix-x-abi --example c-table) >"$out/abi_table.h.new"
cmp -s "$out/abi_table.h.new" "$out/abi_table.h" || cp "$out/abi_table.h.new" "$out/abi_table.h"
rm "$out/abi_table.h.new"

export CC=${EXO_CC:-$here/../musl-port/exo-cc}
# Handlers and thread bodies need not use their parameters, and bad pointers are what is tested.
export CFLAGS="-std=gnu11 -static -O2 -g0 -s -pthread -I$here/include -I$out -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-stringop-overread -Wno-stringop-overflow -Wno-array-bounds -Wno-nonnull"

newest_header=$(ls -t "$here"/include/*.h "$out/abi_table.h" | head -n 1)

stale() { # SOURCE TARGET: prints the pair when the target must be built
	if [ "$1" -nt "$2" ] || [ "$newest_header" -nt "$2" ] || [ "$here/build.sh" -nt "$2" ]; then
		printf '%s %s\n' "$1" "$2"
	fi
}

{
	stale "$here/exo-init/exo-init.c" "$out/exo-init"
	stale "$here/exo-init/exo-batch.c" "$out/exo-batch"
	stale "$here/bench/bench.c" "$out/bench"
	for dir in conformance hostile stress; do
		for source in "$here/$dir"/*.c; do
			[ ! -e "$source" ] || stale "$source" "$out/$dir/$(basename "$source" .c)"
		done
	done
} | xargs -r -n 2 -P "$jobs" sh -c '$CC $CFLAGS -o "$2.tmp" "$1" && mv "$2.tmp" "$2"' build

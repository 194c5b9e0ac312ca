#!/bin/bash
# Builds every C program below userland/ as a static musl executable.
#
#   userland/build.sh OUTDIR
#
# exo-init, exo-batch and bench land in OUTDIR, the programs of conformance/, hostile/, stress/, native/ and demos/ in
# the folders of the same names, the C library of the native calls in libexo/. Only what is older than its sources is rebuilt. EXO_CC names another
# compiler; JOBS the number of compilers at once.
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
mkdir -p "$1/conformance" "$1/hostile" "$1/stress" "$1/native" "$1/demos"
out=$(cd "$1" && pwd)
jobs=${JOBS:-$(nproc)}

# The system-call table, for programs that go through all calls. Only a changed one makes them stale.
(cd "$here/.." && cargo run --quiet --package posix-x-abi --example c-table) >"$out/abi_table.h.new"
cmp -s "$out/abi_table.h.new" "$out/abi_table.h" || cp "$out/abi_table.h.new" "$out/abi_table.h"
rm "$out/abi_table.h.new"

"$here/../musl-port/libexo/build" "$out/libexo"

export CC=${EXO_CC:-$here/../musl-port/exo-cc}
# Handlers and thread bodies need not use their parameters, and bad pointers are what is tested.
export CFLAGS="-std=gnu11 -static -O2 -g0 -s -pthread -I$here/include -I$out -I$out/libexo/include -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-stringop-overread -Wno-stringop-overflow -Wno-array-bounds -Wno-nonnull"
export LIBEXO=$out/libexo/libexo.a

newest_header=$(ls -t "$here"/include/*.h "$out/abi_table.h" | head -n 1)
newest_storm=$(ls -t "$here"/stress/*.h | head -n 1)
newest_native=$(ls -t "$LIBEXO" "$here"/bench/*.h "$out"/libexo/include/*.h "$out"/libexo/include/exo/*.h | head -n 1)

stale() { # SOURCE TARGET [ALSO]: prints the pair when the target must be built
	for cause in "$1" "$newest_header" "$here/build.sh" ${3:+"$3"}; do
		if [ "$cause" -nt "$2" ]; then
			printf '%s %s\n' "$1" "$2"
			return
		fi
	done
}

{
	stale "$here/exo-init/exo-init.c" "$out/exo-init"
	stale "$here/exo-init/exo-batch.c" "$out/exo-batch"
	stale "$here/bench/bench.c" "$out/bench" "$newest_native"
	for dir in conformance hostile stress native demos; do
		case $dir in native | demos) also=$newest_native ;; stress) also=$newest_storm ;; *) also= ;; esac
		for source in "$here/$dir"/*.c; do
			stale "$source" "$out/$dir/$(basename "$source" .c)" $also
		done
	done
} | xargs -r -n 2 -P "$jobs" sh -c '$CC $CFLAGS -o "$2.tmp" "$1" "$LIBEXO" && mv "$2.tmp" "$2"' build

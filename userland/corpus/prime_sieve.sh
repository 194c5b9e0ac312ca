# Primes, gcd, bubble sort, binary conversion in pure shell.
p=; n=2; while [ $n -lt 200 ]; do ok=1; for d in $p; do [ $((d*d)) -gt $n ] && break; [ $((n % d)) = 0 ] && { ok=0; break; }; done; [ $ok = 1 ] && p="$p $n"; n=$((n+1)); done; echo $p
gcd() { a=$1 b=$2; while [ $b != 0 ]; do t=$((a % b)); a=$b; b=$t; done; echo $a; }; gcd 48 36; gcd 17 5; gcd 1071 462
bin() { n=$1 r=; while [ $n -gt 0 ]; do r=$((n % 2))$r; n=$((n / 2)); done; echo ${r:-0}; }; bin 10; bin 255; bin 0; bin 65535
sort3() { l="$*"; while :; do new=; swapped=0; set -- $l; while [ $# -gt 1 ]; do if [ $1 -gt $2 ]; then new="$new $2"; a=$1; shift 2; set -- $a "$@"; swapped=1; else new="$new $1"; shift; fi; done; l="$new $1"; [ $swapped = 0 ] && break; done; echo $l; }; sort3 5 3 9 1 4 8 2; i=0; s=0; while [ $i -lt 5000 ]; do i=$((i+1)); s=$((s+i*i%7)); done; echo $s

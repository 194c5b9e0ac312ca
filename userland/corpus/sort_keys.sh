# sort: keys, separators, stability, numeric kinds, months, versions.
cat > f <<EOF
carol 30 c
alice 4 b
bob 200 a
alice 30 a
EOF
sort f; sort -k2n f; sort -k1,1 -k2,2nr f; sort -k3 -k1r f; sort -s -k1,1 f; sort -r f
printf 'x:3\ny:1\nz:2\n' | sort -t: -k2; printf 'b\nB\na\nA\n' | sort -f; printf ' b\na\n' | sort -b
printf '10\n9\n1.5\n-3\n0x1f\n' | sort -n; printf '1e3\n20\n1e1\n' | sort -g; printf 'Mar\nJan\nDec\n' | sort -M
printf '1.10\n1.9\n1.2.3\n' | sort -V
printf 'a\0c\0b\0' | sort -z | tr '\0' ' '; echo; printf 'a\nb\na\n' | sort -u; sort -o f f; cat f
sort nosuch 2>/dev/null; echo $?; printf 'b 1\na 1\n' | sort -c 2>/dev/null; echo $?

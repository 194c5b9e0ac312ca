# Longer programs in awk: sieve, word count, CSV, matrix, n queens.
awk 'BEGIN {n=1000; for (i=2; i<=n; i++) if (!c[i]) {p++; for (j=i*i; j<=n; j+=i) c[j]=1} print p}'
printf 'the cat the dog\nA cat\n' | awk '{for (i=1; i<=NF; i++) w[tolower($i)]++} END {for (k in w) print w[k], k}' | sort -k1nr -k2
printf 'a,"b,c",d\n' | awk '{n=0; s=$0; while (s != "") {if (match(s, /^"[^"]*"/)) {f=substr(s, 2, RLENGTH-2); s=substr(s, RLENGTH+2)} else {match(s, /^[^,]*/); f=substr(s, 1, RLENGTH); s=substr(s, RLENGTH+2)} print ++n, f}}'
printf '1 2\n3 4\n' | awk '{for (j=1; j<=NF; j++) a[NR,j]=$j} END {for (j=1; j<=2; j++) print a[1,j], a[2,j]}'
awk 'function ok(r, c, i) {for (i=1; i<r; i++) if (q[i]==c || q[i]-c==r-i || c-q[i]==r-i) return 0; return 1} function place(r, c) {if (r>N) {count++; return} for (c=1; c<=N; c++) if (ok(r, c)) {q[r]=c; place(r+1)}} BEGIN {N=6; place(1); print count}'
seq 10000 | awk '{s+=$1; q+=$1*$1} END {printf "%d %d %.3f\n", s, q, sqrt(q/NR-(s/NR)^2)}'
awk 'BEGIN {for (i=1; i<=15; i++) print i%15==0 ? "FizzBuzz" : i%5==0 ? "Buzz" : i%3==0 ? "Fizz" : i}' | paste -s -d' '
awk 'function h(n, a, b, c) {if (n) {h(n-1, a, c, b); m++; h(n-1, c, b, a)}} BEGIN {h(10, "A", "B", "C"); print m}'

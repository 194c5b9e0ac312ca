# awk: arrays, loops, delete, in, multiple subscripts, split.
printf 'a 1\nb 2\na 3\nc 4\nb 5\n' | awk '{s[$1]+=$2; n[$1]++} END {for (k in s) print k, s[k], n[k]}' | sort
awk 'BEGIN {a["x"]=1; a["y"]=2; delete a["x"]; print ("x" in a), ("y" in a), length(a)}'
awk 'BEGIN {m[1,2]=3; for (k in m) {split(k, p, SUBSEP); print p[1], p[2], m[k]} print ((1,2) in m)}'
awk 'BEGIN {n=split("a:b:c", p, ":"); for (i=1; i<=n; i++) printf "%s ", p[i]; print n}'
awk 'BEGIN {n=split("a1b22c", p, /[0-9]+/); print n, p[3]; n=split("", p); print n; n=split("abc", p, ""); print n, p[2]}'
awk 'BEGIN {for (i=0; i<10000; i++) a[i]=i*i; s=0; for (i in a) s+=a[i]; print s}'
awk 'BEGIN {i=5; while (i-->0) printf "%d ", i; do {i++} while (i<3); print i; for (;;) {if (++i>9) break; if (i%2) continue; printf "%d ", i} print ""}'
printf '3\n1\n2\n' | awk '{a[NR]=$1} END {for (i=1;i<=NR;i++) for (j=i+1;j<=NR;j++) if (a[j]<a[i]) {t=a[i];a[i]=a[j];a[j]=t} for (i=1;i<=NR;i++) print a[i]}'

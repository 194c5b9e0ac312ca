# Getting values out of pipelines.
n=$(seq 5 | wc -l); echo $n; read a b <<EOF
$(echo one two)
EOF
echo $b $a; seq 3 > f; s=0; while read x; do s=$((s+x)); done < f; echo $s; set -- $(cat f); echo $#; IFS=, ; set -- $(echo x,y,z); unset IFS; echo $2; max=0; for i in 3 9 2; do [ $i -gt $max ] && max=$i; done; echo $max; v=$(sed -n 2p f); echo $v; echo "$(wc -l < f) lines"; l=$(tail -n 1 f) && echo $l; if out=$(grep 2 f); then echo "found $out"; fi; out=$(grep 9 f) || echo "not found [$out]"

# awk: fields, patterns, BEGIN, END, variables.
printf 'alice 30 berlin\nbob 25 paris\ncarol 35 rome\n' > f
awk '{print $1}' f; awk '{print $NF, NF, NR}' f; awk '$2 > 26' f; awk '/bob/{print $3}' f; awk 'NR==2' f; awk 'NR==1,NR==2' f; awk '{s+=$2} END {print s, s/NR}' f
awk -F: '{print $1 "-" $2}' <<EOF
a:b:c
EOF
awk -v x=5 'BEGIN {print x*2}'; awk 'BEGIN {OFS=","} {$1=$1; print}' f; awk '{print length($0), length}' f; awk '!/bob/' f; awk '$1 ~ /^a/ || $3 == "rome"' f
awk 'BEGIN {FS="[ :]"; RS=";"} {print $1, $2}' <<EOF
a b;c:d;e f
EOF
awk 'END {print NR, $0}' f; awk '{$2=""; print}' f; awk '{print $(1+1)}' f; echo x | awk '{exit 3}'; echo $?; awk 'BEGIN {print ARGC, ARGV[1]}' a b; awk 'BEGIN {printf "%5.2f|%-5s|%05d|%x|%c\n", 3.14159, "ab", 42, 255, 65}'

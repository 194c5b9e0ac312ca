# seq: widths, separators, fractions, downwards.
seq -w 1 5 16; seq -s ' ' 5; seq -s : 3; seq 1 0.25 2; seq 10 -3 1; seq -w 98 101; seq 0; seq 3 3; seq 4 3; seq 1 2 2; seq x 2>/dev/null; echo $?; seq 100000 | awk '{s+=$1} END {print s}'; seq 1.5 3.5; seq -s, -w 9 12

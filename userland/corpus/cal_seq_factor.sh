# cal of given months, seq, factor.
TZ=UTC cal 2 2000; cal 9 1752; cal 1 1970 | head -n 3; cal 2024 | md5sum
seq 5; seq 2 5; seq 2 2 9; seq 5 -2 1; seq -s, 5; seq -w 8 11; seq 0.5 0.5 2; seq 5 1; seq 1 0 2>/dev/null | head -n 2; seq 3 | paste -s -d+ ; seq 1000000 | tail -n 1
factor 1 2 12 97 1001 123456 1000003 4294967295 1000000007; seq 20 | xargs factor | tail -n 3; factor x 2>/dev/null; echo $?

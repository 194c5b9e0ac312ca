# grep -A, -B, -C with separators, -m, -c, -n together.
seq 30 > f; grep -A 1 '^5$' f; grep -B 2 '^5$' f; grep -C 1 -e '^5$' -e '^20$' f; grep -n -A 1 '^10$' f; grep -m 2 1 f; grep -c 1 f; grep -vc 1 f; grep -nx 7 f; grep -m 1 -A 2 '^3$' f; seq 5 | grep -n . | tail -n 1; grep -H 30 f; grep -hn 30 f f

# A shell that starts one short program after the other.
for number in $(seq 40); do
    /bin/true
    ls -l /etc >/dev/null
    name=$(basename "/a/b/$number.c" .c)
    echo "$name" | tr 0-9 a-j >/dev/null
done

# Four at a time, all wanting the CPU.
seq 8 | xargs -P 4 -n 1 sh -c 'cat /bin/busybox /bin/busybox /bin/busybox | gzip -c | wc -c'

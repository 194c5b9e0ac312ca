# du of files with known sizes.
mkdir -p d/e; head -c 8192 /dev/zero > d/a; head -c 4096 /dev/zero > d/e/b; head -c 1 /dev/zero > d/c
du -k d/a d/e/b d/c; du -a d/a; du -h d/a; du -c d/a d/c | tail -n 1; du -b d/a 2>/dev/null | cut -f1; ln d/a d/hard; du -k d/a d/hard; du nosuch 2>/dev/null; echo $?; dd of=sparse bs=1 seek=1M count=0 2>/dev/null; du -k sparse

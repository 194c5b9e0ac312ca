# A chroot with busybox in it.
mkdir -p r/bin r/tmp; cp "$(command -v busybox)" r/bin/busybox; for a in sh ls cat echo pwd; do ln -s busybox r/bin/$a; done; chroot r /bin/sh -c 'pwd; ls /; echo inside > /tmp/f; cat /tmp/f; cd ..; pwd; exit 4'; echo $?; cat r/tmp/f; chroot r /bin/nosuch 2>/dev/null; echo $?; chroot r /bin/ls /bin; chroot nosuch /bin/sh 2>/dev/null; echo $?

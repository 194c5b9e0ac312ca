# cksum, sum, md5, sha*, crc32, and -c.
printf 'hello\n' > f; : > e; seq 10000 > s
for c in cksum sum md5sum sha1sum sha256sum sha512sum sha3sum crc32; do $c f e s; done; md5sum < f
md5sum f s > list; md5sum -c list; echo changed > f; md5sum -c list 2>/dev/null; echo $?; sha256sum s | sha256sum -c; sha1sum nosuch 2>/dev/null; echo $?; head -c 10000000 /dev/zero | md5sum; seq 100000 | sha256sum

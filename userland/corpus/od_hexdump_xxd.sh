# od, hexdump, hd, xxd.
printf 'Hello, World!\n\0\1\377end' > f
od f; od -c f; od -x f; od -An -tx1 f; od -tu2 -N 6 f; od -td1 -j 14 f; od -a f; hexdump f; hexdump -C f; hd f; hexdump -e '1/1 "%02x " ' f; echo; hexdump -n 4 -s 2 -C f
xxd f; xxd -p f; xxd -p f | xxd -r -p | cmp - f && echo same; xxd f | xxd -r | cmp - f && echo same; head -c 100 /dev/zero | od -c; head -c 100 /dev/zero | hexdump -C; head -c 70 /dev/zero | od -v -c | wc -l; xxd -l 5 -s 3 f; xxd -g 1 -c 8 f

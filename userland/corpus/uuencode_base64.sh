# uuencode, uudecode, base64, base32.
printf 'Hello, World!\n\0\377' > f; uuencode f name; uuencode -m f name; uuencode f out > e; uudecode e; cmp f out && echo same; uuencode -m f out2 | uudecode; cmp f out2 && echo same; uudecode -o o3 e; cmp f o3 && echo same
base64 f; base64 f | base64 -d | cmp - f && echo same; seq 100 | base64 | md5sum; seq 100 | base64 -w 20 | head -n 2; base32 f; base32 f | base32 -d | cmp - f && echo same; echo '!!!' | base64 -d 2>/dev/null; echo $?; printf '' | base64; printf a | base64; printf ab | base64; seq 10000 | base64 | base64 -d | md5sum

# cut: bytes, characters, fields, ranges, complements.
printf 'one:two:three:four\nno delimiter\na:b\n' > f
cut -d: -f2 f; cut -d: -f2- f; cut -d: -f-2 f; cut -d: -f1,3 f; cut -d: -s -f2 f; cut -c1-3 f; cut -c2 f; cut -b 1,3,5- f
printf 'a\tb\tc\n' | cut -f2; echo abcdef | cut -c 2-4,6; echo abc | cut -c 10 ; printf 'x y  z\n' | cut -d' ' -f3
cut 2>/dev/null; echo $?

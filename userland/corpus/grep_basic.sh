# grep: options and statuses.
printf 'apple\nbanana\ncherry\nApple pie\n' > f
grep an f; grep -i apple f; grep -v an f; grep -c a f; grep -n e f; grep -l apple f nosuch 2>/dev/null; grep -L zzz f; grep -x apple f; grep -w pie f
grep -o 'an' f; grep -e apple -e cherry f; grep -E 'a(p|n)' f; grep -F 'a.p' f; echo $?; grep -q apple f; echo $?; grep zzz f; echo $?; grep x nosuch 2>/dev/null; echo $?
grep -A 1 banana f; grep -B 1 banana f; grep -C 1 banana f; grep -m 1 a f; grep -h apple f f; grep -H apple f; printf 'apple\ncherry\n' > p; grep -f p f; grep -s x nosuch; echo $?
grep '^a' f; grep 'y$' f; grep 'a.*a' f; grep '[[:upper:]]' f; grep 'p\{2\}' f; grep -E 'p{2}|r+' f; grep '\<pie\>' f; grep -c '' f; echo -n 'no newline' | grep new

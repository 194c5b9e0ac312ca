# Functions: arguments, recursion, local, return, redefinition, redirection.
f() { echo "$# $1 $*"; }
f; f a; f a 'b c'
fact() { [ $1 -le 1 ] && echo 1 || echo $(($1 * $(fact $(($1-1))))); }
fact 10
g() { local x=inner y; y=also; echo $x $y; }
x=outer; g; echo "$x [$y]"
h() { x=changed; }; h; echo $x
r() { return $1; }; r 5; echo $?; r 0 && echo zero
out() { echo to file; echo err >&2; } > fo 2> fe; out; cat fo fe
f() { echo new; }; f
unset -f f; f 2>/dev/null; echo $?
nested() { inner() { echo inner; }; inner; }; nested; inner
set -- a b; p() { set -- x; echo "$@"; }; p; echo "$@"
s() { shift; echo "$@"; }; s 1 2 3
loop() { for i in 1 2 3; do [ $i = 2 ] && return 7; done; }; loop; echo $?
type echo cd 2>&1
command -v echo cd sh | sed 's,^/.*/,,'

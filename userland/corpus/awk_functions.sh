# awk: string and number functions, user functions, recursion.
awk 'BEGIN {print length("hello"), substr("hello", 2, 3), index("hello", "l"), toupper("abc"), tolower("ABC")}'
awk 'BEGIN {s="aaa"; n=gsub(/a/, "b", s); print n, s; s="hello"; sub(/l+/, "[&]", s); print s; sub(/x/, "y", s); print s; t="a.b"; gsub(/\./, "\\.", t); print t}'
awk 'BEGIN {print match("foobar", /o+/), RSTART, RLENGTH; print match("x", /y/), RSTART, RLENGTH}'
awk 'BEGIN {printf "%d %d %d %.4f %.4f %.4f\n", int(3.9), int(-3.9), 7%3, sqrt(2), exp(1), log(10); printf "%.4f %.4f %.4f\n", sin(1), cos(1), atan2(1, 1)}'
awk 'function f(n) {return n<2 ? 1 : n*f(n-1)} function g(a, i) {a[1]="set"; i=5} BEGIN {print f(10); g(x); print x[1], i}'
awk 'function fib(n) {return n<2 ? n : fib(n-1)+fib(n-2)} BEGIN {print fib(18)}'
awk 'BEGIN {print sprintf("%03d", 7) "x", substr("abc", 0), substr("abc", -1, 3), substr("abc", 2), substr("abc", 5) "|"}'
awk 'BEGIN {print 1==1.0, "1"==1, "a"<"b", "10"<"9", 10<9, 1/3, 1e6, 1e20, 0.1+0.2, 2**10, 2^0.5, -2^2, !0, 1 " " -1}'
awk 'BEGIN {srand(1); a=rand(); srand(1); print a==rand(), a<1; print strftime("%Y-%m-%d", 0)}' | head -n 1
awk 'BEGIN {print and(12, 10), or(12, 10), xor(12, 10), lshift(1, 4), rshift(16, 2), compl(0) != 0}' 2>/dev/null

# Lists: ; & && || { } ( ) and their precedence.
true && echo a || echo b; false && echo a || echo b
false || { echo group; false; } || echo c
{ echo 1; echo 2; } | tac; (echo 1; echo 2) | tac
true || echo no && echo yes; false && echo no || echo yes && echo too
{ true; }; echo $?; { false; }; echo $?
if true && ! false; then echo if; fi
if false; then echo 1; elif true; then echo 2; else echo 3; fi
if ! { false || false; }; then echo negated; fi
{ { { echo nested; }; }; }
( ( echo sub sub ) )
echo a; { echo b & wait; }; echo c
while { read x; [ "$x" != stop ]; }; do echo "w $x"; done <<EOF
1
2
stop
3
EOF

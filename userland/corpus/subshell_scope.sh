# What a subshell can and cannot change.
x=1; (x=2; echo $x); echo $x
(cd /; pwd); pwd | sed 's,.*/,,'
(exec > sub.out; echo inside); cat sub.out; echo outside
umask 022; (umask 077; umask); umask
(set -f; echo *); touch a b; echo *
(trap 'echo t' EXIT)
f() { echo old; }; (f() { echo new; }; f); f
export E=1; (E=2; sh -c 'echo $E'); sh -c 'echo $E'
y=$(y=5; echo $y); echo $y
{ z=3; }; echo $z
echo | { z=4; }; echo $z

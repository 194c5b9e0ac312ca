# set -x and PS4.
(set -x; echo one; x=2; y="a b"; echo "$x" $y; [ 1 = 1 ]; for i in a b; do :; done) 2>&1
(PS4='trace: '; set -x; echo two; (echo three); f() { echo "$1"; }; f four) 2>&1

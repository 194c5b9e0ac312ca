# expr: arithmetic, comparison, strings, regular expressions.
expr 1 + 2; expr 7 \* 6; expr 7 / 2; expr -7 % 3; expr \( 1 + 2 \) \* 3
expr 1 \< 2; expr 2 \<= 1; expr a = a; expr a != a; expr abc \> abb
expr 0; echo $?; expr ''; echo $?; expr x; echo $?
expr abc : 'a\(.\)c'; expr abc : 'ab'; expr abc : 'x'; expr match abcd 'a.*'
expr substr abcdef 2 3; expr index abcdef de; expr length abcdef
expr 5 \| 0; expr 0 \| 5; expr 5 \& 6; expr 5 \& 0
expr 1 / 0 2>/dev/null; echo $?; expr a + 1 2>/dev/null; echo $?; expr 2>/dev/null; echo $?
n=1; while [ $n -lt 100 ]; do n=$(expr $n \* 3); done; echo $n

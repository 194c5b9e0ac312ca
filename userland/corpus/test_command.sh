# test and [: files, strings, numbers, logic.
touch f; mkdir d; ln -s f l; ln -s none dang; mkfifo p; : > empty; echo x > full; chmod 600 full
t() { "$@" && echo yes || echo no; }
t [ -e f ]; t [ -e none ]; t [ -f f ]; t [ -d d ]; t [ -L l ]; t [ -h l ]; t [ -e dang ]; t [ -L dang ]; t [ -p p ]
t [ -s empty ]; t [ -s full ]; t [ -r full ]; t [ -w full ]; t [ -x full ]; t [ -x d ]; t [ -c /dev/null ]; t [ -b /dev/null ]
t [ a = a ]; t [ a != a ]; t [ -z "" ]; t [ -n "" ]; t [ "" ]; t [ x ]; t [ ]; t [ -n ]
t [ 1 -eq 01 ]; t [ 1 -ne 1 ]; t [ 2 -gt 10 ]; t [ 2 -lt 10 ]; t [ 3 -ge 3 ]; t [ 3 -le 2 ]
t [ a -a b ]; t [ a -a "" ]; t [ "" -o b ]; t [ ! a ]; t [ ! "" ]; t [ \( a \) ]; t [ a = b -o c = c ]
touch -d '2001-01-01' old; touch -d '2002-01-01' new
t [ new -nt old ]; t [ new -ot old ]; t [ l -ef f ]
t test x = x; [ 1 -eq x ] 2>/dev/null; echo $?
t [ a \< b ]; t [ b \< a ]
[[ abc == a*c ]] && echo match; [[ -n x && -z "" ]] && echo both
t [ -t 0 ]; t [ = = = ]; t [ ! = ! ]; t [ -f ]

# Quotes, backslashes, field splitting.
a='x   y'; echo $a "$a" '$a' \$a
echo a\ b 'a  b' "a  b" a"b c"d'e f'g
echo "\\ \" \$ \` \a" '\\ \" \$'
echo "a
b" 'c
d'
echo one\
two "three\
four"
printf '[%s]' $a "$a" '' "" ; echo
printf '[%s]' "" a "" ; echo
set -- '' a ''; echo $#; set -- $*; echo $#
x='*'; touch f1 f2; echo $x "$x"
echo "$(echo "nested "quotes"")" "`echo \`echo deep\``"
echo $'tab\there\n\x41\101\\' 
e=''; printf '[%s]' $e a$e "$e"b; echo

# Small programs in sed.
printf 'one\ntwo\nthree\n' > f
printf 'a b c\n' | sed 's/ /\n/g' | sed '$!d'
printf 'x=1\ny=2\n' | sed 's/\([a-z]\)=\(.*\)/\1 is \2/'
printf 'p1 l1\np1 l2\n\np2 l1\n' | sed -n '/^$/!{H;d};x;s/\n/|/g;p;${x;p}'
echo 1234567 | sed ':a;s/^\([0-9]*[0-9]\)\([0-9]\{3\}\)/\1,\2/;ta'
printf '<b>bold</b> <i>it</i>\n' | sed 's/<[^>]*>//g'
printf 'a\n\n\n\nb\n' | sed '/./,/^$/!d'
printf 'foo # comment\n# only\nbar\n' | sed 's/ *#.*//;/^$/d'
yes 'some text here' | head -n 2000 | sed 's/text/TEXT/;s/e$/E/' | sort | uniq -c | sed 's/^ *//'

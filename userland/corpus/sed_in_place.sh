# sed -i over several files.
for i in 1 2 3; do printf 'a%s\nb\n' $i > f$i; done; sed -i 's/a/A/' f1 f2 f3; cat f1 f2 f3; sed -i.bak '1d' f1; ls f1*; cat f1 f1.bak; sed -i '$a\added' f2; cat f2; chmod 600 f3; sed -i s/b/B/ f3; stat -c %a f3; cat f3; sed -i -e 1d -e s/B/C/ f3; cat f3; ln -s f2 l; sed -i s/b/x/ f2; cat l; sed -i p nosuch 2>/dev/null; echo $?; sed -n -i '1p' f2; cat f2

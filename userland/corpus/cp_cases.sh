# cp: files, directories, links, modes, times, refusal.
mkdir -p s/sub d; echo one > s/1; echo two > s/sub/2; ln -s 1 s/link; chmod 700 s/1; touch -d '2005-05-05 05:05:05' s/1
cp s/1 d; cat d/1; cp -r s r; find r | sort; [ -L r/link ] && echo link || echo file; cp -a s ar; [ -L ar/link ] && echo link; stat -c '%a %Y' ar/1; cp -p s/1 p; stat -c '%a %Y' p
cp -L s/link L; [ -L L ] || echo followed; cp -P s/link P; [ -L P ] && echo kept; cp s d 2>/dev/null; echo $?; cp nosuch d 2>/dev/null; echo $?; cp s/1 s/sub/2 d; ls d; cp s/1 s/1 2>/dev/null; echo $?
echo old > t; echo new > n; cp -f n t; cat t; echo a > i; cp -n n i 2>/dev/null; cat i; cp -l n hard; [ n -ef hard ] && echo hard; cp -s n soft; readlink soft; mkfifo f; cp -a f ff; [ -p ff ] && echo fifo; cp -u n t; echo $?; cp -r s/. dot; ls dot

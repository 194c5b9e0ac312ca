# grep -r over a tree.
mkdir -p t/a/b t/c; echo needle > t/1; echo hay > t/2; echo 'a needle here' > t/a/3; echo Needle > t/a/b/4; printf 'needle\nneedle\n' > t/c/5.txt
grep -r needle t | sort; grep -rl needle t | sort; grep -rc needle t | sort; grep -ri needle t | wc -l; grep -rn needle t/c; grep -rv needle t | sort
(cd t && grep -r needle . | sort); ln -s ../1 t/c/link; grep -r needle t/c | sort; grep -R needle t/c | sort | wc -l; grep needle t 2>&1 | head -n 1
find t -type f | xargs grep -l hay; find t -type f -exec grep -H Needle {} +

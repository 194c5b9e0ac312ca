# rm and rmdir.
mkdir -p d/e/f; touch d/1 d/e/2 x 'sp ace' ./-dash; chmod 444 x
rm x; echo $?; rm nosuch 2>/dev/null; echo $?; rm -f nosuch; echo $?; rm d 2>/dev/null; echo $?; rmdir d 2>/dev/null; echo $?; rm 'sp ace' ./-dash; ls; rmdir d/e/f; rm -r d; ls; mkdir -p a/b/c; rmdir -p a/b/c; ls; ln -s /etc l; rm l; [ -d /etc ] && echo still there
mkdir t; ln -s t tl; touch t/f; rm -r tl; ls t; seq 300 | sed 's/^/t\/f/' | xargs touch; rm -rf t; ls; mkdir -p deep; cd deep; for i in $(seq 50); do mkdir d; cd d; done; cd ~ ; cd "$OLDPWD"; cd "$(pwd | sed 's,/deep.*,,')"; rm -r deep; ls

# ls: long format without what varies, order, flags.
mkdir d; echo hello > b; echo x > a; touch .hid; ln -s a l; chmod 640 a; touch -d '2003-02-01 10:00:00' a; touch -d '2004-02-01 10:00:00' b; mkfifo p
ls; ls -a; ls -A; ls -1r; ls -F; ls -p; ls -d d; ls -t a b; ls -tr a b; ls -S a b; ls -l a | awk '{print $1, $2, $5}'; ls -n a | awk '{print $3, $4}'; ls -lh b | awk '{print $5}'
ls -R; ls -C | cat; ls -x | cat; ls a nosuch 2>/dev/null; echo $?; ls -Q 2>/dev/null || ls -1 | sed 's/.*/"&"/'; TZ=UTC ls -l --full-time a 2>/dev/null | awk '{print $6, $7}'; ls -L l; ls -l l | sed 's/.* l/l/'; ls -i a | wc -w; ls -s /dev/null | wc -w

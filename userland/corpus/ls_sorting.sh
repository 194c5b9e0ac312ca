# ls in every order.
head -c 30 /dev/zero > a; head -c 10 /dev/zero > b.txt; head -c 20 /dev/zero > C; mkdir d; touch -d @3000 a; touch -d @1000 b.txt; touch -d @2000 C; touch -d @4000 d; ls; ls -r; ls -S; ls -rS; ls -t; ls -rt; ls -X; ls -1; ls -d *; ls -m 2>/dev/null | head -c 0; ls -la | awk '{print $NF}'; ls -w 20 -C | cat; ls -Ad . ; ls --color=never; ls -F d a

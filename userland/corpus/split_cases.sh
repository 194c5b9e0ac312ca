# split by lines and bytes, suffixes.
seq 25 > f; split -l 10 f; ls x*; wc -l x*; rm x*; split -b 20 f p; ls p*; cat p* | cmp - f && echo same; rm p*; split -l 5 -a 3 f s; ls s*; seq 3 | split -l 1 - t; cat ta? ; split -b 1k /dev/null e; ls e* 2>/dev/null; seq 2000 | split; ls x* | wc -l

# ed: the line editor.
seq 5 > f
printf '1,3p\n$p\n.=\n$=\nq\n' | ed -s f 2>/dev/null || printf '1,3p\n$p\nq\n' | ed f
printf '2d\nw\nq\n' | ed f; cat f
printf '1a\ninserted\n.\nw\nq\n' | ed f; cat f
printf '1,$s/e/E/g\nw\nq\n' | ed f; cat f
printf '/3/\nn\n3m0\n1,2w g\nq\n' | ed f; cat g
printf 'a\nnew file\ntwo\n.\nw new\nq\n' | ed; cat new; printf '1c\nchanged\n.\n$i\nbefore last\n.\n,p\nQ\n' | ed new

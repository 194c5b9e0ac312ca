# Programs for dc.
dc -e '0 1 10 [d p r + la] sb 1 1 [d p 3 + d 20 >x] sx lx x' ; dc -e '[la 1 + d sa p 5 >l] sl 0 sa ll x'; dc -e '20 k 2 v p'; dc -e '16 o 255 p 8 o 255 p 2 o 5 p'; dc -e '1 2 3 4 5 f c 7 p'; dc -e '5 3 - p 5 3 / p 5 3 % p 5 3 ^ p 2 3 5 | p'; dc -e '[hello] p [world] n 10 P'; dc -e '3 sa 4 sb la lb * p'; dc -e '1 2 r f' ; echo '2 3 + p q 9 p' | dc

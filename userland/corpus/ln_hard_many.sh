# Many hard links to one file.
echo x > f; for i in $(seq 100); do ln f l$i; done; stat -c %h f; rm l?; stat -c %h f; echo y >> l10; cat f; [ f -ef l50 ] && echo same; rm f; stat -c %h l10; cat l99; find . -samefile l10 2>/dev/null | wc -l; mv l10 l11; stat -c %h l12; ls -i | awk '{print $1}' | sort -u | wc -l; cp l12 c; stat -c %h c; ln c d; mv c d; ls c d

# Parsing configuration, generating files with here-documents.
cat > c.ini <<EOF
; comment
[one]
a = 1
b=two words
[two]
a=3
EOF
section=; while IFS= read -r line; do case $line in ''|\;*) ;; \[*\]) section=${line#[}; section=${section%]} ;; *=*) k=${line%%=*}; v=${line#*=}; k=$(echo $k); v=$(echo $v); echo "$section.$k=[$v]" ;; esac; done < c.ini
for n in a b; do cat > $n.conf <<EOF
name=$n
path=/srv/$n
EOF
done; cat *.conf; . ./a.conf; echo $name $path; sed -i 's/srv/opt/' *.conf; grep -h path *.conf; awk -F= '/^a/{print FILENAME, $2}' c.ini

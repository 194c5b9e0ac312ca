# Names with blanks and line feeds through find -print0 and xargs -0.
mkdir d; touch 'd/a b' 'd/c
d' "d/it's" 'd/"q"' d/plain; find d -type f | wc -l; find d -type f -print0 | tr -cd '\0' | wc -c; find d -type f -print0 | xargs -0 ls | wc -l; find d -type f -print0 | sort -z | tr '\0\n' ' _'; echo; find d -type f -print0 | xargs -0 -n 1 sh -c 'printf "%s\n" "${1##*/}" | wc -l' _ | sort -n | tail -n 1; find d -type f -exec sh -c 'for f; do [ -e "$f" ] && echo ok; done' _ {} + | wc -l; find d -type f -print0 | xargs -0 rm; ls d | wc -l

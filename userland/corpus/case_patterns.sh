# case: patterns, alternatives, fall to the default, quoting.
t() {
	case $1 in
	'') echo empty ;;
	a|b|c) echo "one of abc" ;;
	[0-9]) echo digit ;;
	[0-9]*) echo "starts with a digit" ;;
	*.txt) echo text ;;
	"*") echo star ;;
	?) echo single ;;
	a*z) echo "a to z" ;;
	[!x]*y) echo "not x, ends with y" ;;
	*) echo other ;;
	esac
}
for i in '' a b 5 5x file.txt '*' '?' z abcz xy ay 'two words'; do t "$i"; done
x='a*'; case 'a*' in "$x") echo literal;; esac
case abc in $x) echo pattern;; esac
case x in (x) echo parenthesis;; esac
case "" in *) echo anything;; esac
case ab in a) ;; ab) false;; esac; echo $?

package fieldtype

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is the form in which texts are compared without regard to case and width:
// NFKC, Unicode case folding, no outer white space and one space for inner. The
// result of Fold folds to itself.
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	// Folding can undo normal form and the reverse, so both are done until they
	// rest; two rounds are enough for all but a handful of characters.
	for range 4 {
		next := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
		if next == s {
			break
		}
		s = next
	}
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}

// foldASCII folds texts of plain letters; ok is false for others.
func foldASCII(s string) (folded string, ok bool) {
	same := true
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return "", false
		}
		same = same && !('A' <= c && c <= 'Z' || c <= ' ' && (c != ' ' || i == 0 || i == len(s)-1 || s[i-1] == ' '))
	}
	if same {
		return s, true
	}
	return strings.Join(strings.Fields(strings.ToLower(s)), " "), true
}

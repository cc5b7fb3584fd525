package fieldtype

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalizers make of a text the form in which duplicate rules compare it.
var normalizers = map[string]func(string) string{
	"exact":  func(s string) string { return s },
	"text":   wordsOnly,
	"fuzzy":  wordsOnly,
	"phone":  phoneDigits,
	"email":  Fold,
	"domain": domainOf,
}

// Normalize is the form of a stored value in which records are compared for being
// the same thing. Values that are alike have the same form; "" can't be compared.
// how is exact, text (folded letters and digits, with single spaces), fuzzy (as
// text), phone (the last ten digits that matter), email (folded) or domain (of an
// e-mail or web address, without www.). Numbers, references and answers are
// compared as they are.
func Normalize(how string, stored any) string {
	normalize, ok := normalizers[how]
	if !ok {
		return ""
	}
	switch stored := stored.(type) {
	case string:
		return normalize(stored)
	case int64:
		return strconv.FormatInt(stored, 10)
	case bool:
		return strconv.FormatBool(stored)
	}
	return ""
}

func wordsOnly(s string) string {
	return strings.Join(strings.FieldsFunc(Fold(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}), " ")
}

// comparedDigits is how many digits of a number decide: enough to tell people
// apart, and few enough that it does not matter whether the country is written.
const comparedDigits = 10

func phoneDigits(s string) string {
	s = extension.ReplaceAllString(norm.NFKC.String(s), "")
	digits := strings.TrimLeft(onlyDigits(strings.ReplaceAll(s, "(0)", "")), "0")
	return digits[max(0, len(digits)-comparedDigits):]
}

func domainOf(s string) string {
	s = Fold(s)
	if _, host, ok := strings.Cut(s, "@"); ok && !strings.Contains(s, "/") {
		return host
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

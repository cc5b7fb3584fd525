// Package search turns texts into the words that a store finds records by, and
// what a person types into the words to look for. It is pure.
//
// Words are folded: compatibility forms, case and diacritics don't count ("Müller",
// "MULLER" and "ｍｕｌｌｅｒ" are one word). In scripts with spaces a word is a run of
// letters and digits; in those without (Chinese, Japanese, Korean, Thai …) it is
// every single character and every pair of neighbours, so that any part of a run is
// found without a dictionary.
package search

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"formwork/engine/query"
)

// Limits.
const (
	MaxWords      = 1000    // of one record; further ones are not found
	MaxQueryWords = 32      // of one query; further ones are not asked for
	maxLetters    = 48      // of one word; longer ones are found by their beginning
	maxText       = 400_000 // bytes of one text; words behind them are not found
)

// Words returns the words of texts, sorted, each once, at most MaxWords (the first ones).
func Words(texts ...string) []string {
	seen := make(map[string]struct{}, 16)
	words := make([]string, 0, 16)
	add := func(word string) bool {
		if _, ok := seen[word]; !ok {
			seen[word] = struct{}{}
			words = append(words, word)
		}
		return len(words) < MaxWords
	}
	for _, text := range texts {
		if !runs(fold(beginning(text)), func(run string, dense bool) bool {
			if !dense {
				return add(shorten(run))
			}
			return singles(run, add) && pairs(run, add)
		}) {
			break
		}
	}
	sort.Strings(words)
	return words
}

// Query returns the words that must all be found: a word in a script with spaces by
// its beginning, a run in one without by its pairs of characters (one character by
// itself). Nothing to look for gives none.
func Query(q string) []query.Word {
	var words []query.Word
	add := func(word query.Word) bool {
		for _, w := range words {
			if w == word {
				return true
			}
		}
		words = append(words, word)
		return len(words) < MaxQueryWords
	}
	runs(fold(q), func(run string, dense bool) bool {
		switch {
		case !dense:
			return add(query.Word{Text: shorten(run), Prefix: true})
		case utf8.RuneCountInString(run) == 1:
			return add(query.Word{Text: run})
		}
		return pairs(run, func(pair string) bool { return add(query.Word{Text: pair}) })
	})
	return words
}

// Match reports whether sorted words hold all of those looked for; stores agree with it.
func Match(words []string, wanted []query.Word) bool {
	for _, w := range wanted {
		at := sort.SearchStrings(words, w.Text)
		if at == len(words) || (words[at] != w.Text && !(w.Prefix && strings.HasPrefix(words[at], w.Text))) {
			return false
		}
	}
	return true
}

// fold makes texts comparable: compatibility forms, case and diacritics are gone.
func fold(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	s = norm.NFKD.String(strings.ToValidUTF8(s, " "))
	s = strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36f { // the combining diacritical marks
			return -1
		}
		return r
	}, s)
	return norm.NFKC.String(cases.Fold().String(s))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// runs calls yield for every run of letters, digits and marks of one sort, until it
// returns false; then runs does too.
func runs(s string, yield func(run string, dense bool) bool) bool {
	start, dense := -1, false
	for i, r := range s {
		in, d := classify(r)
		if start >= 0 && (!in || d != dense) {
			if !yield(s[start:i], dense) {
				return false
			}
			start = -1
		}
		if in && start < 0 {
			start, dense = i, d
		}
	}
	return start < 0 || yield(s[start:], dense)
}

// classify tells whether a character is part of a word, and whether its script is
// written without spaces.
func classify(r rune) (in, dense bool) {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9', false
	}
	if !unicode.In(r, unicode.L, unicode.N, unicode.M) {
		return false, false
	}
	return true, unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Bopomofo, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r == 'ー' || r == '々'
}

func singles(run string, yield func(string) bool) bool {
	for i, r := range run {
		if !yield(run[i : i+utf8.RuneLen(r)]) {
			return false
		}
	}
	return true
}

func pairs(run string, yield func(string) bool) bool {
	last := -1
	for i, r := range run {
		if last >= 0 && !yield(run[last:i+utf8.RuneLen(r)]) {
			return false
		}
		last = i
	}
	return true
}

// beginning is the part of a text that words are taken from.
func beginning(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// shorten keeps the first maxLetters characters.
func shorten(word string) string {
	if len(word) <= maxLetters {
		return word
	}
	n := 0
	for i := range word {
		if n == maxLetters {
			return word[:i]
		}
		n++
	}
	return word
}

package transfer

import (
	"cmp"
	"slices"
	"time"
	"unicode"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/metadata/fieldtype"
)

// Guess is where a column probably goes, and how certain that is.
type Guess struct {
	Field     string
	Certainty float64 // above 0, up to 1
	Source    *Source
}

// Certainties of guesses by what a heading is to a field. Less than leastCertain is no guess.
const (
	isName       = 1.0
	isItsLabel   = 0.95
	isAlike      = 0.9 // but for case, signs, and words such as “name” behind what refers to a record
	isObject     = 0.8 // of the field that names its records
	hasTheWords  = 0.4 // more by as much as the two have in common
	looksLike    = 0.5 // by its cells alone
	leastCertain = 0.35
	// misfits is what is left of a certainty if no cell can be a value of the field.
	misfits = 0.3
	// ambiguous is what is left if days and months may be the other way round.
	ambiguous = 0.8
)

// guesses are the columns of a file with the fields that they probably go to: each field once,
// the most certain first. samples are some cells of each column that are not empty.
func (m *mapping) guesses(header []string, samples [][]string, may permit) []*Guess {
	type candidate struct {
		column int
		guess  Guess
	}
	var candidates []candidate
	for i, heading := range header {
		for _, f := range m.object.Fields {
			if heading == "" || !m.takes(f, may) {
				continue
			}
			named := m.likeness(heading, f)
			source, fit := sourceOf(heading, f, samples[i], may)
			if named > 0 {
				named *= misfits + (1-misfits)*fit
			} else if fit == 1 && distinctive(f, samples[i]) {
				named = looksLike
			}
			if named >= leastCertain {
				candidates = append(candidates, candidate{i, Guess{f.Name, named, source}})
			}
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.guess.Certainty, a.guess.Certainty) })
	guesses := make([]*Guess, len(header))
	taken := map[string]bool{}
	for _, c := range candidates {
		if guesses[c.column] == nil && !taken[c.guess.Field] {
			taken[c.guess.Field] = true
			guesses[c.column] = &c.guess
		}
	}
	return guesses
}

// likeness is how much a heading is like a field's name or its label in any language.
func (m *mapping) likeness(heading string, f *catalog.Field) float64 {
	if heading == f.Name {
		return isName
	}
	names := []string{f.Name}
	if f.Doc != nil {
		for _, label := range f.Doc.Label {
			if fieldtype.Fold(label) == fieldtype.Fold(heading) {
				return isItsLabel
			}
			names = append(names, label)
		}
	}
	of := words(heading)
	best := 0.0
	for _, name := range names {
		best = max(best, common(of, words(name), f.Target != nil))
	}
	if f == m.object.NameField && best < isObject {
		titles := []string{m.object.Doc.Name}
		for _, label := range m.object.Doc.Label {
			titles = append(titles, label)
		}
		for _, title := range titles {
			if common(of, words(title), true) == isAlike {
				best = isObject
			}
		}
	}
	return best
}

// words are those of a heading or name, in lower case; letters of Chinese, Japanese and Korean are
// words by themselves.
func words(text string) []string {
	var found []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			found = append(found, string(word))
		}
		word = word[:0]
	}
	for _, r := range fieldtype.Fold(text) {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			end()
			found = append(found, string(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word = append(word, r)
		default:
			end()
		}
	}
	end()
	return found
}

// plainWords say of a column that it refers to a record, or names one.
var plainWords = []string{"name", "id", "no", "number", "code", "名", "称"}

// common is how much two lists of words have in common: all of the one are in the other. refers:
// words such as “name” don't count.
func common(a, b []string, refers bool) float64 {
	if slices.Equal(a, b) {
		return isAlike
	}
	if refers {
		plain := func(word string) bool { return slices.Contains(plainWords, word) }
		if x := slices.DeleteFunc(slices.Clone(a), plain); len(x) > 0 && slices.Equal(x, slices.DeleteFunc(slices.Clone(b), plain)) {
			return isAlike
		}
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, word := range a {
		if !slices.Contains(b, word) {
			return 0
		}
	}
	if len(a) == 0 {
		return 0
	}
	return hasTheWords + 0.3*float64(len(a))/float64(len(b))
}

// sourceOf is how a column goes to a field, and the share of its samples that fit.
func sourceOf(heading string, f *catalog.Field, samples []string, may permit) (*Source, float64) {
	source := &Source{Column: heading}
	if len(samples) == 0 {
		return source, 1
	}
	if f.Target != nil {
		ids := share(samples, func(text string) bool { _, ok := id.Parse(text); return ok })
		if by := f.Target.NameField; ids < 1 && by != nil && may.reads(f.Target, by) {
			source.Match = by.Name
		}
		return source, 1
	}
	fits := share(samples, func(text string) bool { _, problem := f.Value.Coerce(text); return problem == nil })
	kind := f.Value.Kind()
	if fits == 1 || kind != fieldtype.DateKind && kind != fieldtype.DatetimeKind {
		return source, fits
	}
	behind := []string{""}
	if kind == fieldtype.DatetimeKind {
		if local := share(samples, func(text string) bool { return located(text, time.UTC) != text }); local > fits {
			return source, local
		}
		behind = []string{" HH:MM", " HH:MM:SS", ""}
	}
	twice := false
	for _, clock := range behind {
		for _, day := range dayFormats {
			layout, _ := goLayout(day + clock)
			fit := share(samples, func(text string) bool { _, err := time.Parse(layout, text); return err == nil })
			if fit > fits {
				source.Format, fits, twice = day+clock, fit, false
			} else if fit == fits && fit > 0 {
				twice = true
			}
		}
	}
	if twice {
		fits *= ambiguous
	}
	return source, fits
}

// dayFormats are how days are written beside ISO 8601; of two that fit the first is taken.
var dayFormats = []string{"m/d/yyyy", "d/m/yyyy", "d.m.yyyy", "d-m-yyyy", "m-d-yyyy", "m/d/yy", "d/m/yy", "d.m.yy"}

func share(samples []string, fits func(string) bool) float64 {
	n := 0
	for _, text := range samples {
		if fits(text) {
			n++
		}
	}
	return float64(n) / float64(len(samples))
}

// distinctive reports whether cells that can all be values of a field are probably no others'.
func distinctive(f *catalog.Field, samples []string) bool {
	if len(samples) < 2 {
		return false
	}
	if _, chooses := f.Value.(fieldtype.Chooses); chooses {
		return slices.ContainsFunc(samples, func(text string) bool { return text != samples[0] })
	}
	return f.Doc != nil && (f.Doc.Type == "email" || f.Doc.Type == "url")
}

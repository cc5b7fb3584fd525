package expression

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/govalues/decimal"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/metadata/fieldtype"
)

const maxText = 100_000 // bytes of a text that is made

// textual makes a text the result of a function; the empty text is the empty value.
func textual(f *frame, s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxText {
		return nil, textTooLong()
	}
	return s, f.spendText(len(s))
}

func textTooLong() error {
	return fault.New(fault.TooLarge, "expression.text_too_long", "limit", maxText)
}

// mapped is a function from text to text.
func mapped(name string, change func(string) string) *function {
	return &function{name: name, params: []kinds{texts}, kind: fieldtype.TextKind,
		run: func(f *frame, a []any) (any, error) { return textual(f, change(a[0].(string))) }}
}

// linkOf is link(url, label); empty where the address is none that may be followed.
func linkOf(f *frame, a []any) (any, error) {
	address, _ := a[0].(string)
	label := ""
	if len(a) > 1 {
		label, _ = a[1].(string)
	}
	if err := f.spendText(len(address) + len(label)); err != nil {
		return nil, err
	}
	link, ok := fieldtype.Link(address, label)
	if !ok {
		return nil, nil
	}
	return link, nil
}

// joinTexts takes empty as "".
func joinTexts(f *frame, a []any) (any, error) {
	size := 0
	for _, part := range a {
		s, _ := part.(string)
		size += len(s)
	}
	if size > maxText {
		return nil, textTooLong()
	}
	var b strings.Builder
	b.Grow(size)
	for _, part := range a {
		s, _ := part.(string)
		b.WriteString(s)
	}
	return textual(f, b.String())
}

var (
	join = &function{name: "concat", params: []kinds{texts}, more: true, empties: true,
		kind: fieldtype.TextKind, run: joinTexts}
	joinTwo = &function{name: "+", params: []kinds{texts, texts}, empties: true,
		kind: fieldtype.TextKind, run: joinTexts}

	likes = map[string]*function{
		"contains":   like("contains", strings.Contains),
		"startsWith": like("startsWith", strings.HasPrefix),
		"endsWith":   like("endsWith", strings.HasSuffix),
	}

	// textOf writes a value of each kind.
	textOf = func() map[fieldtype.Kind]*function {
		all := map[fieldtype.Kind]*function{}
		for k := fieldtype.AnyKind; k <= fieldtype.ObjectKind; k++ {
			if (scalars|lists)&(1<<k) != 0 {
				all[k] = &function{name: "text", params: []kinds{set(k)}, kind: fieldtype.TextKind, run: writerOf(k)}
			}
		}
		return all
	}()

	textFunctions = append([]*function{
		mapped("lower", strings.ToLower),
		mapped("upper", strings.ToUpper),
		mapped("trim", strings.TrimSpace),
		{name: "len", params: []kinds{texts | lists | rows}, kind: fieldtype.NumberKind, scale: fixed(0),
			empties: true, never: true, run: length},
		{name: "replace", params: []kinds{texts, texts, texts}, kind: fieldtype.TextKind, empties: true, run: replace},
		{name: "left", params: []kinds{texts, numbers}, kind: fieldtype.TextKind,
			run: func(f *frame, a []any) (any, error) { return textual(f, between(a[0].(string), 0, whole(a[1]))) }},
		{name: "right", params: []kinds{texts, numbers}, kind: fieldtype.TextKind,
			run: func(f *frame, a []any) (any, error) {
				s := a[0].(string)
				n := utf8.RuneCountInString(s)
				return textual(f, between(s, n-max(whole(a[1]), 0), n))
			}},
		{name: "mid", params: []kinds{texts, numbers, numbers}, kind: fieldtype.TextKind,
			run: func(f *frame, a []any) (any, error) {
				from := whole(a[1]) - 1
				return textual(f, between(a[0].(string), from, from+whole(a[2])))
			}},
		{name: "link", params: []kinds{texts, texts}, least: 1, kind: fieldtype.LinkKind, empties: true, run: linkOf},
		mapped("proper", proper),
		mapped("reverse", reversed),
		{name: "find", params: []kinds{texts, texts}, kind: fieldtype.NumberKind, scale: fixed(0),
			run: func(f *frame, a []any) (any, error) {
				s := a[0].(string)
				before, _, found := strings.Cut(s, a[1].(string))
				if !found {
					return decimal.Zero, f.spendText(len(s))
				}
				at, err := decimal.New(int64(utf8.RuneCountInString(before))+1, 0)
				if err != nil {
					return nil, err
				}
				return at, f.spendText(len(s))
			}},
		{name: "padLeft", params: []kinds{texts, numbers, texts}, least: 2, kind: fieldtype.TextKind,
			run: func(f *frame, a []any) (any, error) {
				padding, err := paddingOf(a)
				if err != nil {
					return nil, err
				}
				return textual(f, padding+a[0].(string))
			}},
		{name: "padRight", params: []kinds{texts, numbers, texts}, least: 2, kind: fieldtype.TextKind,
			run: func(f *frame, a []any) (any, error) {
				padding, err := paddingOf(a)
				if err != nil {
					return nil, err
				}
				return textual(f, a[0].(string)+padding)
			}},
		{name: "join", params: []kinds{lists, texts}, kind: fieldtype.TextKind, empties: true, run: joinList},
		{name: "number", params: []kinds{texts}, kind: fieldtype.NumberKind,
			run: func(f *frame, a []any) (any, error) {
				s := strings.TrimSpace(a[0].(string))
				positive := strings.TrimPrefix(s, "-")
				d, ok := number(positive)
				if !ok || positive == "" {
					return nil, nil
				}
				if positive != s {
					d = d.Neg()
				}
				return d, nil
			}},
	}, values(textOf)...)
)

// proper begins each word with a capital and writes the rest small. A word goes on
// after an apostrophe.
func proper(s string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		was := inside
		inside = unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || inside && (r == '\'' || r == '’')
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

// reversed is the characters of s from the last to the first.
func reversed(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

// paddingOf is what fills a[0] up to a[1] characters: repetitions of a[2], the last
// cut off, or spaces. What is long enough needs none.
func paddingOf(a []any) (string, error) {
	fill := []rune{' '}
	if len(a) > 2 {
		fill = []rune(a[2].(string))
	}
	missing := whole(a[1]) - utf8.RuneCountInString(a[0].(string))
	if missing > maxText {
		return "", textTooLong()
	}
	var b strings.Builder
	for i := range max(missing, 0) {
		b.WriteRune(fill[i%len(fill)])
	}
	return b.String(), nil
}

// splitText is the parts of a text between separators, without those that are empty.
var splitText = &function{name: "split", params: []kinds{texts, texts}, kind: fieldtype.ListKind,
	run: func(f *frame, a []any) (any, error) {
		var parts []string
		for _, part := range strings.Split(a[0].(string), a[1].(string)) {
			if part != "" {
				parts = append(parts, part)
			}
		}
		if len(parts) == 0 {
			return nil, nil
		}
		return parts, f.spend(len(parts))
	}}

// values lists the functions of a table in the order of their kinds.
func values(table map[fieldtype.Kind]*function) []*function {
	var all []*function
	for k := fieldtype.AnyKind; k <= fieldtype.ObjectKind; k++ {
		if f := table[k]; f != nil {
			all = append(all, f)
		}
	}
	return all
}

// like does not hold if either side is empty.
func like(name string, test func(s, part string) bool) *function {
	return &function{name: name, params: []kinds{texts, texts}, kind: fieldtype.BoolKind, empties: true, never: true,
		run: func(f *frame, a []any) (any, error) {
			s, ok := a[0].(string)
			part, also := a[1].(string)
			return ok && also && test(s, part), f.spendText(len(s))
		}}
}

// length counts characters, elements or rows; what is empty has none.
func length(f *frame, a []any) (any, error) {
	n := 0
	switch v := a[0].(type) {
	case string:
		if err := f.spendText(len(v)); err != nil {
			return nil, err
		}
		n = utf8.RuneCountInString(v)
	case []string:
		n = len(v)
	case []any:
		n = len(v)
	}
	return decimal.New(int64(n), 0)
}

func replace(f *frame, a []any) (any, error) {
	s, _ := a[0].(string)
	from, _ := a[1].(string)
	to, _ := a[2].(string)
	if from == "" {
		return textual(f, s)
	}
	if len(s)+strings.Count(s, from)*(len(to)-len(from)) > maxText {
		return nil, textTooLong()
	}
	return textual(f, strings.ReplaceAll(s, from, to))
}

// between is the characters of s from one index to another, as far as they exist.
func between(s string, from, to int) string {
	if to <= from {
		return ""
	}
	at, start, end := 0, len(s), len(s)
	for i := range s {
		if at == max(from, 0) {
			start = i
		}
		if at == to {
			end = i
			break
		}
		at++
	}
	if start >= end {
		return ""
	}
	return s[start:end]
}

func joinList(f *frame, a []any) (any, error) {
	separator, _ := a[1].(string)
	switch list := a[0].(type) {
	case []string:
		size := 0
		for _, s := range list {
			if size += len(s) + len(separator); size > maxText {
				return nil, textTooLong()
			}
		}
		return textual(f, strings.Join(list, separator))
	case []any:
		parts := make([]any, 0, 2*len(list))
		for i, s := range list {
			if i > 0 {
				parts = append(parts, separator)
			}
			parts = append(parts, s)
		}
		return joinTexts(f, parts)
	}
	return nil, nil
}

// writerOf is text(x) for a kind.
func writerOf(kind fieldtype.Kind) func(f *frame, a []any) (any, error) {
	return func(f *frame, a []any) (any, error) {
		switch v := a[0].(type) {
		case decimal.Decimal:
			return v.String(), nil
		case bool:
			return fmt.Sprint(v), nil
		case int64:
			switch kind {
			case fieldtype.DatetimeKind:
				return string(fieldtype.AppendInstant(nil, v)), nil
			case fieldtype.DurationKind:
				return writeDuration(v), nil
			}
			return id.ID(v).String(), nil
		case string:
			return v, nil
		}
		return joinList(f, []any{a[0], ", "})
	}
}

// writeDuration is hours:minutes:seconds.
func writeDuration(seconds int64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return fmt.Sprintf("%s%d:%02d:%02d", sign, seconds/3600, seconds/60%60, seconds%60)
}

// pattern is the regular expression of a match.
type pattern struct{ *fieldtype.Pattern }

// match takes time in the product of text and pattern, and is charged for it.
func (p *pattern) match(f *frame, value any) (any, error) {
	s, ok := value.(string)
	if !ok {
		return false, nil
	}
	if err := f.spend(1 + len(s)*p.Instructions/16); err != nil {
		return nil, err
	}
	return p.MatchString(s), nil
}

// part reads one member of a value that is kept as JSON.
func part(f *frame, raw json.RawMessage, name string, kind fieldtype.Kind) (any, error) {
	if err := f.spendText(len(raw)); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil, nil
	}
	text := string(members[name])
	switch kind {
	case fieldtype.TextKind:
		var s string
		if json.Unmarshal(members[name], &s) != nil || s == "" {
			return nil, nil
		}
		return s, nil
	case fieldtype.NumberKind:
		if d, err := decimal.Parse(text); err == nil {
			return d, nil
		}
	case fieldtype.BoolKind:
		if text == "true" || text == "false" {
			return text == "true", nil
		}
	}
	return nil, nil
}

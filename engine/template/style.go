package template

import (
	"strings"
	"time"

	"formwork/engine/expression"
	"formwork/engine/pdf"
	"formwork/metadata/fieldtype"
)

// Where styles begin and end in a text that was written; values hold none of these.
const (
	boldOn, boldOff     = "\x10", "\x11"
	italicOn, italicOff = "\x12", "\x13"
	styleMarks          = boldOn + boldOff + italicOn + italicOff
)

var (
	styles     = strings.NewReplacer("<b>", boldOn, "</b>", boldOff, "<i>", italicOn, "</i>", italicOff)
	unreserved = strings.NewReplacer(boldOn, "", boldOff, "", italicOn, "", italicOff, "", pdf.PageNumber, "", pdf.PageCount, "")
)

// pageNumbers are what stands for the number of a page, and how many there are, by what is written between braces.
var pageNumbers = map[string]string{"page.number": pdf.PageNumber, "page.count": pdf.PageCount}

// balanced reports whether each style that begins ends, and none within itself.
func balanced(text string) bool {
	for _, style := range [][2]string{{boldOn, boldOff}, {italicOn, italicOff}} {
		open := false
		for _, r := range text {
			switch string(r) {
			case style[0]:
				if open {
					return false
				}
				open = true
			case style[1]:
				if !open {
					return false
				}
				open = false
			}
		}
		if open {
			return false
		}
	}
	return true
}

// spans are the pieces of a text by their styles.
func spans(text string) (all pdf.Text) {
	var span pdf.Span
	for text != "" {
		at := strings.IndexAny(text, styleMarks)
		if at < 0 {
			at = len(text)
		}
		if at > 0 {
			span.Text = text[:at]
			all = append(all, span)
		}
		if at == len(text) {
			break
		}
		switch text[at : at+1] {
		case boldOn, boldOff:
			span.Bold = text[at:at+1] == boldOn
		default:
			span.Italic = text[at:at+1] == italicOn
		}
		text = text[at+1:]
	}
	return all
}

// manner is how a language writes dates, moments and answers.
type manner struct{ date, moment, yes, no string }

var manners = map[string]manner{
	"en": {"2 January 2006", "2 January 2006, 15:04", "Yes", "No"},
	"zh": {"2006年1月2日", "2006年1月2日 15:04", "是", "否"},
}

// shown is a value as a language writes it: dates in words, numbers in groups of digits, the labels of choices.
func shown(p *expression.Program, v any, language string, in *time.Location) string {
	base, _, _ := strings.Cut(language, "-")
	m, ok := manners[base]
	if !ok {
		m = manners["en"]
	}
	switch p.Kind() {
	case fieldtype.BoolKind:
		if v == true {
			return m.yes
		}
		return m.no
	case fieldtype.NumberKind:
		return grouped(p.Text(v))
	case fieldtype.DateKind:
		if day, err := time.Parse(time.DateOnly, p.Text(v)); err == nil {
			return day.Format(m.date)
		}
	case fieldtype.DatetimeKind:
		if at, ok := v.(int64); ok {
			return time.UnixMilli(at).In(in).Format(m.moment)
		}
	case fieldtype.TextKind:
		if label, ok := labelOf(p, v, language); ok {
			return label
		}
	}
	return p.Text(v)
}

// labelOf is the label of a choice, where an expression is a field of choices.
func labelOf(p *expression.Program, v any, language string) (string, bool) {
	text, ok := v.(string)
	if paths := p.Paths(); ok && len(paths) == 1 && written(paths[0]) == strings.TrimSpace(p.Source()) {
		if choices, ok := paths[0].Leaf.Value.(fieldtype.Chooses); ok {
			if option := choices.Options()[text]; option != nil {
				return option.Label.In(language, text), true
			}
		}
	}
	return "", false
}

// written is a path as it is written.
func written(p expression.Path) string {
	var steps []string
	if p.Root != "" {
		steps = append(steps, p.Root)
	}
	for _, via := range p.Via {
		steps = append(steps, via.Name)
	}
	return strings.Join(append(steps, p.Leaf.Name), ".")
}

// grouped is a decimal number with a comma before each three digits.
func grouped(number string) string {
	whole, rest, _ := strings.Cut(number, ".")
	sign := ""
	if after, ok := strings.CutPrefix(whole, "-"); ok {
		sign, whole = "-", after
	}
	if strings.Trim(whole, "0123456789") != "" {
		return number
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if rest != "" {
		rest = "." + rest
	}
	return sign + whole + rest
}

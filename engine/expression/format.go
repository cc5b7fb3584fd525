package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"formwork/metadata/fieldtype"
)

// maxLayout is the length of a pattern in bytes.
const maxLayout = 500

// layout writes a moment by a pattern, one piece after the other.
type layout []func(t time.Time) string

// calendarNames are the names of one language.
type calendarNames struct {
	months, shortMonths [12]string
	days, shortDays     [7]string // from Sunday
	halves              [2]string
}

var calendars = map[string]*calendarNames{
	"en": {
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
			"October", "November", "December"},
		shortMonths: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		days:        [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		shortDays:   [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		halves:      [2]string{"AM", "PM"},
	},
	"zh": {
		months:      [12]string{"一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"},
		shortMonths: [12]string{"1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"},
		days:        [7]string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"},
		shortDays:   [7]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"},
		halves:      [2]string{"上午", "下午"},
	},
}

// Letters of a pattern that ask for a date, and those that ask for a time.
const (
	dateLetters = "yMdEQwD"
	timeLetters = "aHhms"
)

// readLayout reads a pattern of the letters of Unicode CLDR. Letters that it does not
// know are not ok; text in single quotes stands for itself, and two of them for one.
func readLayout(pattern string, names *calendarNames, letters string) (all layout, ok bool) {
	runes := []rune(pattern)
	for i := 0; i < len(runes); {
		r := runes[i]
		if r == '\'' {
			text, next, closed := quoted(runes, i)
			if !closed {
				return nil, false
			}
			all = append(all, func(time.Time) string { return text })
			i = next
			continue
		}
		n := 1
		for i+n < len(runes) && runes[i+n] == r {
			n++
		}
		i += n
		if 'a' > r|0x20 || r|0x20 > 'z' {
			text := strings.Repeat(string(r), n)
			all = append(all, func(time.Time) string { return text })
			continue
		}
		piece := pieceOf(r, n, names)
		if piece == nil || !strings.ContainsRune(letters, r) {
			return nil, false
		}
		all = append(all, piece)
	}
	return all, true
}

// quoted is the text in quotes that begin at runes[from], and where it ends.
func quoted(runes []rune, from int) (text string, next int, closed bool) {
	if from+1 < len(runes) && runes[from+1] == '\'' {
		return "'", from + 2, true
	}
	for i := from + 1; i < len(runes); i++ {
		switch {
		case runes[i] != '\'':
			text += string(runes[i])
		case i+1 < len(runes) && runes[i+1] == '\'':
			text += "'"
			i++
		default:
			return text, i + 1, true
		}
	}
	return "", 0, false
}

// pieceOf is what n times a letter writes; nil if that means nothing.
func pieceOf(letter rune, n int, names *calendarNames) func(t time.Time) string {
	digits := func(most int, take func(t time.Time) int) func(t time.Time) string {
		if n > most {
			return nil
		}
		return func(t time.Time) string { return fmt.Sprintf("%0*d", n, take(t)) }
	}
	switch letter {
	case 'y':
		if n == 2 {
			return digits(2, func(t time.Time) int { return t.Year() % 100 })
		}
		return digits(4, time.Time.Year)
	case 'M':
		switch n {
		case 3:
			return func(t time.Time) string { return names.shortMonths[t.Month()-1] }
		case 4:
			return func(t time.Time) string { return names.months[t.Month()-1] }
		}
		return digits(2, func(t time.Time) int { return int(t.Month()) })
	case 'd':
		return digits(2, time.Time.Day)
	case 'E':
		switch {
		case n <= 3:
			return func(t time.Time) string { return names.shortDays[t.Weekday()] }
		case n == 4:
			return func(t time.Time) string { return names.days[t.Weekday()] }
		}
		return nil
	case 'Q':
		return digits(2, quarter)
	case 'w':
		return digits(2, isoWeek)
	case 'D':
		return digits(3, time.Time.YearDay)
	case 'a':
		if n > 1 {
			return nil
		}
		return func(t time.Time) string { return names.halves[t.Hour()/12] }
	case 'H':
		return digits(2, time.Time.Hour)
	case 'h':
		return digits(2, func(t time.Time) int { return (t.Hour()+11)%12 + 1 })
	case 'm':
		return digits(2, time.Time.Minute)
	case 's':
		return digits(2, time.Time.Second)
	}
	return nil
}

// format(moment, pattern, language) writes a date, a time or an instant; in English if no
// language is given. The language may be that of the user, or any other text.
func (c *checker) format(at int, name string, args []*node) *node {
	if len(args) != 2 && len(args) != 3 {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	moment := args[0]
	letters := map[fieldtype.Kind]string{fieldtype.DateKind: dateLetters, fieldtype.TimeKind: timeLetters,
		fieldtype.DatetimeKind: dateLetters + timeLetters}[moment.kind]
	if letters == "" {
		return c.wrongKind(at, name+"()", args...)
	}
	languages := []string{"en"}
	if len(args) == 3 {
		switch language, _ := args[2].value.(string); {
		case args[2].kind != fieldtype.TextKind, args[2].op == opConst && calendars[language] == nil:
			return c.report(args[2].at, "expression.format_language")
		case args[2].op == opConst:
			languages = []string{language}
		default:
			languages = slices.Sorted(maps.Keys(calendars))
		}
	}
	pattern, ok := args[1].value.(string)
	if args[1].op != opConst || !ok || len(pattern) > maxLayout {
		return c.report(args[1].at, "expression.bad_format", "letters", spaced(letters))
	}
	layouts := make(map[string]layout, len(languages))
	for _, language := range languages {
		if layouts[language], ok = readLayout(pattern, calendars[language], letters); !ok {
			return c.report(args[1].at, "expression.bad_format", "letters", spaced(letters))
		}
	}
	f := &function{name: name, params: []kinds{dates | times | datetimes, texts}, least: 1, kind: fieldtype.TextKind, empties: true,
		clock: moment.kind == fieldtype.DatetimeKind, run: formatted(moment.kind, layouts)}
	return c.apply(at, f, slices.Delete(slices.Clone(args), 1, 2))
}

// calendarOf is the language of the names for a language: "zh-TW" has those of "zh", and
// one without names of its own those of "en".
func calendarOf(language any) string {
	text, _ := language.(string)
	main, _, _ := strings.Cut(strings.ToLower(text), "-")
	if calendars[main] == nil {
		return "en"
	}
	return main
}

// formatted writes values of a kind by the layout of the language that follows.
func formatted(kind fieldtype.Kind, layouts map[string]layout) func(f *frame, a []any) (any, error) {
	return func(f *frame, a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		language := "en"
		if len(a) > 1 {
			language = calendarOf(a[1])
		}
		return layouts[language].write(f, kind, a[0])
	}
}

// spaced lists letters.
func spaced(letters string) string {
	all := strings.Split(letters, "")
	slices.Sort(all)
	return strings.Join(all, " ")
}

// write writes a value of a kind.
func (l layout) write(f *frame, kind fieldtype.Kind, v any) (any, error) {
	var t time.Time
	switch kind {
	case fieldtype.DateKind:
		t = day(v)
	case fieldtype.TimeKind:
		t, _ = time.Parse(time.TimeOnly, v.(string))
	default:
		t = f.clockTime(v)
	}
	var b strings.Builder
	for _, piece := range l {
		b.WriteString(piece(t))
	}
	return textual(f, b.String())
}

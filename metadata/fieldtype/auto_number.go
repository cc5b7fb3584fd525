package fieldtype

import (
	"fmt"
	"regexp"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// AutoNumberType is a number that the platform gives, such as Q-2026-0001.
type AutoNumberType struct{}

type autoNumberSettings struct {
	Pattern string `json:"pattern"`
	Start   *int64 `json:"start"`
}

const maxNumberPattern, maxStart = 60, 1_000_000_000_000

func (AutoNumberType) Name() string { return "auto_number" }

// AlsoCalled implements Called.
func (AutoNumberType) AlsoCalled() []string {
	return []string{"serial", "sequence", "auto_increment", "naming_series"}
}

func (AutoNumberType) RequiredSettings() []string { return []string{"pattern"} }
func (AutoNumberType) Sample() string             { return `{"pattern":"{0}"}` }

func (AutoNumberType) SettingsSchema() map[string]any {
	pattern := textSetting("Pattern", "The number's form: {0000} is the count with at least as many digits, {yyyy}, {yy}, {mm} and {dd} are parts of the date. Counting begins again with every period that the pattern names.", "Q-{yyyy}-{0000}")
	pattern["maxLength"] = maxNumberPattern
	return map[string]any{
		"pattern": pattern,
		"start":   countSetting("Start", "The first number.", 0, maxStart, 1),
	}
}

var placeForm = regexp.MustCompile(`\{[^{}]*\}`)

// ShownSettings implements Shows.
func (AutoNumberType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("pattern", "start")
}

func (AutoNumberType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	s, problems := settings[autoNumberSettings](f)
	if problems != nil {
		return nil, problems
	}
	v := autoNumberValue{start: 1}
	if s.Start != nil {
		v.start = *s.Start
	}
	if v.start < 0 || v.start > maxStart {
		problems = append(problems, outOfRange("start", 0, maxStart))
	}
	ok := v.parse(s.Pattern)
	if !ok || len(s.Pattern) > maxNumberPattern {
		problems = append(problems, fault.New(fault.Invalid, "metadata.bad_number_pattern", "pattern", show(s.Pattern)).At("/pattern"))
	}
	if problems != nil {
		return nil, problems
	}
	return v, nil
}

// autoNumberValue is a pattern taken apart: texts[0] places[0] texts[1] …
type autoNumberValue struct {
	folding
	texts  []string
	places []string
	start  int64
	// period is how much of a date (of "2006-01-02") the numbers are counted within.
	period int
}

// parse takes a pattern apart. It needs the count once, and with a part of the date
// also what it is a part of, else numbers would come again.
func (v *autoNumberValue) parse(pattern string) bool {
	counts, has := 0, map[string]bool{}
	end := 0
	for _, at := range placeForm.FindAllStringIndex(pattern, -1) {
		place := pattern[at[0]+1 : at[1]-1]
		v.texts = append(v.texts, pattern[end:at[0]])
		v.places = append(v.places, place)
		end = at[1]
		switch {
		case place != "" && strings.Trim(place, "0") == "":
			counts++
		case place == "yyyy" || place == "yy" || place == "mm" || place == "dd":
			has[place] = true
		default:
			return false
		}
	}
	v.texts = append(v.texts, pattern[end:])
	for _, text := range v.texts {
		if _, problem := line(text, maxNumberPattern); problem != nil || strings.ContainsAny(text, "{}") {
			return false
		}
	}
	year := has["yyyy"] || has["yy"]
	switch {
	case has["dd"]:
		v.period = len("2006-01-02")
	case has["mm"]:
		v.period = len("2006-01")
	case year:
		v.period = len("2006")
	}
	return counts == 1 && (year || !has["mm"]) && (has["mm"] || !has["dd"])
}

func (v autoNumberValue) Format(n int64, date string) string {
	var b strings.Builder
	for i, place := range v.places {
		b.WriteString(v.texts[i])
		switch place {
		case "yyyy":
			b.WriteString(date[:4])
		case "yy":
			b.WriteString(date[2:4])
		case "mm":
			b.WriteString(date[5:7])
		case "dd":
			b.WriteString(date[8:10])
		default:
			fmt.Fprintf(&b, "%0*d", len(place), v.start+n-1)
		}
	}
	b.WriteString(v.texts[len(v.places)])
	return strings.TrimSpace(b.String())
}

func (v autoNumberValue) Period(date string) string { return date[:v.period] }

// maxAutoNumber is how many characters a number may have.
const maxAutoNumber = 100

// Coerce takes any short text: numbers that were given elsewhere are imported.
func (autoNumberValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := line(in, maxAutoNumber)
	if problem != nil || s == "" {
		return nil, problem
	}
	return s, nil
}

func (autoNumberValue) Schema() map[string]any {
	return map[string]any{"type": "string", "maxLength": maxAutoNumber}
}

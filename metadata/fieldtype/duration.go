package fieldtype

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"formwork/engine/fault"
	"formwork/metadata"
)

// DurationType is a length of time in whole seconds. In JSON it is their number.
type DurationType struct{}

// maxSeconds is a little over 3,000 years.
const maxSeconds = 100_000_000_000

func (DurationType) Name() string                   { return "duration" }
func (DurationType) MayResult()                     {}
func (DurationType) SettingsSchema() map[string]any { return map[string]any{} }

func (DurationType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return durationValue{}, nil
}

type durationValue struct{}

func (durationValue) Storage() Storage { return Int }
func (durationValue) Kind() Kind       { return DurationKind }
func (durationValue) Form() string     { return "duration" }

var (
	clockForm = regexp.MustCompile(`^(\d{1,8}):([0-5]\d):([0-5]\d)$`)
	unitForm  = regexp.MustCompile(`^p?(?:(\d{1,12})w)?(?:(\d{1,12})d)?t?(?:(\d{1,12})h)?(?:(\d{1,12})m(?:in)?)?(?:(\d{1,12})s)?$`)
	unitSizes = []int64{7 * 86400, 86400, 3600, 60, 1}
)

// Coerce reads a number of seconds, 1:30:00, 1h 30m and ISO 8601's PT1H30M.
func (durationValue) Coerce(in any) (any, *fault.Fault) {
	text := ""
	switch in := in.(type) {
	case json.Number:
		text = string(in)
	case string:
		if text = strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(in)), "")); text == "" {
			return nil, nil
		}
	}
	if units, digits, fits := Decimal(text, 3); digits {
		if fits && units%1000 == 0 && units/1000 <= maxSeconds && units/1000 >= -maxSeconds {
			return units / 1000, nil
		}
	}
	unsigned, negative := strings.CutPrefix(text, "-")
	seconds, ok := lengthOf(unsigned)
	if !ok || seconds > maxSeconds {
		return nil, fault.New(fault.Invalid, "field.not_a_duration", "value", show(in))
	}
	if negative {
		seconds = -seconds
	}
	return seconds, nil
}

// lengthOf reads h:mm:ss or numbers with units.
func lengthOf(text string) (seconds int64, ok bool) {
	if clock := clockForm.FindStringSubmatch(text); clock != nil {
		for _, part := range clock[1:] {
			n, _ := strconv.ParseInt(part, 10, 64)
			seconds = seconds*60 + n
		}
		return seconds, true
	}
	for i, part := range unitForm.FindStringSubmatch(text) {
		if i == 0 || part == "" {
			continue
		}
		n, _ := strconv.ParseInt(part, 10, 64) // 12 digits at most
		seconds += n * unitSizes[i-1]
		ok = true
	}
	return seconds, ok
}

func (durationValue) AppendJSON(dst []byte, stored any) []byte {
	return strconv.AppendInt(dst, stored.(int64), 10)
}

// CSV is h:mm:ss.
func (durationValue) CSV(stored any) string {
	seconds, sign := stored.(int64), ""
	if seconds < 0 {
		seconds, sign = -seconds, "-"
	}
	two := func(n int64) string { return string([]byte{':', byte('0' + n/10), byte('0' + n%10)}) }
	return sign + strconv.FormatInt(seconds/3600, 10) + two(seconds/60%60) + two(seconds%60)
}

func (durationValue) Schema() map[string]any {
	return map[string]any{"type": "integer", "minimum": -maxSeconds, "maximum": maxSeconds}
}

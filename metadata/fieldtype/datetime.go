package fieldtype

import (
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/metadata"
)

// DatetimeType is an instant, to the millisecond.
type DatetimeType struct{}

func (DatetimeType) Name() string { return "datetime" }

// AlsoCalled implements Called.
func (DatetimeType) AlsoCalled() []string {
	return []string{"timestamp", "date_time"}
}

func (DatetimeType) MayResult()                     {}
func (DatetimeType) SettingsSchema() map[string]any { return map[string]any{} }

func (DatetimeType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return datetimeValue{}, nil
}

type datetimeValue struct{}

func (datetimeValue) Storage() Storage { return Int }
func (datetimeValue) Kind() Kind       { return DatetimeKind }
func (datetimeValue) Form() string     { return "datetime" }

// Coerce reads RFC 3339 with any offset. A local time is refused: nobody can say
// which instant it is.
func (datetimeValue) Coerce(in any) (any, *fault.Fault) {
	s, ok := in.(string)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_a_datetime", "value", show(in))
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "" {
		return nil, nil
	}
	if len(s) > len(time.DateOnly) && s[len(time.DateOnly)] == ' ' {
		s = s[:len(time.DateOnly)] + "T" + s[len(time.DateOnly)+1:]
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
			if _, err := time.Parse(layout, s); err == nil {
				return nil, fault.New(fault.Invalid, "field.datetime_without_offset", "value", show(in))
			}
		}
		return nil, fault.New(fault.Invalid, "field.not_a_datetime", "value", show(in))
	}
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return nil, fault.New(fault.Invalid, "field.not_a_datetime", "value", show(in))
	}
	return t.UnixMilli(), nil
}

// AppendInstant appends Unix milliseconds as RFC 3339 in UTC, with the milliseconds
// only where there are any. Every record shows several, so it is done by hand.
func AppendInstant(dst []byte, ms int64) []byte {
	t := time.UnixMilli(ms).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	dst = appendTwo(append(dst, '-'), day)
	dst = appendTwo(append(dst, 'T'), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	if rest := t.Nanosecond() / int(time.Millisecond); rest > 0 {
		dst = appendTwo(append(dst, '.', byte('0'+rest/100)), rest%100)
	}
	return append(dst, 'Z')
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func (datetimeValue) AppendJSON(dst []byte, stored any) []byte {
	return append(AppendInstant(append(dst, '"'), stored.(int64)), '"')
}
func (datetimeValue) CSV(stored any) string { return string(AppendInstant(nil, stored.(int64))) }
func (datetimeValue) Schema() map[string]any {
	return map[string]any{"type": "string", "format": "date-time"}
}

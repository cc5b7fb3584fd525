package fieldtype

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"formwork/engine/fault"
	"formwork/metadata"
)

// DateType is a calendar date, the same everywhere on earth.
type DateType struct{}

func (DateType) Name() string                   { return "date" }
func (DateType) MayResult()                     {}
func (DateType) SettingsSchema() map[string]any { return map[string]any{} }

func (DateType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return dateValue{}, nil
}

type dateValue struct{ textual }

func (dateValue) Kind() Kind   { return DateKind }
func (dateValue) Form() string { return "date" }

// yearFirst are the ways of writing a date whose order can't be mistaken.
var yearFirst = regexp.MustCompile(`^(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日)$`)

func (dateValue) Coerce(in any) (any, *fault.Fault) {
	s, ok := in.(string)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_a_date", "value", show(in))
	}
	if len(s) == len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, s); err == nil && t.Year() >= 1 {
			return s, nil
		}
	}
	s = strings.TrimSpace(norm.NFKC.String(s))
	if s == "" {
		return nil, nil
	}
	if parts := yearFirst.FindStringSubmatch(s); parts != nil {
		var numbers []int
		for _, part := range parts[1:] {
			if n, err := strconv.Atoi(part); err == nil {
				numbers = append(numbers, n)
			}
		}
		date := fmt.Sprintf("%04d-%02d-%02d", numbers[0], numbers[1], numbers[2])
		if t, err := time.Parse(time.DateOnly, date); err == nil && t.Year() >= 1 {
			return date, nil
		}
	}
	return nil, fault.New(fault.Invalid, "field.not_a_date", "value", show(in))
}

func (dateValue) Schema() map[string]any {
	return map[string]any{"type": "string", "format": "date"}
}

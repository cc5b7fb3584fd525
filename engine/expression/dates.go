package expression

import (
	"time"

	"github.com/govalues/decimal"

	"formwork/metadata/fieldtype"
)

const secondsOfDay = 86_400

// Instants that are computed lie in the years 1 to 9999.
var (
	firstInstant = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	lastInstant  = time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC).UnixMilli()
)

// maxSeconds keeps durations within what sums of dates can take.
const maxSeconds = 10_000 * 366 * secondsOfDay

// dated makes a date the result of a function.
func dated(t time.Time) (any, error) {
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, overflow()
	}
	return t.Format(time.DateOnly), nil
}

// instant makes an instant the result of a function.
func instant(ms int64) (any, error) {
	if ms < firstInstant || ms > lastInstant {
		return nil, overflow()
	}
	return ms, nil
}

// addSeconds adds durations.
func addSeconds(a, b int64) (int64, error) {
	sum := a + b
	if sum > maxSeconds || sum < -maxSeconds {
		return 0, overflow()
	}
	return sum, nil
}

// seconds makes a number of seconds a duration, rounded half away from zero.
func seconds(d decimal.Decimal, err error) (any, error) {
	if err != nil {
		return nil, overflow()
	}
	s, ok := scaled(d, 0)
	if !ok || s > maxSeconds || s < -maxSeconds {
		return nil, overflow()
	}
	return s, nil
}

// day reads a stored date; one that is none is taken as the zero date.
func day(v any) time.Time {
	t, err := time.Parse(time.DateOnly, v.(string))
	if err != nil {
		return time.Time{}
	}
	return t
}

// calendar is the date of a date or of an instant where the user is, at midnight UTC.
func (f *frame) calendar(v any) time.Time {
	if ms, ok := v.(int64); ok {
		return dayOf(ms, f.location())
	}
	return day(v)
}

// clockTime is an instant where the user is.
func (f *frame) clockTime(v any) time.Time { return time.UnixMilli(v.(int64)).In(f.location()) }

// dayOf is the calendar day of an instant: days begin where midnight is first
// passed, so each instant has exactly one and they follow each other.
func dayOf(ms int64, location *time.Location) time.Time {
	t := time.UnixMilli(ms).In(location)
	date := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	if next := date.AddDate(0, 0, 1); ms >= dayStart(next, location) {
		return next
	}
	return date
}

// dayStart is the first instant whose local date is not before date.
func dayStart(date time.Time, location *time.Location) int64 {
	midnight := date.UnixMilli()
	from := midnight - (26 * time.Hour).Milliseconds()
	for { // each span of one offset from UTC; a day meets three of them at most
		t := time.UnixMilli(from).In(location)
		_, offset := t.Zone()
		_, end := t.ZoneBounds()
		start := max(from, midnight-int64(offset)*1000)
		if end.IsZero() || start < end.UnixMilli() {
			return start
		}
		from = end.UnixMilli()
	}
}

// addMonths keeps the day, or takes the last of the month if that is shorter.
func addMonths(t time.Time, months int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// step is addDays, addMonths or addYears on dates and instants. Instants keep the
// time of day where the user is.
func step(name string, move func(t time.Time, n int) time.Time) []*function {
	const most = 4_000_000
	count := func(v any) (int, error) {
		n := whole(v)
		if n > most || n < -most {
			return 0, overflow()
		}
		return n, nil
	}
	return []*function{
		{name: name, params: []kinds{dates, numbers}, kind: fieldtype.DateKind,
			run: func(_ *frame, a []any) (any, error) {
				n, err := count(a[1])
				if err != nil {
					return nil, err
				}
				return dated(move(day(a[0]), n))
			}},
		{name: name, params: []kinds{datetimes, numbers}, kind: fieldtype.DatetimeKind, clock: true,
			run: func(f *frame, a []any) (any, error) {
				n, err := count(a[1])
				if err != nil {
					return nil, err
				}
				return instant(move(f.clockTime(a[0]), n).UnixMilli())
			}},
	}
}

// ofDay is a date made of a date, or of the date of an instant.
func ofDay(name string, move func(t time.Time) time.Time) []*function {
	run := func(f *frame, a []any) (any, error) { return dated(move(f.calendar(a[0]))) }
	return []*function{
		{name: name, params: []kinds{dates}, kind: fieldtype.DateKind, run: run},
		{name: name, params: []kinds{datetimes}, kind: fieldtype.DateKind, clock: true, run: run},
	}
}

// inDay is a number out of a date, or of the date of an instant.
func inDay(name string, take func(t time.Time) int) []*function {
	run := func(f *frame, a []any) (any, error) { return decimal.New(int64(take(f.calendar(a[0]))), 0) }
	return []*function{
		{name: name, params: []kinds{dates}, kind: fieldtype.NumberKind, scale: fixed(0), run: run},
		{name: name, params: []kinds{datetimes}, kind: fieldtype.NumberKind, scale: fixed(0), clock: true, run: run},
	}
}

// inTime is a number out of a time, or of the time of day of an instant.
func inTime(name string, take func(t time.Time) int) []*function {
	return []*function{
		{name: name, params: []kinds{times}, kind: fieldtype.NumberKind, scale: fixed(0),
			run: func(_ *frame, a []any) (any, error) {
				t, _ := time.Parse(time.TimeOnly, a[0].(string))
				return decimal.New(int64(take(t)), 0)
			}},
		{name: name, params: []kinds{datetimes}, kind: fieldtype.NumberKind, scale: fixed(0), clock: true,
			run: func(f *frame, a []any) (any, error) { return decimal.New(int64(take(f.clockTime(a[0]))), 0) }},
	}
}

// span is days(n) and the like.
func span(name string, unit int64) *function {
	size := decimal.MustNew(unit, 0)
	return &function{name: name, params: []kinds{numbers}, kind: fieldtype.DurationKind,
		run: func(_ *frame, a []any) (any, error) { return seconds(a[0].(decimal.Decimal).Mul(size)) }}
}

// shift adds a duration to a date, in whole days.
func shift(sign int64) func(f *frame, a []any) (any, error) {
	return func(_ *frame, a []any) (any, error) {
		return dated(day(a[0]).AddDate(0, 0, int(sign*(a[1].(int64)/secondsOfDay))))
	}
}

// shiftInstant adds a duration to an instant.
func shiftInstant(sign int64) func(f *frame, a []any) (any, error) {
	return func(_ *frame, a []any) (any, error) { return instant(a[0].(int64) + sign*1000*a[1].(int64)) }
}

package expression

import (
	"strings"
	"time"

	"github.com/govalues/decimal"

	"formwork/metadata/fieldtype"
)

// operator is a function of two kinds that fit an operator.
func operator(name string, left, right kinds, kind fieldtype.Kind, run func(f *frame, a []any) (any, error)) *function {
	return &function{name: name, params: []kinds{left, right}, kind: kind, run: run}
}

var (
	laterDate      = operator("+", dates, durations, fieldtype.DateKind, shift(1))
	laterInstant   = operator("+", datetimes, durations, fieldtype.DatetimeKind, shiftInstant(1))
	earlierDate    = operator("-", dates, durations, fieldtype.DateKind, shift(-1))
	earlierInstant = operator("-", datetimes, durations, fieldtype.DatetimeKind, shiftInstant(-1))
	betweenDates   = operator("-", dates, dates, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
		return day(a[0]).Unix() - day(a[1]).Unix(), nil
	})
	// betweenInstants is in whole seconds, those not complete left out.
	betweenInstants = operator("-", datetimes, datetimes, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
		return floorQuotient(a[0].(int64)-a[1].(int64), 1000), nil
	})

	dateSums = []*function{laterDate, laterInstant,
		operator("+", durations, durations, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
			return boxed(addSeconds(a[0].(int64), a[1].(int64)))
		}),
	}
	dateDifferences = []*function{earlierDate, earlierInstant, betweenDates, betweenInstants,
		operator("-", durations, durations, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
			return boxed(addSeconds(a[0].(int64), -a[1].(int64)))
		}),
	}
	durationProducts = []*function{
		operator("*", durations, numbers, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
			return times64(a[0].(int64), a[1].(decimal.Decimal))
		}),
		operator("*", numbers, durations, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
			return times64(a[1].(int64), a[0].(decimal.Decimal))
		}),
	}
	durationQuotients = []*function{
		operator("/", durations, durations, fieldtype.NumberKind, func(_ *frame, a []any) (any, error) {
			return quotient(a[0].(int64), a[1].(int64))
		}),
		operator("/", durations, numbers, fieldtype.DurationKind, func(_ *frame, a []any) (any, error) {
			d, err := decimal.New(a[0].(int64), 0)
			if err != nil || a[1].(decimal.Decimal).IsZero() {
				return nil, err
			}
			return seconds(d.Quo(a[1].(decimal.Decimal)))
		}),
	}

	startOfDay = &function{name: "startOfDay", params: []kinds{dates}, kind: fieldtype.DatetimeKind, clock: true,
		run: func(f *frame, a []any) (any, error) { return instant(dayStart(day(a[0]), f.location())) }}

	dateOfInstant = &function{name: "date", params: []kinds{datetimes}, kind: fieldtype.DateKind, clock: true,
		run: func(f *frame, a []any) (any, error) { return dated(f.calendar(a[0])) }}

	years = inDay("year", time.Time.Year)

	// starts are the functions that go back to the beginning of a period.
	starts = map[string][]*function{
		"startOfWeek": ofDay("startOfWeek", startOfWeek), "startOfMonth": ofDay("startOfMonth", startOfMonth),
		"startOfQuarter": ofDay("startOfQuarter", startOfQuarter), "startOfYear": ofDay("startOfYear", startOfYear)}

	dateFunctions = concatenated(
		[]*function{
			{name: "today", kind: fieldtype.DateKind, clock: true, never: true,
				run: func(f *frame, _ []any) (any, error) { return dated(dayOf(f.clock().UnixMilli(), f.location())) }},
			{name: "now", kind: fieldtype.DatetimeKind, clock: true, never: true,
				run: func(f *frame, _ []any) (any, error) { return f.clock().UnixMilli(), nil }},
			span("weeks", 7*secondsOfDay), span("days", secondsOfDay), span("hours", 3600), span("minutes", 60), span("seconds", 1),
			startOfDay, dateOfInstant,
			{name: "date", params: []kinds{dates}, kind: fieldtype.DateKind,
				run: func(_ *frame, a []any) (any, error) { return a[0], nil }},
			{name: "date", params: []kinds{texts}, kind: fieldtype.DateKind,
				run: func(_ *frame, a []any) (any, error) {
					if date, ok := readDate(strings.TrimSpace(a[0].(string))); ok {
						return date, nil
					}
					return nil, nil
				}},
			{name: "date", params: []kinds{numbers, numbers, numbers}, kind: fieldtype.DateKind,
				run: func(_ *frame, a []any) (any, error) {
					if date, ok := dateOf(a); ok {
						return dated(date)
					}
					return nil, nil
				}},
			{name: "datetime", params: []kinds{numbers, numbers, numbers, numbers, numbers, numbers}, least: 5,
				kind: fieldtype.DatetimeKind, clock: true, run: instantOf},
			{name: "time", params: []kinds{numbers, numbers, numbers}, least: 2, kind: fieldtype.TimeKind,
				run: func(_ *frame, a []any) (any, error) {
					if clock, ok := timeOf(a); ok {
						return clock.Format(time.TimeOnly), nil
					}
					return nil, nil
				}},
			{name: "time", params: []kinds{texts}, kind: fieldtype.TimeKind,
				run: func(_ *frame, a []any) (any, error) {
					if clock, ok := readTime(strings.TrimSpace(a[0].(string))); ok {
						return clock, nil
					}
					return nil, nil
				}},
			{name: "time", params: []kinds{datetimes}, kind: fieldtype.TimeKind, clock: true,
				run: func(f *frame, a []any) (any, error) { return f.clockTime(a[0]).Format(time.TimeOnly), nil }},
			{name: "datetime", params: []kinds{dates}, kind: fieldtype.DatetimeKind, clock: true, run: startOfDay.run},
			{name: "datetime", params: []kinds{texts}, kind: fieldtype.DatetimeKind,
				run: func(_ *frame, a []any) (any, error) {
					if ms, ok := readDatetime(strings.TrimSpace(a[0].(string))); ok {
						return instant(ms)
					}
					return nil, nil
				}},
			{name: "daysBetween", params: []kinds{dates, dates}, kind: fieldtype.NumberKind, scale: fixed(0),
				run: func(_ *frame, a []any) (any, error) {
					return decimal.New((day(a[1]).Unix()-day(a[0]).Unix())/secondsOfDay, 0)
				}},
		},
		step("addDays", func(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) }),
		step("addMonths", addMonths),
		step("addYears", func(t time.Time, n int) time.Time { return addMonths(t, 12*n) }),
		starts["startOfWeek"], starts["startOfMonth"], starts["startOfQuarter"], starts["startOfYear"],
		ofDay("endOfWeek", endOf(startOfWeek, 0, 7)),
		ofDay("endOfMonth", endOf(startOfMonth, 1, 0)),
		ofDay("endOfQuarter", endOf(startOfQuarter, 3, 0)),
		ofDay("endOfYear", endOf(startOfYear, 12, 0)),
		years,
		inDay("month", func(t time.Time) int { return int(t.Month()) }),
		inDay("day", time.Time.Day),
		inDay("weekday", weekday),
		inDay("quarter", quarter),
		inDay("week", isoWeek),
		inDay("dayOfYear", time.Time.YearDay),
		inTime("hour", time.Time.Hour),
		inTime("minute", time.Time.Minute),
		inTime("second", time.Time.Second),
	)
)

func concatenated(several ...[]*function) []*function {
	var all []*function
	for _, some := range several {
		all = append(all, some...)
	}
	return all
}

func startOfWeek(t time.Time) time.Time  { return t.AddDate(0, 0, 1-weekday(t)) }
func startOfMonth(t time.Time) time.Time { return t.AddDate(0, 0, 1-t.Day()) }
func startOfYear(t time.Time) time.Time  { return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC) }
func startOfQuarter(t time.Time) time.Time {
	return time.Date(t.Year(), time.Month(3*quarter(t)-2), 1, 0, 0, 0, 0, time.UTC)
}

// endOf is the last day of the period that begins at start and lasts so long.
func endOf(start func(time.Time) time.Time, months, days int) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return start(t).AddDate(0, months, days-1) }
}

// floorQuotient is a / b towards the smaller; b is greater than 0.
func floorQuotient(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// weekday is 1 for Monday to 7 for Sunday.
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

func quarter(t time.Time) int { return (int(t.Month())-1)/3 + 1 }

// isoWeek is the week by ISO 8601, which begins on Monday; the first has the year's first Thursday.
func isoWeek(t time.Time) int {
	_, week := t.ISOWeek()
	return week
}

// dateOf is the date of a year, a month and a day; ok is false if there is none.
func dateOf(a []any) (date time.Time, ok bool) {
	y, m, d := whole(a[0]), whole(a[1]), whole(a[2])
	if y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	date = time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return date, date.Day() == d
}

// timeOf is the time of day of an hour, a minute and perhaps a second, on a day without
// meaning; ok is false if there is none.
func timeOf(a []any) (clock time.Time, ok bool) {
	h, m, s := whole(a[0]), whole(a[1]), 0
	if len(a) > 2 {
		s = whole(a[2])
	}
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59 {
		return time.Time{}, false
	}
	return time.Date(1, 1, 1, h, m, s, 0, time.UTC), true
}

// instantOf is a date and a time where the user is; a time that a change of the clocks
// leaves out is moved by as much.
func instantOf(f *frame, a []any) (any, error) {
	date, ok := dateOf(a[:3])
	clock, also := timeOf(a[3:])
	if !ok || !also {
		return nil, nil
	}
	t := time.Date(date.Year(), date.Month(), date.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, f.location())
	return instant(t.UnixMilli())
}

// boxed turns a result and its error into those of a function.
func boxed(v int64, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

// times64 is a duration times a number.
func times64(s int64, by decimal.Decimal) (any, error) {
	d, err := decimal.New(s, 0)
	if err != nil {
		return nil, overflow()
	}
	return seconds(d.Mul(by))
}

// quotient is how often one duration goes into another.
func quotient(a, b int64) (any, error) {
	if b == 0 {
		return nil, nil
	}
	x, err := decimal.New(a, 0)
	if err != nil {
		return nil, overflow()
	}
	y, err := decimal.New(b, 0)
	if err != nil {
		return nil, overflow()
	}
	return numeric(x.Quo(y))
}

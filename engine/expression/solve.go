package expression

import (
	"time"

	"github.com/govalues/decimal"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// A comparison of a function of one field with a constant, such as today() - due >
// days(30) or year(due) == 2026, is solved for the field where that is exact: with
// dates and instants, which are whole numbers of days and milliseconds.

// solution is what f(x) op c comes to: x op bound, op one of <, <=, >, >=.
type solution struct {
	x     *node
	op    query.Op
	bound *node
}

// solve translates left op right, left being a call with one argument that reads
// the record. ok is false for calls that it can't solve.
func (t *translator) solve(n *node, op query.Op, left, right *node) (done template, ok bool) {
	if op != query.Eq && op != query.Ne {
		s, ok := solveFor(op, left, right)
		if !ok {
			return nil, false
		}
		return t.compare(n, s.op, s.x, s.bound), true
	}
	least, ok := solveFor(query.Ge, left, right)
	if !ok {
		return nil, false
	}
	most, _ := solveFor(query.Le, left, right)
	// Equal if between the two; also if both are empty.
	empty := anyOf{}
	for _, arg := range left.args {
		empty = append(empty, not{t.filled(arg)})
	}
	equal := template(anyOf{
		all{t.compare(n, least.op, least.x, least.bound), t.compare(n, most.op, most.x, most.bound)},
		all{not{t.filled(right)}, empty},
	})
	if op == query.Ne {
		equal = not{equal}
	}
	return equal, true
}

// solveFor solves f(x) op c for x.
func solveFor(op query.Op, f, c *node) (s solution, ok bool) {
	if len(f.args) == 2 && f.args[0].open == f.args[1].open {
		return solution{}, false
	}
	switch f.fn {
	case laterDate, earlierDate, laterInstant, earlierInstant:
		if f.args[1].open {
			return solution{}, false
		}
		return solution{f.args[0], op, closedCall(opposite[f.fn], c, f.args[1])}, true
	case betweenDates:
		return solveDays(op, f, c), true
	case betweenInstants:
		return solveSeconds(op, f, c), true
	}
	switch x := f.args[0]; {
	case f.fn == dateOfInstant:
		return stepwise(op, x, closedCall(startOfBound, c), closedCall(startAfter, c)), true
	case f.fn == years[0], f.fn == years[1]:
		return stepwise(op, onDate(x), closedCall(firstOfYear, c), closedCall(firstAfterYear, c)), true
	case starts[f.fn.name] != nil:
		p := periods[f.fn.name]
		return stepwise(op, onDate(x), closedCall(p.notBefore, c), closedCall(p.after, c)), true
	}
	return solution{}, false
}

// stepwise solves a function that goes up in steps: from notBefore its value is not
// less than the constant, from after it is greater.
func stepwise(op query.Op, x, notBefore, after *node) solution {
	switch op {
	case query.Ge:
		return solution{x, query.Ge, notBefore}
	case query.Lt:
		return solution{x, query.Lt, notBefore}
	case query.Gt:
		return solution{x, query.Ge, after}
	}
	return solution{x, query.Lt, after}
}

// solveDays solves x - d op c and d - x op c, where c need not be whole days.
func solveDays(op query.Op, f, c *node) solution {
	if f.args[0].open {
		round := daysUp
		if op == query.Le || op == query.Gt {
			round = daysDown
		}
		return solution{f.args[0], op, closedCall(round, f.args[1], c)}
	}
	round := daysDown
	if op == query.Le || op == query.Gt {
		round = daysUp
	}
	return solution{f.args[1], mirrored[op], closedCall(round, f.args[0], closedCall(negate[fieldtype.DurationKind], c))}
}

// solveSeconds solves x - d op c and d - x op c for instants, of whose difference
// only the complete seconds count.
func solveSeconds(op query.Op, f, c *node) solution {
	x, d, shifted := f.args[0], f.args[1], instantAfter
	if !x.open {
		x, d, shifted = d, x, instantBefore
	}
	switch op { // more than c seconds are at least c + 1
	case query.Gt:
		op, c = query.Ge, closedCall(nextSecond, c)
	case query.Le:
		op, c = query.Lt, closedCall(nextSecond, c)
	}
	if !f.args[0].open {
		op = mirrored[op]
	}
	return solution{x, op, closedCall(shifted, d, c)}
}

// closedCall is a call of constants.
func closedCall(f *function, args ...*node) *node {
	return &node{op: opCall, fn: f, kind: f.kind, scale: -1, at: args[0].at, args: args, maybe: true}
}

// onDate is the date of an instant; a date is itself.
func onDate(x *node) *node {
	if x.kind == fieldtype.DateKind {
		return x
	}
	return &node{op: opCall, fn: dateOfInstant, kind: fieldtype.DateKind, scale: -1, at: x.at, args: []*node{x}, maybe: true, open: true}
}

// Bounds may lie beyond the dates that can be stored; then they are texts that
// come before or after every date.
const beforeDates, afterDates = "0", "~"

// boundary reads a date that may be such a bound.
func boundary(v any) time.Time {
	switch v {
	case beforeDates:
		return time.Date(-20_000, 1, 1, 0, 0, 0, 0, time.UTC)
	case afterDates:
		return time.Date(30_000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return day(v)
}

// bounding writes a date as a bound.
func bounding(t time.Time) any {
	switch {
	case t.Year() < 1:
		return beforeDates
	case t.Year() > 9999:
		return afterDates
	}
	return t.Format(time.DateOnly)
}

// boundOn is a function from a date, and a duration, to a bound.
func boundOn(move func(t time.Time, seconds int64) time.Time) *function {
	return &function{name: "bound", kind: fieldtype.DateKind, run: func(_ *frame, a []any) (any, error) {
		var s int64
		if len(a) > 1 {
			s = a[1].(int64)
		}
		return bounding(move(boundary(a[0]), s)), nil
	}}
}

// boundAt is a function from an instant and a duration to a bound.
func boundAt(sign int64) *function {
	return &function{name: "bound", kind: fieldtype.DatetimeKind, run: func(_ *frame, a []any) (any, error) {
		return a[0].(int64) + sign*1000*a[1].(int64), nil
	}}
}

// boundOfDay is the first instant of a date that may be a bound, or of a day after it.
func boundOfDay(days int) *function {
	return &function{name: "bound", kind: fieldtype.DatetimeKind, run: func(f *frame, a []any) (any, error) {
		return dayStart(boundary(a[0]).AddDate(0, 0, days), f.location()), nil
	}}
}

// boundOfYear is the first day of a year that is given by a number, and its next if
// that has places or more is added.
func boundOfYear(year func(d decimal.Decimal) int) *function {
	return &function{name: "bound", kind: fieldtype.DateKind, run: func(_ *frame, a []any) (any, error) {
		y := min(max(year(a[0].(decimal.Decimal)), -1), 10_000)
		return bounding(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)), nil
	}}
}

// period is where the steps of a start… function are.
type period struct{ notBefore, after *function }

func periodOf(start func(time.Time) time.Time, months, days int) period {
	next := func(t time.Time) time.Time { return start(t).AddDate(0, months, days) }
	return period{
		notBefore: boundOn(func(t time.Time, _ int64) time.Time {
			if start(t).Equal(t) {
				return t
			}
			return next(t)
		}),
		after: boundOn(func(t time.Time, _ int64) time.Time { return next(t) }),
	}
}

var (
	daysUp = boundOn(func(t time.Time, s int64) time.Time {
		return t.AddDate(0, 0, int(-floorQuotient(-s, secondsOfDay)))
	})
	daysDown      = boundOn(func(t time.Time, s int64) time.Time { return t.AddDate(0, 0, int(floorQuotient(s, secondsOfDay))) })
	instantAfter  = boundAt(1)
	instantBefore = boundAt(-1)
	nextSecond    = &function{name: "bound", kind: fieldtype.DurationKind,
		run: func(_ *frame, a []any) (any, error) { return a[0].(int64) + 1, nil }}

	// opposite undoes a sum. Dates move by whole days, those begun left out.
	opposite = map[*function]*function{
		laterDate:      boundOn(func(t time.Time, s int64) time.Time { return t.AddDate(0, 0, -int(s/secondsOfDay)) }),
		earlierDate:    boundOn(func(t time.Time, s int64) time.Time { return t.AddDate(0, 0, int(s/secondsOfDay)) }),
		laterInstant:   instantBefore,
		earlierInstant: instantAfter,
	}

	startOfBound = boundOfDay(0)
	startAfter   = boundOfDay(1)

	firstOfYear    = boundOfYear(func(d decimal.Decimal) int { return whole(d.Ceil(0)) })
	firstAfterYear = boundOfYear(func(d decimal.Decimal) int { return whole(d.Floor(0)) + 1 })

	periods = map[string]period{
		"startOfWeek": periodOf(startOfWeek, 0, 7), "startOfMonth": periodOf(startOfMonth, 1, 0),
		"startOfQuarter": periodOf(startOfQuarter, 3, 0), "startOfYear": periodOf(startOfYear, 12, 0)}
)

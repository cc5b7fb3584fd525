package expression

import (
	"math"

	"github.com/govalues/decimal"

	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// maxPower is the greatest exponent.
const maxPower = 100

func overflow() error { return fault.New(fault.Invalid, "expression.overflow") }

// numeric makes the result of a decimal operation the result of a function.
func numeric(d decimal.Decimal, err error) (any, error) {
	if err != nil {
		return nil, overflow()
	}
	return d, nil
}

// whole is a number as an int, without its places, kept within a billion.
func whole(v any) int {
	i, _, ok := v.(decimal.Decimal).Trunc(0).Int64(0)
	if !ok {
		i = math.MaxInt64
		if v.(decimal.Decimal).IsNeg() {
			i = math.MinInt64
		}
	}
	return int(min(max(i, -1_000_000_000), 1_000_000_000))
}

// two is an operator on two numbers.
func two(name string, scale func([]*node) int, run func(a, b decimal.Decimal) (any, error)) *function {
	return &function{name: name, params: []kinds{numbers, numbers}, kind: fieldtype.NumberKind, scale: scale,
		run: func(_ *frame, a []any) (any, error) { return run(a[0].(decimal.Decimal), a[1].(decimal.Decimal)) }}
}

// one is a function of one number.
func one(name string, scale func([]*node) int, run func(d decimal.Decimal) (any, error)) *function {
	return &function{name: name, params: []kinds{numbers}, kind: fieldtype.NumberKind, scale: scale,
		run: func(_ *frame, a []any) (any, error) { return run(a[0].(decimal.Decimal)) }}
}

// product is the scale of a product: 18 places at most, else not fixed.
func product(args []*node) int {
	if args[0].scale < 0 || args[1].scale < 0 || args[0].scale+args[1].scale > 18 {
		return -1
	}
	return args[0].scale + args[1].scale
}

var (
	add      = two("+", widest, func(a, b decimal.Decimal) (any, error) { return numeric(a.Add(b)) })
	subtract = two("-", widest, func(a, b decimal.Decimal) (any, error) { return numeric(a.Sub(b)) })
	multiply = two("*", product, func(a, b decimal.Decimal) (any, error) { return numeric(a.Mul(b)) })
	divide   = two("/", nil, func(a, b decimal.Decimal) (any, error) {
		if b.IsZero() {
			return nil, nil
		}
		return numeric(a.Quo(b))
	})
	modulo = two("%", widest, func(a, b decimal.Decimal) (any, error) {
		if b.IsZero() {
			return nil, nil
		}
		_, rest, err := a.QuoRem(b)
		return numeric(rest, err)
	})
	power = two("**", nil, func(a, b decimal.Decimal) (any, error) {
		if !b.IsInt() || b.CmpAbs(decimal.MustNew(maxPower, 0)) > 0 {
			return nil, fault.New(fault.Invalid, "expression.exponent", "limit", maxPower)
		}
		if a.IsZero() && b.IsNeg() {
			return nil, nil
		}
		return numeric(a.PowInt(whole(b)))
	})

	// arithmetic lists what an operator does with which kinds.
	arithmetic = map[string][]*function{
		"+":  append([]*function{add, joinTwo}, dateSums...),
		"-":  append([]*function{subtract}, dateDifferences...),
		"*":  append([]*function{multiply}, durationProducts...),
		"/":  append([]*function{divide}, durationQuotients...),
		"%":  {modulo},
		"**": {power},
		"^":  {power},
	}

	negate = map[fieldtype.Kind]*function{
		fieldtype.NumberKind: one("-", widest, func(d decimal.Decimal) (any, error) { return d.Neg(), nil }),
		fieldtype.DurationKind: {name: "-", params: []kinds{durations}, kind: fieldtype.DurationKind,
			run: func(_ *frame, a []any) (any, error) { return -a[0].(int64), nil }},
	}

	numberFunctions = []*function{
		one("floor", fixed(0), func(d decimal.Decimal) (any, error) { return d.Floor(0), nil }),
		one("ceil", fixed(0), func(d decimal.Decimal) (any, error) { return d.Ceil(0), nil }),
		one("truncate", fixed(0), func(d decimal.Decimal) (any, error) { return d.Trunc(0), nil }),
		toDigits("floor", func(rest decimal.Decimal) bool { return rest.IsNeg() }),
		toDigits("ceil", decimal.Decimal.IsPos),
		toDigits("truncate", func(decimal.Decimal) bool { return false }),
		toDigits("roundUp", func(decimal.Decimal) bool { return true }),
		one("sqrt", nil, within(func(d decimal.Decimal) bool { return !d.IsNeg() }, decimal.Decimal.Sqrt)),
		one("exp", nil, func(d decimal.Decimal) (any, error) { return numeric(d.Exp()) }),
		one("ln", nil, within(decimal.Decimal.IsPos, decimal.Decimal.Log)),
		one("log", nil, within(decimal.Decimal.IsPos, decimal.Decimal.Log10)),
		one("abs", widest, func(d decimal.Decimal) (any, error) { return d.Abs(), nil }),
		one("round", fixed(0), func(d decimal.Decimal) (any, error) { return rounded(d, 0) }),
		{name: "round", params: []kinds{numbers, numbers}, kind: fieldtype.NumberKind,
			scale: digits,
			run:   func(_ *frame, a []any) (any, error) { return rounded(a[0].(decimal.Decimal), whole(a[1])) }},
		{name: "abs", params: []kinds{durations}, kind: fieldtype.DurationKind,
			run: func(_ *frame, a []any) (any, error) { return max(a[0].(int64), -a[0].(int64)), nil }},
	}

	sums = map[fieldtype.Kind]*function{
		fieldtype.NumberKind: {name: "sum", kind: fieldtype.NumberKind, empties: true, never: true, run: sumNumbers},
		fieldtype.DurationKind: {name: "sum", kind: fieldtype.DurationKind, empties: true, never: true,
			run: sumDurations},
	}
)

// digits is the scale of what is rounded to a number of digits.
func digits(args []*node) int {
	if n, ok := constantNumber(args[1]); ok && n <= 18 {
		return max(n, 0)
	}
	return -1
}

// within is a function that is empty outside of where it is defined.
func within(defined func(decimal.Decimal) bool, run func(decimal.Decimal) (decimal.Decimal, error)) func(decimal.Decimal) (any, error) {
	return func(d decimal.Decimal) (any, error) {
		if !defined(d) {
			return nil, nil
		}
		return numeric(run(d))
	}
}

// toDigits leaves a number of digits, which may be negative, and goes one unit further
// from zero if further holds of what was cut off.
func toDigits(name string, further func(rest decimal.Decimal) bool) *function {
	return &function{name: name, params: []kinds{numbers, numbers}, kind: fieldtype.NumberKind, scale: digits,
		run: func(_ *frame, a []any) (any, error) {
			d, places := a[0].(decimal.Decimal), whole(a[1])
			if places >= d.Scale() {
				return d, nil
			}
			cut, unit, err := cutTo(d, places)
			if err != nil {
				return nil, overflow()
			}
			rest, err := d.Sub(cut)
			if err != nil || rest.IsZero() || !further(rest) {
				return numeric(cut, err)
			}
			if unit.IsZero() {
				return nil, overflow()
			}
			return numeric(cut.Add(unit.CopySign(d)))
		}}
}

// cutTo is d without the digits behind places, and the unit of the last that stays: 0
// if that is greater than any number.
func cutTo(d decimal.Decimal, places int) (cut, unit decimal.Decimal, err error) {
	switch {
	case places >= 0:
		unit, err = decimal.New(1, places)
		return d.Trunc(places), unit, err
	case -places >= len(powers)-1:
		return decimal.Zero, decimal.Zero, nil
	}
	unit, err = decimal.New(int64(powers[-places]), 0)
	if err != nil {
		return d, unit, err
	}
	whole, _, err := d.QuoRem(unit)
	if err != nil {
		return d, unit, err
	}
	cut, err = whole.Mul(unit)
	return cut, unit, err
}

func rounded(d decimal.Decimal, places int) (any, error) {
	r, ok := round(d, places)
	if !ok {
		return nil, overflow()
	}
	return r, nil
}

// sumNumbers adds those that are not empty; 0 for none.
func sumNumbers(_ *frame, a []any) (any, error) {
	total := decimal.Zero
	list, _ := a[0].([]any)
	for _, v := range list {
		if d, ok := v.(decimal.Decimal); ok {
			sum, err := total.Add(d)
			if err != nil {
				return nil, overflow()
			}
			total = sum
		}
	}
	return total, nil
}

func sumDurations(_ *frame, a []any) (any, error) {
	var total int64
	list, _ := a[0].([]any)
	for _, v := range list {
		if seconds, ok := v.(int64); ok {
			sum, err := addSeconds(total, seconds)
			if err != nil {
				return nil, err
			}
			total = sum
		}
	}
	return total, nil
}

// extremeOf is the least or the greatest of values of a kind. Of a list, the empty
// ones don't count; of several arguments, one that is empty makes the result so.
func extremeOf(kind fieldtype.Kind, least, list bool) func(f *frame, a []any) (any, error) {
	return func(_ *frame, a []any) (any, error) {
		if list {
			a, _ = a[0].([]any)
		}
		var best any
		for _, v := range a {
			if v == nil {
				continue
			}
			if best == nil || (order(kind, v, best) < 0) == least && order(kind, v, best) != 0 {
				best = v
			}
		}
		return best, nil
	}
}

// roundedTo rounds a result to the scale that is wanted of it.
func roundedTo(scale int) *function {
	f := one("round", fixed(scale), func(d decimal.Decimal) (any, error) { return rounded(d, scale) })
	f.implied = true
	return f
}

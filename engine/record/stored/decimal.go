package stored

import (
	"math/big"

	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// largest is the greatest decimal: 18 digits.
const largest = 999_999_999_999_999_999

// Sum is an exact sum.
type Sum struct{ total big.Int }

// Add adds a decimal; all of a sum have the same scale.
func (s *Sum) Add(n int64) { s.total.Add(&s.total, big.NewInt(n)) }

// Quotient divides the sum, of scale from, by n and rounds half away from zero to
// scale to. Fault record.overflow if it has more than 18 digits.
func (s *Sum) Quotient(n int64, from, to int) (any, error) {
	upper, lower := new(big.Int).Set(&s.total), big.NewInt(n)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(to-from, from-to))), nil)
	if to >= from {
		upper.Mul(upper, power)
	} else {
		lower.Mul(lower, power)
	}
	negative := upper.Sign() < 0
	upper.Abs(upper)
	// floor((2u + l) / 2l) is u / l rounded half up.
	upper.Lsh(upper, 1).Add(upper, lower)
	upper.Quo(upper, lower.Lsh(lower, 1))
	if upper.Cmp(big.NewInt(largest)) > 0 {
		return nil, fault.New(fault.Invalid, "record.overflow")
	}
	if negative {
		upper.Neg(upper)
	}
	return upper.Int64(), nil
}

// Rescale changes the scale of a decimal; other values stay as they are.
func Rescale(v any, from, to int) (any, error) {
	n, ok := v.(int64)
	if !ok || from == to {
		return v, nil
	}
	var s Sum
	s.Add(n)
	return s.Quotient(1, from, to)
}

// ScaleOf is the number of digits after the point of a field's values.
func ScaleOf(v fieldtype.Value) int {
	if scaled, ok := v.(fieldtype.Scaled); ok {
		return scaled.Scale()
	}
	return 0
}

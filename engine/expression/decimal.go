package expression

import (
	"math/bits"
	"strings"

	"github.com/govalues/decimal"
)

// maxStored is the greatest scaled decimal that is stored: 18 digits.
const maxStored = 999_999_999_999_999_999

// powers are 10^0 to 10^19.
var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// number reads a literal exactly; ok is false for what has more digits than a
// number can hold, and for other notations than the decimal one.
func number(literal string) (d decimal.Decimal, ok bool) {
	digits := strings.ReplaceAll(literal, "_", "")
	significant := 0
	for _, r := range digits {
		switch {
		case '0' <= r && r <= '9':
			significant++
		case r != '.':
			return decimal.Decimal{}, false
		}
	}
	whole, _, _ := strings.Cut(digits, ".")
	if significant > decimal.MaxPrec || len(whole) > decimal.MaxPrec-1 {
		return decimal.Decimal{}, false
	}
	d, err := decimal.Parse(digits)
	return d, err == nil
}

// round rounds half away from zero to a number of places, which may be negative.
// ok is false if the result does not fit.
func round(d decimal.Decimal, places int) (rounded decimal.Decimal, ok bool) {
	drop := d.Scale() - places
	if drop <= 0 {
		return d, true
	}
	if drop >= len(powers) {
		return decimal.Zero, true
	}
	unit := powers[drop]
	quotient, rest := d.Coef()/unit, d.Coef()%unit
	if rest >= unit-rest {
		quotient++
	}
	value := int64(quotient) // at least one digit of 19 was dropped, so it fits
	if d.IsNeg() {
		value = -value
	}
	if places >= 0 {
		rounded, err := decimal.New(value, places)
		return rounded, err == nil
	}
	rounded, err := decimal.New(value, 0)
	if err != nil || -places >= len(powers)-1 {
		return decimal.Zero, value == 0
	}
	rounded, err = rounded.Mul(decimal.MustNew(int64(powers[-places]), 0))
	return rounded, err == nil
}

// scaled is d × 10^scale as it is stored, rounded half away from zero; ok is false
// if that has more than 18 digits.
func scaled(d decimal.Decimal, scale int) (stored int64, ok bool) {
	d, ok = round(d, scale)
	if !ok {
		return 0, false
	}
	high, low := bits.Mul64(d.Coef(), powers[scale-d.Scale()])
	if high != 0 || low > maxStored {
		return 0, false
	}
	if d.IsNeg() {
		return -int64(low), true
	}
	return int64(low), true
}

// bound is where a number lies among the stored values of a scale.
type bound struct {
	floor int64 // the greatest stored value that is not greater
	exact bool  // floor is the number itself
	above bool  // greater than every stored value
	below bool  // less than every stored value
}

// boundOf finds where d lies among the int64 values of a scale.
func boundOf(d decimal.Decimal, scale int) bound {
	var quotient, rest uint64
	if more := scale - d.Scale(); more >= 0 {
		high, low := bits.Mul64(d.Coef(), powers[more])
		if high != 0 {
			return bound{above: !d.IsNeg(), below: d.IsNeg()}
		}
		quotient = low
	} else {
		quotient, rest = d.Coef()/powers[-more], d.Coef()%powers[-more]
	}
	if quotient > 1<<63-2 {
		return bound{above: !d.IsNeg(), below: d.IsNeg()}
	}
	b := bound{floor: int64(quotient), exact: rest == 0}
	if d.IsNeg() {
		b.floor = -b.floor
		if rest != 0 {
			b.floor--
		}
	}
	return b
}

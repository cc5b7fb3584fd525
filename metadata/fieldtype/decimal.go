package fieldtype

import (
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"formwork/engine/fault"
)

// MaxScale is the most digits that may follow a decimal point, and limit is the
// first number of units that has more than 18 digits.
const (
	MaxScale = 10
	limit    = 1_000_000_000_000_000_000
)

// Decimal reads the number text (as JSON writes numbers) as units of 10^-scale,
// rounded half away from zero. It never passes through binary floating point.
// digits is false if text is no number, fits if it has more than 18 digits.
func Decimal(text string, scale int) (units int64, digits, fits bool) {
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > 1000 || e < -1000 {
			return 0, false, false
		}
		mantissa, exponent = text[:i], e
	}
	negative := strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	all := whole + fraction
	if all == "" || point && fraction == "" || strings.Trim(all, "0123456789") != "" {
		return 0, false, false
	}
	// keep is how many of the digits count whole units; the next one rounds.
	keep := len(whole) + exponent + scale
	for i := 0; i < keep; i++ {
		d := int64(0)
		if i < len(all) {
			d = int64(all[i] - '0')
		} else if units == 0 {
			break
		}
		if units >= limit/10 { // before it can overflow
			return 0, true, false
		}
		units = units*10 + d
	}
	if keep >= 0 && keep < len(all) && all[keep] >= '5' {
		units++
	}
	if units >= limit {
		return 0, true, false
	}
	if negative {
		units = -units
	}
	return units, true, true
}

// AppendDecimal appends units of 10^-scale as a number with exactly scale digits
// after the point.
func AppendDecimal(dst []byte, units int64, scale int) []byte {
	if scale == 0 {
		return strconv.AppendInt(dst, units, 10)
	}
	var buffer [24]byte
	text := strconv.AppendInt(buffer[:0], units, 10)
	if text[0] == '-' {
		dst, text = append(dst, '-'), text[1:]
	}
	for n := len(text); n <= scale; n++ {
		if n == scale {
			dst = append(dst, '0', '.')
			for range scale - len(text) {
				dst = append(dst, '0')
			}
			return append(dst, text...)
		}
	}
	dst = append(append(dst, text[:len(text)-scale]...), '.')
	return append(dst, text[len(text)-scale:]...)
}

// decimalValue handles exact numbers.
type decimalValue struct {
	scale    int
	min, max *int64 // in units
	// trim takes from a text what may stand around the number: "%", "€".
	trim func(string) string
}

// Number is a number of any size with scale digits after the point, as a computation
// results in it.
func Number(scale int) Value { return decimalValue{scale: scale} }

func (decimalValue) Storage() Storage { return Int }
func (decimalValue) Kind() Kind       { return NumberKind }
func (v decimalValue) Scale() int     { return v.scale }

func (v decimalValue) Coerce(in any) (any, *fault.Fault) {
	text := ""
	switch in := in.(type) {
	case json.Number:
		text = string(in)
	case string:
		text = strings.TrimSpace(norm.NFKC.String(in))
		if text == "" {
			return nil, nil
		}
		if v.trim != nil {
			text = strings.TrimSpace(v.trim(text))
		}
		text = ungroup(text)
	}
	units, digits, fits := Decimal(text, v.scale)
	switch {
	case !digits:
		return nil, fault.New(fault.Invalid, "field.not_a_number", "value", show(in))
	case !fits:
		return nil, fault.New(fault.Invalid, "field.too_many_digits", "value", show(in), "max", 18, "whole", 18-v.scale, "scale", v.scale)
	case v.min != nil && units < *v.min:
		return nil, fault.New(fault.Invalid, "field.too_small", "value", show(in), "min", v.CSV(*v.min))
	case v.max != nil && units > *v.max:
		return nil, fault.New(fault.Invalid, "field.too_big", "value", show(in), "max", v.CSV(*v.max))
	}
	return units, nil
}

// ungroup takes the commas out of a number whose digits they group by three;
// other commas stay, and make the text no number.
func ungroup(text string) string {
	whole, _, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	groups := strings.Split(whole, ",")
	if len(groups) == 1 || len(groups[0]) == 0 || len(groups[0]) > 3 {
		return text
	}
	for _, group := range groups[1:] {
		if len(group) != 3 {
			return text
		}
	}
	return strings.ReplaceAll(text, ",", "")
}

func (v decimalValue) AppendJSON(dst []byte, stored any) []byte {
	return AppendDecimal(dst, stored.(int64), v.scale)
}

func (v decimalValue) CSV(stored any) string {
	return string(AppendDecimal(nil, stored.(int64), v.scale))
}

func (v decimalValue) Schema() map[string]any {
	s := map[string]any{"type": "number"}
	if v.scale == 0 {
		s["type"] = "integer"
	}
	if v.min != nil {
		s["minimum"] = json.Number(v.CSV(*v.min))
	}
	if v.max != nil {
		s["maximum"] = json.Number(v.CSV(*v.max))
	}
	return s
}

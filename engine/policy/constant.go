package policy

import (
	"fmt"
	"math/big"
	"strconv"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// The empty value is null in Rego, which orders it before everything else: a record
// without an amount has an amount < 5. In a query no comparison holds for the empty
// value but == and != . The functions here say in a query what Rego says.

// compare is the filter for field op constant. The constant is nil, a bool, a
// float64 that came from at most 15 digits, or a string.
func (f *field) compare(op query.Op, constant any) (query.Filter, error) {
	switch c := constant.(type) {
	case nil:
		return f.againstNull(op), nil
	case bool:
		if f.form != boolForm {
			return f.apart(op, f.form < boolForm), nil
		}
		return f.orEmpty(op, query.Compare{Ref: f.ref, Op: op, Value: c}), nil
	case float64:
		if f.form != numberForm {
			return f.apart(op, f.form < numberForm), nil
		}
		return f.againstNumber(op, c)
	case string:
		if f.form != textForm {
			return f.apart(op, f.form < textForm), nil
		}
		return f.againstText(op, c)
	}
	return nil, fmt.Errorf("field %s can't be compared with a %T", f.name, constant)
}

func (f *field) empty() query.Filter   { return query.Compare{Ref: f.ref, Op: query.Eq} }
func (f *field) present() query.Filter { return query.Compare{Ref: f.ref, Op: query.Ne} }

// orEmpty adds the empty value where null is less than the constant.
func (f *field) orEmpty(op query.Op, compared query.Filter) query.Filter {
	if op == query.Lt || op == query.Le {
		return query.Any{compared, f.empty()}
	}
	return compared
}

func (f *field) againstNull(op query.Op) query.Filter {
	switch op {
	case query.Eq, query.Le:
		return f.empty()
	case query.Ne, query.Gt:
		return f.present()
	case query.Lt:
		return query.Nothing
	}
	return nil
}

// apart compares where every value that is not empty is less than the constant
// (or else greater), and never equal: another form, or beyond what can be stored.
func (f *field) apart(op query.Op, less bool) query.Filter {
	switch {
	case op == query.Eq:
		return query.Nothing
	case op == query.Ne:
		return nil
	case op == query.Lt || op == query.Le:
		if less {
			return nil
		}
		return f.empty()
	case less:
		return query.Nothing
	}
	return f.present()
}

// againstNumber compares units of 10^-scale with a decimal, exactly: a bound that
// falls between two units becomes the unit below it.
func (f *field) againstNumber(op query.Op, constant float64) (query.Filter, error) {
	// The shortest text of a float64 made of at most 15 digits is those digits.
	exact, ok := new(big.Rat).SetString(strconv.FormatFloat(constant, 'f', -1, 64))
	if !ok {
		return nil, fmt.Errorf("%v is no number", constant)
	}
	exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(f.scale)), nil)))
	floor := new(big.Int).Div(exact.Num(), exact.Denom())
	unit := floor.Int64()
	if !floor.IsInt64() { // beyond what can be stored
		return f.apart(op, exact.Sign() > 0), nil
	}
	between := !exact.IsInt()
	switch {
	case between && op == query.Eq:
		return query.Nothing, nil
	case between && op == query.Ne:
		return nil, nil
	case between && op == query.Lt:
		op = query.Le
	case between && op == query.Ge:
		op = query.Gt
	}
	return f.orEmpty(op, query.Compare{Ref: f.ref, Op: op, Value: unit}), nil
}

func (f *field) againstText(op query.Op, constant string) (query.Filter, error) {
	stored, ok := f.stored(constant)
	if ok && (f.ordered || op == query.Eq || op == query.Ne) {
		return f.orEmpty(op, query.Compare{Ref: f.ref, Op: op, Value: stored}), nil
	}
	switch op { // no value is shown like this
	case query.Eq:
		return query.Nothing, nil
	case query.Ne:
		return nil, nil
	}
	return nil, fmt.Errorf("field %s has no order with %q", f.name, constant)
}

// among is the filter for field in [constants].
func (f *field) among(constants []any) (query.Filter, error) {
	var in query.In
	var any query.Any
	for _, constant := range constants {
		part, err := f.compare(query.Eq, constant)
		if err != nil {
			return nil, err
		}
		switch equal, ok := part.(query.Compare); {
		case !ok: // never
		case equal.Value == nil:
			any = append(any, equal)
		default:
			in.Values = append(in.Values, equal.Value)
		}
	}
	switch {
	case len(in.Values) == 1:
		any = append(any, query.Compare{Ref: f.ref, Op: query.Eq, Value: in.Values[0]})
	case len(in.Values) > 1:
		in.Ref = f.ref
		any = append(any, in)
	}
	return any, nil
}

// like is the filter for startswith, endswith and contains, which hold for no value
// but texts.
func (f *field) like(at query.Place, constant any) (query.Filter, error) {
	text, ok := constant.(string)
	switch {
	case !ok || f.form != textForm:
		return query.Nothing, nil
	case f.ref.Column.Storage != fieldtype.Text:
		return nil, fmt.Errorf("field %s is not stored as text", f.name)
	case text == "":
		return f.present(), nil
	}
	return query.Like{Ref: f.ref, Text: text, At: at}, nil
}

// alike reports whether stored values of two fields compare as the values shown do.
func (f *field) alike(g *field) bool {
	return f.form == g.form && f.form != otherForm && f.scale == g.scale &&
		f.ref.Column.Storage == g.ref.Column.Storage &&
		(f.kind == g.kind || f.form == textForm && f.ref.Column.Storage == fieldtype.Text)
}

// compareField is the filter for field op field; both are alike.
func (f *field) compareField(op query.Op, g *field) (query.Filter, error) {
	if !f.alike(g) || !f.ordered && op != query.Eq && op != query.Ne {
		return nil, fmt.Errorf("fields %s and %s can't be compared", f.name, g.name)
	}
	compared := query.CompareRefs{Left: f.ref, Op: op, Right: g.ref}
	switch op {
	case query.Lt:
		return query.Any{compared, query.All{f.empty(), g.present()}}, nil
	case query.Le:
		return query.Any{compared, f.empty()}, nil
	case query.Gt:
		return query.Any{compared, query.All{g.empty(), f.present()}}, nil
	case query.Ge:
		return query.Any{compared, g.empty()}, nil
	}
	return compared, nil
}

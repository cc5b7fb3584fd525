package expression

import (
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
	"github.com/govalues/decimal"
)

// template is a filter whose constants are still to be computed.
type template interface {
	bind(env Env) (query.Filter, error)
}

// operand is a constant of a filter: a value, or code that needs no record.
type operand struct {
	value any
	code  *code
}

// compute gives the operand's value in the form of the machine.
func (o operand) compute(env Env) (any, error) {
	if o.code == nil {
		return o.value, nil
	}
	return o.code.run(env)
}

func truth(holds bool) query.Filter {
	if holds {
		return nil
	}
	return query.Nothing
}

type (
	constant bool
	// computed is a condition on the user and the clock.
	computed struct{ operand }
	all      []template
	anyOf    []template
	not      struct{ template }
	// comparison is a column with a constant.
	comparison struct {
		ref   query.Ref
		op    query.Op
		kind  fieldtype.Kind
		scale int
		operand
	}
	// references is a column with a column.
	references struct {
		left  query.Ref
		op    query.Op
		right query.Ref
	}
	// member is a column among constants.
	member struct {
		ref      query.Ref
		kind     fieldtype.Kind
		scale    int
		operands []operand
	}
	// holder is a list that contains a constant.
	holder struct {
		ref query.Ref
		operand
	}
	// fragment is a text with a constant in it.
	fragment struct {
		ref   query.Ref
		place query.Place
		operand
	}
)

// written takes the parts that a template is written out to from how many there may
// be, and stops at none left: what both sides of a choice stand on is written for
// each, so that choices on choices double it every time.
func written(t template, left int) int {
	if left == 0 {
		return 0
	}
	left--
	switch t := t.(type) {
	case all:
		for _, part := range t {
			left = written(part, left)
		}
	case anyOf:
		for _, part := range t {
			left = written(part, left)
		}
	case not:
		return written(t.template, left)
	}
	return left
}

func (c constant) bind(Env) (query.Filter, error) { return truth(bool(c)), nil }

func (c computed) bind(env Env) (query.Filter, error) {
	v, err := c.compute(env)
	if err != nil {
		return nil, err
	}
	held, _ := v.(bool)
	return truth(held), nil
}

// bind stops at the first part that never holds, as and does: what follows is not
// computed.
func (a all) bind(env Env) (query.Filter, error) {
	parts := make([]query.Filter, len(a))
	for i, t := range a {
		part, err := t.bind(env)
		if err != nil || query.Never(part) {
			return part, err
		}
		parts[i] = part
	}
	return query.And(parts...), nil
}

func (a anyOf) bind(env Env) (query.Filter, error) {
	parts := make([]query.Filter, len(a))
	for i, t := range a {
		part, err := t.bind(env)
		if err != nil || part == nil {
			return nil, err
		}
		parts[i] = part
	}
	return query.Or(parts...), nil
}

func (n not) bind(env Env) (query.Filter, error) {
	part, err := n.template.bind(env)
	if err != nil {
		return nil, err
	}
	return query.Negate(part), nil
}

func (c comparison) bind(env Env) (query.Filter, error) {
	v, err := c.compute(env)
	if err != nil {
		return nil, err
	}
	return compareTo(c.ref, c.op, c.scale, v), nil
}

// compareTo is ref op value, exactly: a number between two stored values becomes
// the bound next to it.
func compareTo(ref query.Ref, op query.Op, scale int, v any) query.Filter {
	switch v := v.(type) {
	case nil:
		if op == query.Eq || op == query.Ne {
			return query.Compare{Ref: ref, Op: op}
		}
		return query.Nothing
	case decimal.Decimal:
		return compareNumber(ref, op, boundOf(v, scale))
	}
	return query.Compare{Ref: ref, Op: op, Value: v}
}

func compareNumber(ref query.Ref, op query.Op, b bound) query.Filter {
	if b.exact {
		return query.Compare{Ref: ref, Op: op, Value: b.floor}
	}
	switch op {
	case query.Eq:
		return query.Nothing
	case query.Ne:
		return nil
	}
	less := op == query.Lt || op == query.Le
	switch {
	case b.above && less, b.below && !less:
		return query.Compare{Ref: ref, Op: query.Ne}
	case b.above, b.below:
		return query.Nothing
	case less:
		return query.Compare{Ref: ref, Op: query.Le, Value: b.floor}
	}
	return query.Compare{Ref: ref, Op: query.Gt, Value: b.floor}
}

func (r references) bind(Env) (query.Filter, error) {
	return query.CompareRefs{Left: r.left, Op: r.op, Right: r.right}, nil
}

func (m member) bind(env Env) (query.Filter, error) {
	in := query.In{Ref: m.ref}
	empty := false
	for _, o := range m.operands {
		v, err := o.compute(env)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case nil:
			empty = true
		case decimal.Decimal:
			if b := boundOf(v, m.scale); b.exact {
				in.Values = append(in.Values, b.floor)
			}
		default:
			in.Values = append(in.Values, v)
		}
	}
	found := query.Simplify(in)
	if empty {
		return query.Or(found, query.Compare{Ref: m.ref, Op: query.Eq}), nil
	}
	return found, nil
}

func (h holder) bind(env Env) (query.Filter, error) {
	v, err := h.compute(env)
	text, ok := v.(string)
	if err != nil || !ok {
		return query.Nothing, err
	}
	return query.Has{Ref: h.ref, Text: text}, nil
}

func (f fragment) bind(env Env) (query.Filter, error) {
	v, err := f.compute(env)
	text, ok := v.(string)
	if err != nil || !ok {
		return query.Nothing, err
	}
	return query.Like{Ref: f.ref, Text: text, At: f.place}, nil
}

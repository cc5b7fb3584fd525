package query

// Nothing holds for no record. Its opposite is nil.
var Nothing Filter = Any{}

// Is holds for rows with a value in a column; the value nil means the empty one.
func Is(c Column, value any) Filter {
	return Compare{Ref: Field(c), Op: Eq, Value: value}
}

// Always reports whether a filter says that it holds for every record.
func Always(f Filter) bool {
	all, ok := f.(All)
	return f == nil || ok && len(all) == 0
}

// Never reports whether a filter says that it holds for no record.
func Never(f Filter) bool {
	any, ok := f.(Any)
	return ok && len(any) == 0
}

// And joins filters all of which must hold. Nested conjunctions become one; the
// result is nil if nothing is left to hold, and Nothing if a part never holds.
func And(filters ...Filter) Filter {
	var all All
	for _, f := range filters {
		switch f := f.(type) {
		case nil:
		case All:
			all = append(all, f...)
		case Any:
			if len(f) == 0 {
				return Nothing
			}
			all = append(all, f)
		default:
			all = append(all, f)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// Or joins filters one of which must hold. Nested alternatives become one; the
// result is nil if a part always holds, and Nothing if there is none.
func Or(filters ...Filter) Filter {
	any := Any{}
	for _, f := range filters {
		switch f := f.(type) {
		case nil:
			return nil
		case All:
			if len(f) == 0 {
				return nil
			}
			any = append(any, f)
		case Any:
			any = append(any, f...)
		default:
			any = append(any, f)
		}
	}
	if len(any) == 1 {
		return any[0]
	}
	return any
}

// Negate is the opposite of a filter. Alternatives become a conjunction of their
// opposites, which is easier for an index to begin with.
func Negate(f Filter) Filter {
	switch f := f.(type) {
	case nil:
		return Nothing
	case All:
		if len(f) == 0 {
			return Nothing
		}
	case Any:
		opposites := make([]Filter, len(f))
		for i, part := range f {
			opposites[i] = Negate(part)
		}
		return And(opposites...)
	case Not:
		if Always(f.Filter) {
			return nil
		}
		return f.Filter
	case Compare:
		if op, ok := opposite(f.Op); ok {
			f.Op = op
			return f
		}
	case CompareRefs:
		if op, ok := opposite(f.Op); ok {
			f.Op = op
			return f
		}
	}
	return Not{Filter: f}
}

// opposite is the operator that holds where op does not; only equality has one, for
// no ordering holds for an empty value.
func opposite(op Op) (Op, bool) {
	switch op {
	case Eq:
		return Ne, true
	case Ne:
		return Eq, true
	}
	return op, false
}

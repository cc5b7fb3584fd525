package query

// After is the filter for the rows that follow, in the order of sort, the row
// whose sort values are given. Sort must end with the id, which is never empty.
// It bounds the first key by itself, so that an index on the sort is entered at
// the right place.
func After(sort []Order, values []any) Filter {
	var any Any
	var equal All
	for i, o := range sort {
		if step := beyond(o, values[i]); step != nil {
			any = append(any, append(append(All{}, equal...), step))
		}
		equal = append(equal, Compare{o.Ref, Eq, values[i]})
	}
	if len(sort) == 1 {
		return any
	}
	if bound := atOrBeyond(sort[0], values[0]); bound != nil {
		return All{bound, any}
	}
	return any
}

// beyond holds for values that come strictly after v; nil if none can.
func beyond(o Order, v any) Filter {
	switch {
	case v == nil && o.Descending:
		return nil // the empty value is the last
	case v == nil:
		return Compare{o.Ref, Ne, nil}
	case o.Descending:
		return Any{Compare{o.Ref, Lt, v}, Compare{o.Ref, Eq, nil}}
	}
	return Compare{o.Ref, Gt, v}
}

// atOrBeyond holds for v and what comes after; nil if that is everything.
func atOrBeyond(o Order, v any) Filter {
	switch {
	case v == nil && o.Descending:
		return Compare{o.Ref, Eq, nil}
	case v == nil:
		return nil
	case o.Descending:
		return Any{Compare{o.Ref, Le, v}, Compare{o.Ref, Eq, nil}}
	}
	return Compare{o.Ref, Ge, v}
}

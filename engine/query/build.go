package query

// Is holds for rows with a value in a column; the value nil means the empty one.
func Is(c Column, value any) Filter {
	return Compare{Ref: Field(c), Op: Eq, Value: value}
}

// And joins filters. Parts that are nil hold for everything and are left out, nested
// conjunctions become one. The result is nil if nothing is left to hold.
func And(filters ...Filter) Filter {
	var all All
	for _, f := range filters {
		switch f := f.(type) {
		case nil:
		case All:
			all = append(all, f...)
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

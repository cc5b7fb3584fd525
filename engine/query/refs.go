package query

import "slices"

// MapRefs returns the filter with every reference replaced; guards of hops are not
// looked into.
func MapRefs(f Filter, by func(Ref) Ref) Filter {
	each := func(parts []Filter) []Filter {
		all := slices.Clone(parts)
		for i, part := range all {
			all[i] = MapRefs(part, by)
		}
		return all
	}
	switch f := f.(type) {
	case nil:
		return nil
	case All:
		return All(each(f))
	case Any:
		return Any(each(f))
	case Not:
		return Not{Filter: MapRefs(f.Filter, by)}
	case Compare:
		f.Ref = by(f.Ref)
		return f
	case CompareRefs:
		f.Left, f.Right = by(f.Left), by(f.Right)
		return f
	case In:
		f.Ref = by(f.Ref)
		return f
	case Like:
		f.Ref = by(f.Ref)
		return f
	case Has:
		f.Ref = by(f.Ref)
		return f
	}
	panic("query: not a filter of this package")
}

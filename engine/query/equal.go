package query

import "slices"

// Equal reports whether two filters are written in the same way. Filters that are
// not may still hold for the same records.
func Equal(a, b Filter) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case All:
		b, ok := b.(All)
		return ok && slices.EqualFunc(a, b, Equal)
	case Any:
		b, ok := b.(Any)
		return ok && slices.EqualFunc(a, b, Equal)
	case Not:
		b, ok := b.(Not)
		return ok && Equal(a.Filter, b.Filter)
	case Compare:
		b, ok := b.(Compare)
		return ok && a.Op == b.Op && a.Value == b.Value && a.Ref.Equal(b.Ref)
	case CompareRefs:
		b, ok := b.(CompareRefs)
		return ok && a.Op == b.Op && a.Left.Equal(b.Left) && a.Right.Equal(b.Right)
	case In:
		b, ok := b.(In)
		return ok && a.Ref.Equal(b.Ref) && slices.Equal(a.Values, b.Values)
	case Like:
		b, ok := b.(Like)
		return ok && a.At == b.At && a.Text == b.Text && a.Ref.Equal(b.Ref)
	case Has:
		b, ok := b.(Has)
		return ok && a.Text == b.Text && a.Ref.Equal(b.Ref)
	}
	panic("query: not a filter of this package")
}

// Equal reports whether two references read the same.
func (r Ref) Equal(other Ref) bool {
	return r.Column == other.Column && slices.EqualFunc(r.Hops, other.Hops, Hop.Equal)
}

// Equal reports whether two hops lead to the same record, guards included.
func (h Hop) Equal(other Hop) bool {
	return h.Lookup == other.Lookup && h.Table == other.Table && Equal(h.Guard, other.Guard)
}

// The hash is FNV-1a. Equal filters have the same; that others may too only costs
// what is looked for by it, never what is found.
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

func hash(f Filter) uint64 { return hashFilter(offset, f) }

func hashFilter(h uint64, f Filter) uint64 {
	switch f := f.(type) {
	case nil:
		return mix(h, 0)
	case All:
		h = mix(h, 1)
		for _, part := range f {
			h = hashFilter(h, part)
		}
		return mix(h, uint64(len(f)))
	case Any:
		h = mix(h, 2)
		for _, part := range f {
			h = hashFilter(h, part)
		}
		return mix(h, uint64(len(f)))
	case Not:
		return hashFilter(mix(h, 3), f.Filter)
	case Compare:
		return hashValue(hashRef(mix(mix(h, 4), uint64(f.Op)), f.Ref), f.Value)
	case CompareRefs:
		return hashRef(hashRef(mix(mix(h, 5), uint64(f.Op)), f.Left), f.Right)
	case In:
		h = hashRef(mix(h, 6), f.Ref)
		for _, v := range f.Values {
			h = hashValue(h, v)
		}
		return h
	case Like:
		return hashText(hashRef(mix(mix(h, 7), uint64(f.At)), f.Ref), f.Text)
	case Has:
		return hashText(hashRef(mix(h, 8), f.Ref), f.Text)
	}
	panic("query: not a filter of this package")
}

func hashRef(h uint64, r Ref) uint64 {
	for _, hop := range r.Hops {
		h = hashText(hashText(h, hop.Lookup.Name), hop.Table)
	}
	return hashText(h, r.Column.Name)
}

func hashValue(h uint64, v any) uint64 {
	switch v := v.(type) {
	case bool:
		if v {
			return mix(h, 10)
		}
		return mix(h, 11)
	case int64:
		return mix(mix(h, 12), uint64(v))
	case string:
		return hashText(mix(h, 13), v)
	}
	return mix(h, 14)
}

func hashText(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime
	}
	return mix(h, uint64(len(s)))
}

func mix(h, v uint64) uint64 { return (h ^ v ^ v>>32) * prime }

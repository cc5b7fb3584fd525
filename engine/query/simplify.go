package query

import "unicode/utf8"

// Simplify returns a filter that holds for exactly the same records, and from which
// a store finds an index more easily. It is nil if it holds for every record and
// Nothing if for none; neither is ever a part of a filter. Conjunctions and
// alternatives have at least two parts, none of their own kind; parts that say
// nothing new are gone, and alternatives for one reference are one In. Guards of
// hops stay as they are.
func Simplify(f Filter) Filter {
	switch f := f.(type) {
	case All:
		parts := make([]Filter, len(f))
		for i, part := range f {
			if parts[i] = Simplify(part); Never(parts[i]) {
				return Nothing
			}
		}
		return reduce(And(parts...))
	case Any:
		parts := make([]Filter, len(f))
		for i, part := range f {
			if parts[i] = Simplify(part); parts[i] == nil {
				return nil
			}
		}
		return reduce(Or(parts...))
	case Not:
		return reduce(Negate(Simplify(f.Filter)))
	case Compare:
		if f.Value == nil && f.Op != Eq && f.Op != Ne {
			return Nothing
		}
	case In:
		switch len(f.Values) {
		case 0:
			return Nothing
		case 1:
			return Compare{Ref: f.Ref, Op: Eq, Value: f.Values[0]}
		}
	case Like:
		if !utf8.ValidString(f.Text) {
			return Nothing // texts are UTF-8
		}
	}
	return f
}

// reduce drops what says nothing new from a conjunction or alternatives whose parts
// are simple: A and (A or B) is A, A or (A and B) is A.
func reduce(f Filter) Filter {
	switch f := f.(type) {
	case All:
		return And(absorb(f, func(part Filter) []Filter { any, _ := part.(Any); return any })...)
	case Any:
		return Or(absorb(joinEqual(f), func(part Filter) []Filter { all, _ := part.(All); return all })...)
	}
	return f
}

// absorb drops parts that are there twice, and those of which another part is an
// inner one.
func absorb(parts []Filter, inner func(Filter) []Filter) []Filter {
	if len(parts) < 2 {
		return parts
	}
	first := make(map[uint64]int, len(parts)) // by hash
	hashes := make([]uint64, len(parts))
	for i, part := range parts {
		hashes[i] = hash(part)
		if _, known := first[hashes[i]]; !known {
			first[hashes[i]] = i
		}
	}
	same := func(h uint64, f Filter) (at int, ok bool) {
		at, ok = first[h]
		return at, ok && Equal(parts[at], f)
	}
	out := make([]Filter, 0, len(parts))
	for i, part := range parts {
		at, known := same(hashes[i], part)
		covered := known && at < i
		for _, p := range inner(part) {
			if covered {
				break
			}
			_, covered = same(hash(p), p)
		}
		if !covered {
			out = append(out, part)
		}
	}
	return out
}

// alternatives are the constants with which parts of an Any compare one reference.
type alternatives struct {
	ref    Ref
	at     int // the place of the first part
	values []any
	seen   map[any]bool // nil while there is one part
}

// add takes the constants of another part.
func (a *alternatives) add(values []any) {
	if a.seen == nil {
		first := a.values
		a.seen, a.values = make(map[any]bool, len(first)+len(values)), make([]any, 0, len(first)+len(values))
		a.add(first)
	}
	for _, v := range values {
		if !a.seen[v] {
			a.seen[v] = true
			a.values = append(a.values, v)
		}
	}
}

// joinEqual makes one In of the parts that compare one reference with constants, at
// the place of the first of them.
func joinEqual(parts []Filter) []Filter {
	if len(parts) < 2 {
		return parts
	}
	var found map[uint64]*alternatives // by hash of the reference
	out := make([]Filter, 0, len(parts))
	for _, part := range parts {
		if ref, values := equals(part); values != nil {
			h := hashRef(offset, ref)
			if a := found[h]; a == nil {
				if found == nil {
					found = map[uint64]*alternatives{}
				}
				found[h] = &alternatives{ref: ref, at: len(out), values: values}
			} else if ref.Equal(a.ref) {
				a.add(values)
				continue
			}
		}
		out = append(out, part)
	}
	for _, a := range found {
		if a.seen != nil {
			out[a.at] = Simplify(In{Ref: a.ref, Values: a.values})
		}
	}
	return out
}

// equals takes apart a part that compares with constants; no values if it is another
// kind of condition.
func equals(f Filter) (Ref, []any) {
	switch f := f.(type) {
	case Compare:
		if f.Op == Eq && f.Value != nil {
			return f.Ref, []any{f.Value}
		}
	case In:
		return f.Ref, f.Values
	}
	return Ref{}, nil
}

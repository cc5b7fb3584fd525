package policy

import (
	"fmt"

	"formwork/engine/query"
)

// simplify flattens a filter, folds what always or never holds, drops parts that
// say nothing new and joins alternatives for one column into one In, so that a
// store finds an index for what is left. The result holds for exactly the same
// records; nil if that is all of them, query.Nothing if none.
func simplify(f query.Filter) query.Filter {
	f = fold(f)
	if holdsAlways(f) {
		return nil
	}
	return f
}

func holdsAlways(f query.Filter) bool {
	all, ok := f.(query.All)
	return f == nil || ok && len(all) == 0
}
func holdsNever(f query.Filter) bool { any, ok := f.(query.Any); return ok && len(any) == 0 }

func fold(f query.Filter) query.Filter {
	switch f := f.(type) {
	case nil:
		return always
	case query.All:
		return foldAll(f)
	case query.Any:
		return foldAny(f)
	case query.Not:
		return foldNot(f)
	case query.In:
		if len(f.Values) == 1 {
			return query.Compare{Ref: f.Ref, Op: query.Eq, Value: f.Values[0]}
		}
		if len(f.Values) == 0 {
			return never
		}
	}
	return f
}

func foldNot(f query.Not) query.Filter {
	switch part := fold(f.Filter).(type) {
	case query.Not:
		return part.Filter
	case query.All:
		if len(part) == 0 {
			return never
		}
		return query.Not{Filter: part}
	case query.Any:
		// One of several parts: a conjunction is easier for an index to begin with.
		var all query.All
		for _, alternative := range part {
			all = append(all, query.Not{Filter: alternative})
		}
		return foldAll(all)
	case query.Compare:
		switch part.Op {
		case query.Eq:
			return query.Compare{Ref: part.Ref, Op: query.Ne, Value: part.Value}
		case query.Ne:
			return query.Compare{Ref: part.Ref, Op: query.Eq, Value: part.Value}
		}
		return query.Not{Filter: part}
	default:
		return query.Not{Filter: part}
	}
}

func foldAll(f query.All) query.Filter {
	var parts []query.Filter
	for _, part := range f {
		switch part := fold(part).(type) {
		case query.All:
			parts = append(parts, part...)
		default:
			if holdsNever(part) {
				return never
			}
			parts = append(parts, part)
		}
	}
	parts = absorb(parts, func(f query.Filter) []query.Filter { any, _ := f.(query.Any); return any })
	if len(parts) == 1 {
		return parts[0]
	}
	return query.All(parts)
}

func foldAny(f query.Any) query.Filter {
	var parts []query.Filter
	for _, part := range f {
		switch part := fold(part).(type) {
		case query.Any:
			parts = append(parts, part...)
		default:
			if holdsAlways(part) {
				return always
			}
			parts = append(parts, part)
		}
	}
	parts = absorb(joinEqual(parts), func(f query.Filter) []query.Filter { all, _ := f.(query.All); return all })
	if len(parts) == 1 {
		return parts[0]
	}
	return query.Any(parts)
}

// joinEqual makes one In of the alternatives that compare one reference with constants.
func joinEqual(parts []query.Filter) []query.Filter {
	if len(parts) < 2 {
		return parts
	}
	at := map[string]int{} // of the first by reference
	var out []query.Filter
	for _, part := range parts {
		ref, values := equals(part)
		if values == nil {
			out = append(out, part)
			continue
		}
		key := keyOf(ref)
		i, again := at[key]
		if !again {
			at[key] = len(out)
			out = append(out, part)
			continue
		}
		_, before := equals(out[i])
		out[i] = query.In{Ref: ref, Values: union(before, values)}
	}
	for i, part := range out {
		out[i] = fold(part)
	}
	return out
}

// equals takes an alternative apart; no values if it is another kind of condition.
func equals(f query.Filter) (query.Ref, []any) {
	switch f := f.(type) {
	case query.Compare:
		if f.Op == query.Eq && f.Value != nil {
			return f.Ref, []any{f.Value}
		}
	case query.In:
		return f.Ref, f.Values
	}
	return query.Ref{}, nil
}

func union(a, b []any) []any {
	seen := make(map[any]bool, len(a)+len(b))
	var out []any
	for _, values := range [][]any{a, b} {
		for _, v := range values {
			if !seen[v] {
				seen[v] = true
				out = append(out, v)
			}
		}
	}
	return out
}

// absorb drops parts that are there twice, and those that contain another part:
// A or (A and B) is A, A and (A or B) is A. inner takes such a part apart.
func absorb(parts []query.Filter, inner func(query.Filter) []query.Filter) []query.Filter {
	if len(parts) < 2 {
		return parts
	}
	keys, present := make([]string, len(parts)), map[string]bool{}
	for i, part := range parts {
		keys[i] = keyOf(part)
		present[keys[i]] = true
	}
	var out []query.Filter
	kept := map[string]bool{}
	for i, part := range parts {
		covered := kept[keys[i]]
		for _, p := range inner(part) {
			covered = covered || present[keyOf(p)]
		}
		if !covered {
			out = append(out, part)
			kept[keys[i]] = true
		}
	}
	return out
}

// keyOf tells filters and references apart; the same text means the same condition.
func keyOf(f any) string { return fmt.Sprintf("%#v", f) }

// size counts the conditions of a filter.
func size(f query.Filter) int {
	n := 1
	switch f := f.(type) {
	case query.All:
		for _, part := range f {
			n += size(part)
		}
	case query.Any:
		for _, part := range f {
			n += size(part)
		}
	case query.Not:
		n += size(f.Filter)
	case query.In:
		n += len(f.Values)
	}
	return n
}

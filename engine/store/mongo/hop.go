package mongo

import (
	"context"
	"slices"

	"formwork/engine/query"
)

// defaultMaxKeys is how many records a condition behind a lookup may select to be
// replaced by a list of their ids.
const defaultMaxKeys = 1000

// resolve replaces, in a simple filter, conditions behind lookups by conditions on the lookups: the
// records that are reached and satisfy one are asked for first. Conditions that
// too many records satisfy stay as they are, to be decided by joining.
func (t *Tenant) resolve(ctx context.Context, f query.Filter) (query.Filter, error) {
	switch f := f.(type) {
	case query.All:
		parts, err := t.resolveParts(ctx, f, query.And)
		return query.And(parts...), err
	case query.Any:
		parts, err := t.resolveParts(ctx, f, query.Or)
		return query.Or(parts...), err
	case query.Not:
		inner, err := t.resolve(ctx, f.Filter)
		return query.Negate(inner), err
	}
	if hop := commonHop(f); hop != nil {
		return t.behind(ctx, *hop, f)
	}
	return f, nil
}

// resolveParts resolves the parts of an All or an Any, those behind one lookup
// together.
func (t *Tenant) resolveParts(ctx context.Context, parts []query.Filter, join func(...query.Filter) query.Filter) ([]query.Filter, error) {
	var hops []*query.Hop
	groups := map[*query.Hop][]query.Filter{}
	var resolved []query.Filter
	for _, part := range parts {
		hop := commonHop(part)
		if hop == nil {
			r, err := t.resolve(ctx, part)
			if err != nil {
				return nil, err
			}
			resolved = append(resolved, r)
			continue
		}
		known := slices.IndexFunc(hops, func(h *query.Hop) bool { return h.Equal(*hop) })
		if known < 0 {
			known = len(hops)
			hops = append(hops, hop)
		}
		groups[hops[known]] = append(groups[hops[known]], part)
	}
	for _, hop := range hops {
		r, err := t.behind(ctx, *hop, join(groups[hop]...))
		if err != nil {
			return nil, err
		}
		resolved = append(resolved, r)
	}
	return resolved, nil
}

// behind resolves a filter all of whose references begin with the hop. Where the
// hop leads nowhere they all read as empty: a filter that holds then is the
// opposite of one that needs a record, and only records can be listed.
func (t *Tenant) behind(ctx context.Context, hop query.Hop, f query.Filter) (query.Filter, error) {
	there := query.MapRefs(f, func(r query.Ref) query.Ref { return query.Ref{Hops: r.Hops[1:], Column: r.Column} })
	holdsNowhere := query.Match(there, func(query.Ref) any { return nil })
	if holdsNowhere {
		there = query.Negate(there)
	}
	most := t.store.maxKeys
	keys, err := t.keys(ctx, hop.Table, query.And(hop.Guard, there), most+1)
	if err != nil || len(keys) > most {
		return f, err
	}
	listed := query.Simplify(query.In{Ref: query.Field(hop.Lookup), Values: keys})
	if holdsNowhere {
		return query.Negate(listed), nil
	}
	return listed, nil
}

// keys returns the ids of up to limit rows that a filter selects, in any order.
func (t *Tenant) keys(ctx context.Context, table string, filter query.Filter, limit int) ([]any, error) {
	var keys []any
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: filter, Limit: limit}
	for row, err := range t.rows(ctx, q) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, row[0])
	}
	return keys, nil
}

// commonHop is the hop with which every reference in the filter begins, nil if
// there is none.
func commonHop(f query.Filter) *query.Hop {
	var common *query.Hop
	differs := false
	eachRef(f, func(r query.Ref) {
		switch {
		case len(r.Hops) == 0, common != nil && !common.Equal(r.Hops[0]):
			differs = true
		default:
			common = &r.Hops[0]
		}
	})
	if differs {
		return nil
	}
	return common
}

func hasHops(f query.Filter) bool {
	found := false
	eachRef(f, func(r query.Ref) { found = found || len(r.Hops) > 0 })
	return found
}

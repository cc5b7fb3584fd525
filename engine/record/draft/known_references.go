package draft

import (
	"context"
	"fmt"
	"slices"

	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// References are records that drafts are sent references to, looked for in advance for
// many drafts at once, and whether the caller may read them. nil: nothing is known.
type References struct {
	readable map[target]bool
	filters  map[string]query.Filter // of what may be read, by object
	// values, by column, are those of readable records that conditions on what may be chosen
	// read, and columns are these, by object.
	values  map[target]map[string]any
	columns map[string][]query.Column
	size    int // of the texts among the values
}

const (
	fewestInputs = 8       // for which it is worth looking in advance
	valuesSize   = 1 << 20 // of texts that are known, in bytes
)

// FindReferences looks for the records that inputs name. Of objects whose record policy
// looks behind lookups nothing is found, for what is written meanwhile might decide it.
func FindReferences(ctx context.Context, s *session.Session, reader store.Reader, inputs []*Input) (*References, error) {
	if len(inputs) < fewestInputs {
		return nil, nil
	}
	wanted := map[string][]any{}
	known := &References{readable: map[target]bool{}, filters: map[string]query.Filter{}, values: map[target]map[string]any{}, columns: map[string][]query.Column{}}
	for _, in := range inputs {
		for _, v := range in.values {
			if v.Refers == nil || v.stored == nil {
				continue
			}
			object, key := v.Referred(v.stored)
			t := target{object, key}
			if _, again := known.readable[t]; !again {
				known.readable[t] = false
				wanted[object] = append(wanted[object], key)
			}
			known.addColumns(object, v.Field)
		}
	}
	for object, keys := range wanted {
		found, err := known.look(ctx, s, reader, object, keys)
		if err != nil {
			return nil, err
		}
		if !found {
			known.forgetAll(object, keys)
		}
	}
	return known, nil
}

// addColumns notes what a reference's condition reads of the record that is chosen.
func (k *References) addColumns(object string, f *stored.Field) {
	if f.ChooseWhen == nil {
		return
	}
	for _, path := range f.ChooseWhen.Paths() {
		if c := path.Leaf.Column; path.Root == "" && len(path.Via) == 0 && c.Storage != fieldtype.None && !slices.Contains(k.columns[object], c) {
			k.columns[object] = append(k.columns[object], c)
		}
	}
}

// look finds out which of an object's records the caller may read; false if that can't be
// known in advance.
func (k *References) look(ctx context.Context, s *session.Session, reader store.Reader, object string, keys []any) (bool, error) {
	o, ok := s.Snapshot.Objects[object]
	if !ok {
		return false, nil
	}
	read, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil || looksBehind(read) {
		return false, err
	}
	k.filters[object] = read
	for part := range slices.Chunk(keys, maxListed) {
		q := query.Select{Table: o.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
			Filter: query.And(query.In{Ref: query.Field(query.ID), Values: part}, read)}
		for _, c := range k.columns[object] {
			q.Columns = append(q.Columns, query.Field(c))
		}
		for r, err := range reader.Select(ctx, q) {
			if err != nil {
				return false, fmt.Errorf("looking for records of %s: %w", object, err)
			}
			t := target{object, r[0].(int64)}
			k.readable[t] = true
			k.keep(t, func(i int, _ query.Column) any { return stored.Hold(r[i+1]) })
		}
	}
	return true, nil
}

// keep keeps the values of a readable record that conditions read, if there is room for them.
func (k *References) keep(t target, value func(i int, c query.Column) any) {
	delete(k.values, t)
	columns := k.columns[t.object]
	if len(columns) == 0 || k.size > valuesSize {
		return
	}
	values := map[string]any{query.ID.Name: t.key}
	for i, c := range columns {
		v := value(i, c)
		if text, ok := v.(string); ok {
			k.size += len(text)
		}
		values[c.Name] = v
	}
	k.values[t] = values
}

// holds tells whether the caller may read a record and a condition holds for it, if that is
// known.
func (k *References) holds(object string, key int64, condition query.Filter) (holds, known bool) {
	readable, known := k.of(object, key)
	if !known || !readable {
		return false, known
	}
	values := k.values[target{object, key}]
	if values == nil || looksBehind(condition) {
		return false, false
	}
	holds = query.Match(condition, func(ref query.Ref) any {
		v, has := values[ref.Column.Name]
		known = known && has
		return v
	})
	return holds, known
}

func looksBehind(f query.Filter) bool {
	found := false
	query.MapRefs(f, func(r query.Ref) query.Ref {
		found = found || len(r.Hops) > 0
		return r
	})
	return found
}

func (k *References) forgetAll(object string, keys []any) {
	for _, key := range keys {
		delete(k.readable, target{object, key.(int64)})
	}
}

// Wrote decides anew about a record that was written; r is nil for one that is gone.
func (k *References) Wrote(m *stored.Mapping, key int64, r stored.Row) {
	if k == nil {
		return
	}
	t := target{m.Object.Doc.Name, key}
	if _, known := k.readable[t]; known {
		k.readable[t] = r != nil && query.Match(k.filters[t.object], func(ref query.Ref) any { return m.Value(r, ref.Column) })
		if delete(k.values, t); k.readable[t] {
			k.keep(t, func(_ int, c query.Column) any { return m.Value(r, c) })
		}
	}
}

// of tells whether the caller may read a record, if that is known.
func (k *References) of(object string, key int64) (readable, known bool) {
	if k == nil {
		return false, false
	}
	readable, known = k.readable[target{object, key}]
	return readable, known
}

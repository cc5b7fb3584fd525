package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// paired is a table with a unique key of one column and one of two.
var paired = store.Table{
	Name: "lead", Columns: []query.Column{query.Version, query.Owner, colN, colText, colKey},
	Indexes: append([]store.Index{{Name: "lead_pair", Unique: true, Columns: []store.IndexColumn{{Column: query.Owner}, {Column: colText}}}}, simple.Indexes...),
}

// uniqueCases hold stores to what unique indexes refuse, whatever they keep them by.
var uniqueCases = []testCase{
	{"property: unique keys", func(f *fixture) {
		f.define(paired)
		m := uniques{f: f, r: f.source(31), rows: map[id.ID]pairs{}}
		for range 150 {
			m.write()
		}
	}},
	{"a unique index is built while others write", func(f *fixture) {
		plain := paired
		plain.Indexes = nil
		f.define(plain)
		key := func(w, n int) map[string]any {
			return map[string]any{"owner": int64(w), colText.Name: fmt.Sprint(n), colKey.Name: fmt.Sprint(w, "-", n)}
		}
		f.write(func(tx store.Tx) error {
			for i := range 600 {
				if err := tx.Insert(f.ctx, "lead", id.ID(1+i), key(0, i), nil); err != nil {
					return err
				}
			}
			return nil
		})
		var together sync.WaitGroup
		built := make(chan struct{})
		for w := 1; w <= 2; w++ {
			together.Go(func() {
				r, last := f.source(uint64(w)), id.ID(w*10_000)
				for n := 0; ; n++ {
					select {
					case <-built:
						return
					default:
					}
					err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
						switch row := id.ID(1 + 2*r.IntN(300) + w%2); {
						case n%3 == 0:
							return tx.Insert(f.ctx, "lead", last+id.ID(n), key(w, n), nil)
						case n%7 == 0:
							return tx.Delete(f.ctx, "lead", row)
						default:
							err := tx.Update(f.ctx, "lead", row, 0, key(w, n), nil)
							if fault.Is(err, "store.stale") {
								return nil
							}
							return err
						}
					})
					if err != nil {
						f.Errorf("writer %d: %v", w, err)
						return
					}
				}
			})
		}
		err := f.tenant.Index(f.ctx, "lead", paired.Indexes)
		close(built)
		together.Wait()
		f.must(err)
		// What a row has is taken; what none has any more is not.
		var rows []pairs
		for row, err := range f.tenant.Select(f.ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.Owner), query.Field(colText), query.Field(colKey)}, Sort: byID}) {
			f.must(err)
			rows = append(rows, pairs{row[0], row[1], row[2]})
		}
		has := map[any]bool{}
		for _, row := range rows {
			if has[row.key] {
				f.Errorf("two rows have the key %v", row.key)
			}
			has[row.key] = true
		}
		var twice []any // in the run that counts
		f.write(func(tx store.Tx) error {
			twice = nil
			for i := 0; i < len(rows); i += 50 {
				refused, err := tx.Attempt(f.ctx, func() error {
					return tx.Insert(f.ctx, "lead", id.ID(1_000_000+i), map[string]any{colKey.Name: rows[i].key}, nil)
				})
				if err != nil {
					return err
				}
				if !fault.Is(refused, "store.not_unique") {
					twice = append(twice, rows[i].key)
				}
			}
			return nil
		})
		if twice != nil {
			f.Errorf("keys that rows have are taken once more: %v", twice)
		}
		f.write(func(tx store.Tx) error {
			fresh := id.ID(2_000_000)
			for i := range 600 {
				if k := fmt.Sprint(0, "-", i); !has[k] {
					fresh++
					if err := tx.Insert(f.ctx, "lead", fresh, map[string]any{colKey.Name: k}, nil); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}},
	{"a unique index that goes holds nothing", func(f *fixture) {
		f.define(paired)
		f.must(f.insert("lead", 1, map[string]any{colKey.Name: "k"}))
		f.must(f.tenant.Index(f.ctx, "lead", paired.Indexes[:1]))
		f.must(f.insert("lead", 2, map[string]any{colKey.Name: "k"}))
		f.fails(f.tenant.Index(f.ctx, "lead", paired.Indexes), fault.Conflict, "store.not_unique")
		f.must(f.insert("lead", 3, map[string]any{colKey.Name: "k"})) // what was not built holds nothing either
		f.write(func(tx store.Tx) error {
			_, err := tx.DeleteWhere(f.ctx, "lead", query.In{Ref: query.Field(query.ID), Values: []any{int64(1), int64(2)}})
			return err
		})
		f.must(f.tenant.Index(f.ctx, "lead", paired.Indexes))
		f.fails(f.insert("lead", 4, map[string]any{colKey.Name: "k"}), fault.Conflict, "store.not_unique")
		f.must(f.tenant.Drop(f.ctx, "lead", colKey.Name))
		f.define(paired)
		f.must(f.insert("lead", 4, map[string]any{colKey.Name: "k"}))
		f.fails(f.insert("lead", 5, map[string]any{colKey.Name: "k"}), fault.Conflict, "store.not_unique")
		f.must(f.tenant.Drop(f.ctx, "lead"))
		f.define(paired)
		f.must(f.insert("lead", 5, map[string]any{colKey.Name: "k"}))
		f.fails(f.insert("lead", 6, map[string]any{colKey.Name: "k"}), fault.Conflict, "store.not_unique")
	}},
}

// pairs is a row of paired as the model of unique keys has it: its owner, text and key.
type pairs struct{ owner, text, key any }

// uniques does random writes to few rows with few values, and knows what is refused.
type uniques struct {
	f    *fixture
	r    *rand.Rand
	rows map[id.ID]pairs
}

// keyStep is an operation on a row. What it does not name stays.
type keyStep struct {
	op     string // insert, update, delete, where
	row    id.ID
	values map[string]any
}

func (m *uniques) step() keyStep {
	s := keyStep{op: []string{"insert", "insert", "update", "update", "update", "delete", "where"}[m.r.IntN(7)], row: id.ID(1 + m.r.IntN(6)), values: map[string]any{}}
	for _, column := range []struct {
		name   string
		values []any
	}{{"owner", []any{int64(1), int64(2), nil}}, {colText.Name, []any{"a", "b", nil}}, {colKey.Name, []any{"x", "y", "X", "", nil}}} {
		if s.op == "insert" || m.r.IntN(2) == 0 {
			s.values[column.name] = column.values[m.r.IntN(len(column.values))]
		}
	}
	if len(s.values) == 0 {
		s.values[colN.Name] = int64(1)
	}
	return s
}

// told is what the store is to say of a step, of which rows are those before; they become
// those after.
func told(rows map[id.ID]pairs, s keyStep) (codes []string) {
	row, there := rows[s.row]
	switch s.op {
	case "delete", "where":
		delete(rows, s.row)
		return nil
	case "insert":
		if there {
			return []string{"store.duplicate_id"}
		}
	case "update":
		if !there {
			return []string{"store.stale"}
		}
	}
	for name, to := range map[string]*any{"owner": &row.owner, colText.Name: &row.text, colKey.Name: &row.key} {
		if value, set := s.values[name]; set {
			*to = value
		}
	}
	for key, other := range rows {
		if key == s.row {
			continue
		}
		if row.key != nil && other.key == row.key {
			codes = append(codes, "lead_key")
		}
		if row.owner != nil && row.text != nil && other.owner == row.owner && other.text == row.text {
			codes = append(codes, "lead_pair")
		}
	}
	if codes == nil {
		rows[s.row] = row
	}
	return codes
}

// do does a step in the store.
func (m *uniques) do(tx store.Tx, s keyStep) error {
	switch s.op {
	case "insert":
		return tx.Insert(m.f.ctx, "lead", s.row, s.values, nil)
	case "update":
		return tx.Update(m.f.ctx, "lead", s.row, 0, s.values, nil)
	case "delete":
		return tx.Delete(m.f.ctx, "lead", s.row)
	}
	_, err := tx.DeleteWhere(m.f.ctx, "lead", query.Is(query.ID, int64(s.row)))
	return err
}

// all does steps until one is refused. want is what that is to be told, and fails what else
// is wrong.
func (m *uniques) all(tx store.Tx, steps []keyStep, rows map[id.ID]pairs) (refused error, want []string, fails string) {
	for i, s := range steps {
		want := told(rows, s)
		refused := m.do(tx, s)
		if !saysOneOf(refused, want) {
			fails = fmt.Sprintf("step %d of %+v: told %v, want %v", i, steps, refused, want)
		}
		if refused != nil || fails != "" {
			return refused, want, fails
		}
	}
	return nil, nil, ""
}

// write does some steps, as attempts or as they are. Some attempts are refused by whoever
// makes them, after what they did.
func (m *uniques) write() {
	parts := make([][]keyStep, 1+m.r.IntN(4))
	gives := make([]bool, len(parts))
	for i := range parts {
		for range 1 + m.r.IntN(4) {
			parts[i] = append(parts[i], m.step())
		}
		gives[i] = m.r.IntN(4) == 0
	}
	attempted := m.r.IntN(2) == 0
	var after map[id.ID]pairs // as well as what follows, in the run that counts
	var wrong string
	var want []string
	err := m.f.tenant.Write(m.f.ctx, func(tx store.Tx) error {
		after, wrong, want = maps.Clone(m.rows), "", nil
		for i, steps := range parts {
			var fails string
			if !attempted {
				var refused error
				if refused, want, fails = m.all(tx, steps, after); refused != nil {
					return refused
				}
				wrong += fails
				continue
			}
			tried := maps.Clone(after)
			refused, err := tx.Attempt(m.f.ctx, func() (refused error) {
				clear(tried)
				maps.Copy(tried, after)
				if refused, _, fails = m.all(tx, steps, tried); refused == nil && gives[i] {
					refused = errOwn
				}
				return refused
			})
			if err != nil {
				return err
			}
			if wrong += fails; refused == nil {
				after = tried
			}
		}
		return nil
	})
	switch {
	case wrong != "":
		m.f.Fatal(wrong)
	case err == nil:
		m.rows = after
	case want == nil || !saysOneOf(err, want):
		m.f.Fatalf("%+v: failed with %v, want %v", parts, err, want)
	}
	m.compare()
}

// compare reads the rows.
func (m *uniques) compare() {
	var want []store.Row
	for _, key := range slices.Sorted(maps.Keys(m.rows)) {
		row := m.rows[key]
		want = append(want, store.Row{int64(key), row.owner, row.text, row.key})
	}
	got := m.f.rows(m.f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(query.Owner), query.Field(colText), query.Field(colKey)}, Sort: byID})
	m.f.sameRows("rows", got, want, false)
}

// saysOneOf reports whether an error is what one of some says: the code of a fault, or the
// index of one that is not unique. Nothing is said by nil.
func saysOneOf(err error, want []string) bool {
	if err == nil {
		return want == nil
	}
	f := fault.From(err)
	if f.Code == "store.not_unique" {
		index, _ := f.Params["index"].(string)
		return f.Kind == fault.Conflict && slices.Contains(want, index)
	}
	return slices.Contains(want, f.Code)
}

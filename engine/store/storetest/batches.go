package storetest

import (
	"errors"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// batchCases hold stores, which may send what is written together, to what callers are
// told of each row.
var batchCases = []testCase{
	{"many rows in one write", func(f *fixture) {
		f.define(simple)
		const rows = 700
		f.write(func(tx store.Tx) error {
			for key := id.ID(1); key <= rows; key++ {
				if err := tx.Insert(f.ctx, "lead", key, map[string]any{"version": int64(1), colN.Name: int64(0)}, []string{"new"}); err != nil {
					return err
				}
			}
			for key := id.ID(2); key <= rows; key += 2 {
				if err := tx.Update(f.ctx, "lead", key, 1, map[string]any{"version": int64(2), colN.Name: int64(1)}, []string{"old"}); err != nil {
					return err
				}
				if err := tx.Lock(f.ctx, "lead", key-1); err != nil {
					return err
				}
			}
			for key := id.ID(5); key <= rows; key += 5 {
				if err := tx.Delete(f.ctx, "lead", key); err != nil {
					return err
				}
			}
			n, err := tx.Count(f.ctx, "lead", query.Is(colN, int64(1)), nil, 0)
			if err != nil || n != rows/2-rows/10 {
				f.Errorf("%d rows within, %v", n, err)
			}
			return err
		})
		var old, fresh []int64
		for key := int64(1); key <= rows; key++ {
			switch {
			case key%5 == 0:
			case key%2 == 0:
				old = append(old, key)
			default:
				fresh = append(fresh, key)
			}
		}
		f.same("changed", f.ids(f.tenant, "lead", query.Is(query.Version, int64(2))), old)
		f.same("words of those", f.ids(f.tenant, "lead", nil, query.Word{Text: "old"}), old)
		f.same("others", f.ids(f.tenant, "lead", query.Is(query.Version, int64(1))), fresh)
		f.same("words of others", f.ids(f.tenant, "lead", nil, query.Word{Text: "new"}), fresh)
	}},
	{"one row again and again in one write", func(f *fixture) {
		f.define(simple)
		f.write(func(tx store.Tx) error {
			for round := range int64(5) {
				err := errors.Join(
					tx.Insert(f.ctx, "lead", 1, map[string]any{"version": int64(1)}, []string{"x"}),
					tx.Update(f.ctx, "lead", 1, 1, map[string]any{"version": int64(2), colN.Name: round}, nil),
					tx.Lock(f.ctx, "lead", 1),
					tx.Update(f.ctx, "lead", 1, 2, map[string]any{"version": int64(3), colText.Name: "a"}, []string{"y"}))
				if err != nil {
					return err
				}
				if round < 4 {
					if err := tx.Delete(f.ctx, "lead", 1); err != nil {
						return err
					}
				}
			}
			return nil
		})
		f.sameRows("the row", f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.Version), query.Field(colN), query.Field(colText)}}),
			[]store.Row{{int64(3), int64(4), "a"}}, false)
		f.same("its words", f.ids(f.tenant, "lead", nil, query.Word{Text: "x"}), []int64{})
	}},
	{"of many rows the one that is refused is told", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1000, map[string]any{"version": int64(1)}))
		told := map[int64]string{}
		f.write(func(tx store.Tx) error {
			clear(told)
			for i := range id.ID(300) {
				refused, err := tx.Attempt(f.ctx, func() error {
					switch i % 100 {
					case 33:
						return tx.Insert(f.ctx, "lead", 1000, nil, nil)
					case 66:
						return tx.Update(f.ctx, "lead", 1000, 7, map[string]any{"version": int64(8)}, nil)
					case 99:
						return tx.Update(f.ctx, "lead", 2000, 0, map[string]any{"version": int64(8)}, nil)
					}
					return tx.Insert(f.ctx, "lead", 1+i, map[string]any{"version": int64(1)}, []string{"x"})
				})
				if err != nil {
					return err
				}
				if refused != nil {
					told[int64(i)] = fault.From(refused).Code
				}
			}
			return nil
		})
		for i := range int64(300) {
			want := map[int64]string{33: "store.duplicate_id", 66: "store.stale", 99: "store.stale"}[i%100]
			if told[i] != want {
				f.Errorf("row %d is told %q, want %q", i, told[i], want)
			}
		}
		f.same("how many are there", []int64{int64(len(f.ids(f.tenant, "lead", nil, query.Word{Text: "x"})))}, []int64{291})
	}},
	{"the first refusal decides how a write fails", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, nil))
		var refused id.ID // the row at which fn was told
		write := func(last error) error {
			return f.tenant.Write(f.ctx, func(tx store.Tx) error {
				refused = 0
				for _, key := range []id.ID{2, 3, 1, 4} {
					if err := tx.Insert(f.ctx, "lead", key, nil, nil); err != nil {
						refused = key
						return err
					}
				}
				return last
			})
		}
		for _, last := range []error{nil, errOwn} { // which is never come to
			if err := write(last); !fault.Is(err, "store.duplicate_id") || refused != 1 {
				f.Errorf("row %d is refused with %v", refused, err)
			}
		}
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{1})
	}},
	{"a unique key changes hands in one write", func(f *fixture) {
		f.define(simple)
		key := func(k any) map[string]any { return map[string]any{colKey.Name: k} }
		f.must(f.insert("lead", 1, key("k")))
		// Given up first, it can be taken, over and over.
		f.write(func(tx store.Tx) error {
			return errors.Join(
				tx.Update(f.ctx, "lead", 1, 0, key("l"), nil),
				tx.Insert(f.ctx, "lead", 2, key("k"), nil),
				tx.Delete(f.ctx, "lead", 2),
				tx.Insert(f.ctx, "lead", 3, key("k"), nil),
				tx.Update(f.ctx, "lead", 3, 0, key(nil), nil),
				tx.Update(f.ctx, "lead", 1, 0, key("k"), nil))
		})
		f.same("it is back", f.ids(f.tenant, "lead", query.Is(colKey, "k")), []int64{1})
		// Taken first, it is refused, though it is given up later.
		err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
			if err := tx.Update(f.ctx, "lead", 3, 0, map[string]any{colN.Name: int64(1)}, nil); err != nil {
				return err
			}
			if err := tx.Insert(f.ctx, "lead", 4, key("k"), nil); err != nil {
				return err
			}
			return tx.Update(f.ctx, "lead", 1, 0, key(nil), nil)
		})
		f.fails(err, fault.Conflict, "store.not_unique")
		if index := fault.From(err).Params["index"]; index != "lead_key" {
			f.Errorf("the index is %v", index)
		}
	}},
	{"the order of a log in one write", func(f *fixture) {
		f.define(journal, simple)
		f.write(func(tx store.Tx) error {
			for i := range int64(600) {
				if err := tx.Append(f.ctx, "journal", id.ID(i+1), map[string]any{colBig.Name: i}); err != nil {
					return err
				}
				if err := tx.Insert(f.ctx, "lead", id.ID(i+1), nil, nil); err != nil {
					return err
				}
				if i%300 == 150 { // has some of it sent
					if n, err := tx.Count(f.ctx, "journal", nil, nil, 0); err != nil || n != i+1 {
						f.Errorf("%d rows after %d, %v", n, i+1, err)
					}
				}
			}
			return nil
		})
		var nth []int64
		for row, err := range f.tenant.ReadLog(f.ctx, store.LogRead{Table: "journal", Columns: []query.Column{colBig}, Limit: 1000}) {
			f.must(err)
			nth = append(nth, row[1].(int64))
		}
		if len(nth) != 600 || !slices.IsSorted(nth) {
			f.Errorf("%d rows in the order %v", len(nth), nth)
		}
	}},
}

package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

var writeCases = []testCase{
	{"values come back as they went", func(f *fixture) {
		f.define(Tables()...)
		values := []map[string]any{
			{},
			{colN.Name: int64(0), colFlag.Name: false, colText.Name: "", colTags.Name: []string{"b", "a", "b"}, colDoc.Name: json.RawMessage(`{"z":1,"a":[1.50,null,"北"]}`)},
			{colN.Name: int64(math.MaxInt64), colBig.Name: int64(math.MinInt64), colFlag.Name: true, colText.Name: strings.Repeat("北😀\\\"'\n\t", 5000)},
			{colN.Name: int64(1<<53 + 1), colText.Name: "12", colDoc.Name: json.RawMessage(`12345678901234567890.123456789`), colTags.Name: []string{""}},
			{colN.Name: nil, colText.Name: "007", colDoc.Name: json.RawMessage(`"null"`)},
		}
		keys := []id.ID{1, 2, math.MaxInt64, 1 << 60, 77}
		columns := []query.Column{colN, colBig, colFlag, colText, colTags, colDoc}
		var refs []query.Ref
		for _, c := range columns {
			refs = append(refs, query.Field(c))
		}
		for i, key := range keys {
			f.must(f.insert("item", key, values[i]))
			var want store.Row
			for _, c := range columns {
				want = append(want, values[i][c.Name])
			}
			got := f.rows(f.tenant, query.Select{Table: "item", Columns: refs, Filter: query.Is(query.ID, int64(key))})
			f.sameRows(fmt.Sprint("row ", key), got, []store.Row{want}, false)
		}
	}},
	{"update and delete", func(f *fixture) {
		f.define(simple)
		read := func() []store.Row {
			return f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.Version), query.Field(colN), query.Field(colText)}, Sort: byID})
		}
		update := func(key id.ID, version int64, values map[string]any) error {
			return f.tenant.Write(f.ctx, func(tx store.Tx) error { return tx.Update(f.ctx, "lead", key, version, values, nil) })
		}
		f.must(f.insert("lead", 1, map[string]any{"version": int64(1), colN.Name: int64(1), colText.Name: "a"}))
		f.fails(f.insert("lead", 1, nil), fault.Conflict, "store.duplicate_id")
		f.must(update(1, 1, map[string]any{"version": int64(2), colN.Name: nil}))
		f.sameRows("updated", read(), []store.Row{{int64(2), nil, "a"}}, false)
		f.fails(update(1, 1, map[string]any{"version": int64(2), colN.Name: int64(9)}), fault.Stale, "store.stale")
		f.must(update(1, 0, map[string]any{colN.Name: int64(3)}))
		f.sameRows("any version", read(), []store.Row{{int64(2), int64(3), "a"}}, false)
		f.must(update(1, 2, nil)) // nothing to set is no mistake
		f.fails(update(1, 7, nil), fault.Stale, "store.stale")
		f.fails(update(2, 0, map[string]any{colN.Name: int64(3)}), fault.Stale, "store.stale")
		f.fails(update(2, 0, nil), fault.Stale, "store.stale")
		for range 2 {
			f.write(func(tx store.Tx) error { return tx.Delete(f.ctx, "lead", 1) })
		}
		f.fails(update(1, 0, map[string]any{colN.Name: int64(3)}), fault.Stale, "store.stale")
		f.sameRows("deleted", read(), nil, false)
	}},
	{"unique indexes", func(f *fixture) {
		table := simple
		table.Indexes = append([]store.Index{{Name: "lead_pair", Unique: true, Columns: []store.IndexColumn{{Column: query.Owner}, {Column: colText}}}}, simple.Indexes...)
		f.define(table)
		refused := func(err error, index string) {
			f.Helper()
			f.fails(err, fault.Conflict, "store.not_unique")
			if got := fault.From(err).Params["index"]; got != index {
				f.Errorf("index %v refused, want %s", got, index)
			}
		}
		row := func(owner, text, key any) map[string]any {
			return map[string]any{"owner": owner, colText.Name: text, colKey.Name: key}
		}
		f.must(f.insert("lead", 1, row(int64(1), "a", "k1")))
		refused(f.insert("lead", 2, row(int64(2), "a", "k1")), "lead_key")
		refused(f.insert("lead", 2, row(int64(1), "a", "k2")), "lead_pair")
		f.must(f.insert("lead", 2, row(int64(1), "b", "K1")))
		for key := id.ID(10); key < 13; key++ { // empty ones are not held to it
			f.must(f.insert("lead", key, row(nil, "a", nil)))
			f.must(f.insert("lead", key+10, row(int64(1), nil, nil)))
		}
		refused(f.tenant.Write(f.ctx, func(tx store.Tx) error {
			return tx.Update(f.ctx, "lead", 2, 0, map[string]any{colText.Name: "a"}, nil)
		}), "lead_pair")
		f.write(func(tx store.Tx) error { return tx.Delete(f.ctx, "lead", 1) })
		f.must(f.insert("lead", 3, row(int64(1), "a", "k1")))
	}},
	{"rollback", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{"version": int64(1), colN.Name: int64(1)}, "old"))
		err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
			f.must(tx.Insert(f.ctx, "lead", 2, map[string]any{colKey.Name: "k"}, []string{"new"}))
			f.must(tx.Update(f.ctx, "lead", 1, 0, map[string]any{colN.Name: int64(2)}, []string{"newer"}))
			f.same("its own words", f.ids(tx, "lead", nil, query.Word{Text: "new", Prefix: true}), []int64{1, 2})
			f.must(tx.Delete(f.ctx, "lead", 1))
			return errOwn
		})
		if !errors.Is(err, errOwn) {
			f.Fatalf("got %v", err)
		}
		f.sameRows("after", f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(colN)}}), []store.Row{{int64(1), int64(1)}}, false)
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "old"}), []int64{1})
		f.same("words that never were", f.ids(f.tenant, "lead", nil, query.Word{Text: "new", Prefix: true}), []int64{})
		f.must(f.insert("lead", 3, map[string]any{colKey.Name: "k"}, "new"))
		f.same("words after", f.ids(f.tenant, "lead", nil, query.Word{Text: "new", Prefix: true}), []int64{3})
	}},
	{"reads its own writes", func(f *fixture) {
		f.define(simple)
		f.made("lead")
		f.write(func(tx store.Tx) error {
			f.must(tx.Insert(f.ctx, "lead", 1, map[string]any{colN.Name: int64(5)}, []string{"word"}))
			f.same("selects", f.ids(tx, "lead", query.Is(colN, int64(5))), []int64{1})
			f.same("words", f.ids(tx, "lead", nil, query.Word{Text: "word"}), []int64{1})
			count, err := tx.Count(f.ctx, "lead", nil, nil, 0)
			if err != nil || count != 1 {
				f.Errorf("counts %d %v", count, err)
			}
			groups, err := collect(tx.Aggregate(f.ctx, query.Aggregate{Table: "lead", Measures: []query.Measure{{Op: query.Sum, Ref: query.Field(colN)}}}))
			f.must(err)
			f.sameRows("sums", groups, []store.Row{{int64(5)}}, false)
			same, err := f.tenant.Count(f.ctx, "lead", nil, nil, 0)
			if err != nil || same != 0 {
				f.Errorf("another sees %d %v of what is not committed", same, err)
			}
			return nil
		})
	}},
	{"a refused insert does not spoil the transaction", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{colKey.Name: "k"}))
		var key, id error // in the run that counts
		f.write(func(tx store.Tx) error {
			f.must(tx.Insert(f.ctx, "lead", 2, nil, []string{"two"}))
			key = tx.Insert(f.ctx, "lead", 3, map[string]any{colKey.Name: "k"}, []string{"three"})
			id = tx.Insert(f.ctx, "lead", 1, nil, nil)
			return tx.Insert(f.ctx, "lead", 4, nil, nil)
		})
		f.fails(key, fault.Conflict, "store.not_unique")
		f.fails(id, fault.Conflict, "store.duplicate_id")
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{1, 2, 4})
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "t", Prefix: true}), []int64{2})
	}},
	{"a panic becomes an error", func(f *fixture) {
		f.define(simple)
		f.made("lead")
		err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
			f.must(tx.Insert(f.ctx, "lead", 1, nil, nil))
			panic("of the test")
		})
		if err == nil || fault.KindOf(err) != fault.Internal {
			f.Errorf("got %v", err)
		}
		f.must(f.insert("lead", 2, nil))
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{2})
	}},
	{"delete where", func(f *fixture) {
		d := Random(f.source(3), 50)
		f.load(d)
		filter := query.Any{query.Compare{Ref: query.Field(colN), Op: query.Gt, Value: int64(0)},
			query.Compare{Ref: query.Ref{Hops: []query.Hop{{Lookup: colCountry, Table: "country"}}, Column: colFlag}, Op: query.Eq, Value: true}}
		want := len(d.Select(query.Select{Table: "company", Filter: filter}))
		f.write(func(tx store.Tx) error {
			got, err := tx.DeleteWhere(f.ctx, "company", filter)
			if int(got) != want {
				f.Errorf("deleted %d, want %d", got, want)
			}
			return err
		})
		f.same("what it was to delete", f.ids(f.tenant, "company", filter), []int64{})
		count, err := f.tenant.Count(f.ctx, "company", nil, nil, 0)
		f.must(err)
		if int(count) != len(d["company"])-want {
			f.Errorf("%d are left of %d", count, len(d["company"]))
		}
	}},
	{"writers side by side", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{colN.Name: int64(0)}))
		const writers, rounds = 8, 20
		var group sync.WaitGroup
		var mu sync.Mutex
		want := map[int64]bool{1: true}
		for w := range writers {
			group.Go(func() {
				for i := range rounds {
					key := id.ID(100 + w*rounds + i)
					fail := (w+i)%5 == 0
					err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
						// A counter that everybody raises shows lost updates.
						var n int64
						for row, err := range tx.Select(f.ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(colN)}, Filter: query.Is(query.ID, int64(1))}) {
							if err != nil {
								return err
							}
							n = row[0].(int64)
						}
						if err := tx.Update(f.ctx, "lead", 1, 0, map[string]any{colN.Name: n + 1}, nil); err != nil {
							return err
						}
						if err := tx.Insert(f.ctx, "lead", key, map[string]any{colKey.Name: fmt.Sprint(key)}, []string{"x"}); err != nil {
							return err
						}
						if fail {
							return errOwn
						}
						return nil
					})
					if fail != errors.Is(err, errOwn) || (err != nil && !fail) {
						f.Errorf("writer %d: %v", w, err)
					}
					if !fail {
						mu.Lock()
						want[int64(key)] = true
						mu.Unlock()
					}
				}
			})
		}
		group.Wait()
		got := f.ids(f.tenant, "lead", nil)
		for _, key := range got {
			if !want[key] {
				f.Errorf("row %d was never acknowledged", key)
			}
		}
		if len(got) != len(want) {
			f.Errorf("%d rows, want %d", len(got), len(want))
		}
		rows := f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(colN)}, Sort: byID, Limit: 1})
		if n := rows[0][0].(int64); int(n) != len(want)-1 {
			f.Errorf("the counter is %d after %d writes", n, len(want)-1)
		}
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "x"}), got[1:])
	}},
	{"locked rows", func(f *fixture) {
		f.define(simple)
		lock := func(key id.ID) {
			f.write(func(tx store.Tx) error { return tx.Lock(f.ctx, "lead", key) })
		}
		f.must(f.insert("lead", 1, map[string]any{"version": int64(4), colN.Name: int64(0)}))
		lock(1)
		lock(1)
		lock(999) // there is none
		f.sameRows("a locked row stays as it is", f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(query.Version), query.Field(colN)}}),
			[]store.Row{{int64(1), int64(4), int64(0)}}, false)

		// Whoever finds no row of a group makes one. Without the lock several would,
		// since none of them changes what another read.
		const groups, writers = 12, 6
		var together sync.WaitGroup
		for w := range writers {
			together.Go(func() {
				for g := range int64(groups) {
					of := query.Is(colN, 1+g)
					err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
						if err := tx.Lock(f.ctx, "lead", 1); err != nil {
							return err
						}
						if n, err := tx.Count(f.ctx, "lead", of, nil, 0); err != nil || n > 0 {
							return err
						}
						return tx.Insert(f.ctx, "lead", id.ID(100+int64(w)*groups+g), map[string]any{colN.Name: 1 + g}, nil)
					})
					if err != nil {
						f.Errorf("writer %d: %v", w, err)
					}
				}
			})
		}
		together.Wait()
		if n, err := f.tenant.Count(f.ctx, "lead", nil, nil, 0); err != nil || n != 1+groups {
			f.Errorf("%d rows, %v, want one and %d", n, err, groups)
		}
	}},
	{"rows that are deleted while others lock them", func(f *fixture) {
		f.define(simple)
		// Items refer to a row by n. They lock it when they come; who deletes it deletes them.
		const rows = 30
		for key := range id.ID(rows) {
			f.must(f.insert("lead", 1+key, nil))
		}
		var together sync.WaitGroup
		for w := range 3 {
			together.Go(func() {
				for key := range int64(rows) {
					err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
						n, err := tx.Count(f.ctx, "lead", query.Is(query.ID, 1+key), nil, 0)
						if err != nil || n == 0 {
							return err
						}
						if err := tx.Lock(f.ctx, "lead", id.ID(1+key)); err != nil {
							return err
						}
						return tx.Insert(f.ctx, "lead", id.ID(1000*int64(w+1)+key), map[string]any{colN.Name: 1 + key}, nil)
					})
					if err != nil {
						f.Errorf("writer %d: %v", w, err)
					}
				}
			})
		}
		together.Go(func() {
			for key := range int64(rows) {
				err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
					for _, item := range f.ids(tx, "lead", query.Is(colN, 1+key)) {
						if err := tx.Delete(f.ctx, "lead", id.ID(item)); err != nil {
							return err
						}
					}
					return tx.Delete(f.ctx, "lead", id.ID(1+key))
				})
				if err != nil {
					f.Errorf("deleting: %v", err)
				}
			}
		})
		together.Wait()
		f.same("rows that are left, which refer to none", f.ids(f.tenant, "lead", nil), []int64{})
	}},
	{"cancelled", func(f *fixture) {
		f.load(Random(f.source(2), 50))
		over, cancel := context.WithCancel(f.ctx)
		cancel()
		if err := f.tenant.Write(over, func(tx store.Tx) error { return tx.Insert(over, "item", 1000, nil, nil) }); err == nil {
			f.Error("a cancelled write was acknowledged")
		}
		if _, err := f.tenant.Count(over, "item", nil, nil, 0); err == nil {
			f.Error("a cancelled count counted")
		}
		if _, err := collect(f.tenant.Select(over, query.Select{Table: "item", Columns: []query.Ref{query.Field(query.ID)}, Sort: byID})); !errors.Is(err, context.Canceled) {
			f.Errorf("a cancelled select: %v", err)
		}
		if err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
			f.must(tx.Insert(f.ctx, "item", 1001, nil, nil))
			_, err := tx.Count(over, "item", nil, nil, 0)
			return err
		}); err == nil {
			f.Error("a write with a cancelled read inside was acknowledged")
		}
		f.same("rows of cancelled writes", f.ids(f.tenant, "item", query.Compare{Ref: query.Field(query.ID), Op: query.Ge, Value: int64(1000)}), []int64{})
	}},
}

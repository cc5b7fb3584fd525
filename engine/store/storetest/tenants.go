package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

var tenantCases = []testCase{
	{"tenants", func(f *fixture) {
		_, err := f.store.Create(f.ctx, "acme")
		f.fails(err, fault.Conflict, "tenant.exists")
		_, err = f.store.Tenant(f.ctx, "nobody")
		f.fails(err, fault.NotFound, "tenant.not_found")
		for _, name := range []string{"zeta-9", "b"} {
			tenant, err := f.store.Create(f.ctx, name)
			f.must(err)
			if tenant.Name() != name {
				f.Errorf("a tenant %s calls itself %s", name, tenant.Name())
			}
		}
		names, err := f.store.Tenants(f.ctx)
		f.must(err)
		if got := strings.Join(names, " "); got != "acme b zeta-9" {
			f.Errorf("tenants are %q", got)
		}
		f.must(f.store.Ping(f.ctx))
	}},
	{"size and clock", func(f *fixture) {
		f.define(simple)
		before, err := f.store.Size(f.ctx)
		f.must(err)
		if before < 0 {
			f.Errorf("the store takes %d bytes", before)
		}
		for i := range 200 {
			f.must(f.insert("lead", id.ID(i+1), map[string]any{colKey.Name: fmt.Sprint(i, strings.Repeat("x", 10_000))}))
		}
		after, err := f.store.Size(f.ctx)
		f.must(err)
		if after < before { // how soon it grows is the store's own matter
			f.Errorf("the store takes %d bytes, and %d with two megabytes more", before, after)
		}
		now, err := f.store.Clock(f.ctx)
		f.must(err)
		if !now.IsZero() && time.Since(now).Abs() > time.Hour {
			f.Errorf("the store's clock shows %v", now)
		}
	}},
	{"tenant names", func(f *fixture) {
		for _, name := range []string{"", "A", "1a", "-a", "a/b", "../x", "a.b", "a b", "a\x00", "ä", "a_b", strings.Repeat("a", 64)} {
			_, err := f.store.Create(f.ctx, name)
			f.fails(err, fault.Invalid, "tenant.name")
			_, err = f.store.Tenant(f.ctx, name)
			f.fails(err, fault.NotFound, "tenant.not_found")
			if f.store.Delete(f.ctx, name) == nil {
				f.Errorf("deleted a tenant %q", name)
			}
		}
	}},
	{"tenants are isolated", func(f *fixture) {
		other, err := f.store.Create(f.ctx, "other")
		f.must(err)
		f.define(simple)
		f.must(other.Define(f.ctx, simple))
		f.must(f.insert("lead", 1, map[string]any{colKey.Name: "x"}, "word"))
		f.must(other.Write(f.ctx, func(tx store.Tx) error {
			return tx.Insert(f.ctx, "lead", 2, map[string]any{colKey.Name: "x"}, []string{"word"})
		}))
		f.same("acme", f.ids(f.tenant, "lead", nil), []int64{1})
		f.same("other", f.ids(other, "lead", nil), []int64{2})
		f.same("words of acme", f.ids(f.tenant, "lead", nil, query.Word{Text: "word"}), []int64{1})
		f.must(f.store.Delete(f.ctx, "other"))
		f.same("acme after the other is gone", f.ids(f.tenant, "lead", nil), []int64{1})
	}},
	{"the largest row", func(f *fixture) {
		f.define(simple, store.Table{Name: "log", Log: true, Columns: []query.Column{colText}})
		fits := strings.Repeat("x", store.MaxRow-store.RowSize(map[string]any{colText.Name: ""}, nil))
		for n, c := range []struct {
			text string
			code string
		}{{fits, ""}, {fits + "x", "store.row_too_large"}} {
			for what, do := range map[string]func(tx store.Tx) error{
				"insert": func(tx store.Tx) error {
					return tx.Insert(f.ctx, "lead", id.ID(n+1), map[string]any{colText.Name: c.text}, nil)
				},
				"append": func(tx store.Tx) error {
					return tx.Append(f.ctx, "log", id.ID(n+1), map[string]any{colText.Name: c.text})
				},
				"update": func(tx store.Tx) error {
					if err := tx.Insert(f.ctx, "lead", id.ID(n+10), nil, nil); err != nil {
						return err
					}
					return tx.Update(f.ctx, "lead", id.ID(n+10), 0, map[string]any{colText.Name: c.text}, nil)
				},
			} {
				err := f.tenant.Write(f.ctx, do)
				if c.code == "" && err != nil {
					f.Errorf("%s of %d bytes: %v", what, len(c.text), err)
				}
				if c.code != "" {
					f.fails(err, fault.TooLarge, c.code)
				}
			}
		}
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{1, 10})
	}},
	{"a long text", func(f *fixture) {
		f.define(simple)
		text := func(of string) string { return strings.Repeat(of, 1_000_000) + " the end" }
		holds := func(where string, in store.Reader, want string) {
			f.Helper()
			rows := f.rows(in, query.Select{Table: "lead", Columns: []query.Ref{query.Field(colText)}})
			if len(rows) != 1 || rows[0][0] != want {
				f.Errorf("%s is another text", where)
			}
		}
		f.must(f.insert("lead", 1, map[string]any{colText.Name: text("字")}, "word"))
		holds("what was written", f.tenant, text("字"))
		f.same("by its end", f.ids(f.tenant, "lead", query.Like{Ref: query.Field(colText), Text: "字 the end", At: query.End}), []int64{1})
		f.write(func(tx store.Tx) error {
			f.must(tx.Update(f.ctx, "lead", 1, 0, map[string]any{colText.Name: text("词")}, nil))
			holds("what is written", tx, text("词"))
			return nil
		})
		var dumped bytes.Buffer
		f.must(f.tenant.Dump(f.ctx, &dumped))
		other, err := f.store.Load(f.ctx, "other", &dumped)
		f.must(err)
		holds("what was loaded", other, text("词"))
		f.same("by its word", f.ids(other, "lead", nil, query.Word{Text: "word"}), []int64{1})
	}},
	{"marks", func(f *fixture) {
		f.define(simple)
		at := time.Now() // of stores with marks, which take it from outside only in their own tests
		write := func(n id.ID, at time.Time) {
			f.Helper()
			f.write(func(tx store.Tx) error {
				f.must(tx.Mark(f.ctx, "work", at))
				return tx.Insert(f.ctx, "lead", n, nil, nil)
			})
		}
		write(1, at.Add(-time.Minute))
		marks := f.store.Marks()
		if marks == nil {
			return // one process serves the store
		}
		take := func(want int) []store.Mark {
			f.Helper()
			taken, err := marks.Take(f.ctx, "work", 10, time.Hour)
			f.must(err)
			if len(taken) != want {
				f.Fatalf("%d tenants have work, want %d", len(taken), want)
			}
			return taken
		}
		first := take(1)[0]
		if first.Tenant != "acme" || first.Topic != "work" || first.Last {
			f.Errorf("took %+v", first)
		}
		take(0)
		write(2, at.Add(-time.Hour)) // sooner than the mark comes due again
		f.must(marks.Settle(f.ctx, first, time.Time{}))
		second := take(1)[0]
		f.must(marks.Settle(f.ctx, second, at.Add(-time.Second)))
		f.must(marks.Settle(f.ctx, second, time.Time{})) // not as it was
		f.must(marks.Settle(f.ctx, take(1)[0], time.Time{}))
		take(0)
		write(3, at.Add(-time.Hour))
		take(1)
		_, err := f.store.Create(f.ctx, "other")
		f.must(err)
		if taken := take(1); taken[0].Tenant != "other" {
			f.Errorf("took %+v", taken)
		}
	}},
	{"formats", func(f *fixture) {
		stamped := func(of interface {
			Format(ctx context.Context) (int, error)
			Stamp(ctx context.Context, format int) error
		}) {
			f.Helper()
			for want := range 3 { // 0 is the format without a stamp
				if want > 0 {
					f.must(of.Stamp(f.ctx, want))
				}
				if got, err := of.Format(f.ctx); err != nil || got != want {
					f.Errorf("the format is %d, want %d (%v)", got, want, err)
				}
			}
		}
		stamped(f.store)
		stamped(f.tenant)
		names, err := f.store.Tenants(f.ctx)
		f.must(err)
		if len(names) != 1 {
			f.Errorf("the stamps are taken for tenants: %q", names)
		}
		other, err := f.store.Create(f.ctx, "other")
		f.must(err)
		if got, err := other.Format(f.ctx); err != nil || got != 0 {
			f.Errorf("a new tenant has the format %d (%v)", got, err)
		}
		f.must(f.store.Delete(f.ctx, "acme"))
		if _, err := f.tenant.Format(f.ctx); err == nil {
			f.Error("a deleted tenant tells its format")
		}
	}},
	{"dump and load", func(f *fixture) {
		f.load(Random(f.source(5), 60))
		f.define(simple, store.Table{Name: "log", Log: true, Columns: []query.Column{colN}})
		f.must(f.insert("lead", 1, map[string]any{colText.Name: "x"}, "old"))
		f.write(func(tx store.Tx) error { return tx.Update(f.ctx, "lead", 1, 0, nil, []string{"word", "other", "王"}) })
		f.write(func(tx store.Tx) error { return tx.Append(f.ctx, "log", 1, map[string]any{colN.Name: int64(5)}) })
		_, err := f.tenant.LogEnd(f.ctx, "log") // the next row may have no position yet
		f.must(err)
		f.write(func(tx store.Tx) error { return tx.Append(f.ctx, "log", 2, map[string]any{colN.Name: int64(6)}) })
		f.must(f.tenant.Stamp(f.ctx, 7))
		var dumped bytes.Buffer
		f.must(f.tenant.Dump(f.ctx, &dumped))
		f.must(f.insert("lead", 2, nil)) // after it

		_, err = f.store.Load(f.ctx, "acme", bytes.NewReader(dumped.Bytes()))
		f.fails(err, fault.Conflict, "tenant.exists")
		_, err = f.store.Load(f.ctx, "A", bytes.NewReader(dumped.Bytes()))
		f.fails(err, fault.Invalid, "tenant.name")
		_, err = f.store.Load(f.ctx, "other", strings.NewReader("no dump of anything"))
		f.fails(err, fault.Invalid, "store.foreign_dump")
		if _, err = f.store.Load(f.ctx, "other", bytes.NewReader(dumped.Bytes()[:dumped.Len()/2])); err == nil {
			f.Error("half a dump was loaded")
		}
		_, err = f.store.Tenant(f.ctx, "other")
		f.fails(err, fault.NotFound, "tenant.not_found")

		other, err := f.store.Load(f.ctx, "other", &dumped)
		f.must(err)
		if other.Identity() == f.tenant.Identity() {
			f.Error("a loaded tenant has the identity of the one that was dumped")
		}
		f.same("what was loaded", f.ids(other, "lead", nil), []int64{1})
		f.same("by its words", f.ids(other, "lead", nil, query.Word{Text: "word"}), []int64{1})
		f.same("by those it had", f.ids(other, "lead", nil, query.Word{Text: "old"}), []int64{})
		if format, err := other.Format(f.ctx); err != nil || format != 7 {
			f.Errorf("the format is %d (%v)", format, err)
		}
		was, err := f.tenant.LogEnd(f.ctx, "log")
		f.must(err)
		is, err := other.LogEnd(f.ctx, "log")
		f.must(err)
		if was != is {
			f.Errorf("the log ends at %d, that of the other at %d", was, is)
		}
		f.write(func(tx store.Tx) error { return tx.Delete(f.ctx, "lead", 2) })
		SameContents(f, "what was loaded", Contents(f, other), Contents(f, f.tenant))
		f.must(other.Define(f.ctx, simple)) // it can be written to
		f.must(other.Write(f.ctx, func(tx store.Tx) error { return tx.Insert(f.ctx, "lead", 3, nil, nil) }))
		f.same("the first one", f.ids(f.tenant, "lead", nil), []int64{1})

		f.must(other.Write(f.ctx, func(tx store.Tx) error { // of a log that has nothing left
			_, err := tx.TrimLog(f.ctx, "log", is)
			return err
		}))
		dumped.Reset()
		f.must(other.Dump(f.ctx, &dumped))
		third, err := f.store.Load(f.ctx, "third", &dumped)
		f.must(err)
		f.must(third.Write(f.ctx, func(tx store.Tx) error { return tx.Append(f.ctx, "log", 3, nil) }))
		if end, err := third.LogEnd(f.ctx, "log"); err != nil || end <= is {
			f.Errorf("what is appended to an empty log has position %d, and %d was given before (%v)", end, is, err)
		}
		names, err := f.store.Tenants(f.ctx)
		f.must(err)
		if got := strings.Join(names, " "); got != "acme other third" {
			f.Errorf("tenants are %q", got)
		}
	}},
	{"deleted tenant", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, nil))
		f.must(f.store.Delete(f.ctx, "acme"))
		if err := f.insert("lead", 2, nil); err == nil {
			f.Error("a deleted tenant was written to")
		}
		if _, err := f.tenant.Count(f.ctx, "lead", nil, nil, 0); err == nil {
			f.Error("a deleted tenant was read")
		}
		_, err := f.store.Tenant(f.ctx, "acme")
		f.fails(err, fault.NotFound, "tenant.not_found")
		f.fails(f.store.Delete(f.ctx, "acme"), fault.NotFound, "tenant.not_found")
		tenant, err := f.store.Create(f.ctx, "acme")
		f.must(err)
		f.must(tenant.Define(f.ctx, simple))
		f.same("a new one of the name", f.ids(tenant, "lead", nil), []int64{})
	}},
}

var schemaCases = []testCase{
	{"tables grow", func(f *fixture) {
		narrow := store.Table{Name: "lead", Columns: []query.Column{query.Version, colN}}
		f.define(narrow)
		f.must(f.insert("lead", 1, map[string]any{colN.Name: int64(5)}))
		wide := narrow
		wide.Columns = append([]query.Column{colText, colTags, colFlag}, narrow.Columns...)
		f.define(wide, wide)
		f.define(narrow) // takes nothing away
		f.must(f.insert("lead", 2, map[string]any{colText.Name: "x", colFlag.Name: true, colTags.Name: []string{"a"}}))
		f.sameRows("rows", f.rows(f.tenant, query.Select{Table: "lead", Sort: byID,
			Columns: []query.Ref{query.Field(colN), query.Field(colText), query.Field(colFlag), query.Field(colTags)}}),
			[]store.Row{{int64(5), nil, nil, nil}, {nil, "x", true, []string{"a"}}}, false)
	}},
	{"a new column's unique index", func(f *fixture) {
		f.define(store.Table{Name: "lead", Columns: []query.Column{query.Version}})
		f.must(f.insert("lead", 1, nil))
		f.must(f.insert("lead", 2, nil))
		f.define(store.Table{Name: "lead", Columns: []query.Column{query.Version, colKey}, Indexes: simple.Indexes})
		f.must(f.insert("lead", 3, map[string]any{colKey.Name: "x"}))
		f.fails(f.insert("lead", 4, map[string]any{colKey.Name: "x"}), fault.Conflict, "store.not_unique")
	}},
	{"names are taken literally", func(f *fixture) {
		odd := query.Column{Name: `phone:d."x" or 1=1; --`, Storage: fieldtype.Text}
		f.define(store.Table{Name: "group", Columns: []query.Column{odd, {Name: "select:t", Storage: fieldtype.Text}, {Name: "Order:t", Storage: fieldtype.Text}}})
		f.must(f.insert("group", 1, map[string]any{odd.Name: "a", "select:t": "b", "Order:t": "c"}))
		f.same("by the odd column", f.ids(f.tenant, "group", query.Is(odd, "a")), []int64{1})
	}},
	{"indexes", func(f *fixture) {
		f.load(Random(f.source(1), 60))
		ascending := func(columns ...query.Column) (out []store.IndexColumn) {
			for _, c := range columns {
				out = append(out, store.IndexColumn{Column: c})
			}
			return out
		}
		first := store.Index{Name: "item_a", Columns: ascending(query.Owner, colN)}
		second := store.Index{Name: "item_b", Columns: []store.IndexColumn{{Column: colText}, {Column: colN, Descending: true}}}
		names := func() (out string) {
			indexes, err := f.tenant.Indexes(f.ctx, "item")
			f.must(err)
			for _, i := range indexes {
				out += i.Name
				for _, c := range i.Columns {
					out += " " + c.Column.Name
					if c.Descending {
						out += " desc"
					}
				}
				if i.Unique {
					out += " unique"
				}
				out += ";"
			}
			return out
		}
		f.must(f.tenant.Index(f.ctx, "item", []store.Index{second, first}))
		if got := names(); got != "item_a owner n:i2;item_b text:t n:i2 desc;" {
			f.Errorf("indexes are %q", got)
		}
		f.must(f.tenant.Index(f.ctx, "item", []store.Index{second, first}))
		first.Columns = ascending(colN) // of the same name, but another one
		f.must(f.tenant.Index(f.ctx, "item", []store.Index{first}))
		if got := names(); got != "item_a n:i2;" {
			f.Errorf("indexes are %q", got)
		}
		f.must(f.tenant.Index(f.ctx, "item", nil))
		if got := names(); got != "" {
			f.Errorf("indexes are %q", got)
		}
	}},
	{"a unique index on rows that are alike", func(f *fixture) {
		f.load(Random(f.source(1), 60))
		unique := store.Index{Name: "item_u", Columns: []store.IndexColumn{{Column: colN}}, Unique: true}
		f.fails(f.tenant.Index(f.ctx, "item", []store.Index{unique}), fault.Conflict, "store.not_unique")
		indexes, err := f.tenant.Indexes(f.ctx, "item")
		f.must(err)
		for _, i := range indexes {
			if i.Name == unique.Name {
				f.Error("it is there")
			}
		}
		f.must(f.tenant.Index(f.ctx, "item", nil))
	}},
	{"drop", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{colText.Name: "x", colN.Name: int64(1)}, "word"))
		f.must(f.tenant.Drop(f.ctx, "lead", colText.Name, colKey.Name, "never:t")) // one is held by an index, one is not there
		f.define(simple)
		f.sameRows("a column that came again", f.rows(f.tenant, query.Select{Table: "lead", Sort: byID,
			Columns: []query.Ref{query.Field(colText), query.Field(colN)}}), []store.Row{{nil, int64(1)}}, false)
		f.must(f.tenant.Drop(f.ctx, "lead"))
		f.must(f.tenant.Drop(f.ctx, "lead"))
		f.define(simple)
		f.same("a table that came again", f.ids(f.tenant, "lead", nil), []int64{})
		f.same("its words", f.ids(f.tenant, "lead", nil, query.Word{Text: "word"}), []int64{})
	}},
	{"explain", func(f *fixture) {
		f.load(Random(f.source(1), 60))
		f.must(f.tenant.Index(f.ctx, "item", []store.Index{{Name: "item_list", Columns: []store.IndexColumn{{Column: query.Owner}, {Column: colFlag}, {Column: colN}}}}))
		q := query.Select{Table: "item", Columns: []query.Ref{query.Field(query.ID), query.Field(colText)}, Limit: 50,
			Filter: query.All{query.Is(query.Owner, int64(1)), query.Is(colFlag, true)},
			Sort:   []query.Order{{Ref: query.Field(colN), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}}
		plan, err := f.tenant.Explain(f.ctx, q)
		f.must(err)
		if len(plan.Scans) != 0 || len(plan.Uses) != 1 || plan.Uses[0] != "item_list" || plan.Sorted || plan.Text == "" {
			f.Errorf("with the index: %+v", plan)
		}
		f.must(f.tenant.Index(f.ctx, "item", nil))
		plan, err = f.tenant.Explain(f.ctx, q)
		f.must(err)
		if len(plan.Scans) != 1 || plan.Scans[0] != "item" || len(plan.Uses) != 0 || !plan.Sorted {
			f.Errorf("without: %+v", plan)
		}
	}},
}

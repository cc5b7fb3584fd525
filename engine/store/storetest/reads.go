package storetest

import (
	"fmt"
	"strings"
	"sync"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

var (
	viaCompany = []query.Hop{{Lookup: colCompany, Table: "company"}}
	viaCountry = []query.Hop{{Lookup: colCompany, Table: "company"}, {Lookup: colCountry, Table: "country"}}
	viaParent  = []query.Hop{{Lookup: colParent, Table: "item"}}
)

// few is a model small enough to read expectations off.
//
//	item 1: n 1, text "alpha", flag true, tags a b, company 1 (flag true) in country 1 ("eu")
//	item 2: n 2, text "Alpine", flag false, company 2 (flag false) in a country that is gone
//	item 3: n -3, text "50%_x", tags b, company 9, which is gone; parent 1
//	item 4: all empty but parent 2
func few() Data {
	return Data{
		"item": {
			1: {colN.Name: int64(1), colText.Name: "alpha", colFlag.Name: true, colTags.Name: []string{"a", "b"}, colCompany.Name: int64(1), colBig.Name: int64(1)},
			2: {colN.Name: int64(2), colText.Name: "Alpine", colFlag.Name: false, colCompany.Name: int64(2), colBig.Name: int64(5)},
			3: {colN.Name: int64(-3), colText.Name: "50%_x", colTags.Name: []string{"b"}, colCompany.Name: int64(9), colParent.Name: int64(1)},
			4: {colParent.Name: int64(2)},
		},
		"company": {
			1: {colText.Name: "one", colFlag.Name: true, colCountry.Name: int64(1)},
			2: {colText.Name: "two", colFlag.Name: false, colCountry.Name: int64(5)},
		},
		"country": {1: {colText.Name: "eu", colFlag.Name: true}},
	}
}

var readCases = []testCase{
	{"filters", func(f *fixture) {
		f.load(few())
		n, text, flag, tags := query.Field(colN), query.Field(colText), query.Field(colFlag), query.Field(colTags)
		compare := func(ref query.Ref, op query.Op, v any) query.Filter {
			return query.Compare{Ref: ref, Op: op, Value: v}
		}
		not := func(part query.Filter) query.Filter { return query.Not{Filter: part} }
		all := []int64{1, 2, 3, 4}
		many := make([]any, 0, 3000)
		for i := range 3000 {
			many = append(many, int64(i+2))
		}
		for _, c := range []struct {
			name   string
			filter query.Filter
			want   []int64
		}{
			{"nil", nil, all}, {"empty all", query.All{}, all}, {"nothing", query.Nothing, nil}, {"not nothing", not(query.Nothing), all},
			{"not nil", not(nil), nil}, {"all of nil", query.All{nil, nil}, all}, {"any of nil", query.Any{nil}, all},
			{"eq", compare(n, query.Eq, int64(1)), []int64{1}}, {"not eq", not(compare(n, query.Eq, int64(1))), []int64{2, 3, 4}},
			{"ne", compare(n, query.Ne, int64(1)), []int64{2, 3, 4}}, {"not ne", not(compare(n, query.Ne, int64(1))), []int64{1}},
			{"lt", compare(n, query.Lt, int64(2)), []int64{1, 3}}, {"not lt", not(compare(n, query.Lt, int64(2))), []int64{2, 4}},
			{"le", compare(n, query.Le, int64(2)), []int64{1, 2, 3}}, {"gt", compare(n, query.Gt, int64(-3)), []int64{1, 2}},
			{"ge", compare(n, query.Ge, int64(-3)), []int64{1, 2, 3}}, {"not ge", not(compare(n, query.Ge, int64(-3))), []int64{4}},
			{"eq nil", compare(n, query.Eq, nil), []int64{4}}, {"ne nil", compare(n, query.Ne, nil), []int64{1, 2, 3}},
			{"not eq nil", not(compare(n, query.Eq, nil)), []int64{1, 2, 3}}, {"lt nil", compare(n, query.Lt, nil), nil},
			{"not ge nil", not(compare(n, query.Ge, nil)), all},
			{"false", compare(flag, query.Eq, false), []int64{2}}, {"not true", compare(flag, query.Ne, true), []int64{2, 3, 4}},
			{"false is less than true", compare(flag, query.Lt, true), []int64{2}},
			{"text is by bytes", compare(text, query.Lt, "B"), []int64{2, 3}},
			{"list is empty", compare(tags, query.Eq, nil), []int64{2, 4}}, {"list is not empty", compare(tags, query.Ne, nil), []int64{1, 3}},
			{"of another type", compare(n, query.Eq, "1"), nil}, {"ne of another type", compare(n, query.Ne, "1"), all},
			{"text is no number", compare(text, query.Ge, int64(0)), nil},
			{"in", query.In{Ref: n, Values: []any{int64(1), int64(-3), int64(7)}}, []int64{1, 3}}, {"in none", query.In{Ref: n}, nil},
			{"not in", not(query.In{Ref: n, Values: []any{int64(1)}}), []int64{2, 3, 4}}, {"not in none", not(query.In{Ref: n}), all},
			{"in texts", query.In{Ref: text, Values: []any{"alpha", "Alpha"}}, []int64{1}}, {"in flags", query.In{Ref: flag, Values: []any{false}}, []int64{2}},
			{"in very many", query.In{Ref: n, Values: many}, []int64{2}}, {"not in very many", not(query.In{Ref: n, Values: many}), []int64{1, 3, 4}},
			{"starts", query.Like{Ref: text, Text: "al", At: query.Start}, []int64{1}}, {"does not start", not(query.Like{Ref: text, Text: "al", At: query.Start}), []int64{2, 3, 4}},
			{"ends", query.Like{Ref: text, Text: "ne", At: query.End}, []int64{2}}, {"contains", query.Like{Ref: text, Text: "lp"}, []int64{1, 2}},
			{"contains literally", query.Like{Ref: text, Text: "%_"}, []int64{3}}, {"contains a joker", query.Like{Ref: text, Text: "a%"}, nil},
			{"contains nothing", query.Like{Ref: text, Text: ""}, []int64{1, 2, 3}},
			{"has", query.Has{Ref: tags, Text: "b"}, []int64{1, 3}}, {"has not", not(query.Has{Ref: tags, Text: "a"}), []int64{2, 3, 4}},
			{"has no part of a text", query.Has{Ref: tags, Text: ""}, nil},
			{"id", query.In{Ref: query.Field(query.ID), Values: []any{int64(2), int64(4), int64(8)}}, []int64{2, 4}},
			{"all", query.All{compare(n, query.Gt, int64(0)), query.Like{Ref: text, Text: "alp"}}, []int64{1}},
			{"any", query.Any{compare(n, query.Gt, int64(1)), compare(n, query.Eq, nil)}, []int64{2, 4}},
			{"not all", not(query.All{compare(n, query.Gt, int64(0)), query.Like{Ref: text, Text: "alp"}}), []int64{2, 3, 4}},
			{"not any", not(query.Any{compare(n, query.Gt, int64(1)), compare(n, query.Eq, nil)}), []int64{1, 3}},
		} {
			f.same(c.name, f.ids(f.tenant, "item", c.filter), c.want)
			f.counts(c.name, "item", c.filter, nil, len(c.want))
		}
	}},
	{"filters that compare two columns", func(f *fixture) {
		f.load(few())
		n, big := query.Field(colN), query.Field(colBig)
		for _, c := range []struct {
			name   string
			filter query.Filter
			want   []int64
		}{
			{"lt", query.CompareRefs{Left: n, Op: query.Lt, Right: big}, []int64{2}},
			{"eq", query.CompareRefs{Left: n, Op: query.Eq, Right: big}, []int64{1, 4}},
			{"ne", query.CompareRefs{Left: n, Op: query.Ne, Right: big}, []int64{2, 3}},
			{"not ge", query.Not{Filter: query.CompareRefs{Left: n, Op: query.Ge, Right: big}}, []int64{2, 3, 4}},
			{"across", query.CompareRefs{Left: query.Field(colFlag), Op: query.Eq, Right: query.Ref{Hops: viaCompany, Column: colFlag}}, []int64{1, 2, 3, 4}},
		} {
			f.same(c.name, f.ids(f.tenant, "item", c.filter), c.want)
			f.counts(c.name, "item", c.filter, nil, len(c.want))
		}
	}},
	{"long filters", func(f *fixture) {
		f.load(few())
		var any query.Any
		var all query.All
		for i := range 1500 {
			any = append(any, query.Is(colN, int64(i-1499)))
			all = append(all, query.Compare{Ref: query.Field(colN), Op: query.Ne, Value: int64(i)})
		}
		f.same("any of many", f.ids(f.tenant, "item", any), []int64{3})
		f.same("all of many", f.ids(f.tenant, "item", all), []int64{3, 4})
		var deep query.Filter = query.Is(colN, int64(1))
		for range 40 {
			deep = query.Not{Filter: query.All{query.Not{Filter: query.Any{deep}}}}
		}
		f.same("deep", f.ids(f.tenant, "item", deep), []int64{1})
	}},
	{"hops", func(f *fixture) {
		f.load(few())
		guarded := []query.Hop{{Lookup: colCompany, Table: "company", Guard: query.Is(colFlag, true)}}
		behind := append(guarded[:1:1], query.Hop{Lookup: colCountry, Table: "country"})
		inEU := query.Compare{Ref: query.Ref{Hops: []query.Hop{{Lookup: colCountry, Table: "country"}}, Column: colText}, Op: query.Eq, Value: "eu"}
		deepGuard := []query.Hop{{Lookup: colCompany, Table: "company", Guard: inEU}}
		eq := func(hops []query.Hop, c query.Column, v any) query.Filter {
			return query.Compare{Ref: query.Ref{Hops: hops, Column: c}, Op: query.Eq, Value: v}
		}
		ne := func(hops []query.Hop, c query.Column, v any) query.Filter {
			return query.Compare{Ref: query.Ref{Hops: hops, Column: c}, Op: query.Ne, Value: v}
		}
		for _, c := range []struct {
			name   string
			filter query.Filter
			want   []int64
		}{
			{"one", eq(viaCompany, colText, "two"), []int64{2}}, {"one is empty", eq(viaCompany, colText, nil), []int64{3, 4}},
			{"one, not", query.Not{Filter: eq(viaCompany, colText, "two")}, []int64{1, 3, 4}}, {"ne", ne(viaCompany, colText, "two"), []int64{1, 3, 4}},
			{"two", eq(viaCountry, colText, "eu"), []int64{1}}, {"two, gone", eq(viaCountry, colText, nil), []int64{2, 3, 4}},
			{"the id of a record that is gone is empty", ne(viaCompany, query.ID, nil), []int64{1, 2}},
			{"the lookup itself is not", ne(nil, colCompany, nil), []int64{1, 2, 3}},
			{"to its own table", eq(viaParent, colText, "alpha"), []int64{3}}, {"both sides", query.Any{eq(viaParent, colFlag, false), eq(viaCompany, colFlag, true)}, []int64{1, 4}},
			{"guarded", eq(guarded, colText, "two"), nil}, {"guarded ne", ne(guarded, colText, "one"), []int64{2, 3, 4}},
			{"behind a guard", eq(behind, colText, "eu"), []int64{1}}, {"guarded and not", query.All{eq(viaCompany, colText, "two"), eq(guarded, colText, nil)}, []int64{2}},
			{"a guard that hops", eq(deepGuard, colText, "one"), []int64{1}}, {"a guard that hops, closed", eq(deepGuard, colText, nil), []int64{2, 3, 4}},
			{"guard nothing", ne([]query.Hop{{Lookup: colCompany, Table: "company", Guard: query.Nothing}}, colText, nil), nil},
			{"list behind a hop", query.Has{Ref: query.Ref{Hops: viaParent, Column: colTags}, Text: "a"}, []int64{3}},
		} {
			f.same(c.name, f.ids(f.tenant, "item", c.filter), c.want)
		}
		got := f.rows(f.tenant, query.Select{Table: "item", Sort: byID,
			Columns: []query.Ref{query.Field(query.ID), {Hops: viaCompany, Column: colText}, {Hops: guarded, Column: colText}, {Hops: viaCountry, Column: colFlag}, {Hops: viaParent, Column: colTags}}})
		f.sameRows("columns behind hops", got, []store.Row{
			{int64(1), "one", "one", true, nil}, {int64(2), "two", nil, nil, nil}, {int64(3), nil, nil, nil, []string{"a", "b"}}, {int64(4), nil, nil, nil, nil}}, false)
	}},
	{"sort by a hop", func(f *fixture) {
		f.load(few())
		got := f.rows(f.tenant, query.Select{Table: "item", Sort: []query.Order{{Ref: query.Ref{Hops: viaCompany, Column: colText}, Descending: true}, {Ref: query.Field(query.ID)}},
			Columns: []query.Ref{query.Field(query.ID), {Hops: viaCompany, Column: colText}, {Hops: viaCountry, Column: colFlag}}})
		f.sameRows("sorted", got, []store.Row{{int64(2), "two", nil}, {int64(1), "one", true}, {int64(3), nil, nil}, {int64(4), nil, nil}}, false)
	}},
	{"sort and limit", func(f *fixture) {
		f.load(few())
		for _, c := range []struct {
			sort []query.Order
			want []int64
		}{
			{[]query.Order{{Ref: query.Field(colN)}}, []int64{4, 3, 1}}, {[]query.Order{{Ref: query.Field(colN), Descending: true}}, []int64{2, 1, 3}},
			{[]query.Order{{Ref: query.Field(colText)}}, []int64{4, 3, 2}}, {[]query.Order{{Ref: query.Field(colFlag), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}, []int64{1, 2, 4}},
		} {
			got := []int64{}
			for _, row := range f.rows(f.tenant, query.Select{Table: "item", Columns: []query.Ref{query.Field(query.ID)}, Sort: c.sort, Limit: 3}) {
				got = append(got, row[0].(int64))
			}
			f.same(fmt.Sprintf("%+v", c.sort), got, c.want)
		}
	}},
	{"rows are left out at the beginning", func(f *fixture) {
		f.load(Random(f.source(9), 60))
		f.leavesOut(byID)
		f.leavesOut([]query.Order{{Ref: query.Field(colN), Descending: true}, {Ref: query.Field(query.ID), Descending: true}})
	}},
	{"rows are left out that are sorted by a hop", func(f *fixture) {
		f.load(Random(f.source(9), 60))
		f.leavesOut([]query.Order{{Ref: query.Ref{Hops: viaCompany, Column: colText}}, {Ref: query.Field(query.ID)}})
	}},
	{"a loop that ends early lets go", func(f *fixture) {
		f.load(Random(f.source(4), 100))
		q := query.Select{Table: "item", Columns: []query.Ref{query.Field(query.ID)}, Sort: byID}
		for range 200 {
			for _, err := range f.tenant.Select(f.ctx, q) {
				f.must(err)
				break
			}
		}
		func() { // a panic of the loop's body too
			defer func() { _ = recover() }()
			for range f.tenant.Select(f.ctx, q) {
				panic("of the test")
			}
		}()
		f.must(f.insert("item", 1000, nil))
	}},
	{"a query inside a query's loop", func(f *fixture) {
		f.load(Random(f.source(4), 40))
		var group sync.WaitGroup
		q := query.Select{Table: "item", Columns: []query.Ref{query.Field(query.ID)}, Sort: byID}
		for range 12 {
			group.Go(func() {
				for row, err := range f.tenant.Select(f.ctx, q) {
					if err != nil {
						f.Error(err)
						return
					}
					one, err := f.tenant.Count(f.ctx, "item", query.Is(query.ID, row[0]), nil, 0)
					if err != nil || one != 1 {
						f.Errorf("counted %d, %v", one, err)
						return
					}
				}
			})
		}
		group.Wait()
	}},
	{"one state for as long as it runs", func(f *fixture) {
		f.define(simple)
		f.write(func(tx store.Tx) error {
			for i := range 300 {
				if err := tx.Insert(f.ctx, "lead", id.ID(i+1), map[string]any{colText.Name: strings.Repeat("x", 500)}, nil); err != nil {
					return err
				}
			}
			return nil
		})
		seen := 0
		for _, err := range f.tenant.Select(f.ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID)}, Sort: byID}) {
			f.must(err)
			if seen == 0 {
				f.must(f.insert("lead", 1000, nil))
				f.write(func(tx store.Tx) error {
					for key := id.ID(290); key <= 300; key++ {
						if err := tx.Delete(f.ctx, "lead", key); err != nil {
							return err
						}
					}
					return nil
				})
			}
			seen++
		}
		if seen != 300 {
			f.Errorf("saw %d rows of 300", seen)
		}
	}},
}

var searchCases = []testCase{
	{"words", func(f *fixture) {
		f.define(simple)
		for key, words := range map[id.ID][]string{
			1: {"acme", "gmbh", "berlin"}, 2: {"acme", "ltd"}, 3: {"acre", "ltd", "北", "京", "北京"}, 4: {"a_b", "info@acme.example", "50%", "c++", "o'neil", `"q"`},
			5: {"and", "or", "not", "near", "acme*", "-", "^", "(", "text:x", "é", "😀"}, 6: nil,
		} {
			f.must(f.insert("lead", key, map[string]any{colN.Name: int64(key)}, words...))
		}
		word := func(text string) query.Word { return query.Word{Text: text} }
		prefix := func(text string) query.Word { return query.Word{Text: text, Prefix: true} }
		for _, c := range []struct {
			words []query.Word
			want  []int64
		}{
			{nil, []int64{1, 2, 3, 4, 5, 6}}, {[]query.Word{word("acme")}, []int64{1, 2}}, {[]query.Word{word("acm")}, nil}, {[]query.Word{prefix("acm")}, []int64{1, 2, 5}},
			{[]query.Word{prefix("ac")}, []int64{1, 2, 3, 5}}, {[]query.Word{prefix("a")}, []int64{1, 2, 3, 4, 5}}, {[]query.Word{prefix("acme"), word("ltd")}, []int64{2}},
			{[]query.Word{word("ltd"), prefix("ac")}, []int64{2, 3}}, {[]query.Word{word("ltd"), word("gmbh")}, nil}, {[]query.Word{word("北京")}, []int64{3}}, {[]query.Word{word("北")}, []int64{3}},
			{[]query.Word{word("京北")}, nil}, {[]query.Word{word("a_b")}, []int64{4}}, {[]query.Word{word("a")}, nil}, {[]query.Word{word("b")}, nil},
			{[]query.Word{word("info@acme.example")}, []int64{4}}, {[]query.Word{prefix("info@")}, []int64{4}}, {[]query.Word{word("50%")}, []int64{4}}, {[]query.Word{word("50")}, nil},
			{[]query.Word{word("c++")}, []int64{4}}, {[]query.Word{word("o'neil")}, []int64{4}}, {[]query.Word{word(`"q"`)}, []int64{4}}, {[]query.Word{word("or")}, []int64{5}},
			{[]query.Word{word("near"), word("and")}, []int64{5}}, {[]query.Word{word("acme*")}, []int64{5}}, {[]query.Word{word("-")}, []int64{5}}, {[]query.Word{word("(")}, []int64{5}},
			{[]query.Word{word("text:x")}, []int64{5}}, {[]query.Word{word("é")}, []int64{5}}, {[]query.Word{word("e")}, nil}, {[]query.Word{word("😀")}, []int64{5}},
		} {
			f.same(fmt.Sprint(c.words), f.ids(f.tenant, "lead", nil, c.words...), c.want)
			f.counts(fmt.Sprint(c.words), "lead", nil, c.words, len(c.want))
		}
		f.same("with a filter", f.ids(f.tenant, "lead", query.Compare{Ref: query.Field(colN), Op: query.Ne, Value: int64(1)}, prefix("ac")), []int64{2, 3, 5})
		got := f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID)}, Words: []query.Word{prefix("ac")}, Limit: 2,
			Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}})
		f.sameRows("the newest", got, []store.Row{{int64(5)}, {int64(3)}}, false)
	}},
	{"sums of what has words", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{colN.Name: int64(1)}, "acme", "gmbh"))
		f.must(f.insert("lead", 2, map[string]any{colN.Name: int64(2)}, "acme"))
		f.must(f.insert("lead", 3, map[string]any{colN.Name: int64(4)}, "acre"))
		sums, err := collect(f.tenant.Aggregate(f.ctx, query.Aggregate{Table: "lead", Words: []query.Word{{Text: "acme"}}, Measures: []query.Measure{{Op: query.Sum, Ref: query.Field(colN)}}}))
		f.must(err)
		f.sameRows("aggregated", sums, []store.Row{{int64(3)}}, false)
	}},
	{"words change", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, nil, "old", "both"))
		f.must(f.insert("lead", 2, nil, "both"))
		set := func(words []string) {
			f.Helper()
			f.write(func(tx store.Tx) error {
				return tx.Update(f.ctx, "lead", 1, 0, map[string]any{colN.Name: int64(1)}, words)
			})
		}
		find := func(text string) []int64 { return f.ids(f.tenant, "lead", nil, query.Word{Text: text}) }
		set(nil)
		f.same("left alone", find("old"), []int64{1})
		set([]string{"new", "both"})
		f.same("old", find("old"), nil)
		f.same("new", find("new"), []int64{1})
		f.same("both", find("both"), []int64{1, 2})
		set([]string{})
		f.same("emptied", find("both"), []int64{2})
		set([]string{"again"})
		f.write(func(tx store.Tx) error { return tx.Delete(f.ctx, "lead", 1) })
		f.same("deleted", find("again"), nil)
		f.must(f.insert("lead", 1, nil, "back"))
		f.same("restored", find("back"), []int64{1})
		f.same("restored, without the old words", find("again"), nil)
	}},
}

// counts counts all rows, and up to bounds around their number.
func (f *fixture) counts(name, table string, filter query.Filter, words []query.Word, want int) {
	f.Helper()
	for _, most := range []int{0, want - 1, want, want + 1} {
		if most < 0 {
			continue
		}
		expected := want
		if most > 0 {
			expected = min(want, most)
		}
		if n, err := f.tenant.Count(f.ctx, table, filter, words, int64(most)); err != nil || int(n) != expected {
			f.Errorf("%s: counted %d of %d up to %d, %v", name, n, want, most, err)
		}
	}
}

// leavesOut compares what is left of a sort with the whole of it.
func (f *fixture) leavesOut(sort []query.Order) {
	all := query.Select{Table: "item", Columns: []query.Ref{query.Field(query.ID)}, Sort: sort}
	rows := f.rows(f.tenant, all)
	for _, skip := range []int{0, 1, 7, len(rows) - 1, len(rows), len(rows) + 5} {
		some := all
		some.Skip, some.Limit = skip, 10
		from := min(skip, len(rows))
		f.sameRows(fmt.Sprintf("%d of %+v", skip, sort), f.rows(f.tenant, some), rows[from:min(from+10, len(rows))], true)
	}
}

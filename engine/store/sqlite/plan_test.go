package sqlite

import (
	"slices"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/storetest"
	"formwork/metadata/fieldtype"
)

var (
	status  = query.Column{Name: "status:t", Storage: fieldtype.Text}
	revenue = query.Column{Name: "revenue:i2", Storage: fieldtype.Int}
	account = query.Column{Name: "account:i", Storage: fieldtype.Int}
	name    = query.Column{Name: "name:k", Storage: fieldtype.Text}
	parent  = query.Column{Name: "parent:i", Storage: fieldtype.Int}

	deal = store.Table{Name: "deal", Columns: []query.Column{query.Version, query.Owner, status, revenue, account, name, parent}, Search: true, Indexes: []store.Index{
		{Name: "list", Columns: []store.IndexColumn{{Column: query.Owner}, {Column: status}, {Column: revenue}}},
		{Name: "by_name", Columns: []store.IndexColumn{{Column: name}}},
		{Name: "below", Columns: []store.IndexColumn{{Column: parent}, {Column: name}, {Column: query.ID}}, Filled: true},
	}}
)

func eq(c query.Column, v any) query.Filter {
	return query.Is(c, v)
}

func by(columns ...query.Column) (sort []query.Order) {
	for _, c := range columns {
		sort = append(sort, query.Order{Ref: query.Field(c), Descending: true})
	}
	return sort
}

// Lists are served by an index that fits filter and sort, page by page.
func TestPlans(t *testing.T) {
	s := open(t)
	tenant, err := s.Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Define(t.Context(), deal, store.Table{Name: "account", Columns: []query.Column{name}}); err != nil {
		t.Fatal(err)
	}
	mine := query.All{eq(query.Owner, int64(1)), eq(status, "open")}
	through := query.Ref{Hops: []query.Hop{{Lookup: account, Table: "account", Guard: query.Compare{Ref: query.Field(name), Op: query.Ne, Value: "x"}}}, Column: name}
	for _, c := range []struct {
		name   string
		q      query.Select
		uses   []string
		scans  []string
		sorted bool
	}{
		{"own, by revenue", query.Select{Filter: mine, Sort: by(revenue, query.ID)}, []string{"list"}, nil, false},
		{"its next page", query.Select{Filter: query.All{mine, query.After(by(revenue, query.ID), []any{int64(5), int64(7)})}, Sort: by(revenue, query.ID)}, []string{"list"}, nil, false},
		{"its last pages", query.Select{Filter: query.All{mine, query.After(by(revenue, query.ID), []any{nil, int64(7)})}, Sort: by(revenue, query.ID)}, []string{"list"}, nil, false},
		{"own, and a column through a lookup", query.Select{Filter: mine, Columns: []query.Ref{through}, Sort: by(revenue, query.ID)}, []string{"list"}, nil, false},
		{"own of several", query.Select{Filter: query.All{mine[0], query.In{Ref: query.Field(status), Values: []any{"open", "won"}}}, Sort: by(revenue, query.ID)}, []string{"list"}, nil, true},
		{"newest", query.Select{Sort: by(query.ID)}, nil, nil, false},
		{"by name", query.Select{Sort: []query.Order{{Ref: query.Field(name)}, {Ref: query.Field(query.ID)}}}, []string{"by_name"}, nil, false},
		{"name begins", query.Select{Filter: query.Like{Ref: query.Field(name), Text: "al", At: query.Start}, Sort: []query.Order{{Ref: query.Field(name)}, {Ref: query.Field(query.ID)}}}, []string{"by_name"}, nil, false},
		{"below one", query.Select{Filter: eq(parent, int64(1)), Sort: by(name, query.ID)}, []string{"below"}, nil, false},
		{"its next page", query.Select{Filter: query.All{eq(parent, int64(1)), query.After(by(name, query.ID), []any{"x", int64(7)})}, Sort: by(name, query.ID)}, []string{"below"}, nil, false},
		{"below several", query.Select{Filter: query.In{Ref: query.Field(parent), Values: []any{int64(1), int64(2)}}, Sort: by(query.ID)}, []string{"below"}, nil, true},
		{"below none", query.Select{Filter: query.Is(parent, nil), Sort: by(query.ID)}, nil, []string{"deal"}, false},
		{"without an index", query.Select{Filter: eq(account, int64(1)), Sort: by(revenue, query.ID)}, nil, []string{"deal"}, true},
		{"one", query.Select{Filter: eq(query.ID, int64(1))}, nil, nil, false},
		{"newest with words", query.Select{Words: []query.Word{{Text: "x", Prefix: true}}, Sort: by(query.ID)}, nil, nil, false},
	} {
		c.q.Table, c.q.Limit = "deal", 50
		c.q.Columns = append(c.q.Columns, query.Field(query.ID), query.Field(name))
		plan, err := tenant.Explain(t.Context(), c.q)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !slices.Equal(plan.Uses, c.uses) || !slices.Equal(plan.Scans, c.scans) || plan.Sorted != c.sorted {
			t.Errorf("%s: uses %v, scans %v, sorted %v\n%s", c.name, plan.Uses, plan.Scans, plan.Sorted, plan.Text)
		}
	}
}

// A unique index on a new column holds from the start, and is one of all rows once
// Index was asked for it.
func TestUniqueOnANewColumn(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	insert(t, tenant, 1, 2, 3)
	code := query.Column{Name: "code:t", Storage: fieldtype.Text}
	grown := deal
	grown.Columns = append(slices.Clone(deal.Columns), code)
	grown.Indexes = append(slices.Clone(deal.Indexes), store.Index{Name: "code", Unique: true, Columns: []store.IndexColumn{{Column: query.Owner}, {Column: code}}})
	if err := tenant.Define(t.Context(), grown); err != nil {
		t.Fatal(err)
	}
	for key, filled := range []bool{true, false} {
		indexes, err := tenant.Indexes(t.Context(), "deal")
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(indexes, func(i store.Index) bool { return i.Name == "code" }); i < 0 || !indexes[i].Unique || indexes[i].Filled != filled {
			t.Errorf("indexes are %v", indexes)
		}
		put := func(key id.ID, owner int64, code any) error {
			return tenant.Write(t.Context(), func(tx store.Tx) error {
				return tx.Insert(t.Context(), "deal", key, map[string]any{"owner": owner, "code:t": code}, nil)
			})
		}
		base, owner := id.ID(10*(key+1)), int64(key)
		for i, code := range []any{"a", "b", nil, nil} {
			if err := put(base+id.ID(i), owner, code); err != nil {
				t.Fatal(err)
			}
		}
		if err := put(base+9, owner, "a"); !fault.Is(err, "store.not_unique") || fault.From(err).Params["index"] != "code" {
			t.Errorf("a second one: %v", err)
		}
		if err := tenant.Index(t.Context(), "deal", grown.Indexes); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is asked, values are parameters and names are quoted.
func TestValuesAreNeverText(t *testing.T) {
	evil := `x'); DROP TABLE "deal"; --"`
	column := query.Column{Name: evil, Storage: fieldtype.Text}
	s, err := newCompiler().selection(query.Select{Table: evil, Columns: []query.Ref{query.Field(column)}, Words: []query.Word{{Text: evil}}},
		query.All{eq(column, evil), query.Like{Ref: query.Field(column), Text: evil}, query.In{Ref: query.Field(column), Values: []any{evil, "y"}}})
	if err != nil {
		t.Fatal(err)
	}
	quoted := quote(evil)
	if rest := strings.ReplaceAll(strings.ReplaceAll(s.text, quote(wordsOf(evil)), ""), quoted, ""); strings.Contains(rest, "DROP") {
		t.Errorf("the value is in %s", rest)
	}
}

func TestPageBranches(t *testing.T) {
	sort := []query.Order{{Ref: query.Field(revenue), Descending: true}, {Ref: query.Field(name)}, {Ref: query.Field(query.ID), Descending: true}}
	for _, c := range []struct {
		what   string
		filter query.Filter
		want   int
	}{
		{"no page", eq(status, "open"), 1},
		{"all of them", query.After(sort, []any{int64(1), "a", int64(3)}), 4}, // same name, same revenue, less revenue, no revenue
		{"in a conjunction", query.All{eq(status, "open"), query.All{query.After(sort, []any{int64(1), "a", int64(3)}), eq(status, "open")}}, 4},
		{"at the end of the first key", query.After(sort, []any{nil, "a", int64(3)}), 2},
		{"empty second key", query.After(sort, []any{int64(1), nil, int64(3)}), 4},
		{"of another sort", query.After(sort[1:], []any{"a", int64(3)}), 1},
		{"in a disjunction", query.Any{eq(status, "open"), query.After(sort, []any{int64(1), "a", int64(3)})}, 1},
	} {
		if got := len(pageBranches(query.Select{Filter: c.filter, Sort: sort, Limit: 10})); got != c.want {
			t.Errorf("%s: %d branches, want %d", c.what, got, c.want)
		}
	}
}

// Any filter compiles, and to at most what SQLite takes.
func FuzzFilter(f *testing.F) {
	f.Add(uint64(1))
	s, err := Open(f.TempDir(), Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Create(f.Context(), "acme")
	if err != nil {
		f.Fatal(err)
	}
	if err := tenant.Define(f.Context(), storetest.Tables()...); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := storetest.Source(seed)
		if _, err := tenant.Count(t.Context(), "item", storetest.RandomFilter(r, "item", 6), nil, 0); err != nil && !fault.Is(err, "query.too_complex") {
			t.Error(err)
		}
	})
}

func TestWordsAreQuoted(t *testing.T) {
	for _, c := range []struct {
		words []query.Word
		want  string
	}{
		{nil, ""}, {[]query.Word{{Text: "  "}}, ""},
		{[]query.Word{{Text: `a" OR "b`, Prefix: true}, {Text: "c\x00d"}}, `"a"""* AND "OR"* AND """b"* AND "cd"`},
	} {
		if got, ok := match(c.words); got != c.want || ok != (c.want != "") {
			t.Errorf("%v: %s", c.words, got)
		}
	}
}

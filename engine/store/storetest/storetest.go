// Package storetest is the suite that every adapter of engine/store passes, with
// generators of rows and queries that other tests of filters may use.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Run runs the suite. open returns an empty store, which open's test closes (by
// t.Cleanup). skip maps the name of a subtest to the reason why this store can't
// pass it; a name that is no subtest is a mistake and fails.
func Run(t *testing.T, open func(t *testing.T) store.Store, skip map[string]string) {
	run(t, open, skip, slices.Concat(tenantCases, schemaCases, writeCases, uniqueCases, batchCases, attemptCases, readCases, searchCases, aggregateCases, logCases, propertyCases))
}

// RunUnique runs the part of the suite that is about unique indexes.
func RunUnique(t *testing.T, open func(t *testing.T) store.Store) { run(t, open, nil, uniqueCases) }

func run(t *testing.T, open func(t *testing.T) store.Store, skip map[string]string, cases []testCase) {
	known := map[string]bool{}
	for _, c := range cases {
		known[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			if reason := skip[c.name]; reason != "" {
				t.Skip(reason)
			}
			f := &fixture{T: t, store: open(t), ctx: t.Context()}
			tenant, err := f.store.Create(f.ctx, "acme")
			f.must(err)
			f.tenant = tenant
			c.run(f)
		})
	}
	for name := range skip {
		if !known[name] {
			t.Errorf("there is no subtest %q to skip", name)
		}
	}
}

// testCase is a subtest; it gets a store with one empty tenant, acme.
type testCase struct {
	name string
	run  func(f *fixture)
}

type fixture struct {
	*testing.T
	store  store.Store
	tenant store.Tenant
	ctx    context.Context
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// fails asserts a fault by its code and kind.
func (f *fixture) fails(err error, kind fault.Kind, code string) {
	f.Helper()
	if !fault.Is(err, code) || fault.KindOf(err) != kind {
		f.Fatalf("got %v, want the fault %s (%v)", err, code, kind)
	}
}

func (f *fixture) define(tables ...store.Table) {
	f.Helper()
	f.must(f.tenant.Define(f.ctx, tables...))
}

func (f *fixture) write(fn func(tx store.Tx) error) {
	f.Helper()
	f.must(f.tenant.Write(f.ctx, fn))
}

func (f *fixture) insert(table string, key id.ID, values map[string]any, words ...string) error {
	return f.tenant.Write(f.ctx, func(tx store.Tx) error { return tx.Insert(f.ctx, table, key, values, words) })
}

// made has had a row in a table: a store may make the table with the first one, and then runs the write that
// met it once more, which tests that count runs, or whose writes go on after an error, don't want.
func (f *fixture) made(table string) {
	f.Helper()
	f.must(f.insert(table, 1<<40, nil))
	f.write(func(tx store.Tx) error { return tx.Delete(f.ctx, table, 1<<40) })
}

// load puts a model's rows into the tenant.
func (f *fixture) load(d Data) {
	f.Helper()
	f.define(Tables()...)
	f.write(func(tx store.Tx) error {
		for table, rows := range d {
			for key, values := range rows {
				if err := tx.Insert(f.ctx, table, key, values, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// collect reads all rows, copied.
func collect(seq func(func(store.Row, error) bool)) ([]store.Row, error) {
	var rows []store.Row
	for row, err := range seq {
		if err != nil {
			return rows, err
		}
		rows = append(rows, slices.Clone(row))
	}
	return rows, nil
}

func (f *fixture) rows(r store.Reader, q query.Select) []store.Row {
	f.Helper()
	rows, err := collect(r.Select(f.ctx, q))
	if err != nil {
		f.Fatalf("%v\n%s", err, describe(q))
	}
	return rows
}

// ids reads the ids that a filter selects, ascending unless sorted otherwise.
func (f *fixture) ids(r store.Reader, table string, filter query.Filter, words ...query.Word) []int64 {
	f.Helper()
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: filter, Words: words, Sort: byID}
	found := []int64{}
	for _, row := range f.rows(r, q) {
		found = append(found, row[0].(int64))
	}
	return found
}

func (f *fixture) same(what string, got, want []int64) {
	f.Helper()
	if !slices.Equal(got, want) {
		f.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (f *fixture) sameRows(what string, got, want []store.Row, sorted bool) {
	f.Helper()
	g, w := ShowAll(got, sorted), ShowAll(want, sorted)
	if !slices.Equal(g, w) {
		f.Fatalf("%s:\n got %q\nwant %q", what, g, w)
	}
}

var byID = []query.Order{{Ref: query.Field(query.ID)}}

// Source makes random numbers that a failing test can be run again with.
func Source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func (f *fixture) source(seed uint64) *rand.Rand { return Source(seed) }

func describe(q any) string { return fmt.Sprintf("%+v", q) }

var errOwn = errors.New("of the test")

// simple is a small table with words and a unique key.
var simple = store.Table{
	Name: "lead", Columns: []query.Column{query.Version, query.Owner, colN, colText, colKey}, Search: true,
	Indexes: []store.Index{{Name: "lead_key", Columns: []store.IndexColumn{{Column: colKey}}, Unique: true}},
}

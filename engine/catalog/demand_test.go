package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/demand"
	"formwork/engine/enginetest"
	"formwork/engine/query"
	"formwork/engine/record/read"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
)

const things = `{"kind":"object","name":"thing","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},
	"status":{"type":"picklist","options":{"a":{},"b":{}}},"score":{"type":"number"},"note":{"type":"long_text"}}}`

// demanding is a tenant whose lists are used.
type demanding struct {
	*enginetest.Tenant
	t *testing.T
}

func newDemanding(t *testing.T, open teststore.Opener, rows int) *demanding {
	p := enginetest.New(t, enginetest.Options{Open: open})
	d := &demanding{p.NewTenant("one", "core"), t}
	d.Apply(things)
	o := d.Snapshot().Objects["thing"]
	column := func(name string) string { f, _ := o.Field(name); return f.Column.Name }
	err := d.Write(t.Context(), func(tx store.Tx) error {
		for i := range rows {
			values := map[string]any{"version": int64(1), "owner": int64(1), "created_at": int64(0), "updated_at": int64(0),
				column("name"): fmt.Sprint("n", i), column("status"): []string{"a", "b"}[i%2], column("score"): int64(i % 97)}
			if err := tx.Insert(t.Context(), o.Table.Name, d.IDs.Next(), values, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.RunJobs()
	return d
}

// list reads the list of a filter and a sort some times.
func (d *demanding) list(times int, filter string, sort ...string) {
	d.t.Helper()
	s := d.System()
	for range times {
		if _, err := s.List(d.t.Context(), "thing", read.ListQuery{Filter: filter, Sort: sort}); err != nil {
			d.t.Fatal(err)
		}
	}
}

// pass moves the clock on, and does what is due then.
func (d *demanding) pass(by time.Duration) {
	d.t.Helper()
	d.Clock.Pass(by)
	d.FlushUses(d.t.Context())
	d.RunJobs()
}

// demanded are the names of the indexes that are not planned.
func (d *demanding) demanded() (names []string) {
	d.t.Helper()
	have, err := d.Indexes(d.t.Context(), "thing")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, i := range have {
		if !slices.ContainsFunc(d.Snapshot().Indexes["thing"], func(p store.Index) bool { return p.Name == i.Name }) {
			names = append(names, i.Name)
		}
	}
	return names
}

func (d *demanding) want(when string, names ...string) {
	d.t.Helper()
	if got := d.demanded(); !slices.Equal(got, names) {
		d.t.Fatalf("%s there are the indexes %v, not %v", when, got, names)
	}
}

const byScore = "i.status:t.score:i0.id"

// An index is made for a list once it is used often, is used by it, stays through revisions
// and while it is used, and is dropped when nobody has used it for a month.
func TestIndexesOnDemand(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		d := newDemanding(t, open, catalog.FewRows+1)
		d.want("at first")
		d.list(demand.Often-1, `status == "a"`, "-score")
		d.pass(time.Hour)
		d.want("used seldom")
		d.pass(24 * time.Hour)
		d.list(demand.Often-1, `status == "a"`, "-score")
		d.pass(time.Hour)
		d.want("used seldom on two days")
		d.list(1, `status == "a"`, "-score")
		d.pass(time.Hour)
		d.want("used often", byScore)

		o := d.Snapshot().Objects["thing"]
		status, _ := o.Field("status")
		score, _ := o.Field("score")
		plan, err := d.Explain(t.Context(), query.Select{Table: "thing", Columns: []query.Ref{query.Field(query.ID)}, Filter: query.Is(status.Column, "a"),
			Sort: []query.Order{{Ref: query.Field(score.Column), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		if plan.Sorted || !strings.Contains(plan.Text, byScore) {
			t.Errorf("the list is read so: %+v", plan)
		}

		d.Apply(strings.Replace(things, `"note"`, `"place":{"type":"text","indexed":true},"note"`, 1))
		d.RunJobs()
		d.want("after a revision", byScore)
		d.pass(20 * 24 * time.Hour)
		d.list(1, `status == "b"`, "score")
		d.pass(time.Hour)
		d.pass(20 * 24 * time.Hour)
		d.want("used in between", byScore)
		d.pass(11 * 24 * time.Hour)
		d.want("unused for a month")
		d.list(demand.Often, `status == "a"`, "-score")
		d.pass(0)
		d.want("used again, at once", byScore)
	})
}

// Small tables need no index, and no number of different lists has more made than are allowed.
func TestIndexesOnDemandAreBounded(t *testing.T) {
	d := newDemanding(t, teststore.Open, catalog.FewRows)
	d.list(2*demand.Often, `status == "a"`, "-score")
	d.pass(time.Hour)
	d.want("with few records")

	d = newDemanding(t, teststore.Open, catalog.FewRows+1)
	fields := []string{"score", "name", "status", "created_at", "updated_at", "owner"}
	for i, a := range fields {
		for _, b := range fields[i+1:] {
			d.list(demand.Often, "", a, b)
		}
		d.list(demand.Often, `note == "x"`, fields[i])
	}
	d.pass(time.Hour)
	if got := d.demanded(); len(got) != catalog.MostOnDemand || strings.Contains(fmt.Sprint(got), "note") {
		t.Errorf("there are the indexes %v", got)
	}
	// Those that are used keep their places for a week; then the others make room.
	d.pass(8 * 24 * time.Hour)
	d.list(demand.Often, `status == "a"`, "-score")
	d.pass(0)
	if got := d.demanded(); len(got) != catalog.MostOnDemand || !slices.Contains(got, byScore) {
		t.Errorf("there are the indexes %v", got)
	}
}

// What an aggregation reads is in its index, which serves the lists that begin so as well.
func TestCoveringIndexesOnDemand(t *testing.T) {
	d := newDemanding(t, teststore.Open, catalog.FewRows+1)
	for range demand.Often {
		_, err := d.System().Aggregate(t.Context(), "thing", read.AggregateQuery{Group: []read.GroupBy{{Field: "status"}},
			Measures: []read.MeasureOf{{Op: "sum", Field: "score"}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	d.pass(0)
	d.want("after aggregations", "i.status:t.score:i0")
	d.list(demand.Often, `status == "a"`, "-score")
	d.pass(time.Hour)
	d.want("after lists", "i.status:t.score:i0")
}

// The indexes that an earlier version planned stay for a month, and those that are used longer.
func TestIndexesOfAnEarlierVersionAreAdopted(t *testing.T) {
	d := newDemanding(t, teststore.Open, catalog.FewRows+1)
	o := d.Snapshot().Objects["thing"]
	status, _ := o.Field("status")
	score, _ := o.Field("score")
	before := append(slices.Clone(d.Snapshot().Indexes["thing"]),
		store.Index{Name: byScore, Columns: []store.IndexColumn{{Column: status.Column}, {Column: score.Column}, {Column: query.ID}}},
		store.Index{Name: "i.score:i0.id", Columns: []store.IndexColumn{{Column: score.Column}, {Column: query.ID}}})
	if err := d.Index(t.Context(), "thing", before); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), func(tx store.Tx) error {
		return tx.Update(context.Background(), "_engine", 1, 0, map[string]any{"planning": nil}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	d.Tenant = &enginetest.Tenant{Tenant: d.Tenant.Tenant, Platform: d.Restart()}
	d.Apply(strings.Replace(things, `"note"`, `"place":{"type":"text","indexed":true},"note"`, 1))
	d.RunJobs()
	d.want("after the upgrade and a revision", "i.score:i0.id", byScore)
	d.pass(20 * 24 * time.Hour)
	d.list(1, "", "score")
	d.pass(time.Hour)
	d.pass(20 * 24 * time.Hour)
	d.want("after a month", "i.score:i0.id")
}

// A new tenant has the indexes that are always needed, and no others.
func TestNewTenantsHaveFewIndexes(t *testing.T) {
	one := enginetest.New(t, enginetest.Options{}).NewTenant("one")
	for object, want := range map[string]int{"account": 5, "opportunity": 7} {
		have, err := one.Indexes(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		if len(have) != want {
			t.Errorf("%s has %d indexes, not %d: %v", object, len(have), want, have)
		}
	}
}

// Uses of an object that was removed hinder nobody.
func TestUsesOfARemovedObject(t *testing.T) {
	d := newDemanding(t, teststore.Open, 5)
	d.list(demand.Often, `status == "a"`, "-score")
	d.pass(time.Minute)
	change := catalog.Change{Delete: []metadata.Key{{Kind: "object", Name: "thing"}}, Allow: []string{"object/thing"}}
	if _, err := d.Platform.Catalog.Apply(t.Context(), d, change, 0); err != nil {
		t.Fatal(err)
	}
	for range demand.Often {
		if _, err := d.System().List(t.Context(), "team", read.ListQuery{Sort: []string{"name"}}); err != nil {
			t.Fatal(err)
		}
	}
	d.pass(time.Minute)
	_, wanted, err := d.Platform.Catalog.Indexes(t.Context(), d)
	if err != nil || len(wanted) != 1 || wanted[0].Object != "team" {
		t.Errorf("%v, %v", wanted, err)
	}
}

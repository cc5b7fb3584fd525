package job

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo/mongotest"
	"formwork/engine/store/teststore"
)

// asked are the questions that are put again and again, and the index that answers each.
var asked = []struct {
	index string
	lookup
}{
	{"_job_due", dueBy(time.UnixMilli(2), "")},
	{"_job_kind_due", dueBy(time.UnixMilli(2), "mail")},
	{"_job_due", waitingBeyond(time.UnixMilli(2))},
	{"_job_lease", underLease},
	{"_job_lane", inLane("import", held)},
	{"_job_busy_lane", occupying("import")},
	{"_job_ended", endedBefore(time.UnixMilli(1))},
	{"_job_phase", lookup{part: whole, filter: query.All{query.Is(colPhase, Failed)}, sort: newestFirst, limit: 20}},
	{"_job_kind", lookup{part: whole, filter: query.All{query.Is(colKind, "mail")}, sort: newestFirst, limit: 20}},
}

// Filter and sort fit the index, so that it yields the rows in order, whatever the store:
// columns compared with one value, then those sorted by, of which the first may be bounded.
func TestQuestionsFitTheirIndexes(t *testing.T) {
	for _, a := range asked {
		indexes := Tables()[0].Indexes
		index := indexes[slices.IndexFunc(indexes, func(i store.Index) bool { return i.Name == a.index })]
		var fixed, bounded []string
		parts, ok := a.filter.(query.All)
		if !ok {
			parts = query.All{a.filter}
		}
		for _, part := range parts {
			if c := part.(query.Compare); c.Op == query.Eq {
				fixed = append(fixed, c.Ref.Column.Name)
			} else {
				bounded = append(bounded, c.Ref.Column.Name)
			}
		}
		var columns, sorted []string
		for _, c := range index.Columns {
			columns = append(columns, c.Column.Name)
		}
		for _, o := range a.sort {
			sorted = append(sorted, o.Ref.Column.Name)
		}
		if index.Unique {
			columns = append(columns, query.ID.Name) // there is one row at most
		}
		n := len(fixed)
		if n > len(columns) || !sameSet(columns[:n], fixed) || !slices.Equal(columns[n:], sorted) || slices.ContainsFunc(bounded, func(name string) bool { return name != sorted[0] }) {
			t.Errorf("%s on %v does not fit a comparison of %v, bounds of %v and a sort by %v", a.index, columns, fixed, bounded, sorted)
		}
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestPlans(t *testing.T) {
	if mongotest.URI() != "" {
		t.Skip("not every compatible server explains; the shapes are what TestQuestionsFitTheirIndexes looks at")
	}
	tenant := fill(t, teststore.Open(t), 25_000)
	planned := func(when string) {
		for _, a := range asked {
			plan, err := tenant.Explain(t.Context(), a.query())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(plan.Uses, []string{a.index}) || len(plan.Scans) > 0 || plan.Sorted {
				t.Errorf("%s, want %s: uses %v, scans %v, sorted %v\n%s", when, a.index, plan.Uses, plan.Scans, plan.Sorted, plan.Text)
			}
		}
	}
	planned("without statistics")
	// A change of indexes has the store gather statistics of a table of this size.
	indexes := Tables()[0].Indexes
	for _, wanted := range [][]store.Index{indexes[1:], indexes} {
		if err := tenant.Index(t.Context(), table, wanted); err != nil {
			t.Fatal(err)
		}
	}
	planned("with statistics")
}

// fill makes a tenant with jobs that wait for next week.
func fill(t testing.TB, s store.Store, n int) store.Tenant {
	t.Helper()
	tenant, err := s.Create(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Define(t.Context(), Tables()...); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	ids := id.NewSource(time.Now, func() uint32 { return 0 })
	const batch = 5000
	for from := 0; from < n; from += batch {
		err := tenant.Write(t.Context(), func(tx store.Tx) error {
			return enqueueMany(t.Context(), tx, ids, now, min(batch, n-from), New{Kind: "later", At: now.Add(7 * 24 * time.Hour)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tenant
}

func enqueueMany(ctx context.Context, tx store.Tx, ids *id.Source, now time.Time, n int, job New) error {
	for i := range n {
		job.Args = map[string]string{"number": fmt.Sprint(i)}
		if _, err := Enqueue(ctx, tx, ids, now, job); err != nil {
			return err
		}
	}
	return nil
}

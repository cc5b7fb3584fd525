package sqlite

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// What SQLite groups itself, where an index has the order of the groups, is what is grouped
// as the rows come.
func TestGroupsInOrderAreThoseOfRows(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	handle, err := s.Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	kind, open, size, worth := col("kind:t", fieldtype.Text), col("open:b", fieldtype.Bool), col("size:i0", fieldtype.Int), col("worth:i2", fieldtype.Int)
	all := []query.Column{kind, open, size, worth}
	index := store.Index{Name: "all"}
	for _, c := range all {
		index.Columns = append(index.Columns, store.IndexColumn{Column: c})
	}
	if err := handle.Define(t.Context(), store.Table{Name: "thing", Columns: all, Indexes: []store.Index{index}}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	maybe := func(v any) any {
		if r.IntN(8) == 0 {
			return nil
		}
		return v
	}
	const rows = manyRows + 500
	err = handle.Write(t.Context(), func(tx store.Tx) error {
		for i := range rows {
			row := map[string]any{kind.Name: maybe([]string{"", "a", "B", "b", "é", "数"}[r.IntN(6)]), open.Name: maybe(r.IntN(2) == 0),
				size.Name: maybe(r.Int64N(9) - 4), worth.Name: maybe(r.Int64N(math.MaxInt64/2) - r.Int64N(math.MaxInt64/2))}
			if err := tx.Insert(t.Context(), "thing", id.ID(i+1), row, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	groupings := [][]query.Column{nil, {kind}, {kind, open}, {kind, open, size}, {kind, kind}}
	filters := []query.Filter{nil, query.Is(kind, "a"), query.All{query.Is(kind, "b"), query.Is(open, true)}, query.Is(size, int64(99))}
	measures := []query.Measure{{Op: query.Count}, {Op: query.CountOf, Ref: query.Field(size)}, {Op: query.Sum, Ref: query.Field(size)}, {Op: query.Sum, Ref: query.Field(open)},
		{Op: query.Min, Ref: query.Field(worth)}, {Op: query.Max, Ref: query.Field(kind)}, {Op: query.Min, Ref: query.Field(open)}, {Op: query.Sum, Ref: query.Field(worth)}}
	tenant, grouped, overflowed := handle.(*tenant), 0, 0
	for _, by := range groupings {
		for _, filter := range filters {
			for most := range len(measures) + 1 {
				q := query.Aggregate{Table: "thing", Filter: filter, Measures: measures[:most]}
				for i, c := range by {
					q.Groups = append(q.Groups, query.Group{Ref: query.Field(c)})
					q.Sort = append(q.Sort, query.GroupOrder{Index: i})
				}
				if most == 0 && len(by) == 0 {
					continue
				}
				one, layout, err := aggregate(q)
				if err != nil {
					t.Fatal(err)
				}
				conn, err := tenant.pool.acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				open := func(ctx context.Context, _ []query.Word, statements []statement, limit int, storages []fieldtype.Storage) (*cursor, error) {
					return newCursor(ctx, conn, statements, limit, storages), nil
				}
				k, _ := open(t.Context(), nil, []statement{one}, 0, layout.storages)
				g := newGrouper(t.Context(), q, layout)
				if _, err := k.each(g.add); err != nil {
					t.Fatal(err)
				}
				want, wrong := g.answer()
				conn.note(one, rows)
				ordered, _, err := conn.ordered(q, one)
				if err != nil {
					t.Fatal(err)
				}
				if ordered != nil {
					grouped++
				}
				got, err := groups(t.Context(), q, open, (*cursor).stop)
				tenant.pool.release(conn)
				if err != nil && fault.Is(wrong, "query.overflow") && fault.Is(err, "query.overflow") {
					overflowed++
					continue
				} else if err != nil {
					t.Fatalf("%v, and as the rows come %v", err, wrong)
				}
				if wrong == nil && !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
					t.Errorf("by %v where %v: %v, and as the rows come %v", by, filter, got, want)
				}
			}
		}
	}
	if grouped < 80 || overflowed < 3 {
		t.Errorf("SQLite grouped %d times, and %d sums went beyond 64 bits", grouped, overflowed)
	}
}

// Groups by long texts end at a bound of memory, not only of number.
func TestGroupsAreBoundedInBytes(t *testing.T) {
	g := newGrouper(t.Context(), query.Aggregate{Groups: []query.Group{{}}, Measures: make([]query.Measure, 20)}, grouping{values: make([]int, 20), filters: make([]int, 20)})
	const most = 10 // that fit yet
	text := strings.Repeat("x", 100_000)
	g.bytes = maxGroupBytes - most*(len(text)+groupBytes+20*cellBytes+2)
	for i := range most + 2 {
		g.key = fmt.Appendf(nil, "%02d%s", i, text)
		err := g.find()
		if i < most && err != nil || i > most && !fault.Is(err, "query.too_complex") {
			t.Errorf("group %d: %v", i, err)
		}
	}
}

// Groups are held of the request's share of the memory.
func TestGroupsAreHeld(t *testing.T) {
	share, err := budget.New(budget.Of(8<<20, false)).Enter("acme", 1)
	if err != nil {
		t.Fatal(err)
	}
	g := newGrouper(budget.With(t.Context(), share), query.Aggregate{Groups: []query.Group{{}}}, grouping{})
	text := strings.Repeat("x", 100_000)
	for i := range 30 {
		g.key = fmt.Appendf(nil, "%02d%s", i, text)
		if err := g.find(); err != nil {
			if !fault.Is(err, "budget.too_large") || i < 15 {
				t.Errorf("group %d: %v", i, err)
			}
			return
		}
	}
	t.Error("three megabytes of groups were held of a share of two")
}

// The values that percentiles are taken of are bounded in bytes.
func TestValuesOfGroupsAreBounded(t *testing.T) {
	g := &grouper{ctx: t.Context(), q: query.Aggregate{}, lists: []kept{{}}}
	g.last = g.newGroup("")
	for range 128 << 20 / 8 {
		if err := g.append(0, 1); err != nil {
			if !fault.Is(err, "query.too_complex") {
				t.Error(err)
			}
			return
		}
	}
	t.Error("128 MiB of values were kept")
}

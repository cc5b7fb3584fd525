package record_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// Pages of any size hold, one after the other, exactly what one read of the whole
// list does, in the same order, for sorts with ties, empty values and paths.
func TestPagesAreTheList(t *testing.T) { teststore.Each(t, pagesAreTheList) }

func pagesAreTheList(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	r := rand.New(rand.NewPCG(8, 9))
	var accounts []id.ID
	for i := range 45 {
		data := map[string]any{"name": []string{"same", "Same", "other", "ä", "Z"}[r.IntN(5)], "active": r.IntN(2) == 0}
		if r.IntN(3) > 0 {
			data["revenue"] = number(fmt.Sprint(r.IntN(4)))
		}
		if r.IntN(3) > 0 && i > 0 {
			data["parent"] = accounts[r.IntN(len(accounts))].String()
		}
		accounts = append(accounts, w.create(w.as("rob"), "account", data).Record.ID())
	}
	for _, sort := range []string{"", "name", "-name", "revenue", "-revenue,name", "active,-revenue,-name", "parent.name", "-parent.revenue,name", "-parent.parent.name", "-id", "created_at", "since,-id"} {
		for _, filter := range []string{"", "active", `revenue > 1 or parent == nil`} {
			q := record.ListQuery{Filter: filter, Fields: []string{"name"}}
			if sort != "" {
				q.Sort = strings.Split(sort, ",")
			}
			var whole []id.ID
			for item, err := range w.as("rita").Each(w.ctx, "account", q) {
				if err != nil {
					t.Fatal(err)
				}
				whole = append(whole, item.ID())
			}
			q.Limit = 1 + r.IntN(9)
			var paged []id.ID
			for {
				page, err := w.as("rita").List(w.ctx, "account", q)
				if err != nil {
					t.Fatal(err)
				}
				for _, item := range page.Items {
					paged = append(paged, item.ID())
				}
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			if len(whole) == 0 || !slices.Equal(whole, paged) {
				t.Errorf("sort %q, filter %q, pages of %d: %d records in pages, %d in all", sort, filter, q.Limit, len(paged), len(whole))
			}
		}
	}
	page, err := w.as("rita").List(w.ctx, "account", record.ListQuery{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.as("rita").List(w.ctx, "account", record.ListQuery{Limit: 5, Cursor: page.Next, Filter: "active"})
	if !fault.Is(err, "list.bad_cursor") {
		t.Errorf("the cursor of another list: %v", err)
	}
}

func TestCostlyFilters(t *testing.T) {
	w := newWorld(t).populate()
	many := func(part, join string, n int) string { return strings.Repeat(part+join, n-1) + part }
	for name, c := range map[string]struct {
		filter string
		codes  []string
	}{
		"many comparisons": {many("revenue > 1", " or ", 300), []string{"list.too_costly"}},
		"many hops":        {many("parent.parent.name == \"x\"", " or ", 30), []string{"list.too_costly"}},
		"too long":         {many("revenue > 1", " or ", 1000), []string{"list.filter_too_long"}},
		"deep":             {strings.Repeat("not (", 400) + "active" + strings.Repeat(")", 400), []string{"list.bad_filter", "list.too_costly"}},
	} {
		_, err := w.as("rob").List(w.ctx, "account", record.ListQuery{Filter: c.filter})
		if !slices.Contains(c.codes, fault.From(err).Code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The values an export writes are those the API shows.
func TestExportedCells(t *testing.T) {
	w := newWorld(t).populate()
	a := w.create(w.as("rob"), "account", map[string]any{"name": "A", "revenue": number("5"), "tags": []any{"x", "y"}}).Record.ID()
	r, err := w.as("rob").Get(w.ctx, "account", a, []string{"name", "revenue", "owner.name", "parent_name"})
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for i, f := range r.Fields() {
		cells = append(cells, f.Name+"="+r.CSV(i))
	}
	want := "id=" + a.String() + " name=A revenue=5.00 owner.name=rob parent_name="
	if got := strings.Join(cells, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if r.Value(2) != int64(500) {
		t.Errorf("stored %v", r.Value(2))
	}
}

// A page of large records ends early, and the next ones bring the rest.
func TestPagesOfLargeRecords(t *testing.T) {
	w := newWorld(t).populate()
	const records, size = 200, 100_000
	for i := range records {
		w.create(w.system(), "account", map[string]any{"name": fmt.Sprint("Large ", i), "notes": strings.Repeat("x", size)})
	}
	found, pages, cursor := 0, 0, ""
	for {
		page, err := w.as("ada").List(w.ctx, "account", record.ListQuery{Limit: 500, Cursor: cursor, Fields: []string{"notes"}, Total: record.ExactTotal})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(page.Items) * size; n > 9<<20 || *page.Total != records {
			t.Errorf("a page of %d bytes, %d in all", n, *page.Total)
		}
		found, pages, cursor = found+len(page.Items), pages+1, page.Next
		if cursor == "" {
			break
		}
	}
	if found != records || pages != 3 {
		t.Errorf("%d records on %d pages", found, pages)
	}
}

// Counting ends at a bound, unless the exact number is wanted.
func TestTotals(t *testing.T) {
	w := newWorld(t).populate()
	table := w.snapshot.Objects["account"].Table.Name
	fill := func(from, n int) {
		t.Helper()
		err := w.tenant.Write(w.ctx, func(tx store.Tx) error {
			for i := range n {
				if err := tx.Insert(w.ctx, table, id.ID(1_000_000+from+i), map[string]any{"version": int64(1)}, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	there, err := w.tenant.Count(w.ctx, table, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	usual := record.MaxTotal - int(there)
	fill(0, usual)
	for _, more := range []int64{0, 2} {
		fill(usual, int(more))
		for total, want := range map[record.Total]int64{record.UsualTotal: record.MaxTotal, record.ExactTotal: record.MaxTotal + more} {
			page, err := w.system().List(w.ctx, "account", record.ListQuery{Limit: 1, Fields: []string{"id"}, Total: total})
			if err != nil {
				t.Fatal(err)
			}
			if *page.Total != want || page.More != (want < record.MaxTotal+more) {
				t.Errorf("%d beyond the bound: %d in all, more: %v; want %d", more, *page.Total, page.More, want)
			}
		}
	}
	page, err := w.system().List(w.ctx, "account", record.ListQuery{Limit: 1, Fields: []string{"id"}})
	if err != nil || page.Total != nil || page.More {
		t.Errorf("a total that nobody asked for: %v, %v", page, err)
	}
}

// What somebody opened last comes first of what the list has, in their order, once, and by one query more.
func TestListBeginsWithRecords(t *testing.T) { teststore.Each(t, listBeginsWith) }

func listBeginsWith(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	var keys []id.ID
	for i := range 6 {
		keys = append(keys, w.create(w.as("rob"), "account", map[string]any{"name": fmt.Sprint("Quay ", i)}).Record.ID())
	}
	other := w.create(w.as("rob"), "account", map[string]any{"name": "Mole"}).Record.ID()
	asked := counted{w.tenant, map[string]int{}}
	names := func(q record.ListQuery) (all []string) {
		t.Helper()
		clear(asked.asked)
		q.Fields, q.Sort, q.Total = []string{"name"}, []string{"name"}, record.UsualTotal
		page, err := w.service.As(asked, w.snapshot, w.people["rob"]).List(w.ctx, "account", q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Next != "" && q.First != nil || *page.Total != 6 {
			t.Errorf("%+v: %d in all, then %q", q, *page.Total, page.Next)
		}
		for _, item := range page.Items {
			all = append(all, fmt.Sprint(decode(t, item)["name"]))
		}
		return all
	}
	plain := names(record.ListQuery{Q: "quay", Limit: 4})
	queries := asked.asked["account"]
	first := map[string][]id.ID{"account": {other, keys[4], keys[1]}, "contact": {keys[0]}}
	if got := fmt.Sprint(names(record.ListQuery{Q: "quay", Limit: 4, First: first})); got != "[Quay 4 Quay 1 Quay 0 Quay 2]" || asked.asked["account"] != queries+1 {
		t.Errorf("the list is %s, by %v; without it was %s, by %d", got, asked.asked, plain, queries)
	}
	if got := fmt.Sprint(names(record.ListQuery{Q: "quay", First: map[string][]id.ID{}})); got != "[Quay 0 Quay 1 Quay 2 Quay 3 Quay 4 Quay 5]" || asked.asked["account"] != 1 {
		t.Errorf("nothing was opened: %s, by %v", got, asked.asked)
	}
	if got := names(record.ListQuery{Filter: `name contains "Quay"`, Limit: 1, First: first}); fmt.Sprint(got) != "[Quay 4]" {
		t.Errorf("a short list is %v", got)
	}
}

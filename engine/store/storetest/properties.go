package storetest

import (
	"fmt"
	"math/rand/v2"

	"formwork/engine/query"
	"formwork/engine/store"
)

var propertyCases = []testCase{
	{"property: rows selected are rows matched", func(f *fixture) {
		r := f.source(11)
		d := Random(r, 60)
		f.load(d)
		for i := range 400 {
			table := []string{"item", "item", "company"}[r.IntN(3)]
			q := query.Select{Table: table, Filter: RandomFilter(r, table, 3), Sort: RandomSort(r, table)}
			if r.IntN(3) == 0 {
				q.Limit = 1 + r.IntN(20)
			}
			for range 1 + r.IntN(4) {
				q.Columns = append(q.Columns, RandomRef(r, table))
			}
			q.Columns = append(q.Columns, query.Field(query.ID))
			f.sameRows(fmt.Sprintf("query %d: %s", i, describe(q)), f.rows(f.tenant, q), d.Select(q), false)
		}
	}},
	{"property: counts", func(f *fixture) {
		r := f.source(12)
		d := Random(r, 50)
		f.load(d)
		for range 150 {
			filter := RandomFilter(r, "item", 3)
			got, err := f.tenant.Count(f.ctx, "item", filter, nil, 0)
			f.must(err)
			if want := len(d.Select(query.Select{Table: "item", Filter: filter})); int(got) != want {
				f.Fatalf("counted %d, want %d: %+v", got, want, filter)
			}
		}
	}},
	{"property: aggregates", func(f *fixture) {
		r := f.source(13)
		d := Random(r, 60)
		f.load(d)
		for i := range 250 {
			q := RandomAggregate(r)
			got, err := collect(f.tenant.Aggregate(f.ctx, q))
			if err != nil {
				f.Fatalf("%v\n%s", err, describe(q))
			}
			f.sameRows(fmt.Sprintf("query %d: %s", i, describe(q)), got, d.Aggregate(q), true)
		}
	}},
	{"property: pages make the whole", func(f *fixture) {
		r := f.source(14)
		d := Random(r, 60)
		f.load(d)
		for range 40 {
			sort := RandomSort(r, "item")
			q := query.Select{Table: "item", Filter: RandomFilter(r, "item", 1), Sort: sort}
			for _, o := range sort {
				q.Columns = append(q.Columns, o.Ref)
			}
			f.sameRows(describe(q), pages(f, r, q), d.Select(q), false)
		}
	}},
}

// pages reads q page by page, by the sort values of each page's last row.
func pages(f *fixture, r *rand.Rand, q query.Select) []store.Row {
	filter, size := q.Filter, 1+r.IntN(25)
	var all []store.Row
	for {
		q.Limit = size
		page := f.rows(f.tenant, q)
		all = append(all, page...)
		if len(page) < size {
			return all
		}
		q.Filter = query.All{filter, query.After(q.Sort, page[len(page)-1])}
		if len(all) > 1000 {
			f.Fatalf("pages have no end: %s", describe(q))
		}
	}
}

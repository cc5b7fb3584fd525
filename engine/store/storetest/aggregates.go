package storetest

import (
	"math"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

var aggregateCases = []testCase{
	{"aggregates", func(f *fixture) {
		f.load(few())
		n := query.Field(colN)
		everything := []query.Measure{{Op: query.Count}, {Op: query.CountOf, Ref: n}, {Op: query.Sum, Ref: n}, {Op: query.Min, Ref: n}, {Op: query.Max, Ref: n}}
		ask := func(q query.Aggregate) []store.Row {
			f.Helper()
			q.Table = "item"
			rows, err := collect(f.tenant.Aggregate(f.ctx, q))
			f.must(err)
			return rows
		}
		f.sameRows("all", ask(query.Aggregate{Measures: everything}), []store.Row{{int64(4), int64(3), int64(0), int64(-3), int64(2)}}, false)
		f.sameRows("of none", ask(query.Aggregate{Measures: everything, Filter: query.Nothing}), []store.Row{{int64(0), int64(0), int64(0), nil, nil}}, false)
		f.sameRows("groups of none", ask(query.Aggregate{Groups: []query.Group{{Ref: n}}, Measures: everything, Filter: query.Nothing}), nil, false)
		f.sameRows("a group of empty values", ask(query.Aggregate{Groups: []query.Group{{Ref: query.Field(colFlag)}}, Measures: everything, Filter: query.Compare{Ref: n, Op: query.Eq, Value: nil}}),
			[]store.Row{{nil, int64(1), int64(0), int64(0), nil, nil}}, false)
		f.sameRows("by flag", ask(query.Aggregate{Groups: []query.Group{{Ref: query.Field(colFlag)}}, Measures: everything[:1], Sort: []query.GroupOrder{{Index: 0}}}),
			[]store.Row{{nil, int64(2)}, {false, int64(1)}, {true, int64(1)}}, false)
		f.sameRows("by a hop, sorted by the measure", ask(query.Aggregate{Groups: []query.Group{{Ref: query.Ref{Hops: viaCompany, Column: colText}}}, Measures: everything[2:3],
			Sort: []query.GroupOrder{{Index: 1, Descending: true}}, Limit: 2}), []store.Row{{"two", int64(2)}, {"one", int64(1)}}, false)
		f.sameRows("of text and flags", ask(query.Aggregate{Measures: []query.Measure{{Op: query.Min, Ref: query.Field(colText)}, {Op: query.Max, Ref: query.Field(colText)}, {Op: query.Min, Ref: query.Field(colFlag)}, {Op: query.Max, Ref: query.Field(colFlag)},
			{Op: query.CountOf, Ref: query.Field(colTags)}}}), []store.Row{{"50%_x", "alpha", false, true, int64(2)}}, false)
		f.sameRows("keys alone", ask(query.Aggregate{Groups: []query.Group{{Ref: query.Field(colFlag)}, {Ref: n, By: query.ByNumber, Size: 2}}, Sort: []query.GroupOrder{{Index: 0}, {Index: 1}}}),
			[]store.Row{{nil, nil}, {nil, int64(-4)}, {false, int64(2)}, {true, int64(0)}}, false)
	}},
	{"buckets of time", func(f *fixture) {
		f.define(Tables()...)
		dates := []string{"2024-12-29", "2024-12-30", "2025-01-01", "2026-03-31", "2027-01-03", "2020-02-29"}
		for i, date := range dates {
			f.must(f.insert("item", id.ID(i+1), map[string]any{colDate.Name: date}))
		}
		for _, c := range []struct {
			by   query.Bucket
			want []string
		}{
			{query.ByDay, dates}, {query.ByWeek, []string{"2024-W52", "2025-W01", "2025-W01", "2026-W14", "2026-W53", "2020-W09"}},
			{query.ByMonth, []string{"2024-12", "2024-12", "2025-01", "2026-03", "2027-01", "2020-02"}},
			{query.ByQuarter, []string{"2024-Q4", "2024-Q4", "2025-Q1", "2026-Q1", "2027-Q1", "2020-Q1"}}, {query.ByYear, []string{"2024", "2024", "2025", "2026", "2027", "2020"}},
		} {
			for i, want := range c.want {
				rows, err := collect(f.tenant.Aggregate(f.ctx, query.Aggregate{Table: "item", Groups: []query.Group{{Ref: query.Field(colDate), By: c.by}},
					Filter: query.Is(query.ID, int64(i+1))}))
				f.must(err)
				f.sameRows(dates[i], rows, []store.Row{{want}}, false)
			}
		}
		instants := map[int64][2]string{0: {"1970-01-01", "1969-12-31"}, -1: {"1969-12-31", "1969-12-31"}, 1740787199999: {"2025-02-28", "2025-02-28"}, 1740805200000: {"2025-03-01", "2025-03-01"}, 1740805199999: {"2025-03-01", "2025-02-28"}}
		for at, want := range instants {
			f.write(func(tx store.Tx) error { return tx.Update(f.ctx, "item", 1, 0, map[string]any{colAt.Name: at}, nil) })
			for i, offset := range []int64{0, -5 * 3600} {
				rows, err := collect(f.tenant.Aggregate(f.ctx, query.Aggregate{Table: "item", Groups: []query.Group{{Ref: query.Field(colAt), By: query.ByDay, Offset: offset}},
					Filter: query.Compare{Ref: query.Field(colAt), Op: query.Ne, Value: nil}}))
				f.must(err)
				f.sameRows(want[i], rows, []store.Row{{want[i]}}, false)
			}
		}
	}},
	{"sums of truth values", func(f *fixture) {
		f.define(Tables()...)
		f.write(func(tx store.Tx) error {
			for i, v := range []any{true, false, nil, true} {
				if err := tx.Insert(f.ctx, "item", id.ID(i+1), map[string]any{colFlag.Name: v}, nil); err != nil {
					return err
				}
			}
			return nil
		})
		rows, err := collect(f.tenant.Aggregate(f.ctx, query.Aggregate{Table: "item", Measures: []query.Measure{
			{Op: query.Sum, Ref: query.Field(colFlag)}, {Op: query.CountOf, Ref: query.Field(colFlag)}}}))
		f.must(err)
		f.sameRows("ticked", rows, []store.Row{{int64(2), int64(3)}}, false)
	}},
	{"measures of some rows", func(f *fixture) {
		f.load(few())
		n, flag := query.Field(colN), query.Field(colFlag)
		known := query.Compare{Ref: n, Op: query.Gt, Value: int64(0)}
		two := query.Compare{Ref: query.Ref{Hops: viaCompany, Column: colText}, Op: query.Eq, Value: "two"}
		guarded := query.Compare{Ref: query.Ref{Hops: []query.Hop{{Lookup: colCompany, Table: "company", Guard: query.Nothing}}, Column: colText}, Op: query.Eq, Value: "two"}
		ask := func(q query.Aggregate) []store.Row {
			f.Helper()
			q.Table = "item"
			rows, err := collect(f.tenant.Aggregate(f.ctx, q))
			f.must(err)
			return rows
		}
		f.sameRows("side by side", ask(query.Aggregate{Measures: []query.Measure{{Op: query.Count}, {Op: query.Count, Filter: known}, {Op: query.Sum, Ref: n, Filter: known}, {Op: query.Min, Ref: n, Filter: known},
			{Op: query.Min, Ref: n}, {Op: query.CountOf, Ref: n, Filter: query.Not{Filter: known}}}}), []store.Row{{int64(4), int64(2), int64(3), int64(1), int64(-3), int64(1)}}, false)
		f.sameRows("a group stays where a measure finds nothing", ask(query.Aggregate{Groups: []query.Group{{Ref: flag}}, Measures: []query.Measure{{Op: query.Count, Filter: two}, {Op: query.Max, Ref: n, Filter: two}}, Sort: []query.GroupOrder{{Index: 0}}}),
			[]store.Row{{nil, int64(0), nil}, {false, int64(1), int64(2)}, {true, int64(0), nil}}, false)
		f.sameRows("behind a guard", ask(query.Aggregate{Measures: []query.Measure{{Op: query.Count, Filter: guarded}, {Op: query.Sum, Ref: n, Filter: guarded}, {Op: query.PercentileLow, Ref: n, Percent: 50, Filter: guarded}}}),
			[]store.Row{{int64(0), int64(0), nil}}, false)
		f.sameRows("all and none", ask(query.Aggregate{Measures: []query.Measure{{Op: query.Count, Filter: query.All{}}, {Op: query.Sum, Ref: n, Filter: query.Nothing}, {Op: query.Max, Ref: n, Filter: query.Nothing}}}), []store.Row{{int64(4), int64(0), nil}}, false)
		for name, filter := range map[string]query.Filter{
			"$n": query.Compare{Ref: query.Field(colText), Op: query.Eq, Value: "$n"}, "a pattern": query.Like{Ref: query.Field(colText), Text: "."}, "of another type": query.Compare{Ref: query.Field(colText), Op: query.Gt, Value: int64(0)},
		} {
			f.sameRows(name+" is a text", ask(query.Aggregate{Measures: []query.Measure{{Op: query.Count, Filter: filter}}}), []store.Row{{int64(0)}}, false)
		}
	}},
	{"percentiles", func(f *fixture) {
		f.define(Tables()...)
		for i, v := range []any{int64(40), nil, int64(10), int64(30), int64(20), int64(-7)} {
			f.must(f.insert("item", id.ID(i+1), map[string]any{colN.Name: v, colFlag.Name: i < 5}))
		}
		n := query.Field(colN)
		percentile := func(percent int) []query.Measure {
			return []query.Measure{{Op: query.PercentileLow, Ref: n, Percent: percent}, {Op: query.PercentileHigh, Ref: n, Percent: percent}}
		}
		ask := func(q query.Aggregate) []store.Row {
			f.Helper()
			q.Table = "item"
			rows, err := collect(f.tenant.Aggregate(f.ctx, q))
			f.must(err)
			return rows
		}
		tens := query.Compare{Ref: n, Op: query.Gt, Value: int64(0)}
		for percent, want := range map[int][2]int64{1: {10, 10}, 25: {10, 20}, 26: {20, 20}, 50: {20, 30}, 75: {30, 40}, 99: {40, 40}} {
			f.sameRows("of four", ask(query.Aggregate{Filter: tens, Measures: percentile(percent)}), []store.Row{{want[0], want[1]}}, false)
		}
		f.sameRows("of an odd number", ask(query.Aggregate{Measures: percentile(50)}), []store.Row{{int64(20), int64(20)}}, false)
		f.sameRows("of one, of none and of some", ask(query.Aggregate{Groups: []query.Group{{Ref: n}}, Measures: append(percentile(50), query.Measure{Op: query.PercentileLow, Ref: n, Percent: 50, Filter: tens}),
			Filter: query.Not{Filter: query.Compare{Ref: n, Op: query.Gt, Value: int64(10)}}, Sort: []query.GroupOrder{{Index: 1}}}),
			[]store.Row{{nil, nil, nil, nil}, {int64(-7), int64(-7), int64(-7), nil}, {int64(10), int64(10), int64(10), int64(10)}}, false)
		f.sameRows("of no rows", ask(query.Aggregate{Filter: query.Nothing, Measures: percentile(50)}), []store.Row{{nil, nil}}, false)
	}},
	{"groups that a condition chooses", func(f *fixture) {
		f.load(few())
		n, flag := query.Field(colN), query.Field(colFlag)
		q := query.Aggregate{Table: "item", Groups: []query.Group{{Ref: flag}}, Measures: []query.Measure{{Op: query.Count}, {Op: query.Min, Ref: n}, {Op: query.Sum, Ref: n}}, Sort: []query.GroupOrder{{Index: 0}}}
		key, count, least, sum := q.Result(0), q.Result(1), q.Result(2), q.Result(3)
		ask := func(having query.Filter, limit int) []store.Row {
			f.Helper()
			q.Having, q.Limit = having, limit
			rows, err := collect(f.tenant.Aggregate(f.ctx, q))
			f.must(err)
			return rows
		}
		empty, no, yes := store.Row{nil, int64(2), int64(-3), int64(-3)}, store.Row{false, int64(1), int64(2), int64(2)}, store.Row{true, int64(1), int64(1), int64(1)}
		f.sameRows("nil", ask(nil, 0), []store.Row{empty, no, yes}, false)
		f.sameRows("a measure", ask(query.Compare{Ref: count, Op: query.Lt, Value: int64(2)}, 0), []store.Row{no, yes}, false)
		f.sameRows("a sum", ask(query.In{Ref: sum, Values: []any{int64(2), int64(-3)}}, 0), []store.Row{empty, no}, false)
		f.sameRows("a key", ask(query.Compare{Ref: key, Op: query.Eq}, 0), []store.Row{empty}, false)
		f.sameRows("two of them", ask(query.CompareRefs{Left: least, Op: query.Eq, Right: sum}, 0), []store.Row{empty, no, yes}, false)
		f.sameRows("before the limit", ask(query.Compare{Ref: key, Op: query.Ne}, 1), []store.Row{no}, false)
		f.sameRows("none", ask(query.Compare{Ref: count, Op: query.Gt, Value: int64(9)}, 0), nil, false)
		q.Measures[1].Filter = query.Compare{Ref: n, Op: query.Gt, Value: int64(1)}
		f.sameRows("an empty least", ask(query.Compare{Ref: least, Op: query.Eq}, 0), []store.Row{{nil, int64(2), nil, int64(-3)}, {true, int64(1), nil, int64(1)}}, false)
		q.Sort = []query.GroupOrder{{Index: 2}}
		f.sameRows("the empty least first", ask(query.Compare{Ref: key, Op: query.Ne}, 0), []store.Row{{true, int64(1), nil, int64(1)}, {false, int64(1), int64(2), int64(2)}}, false)
		all := query.Aggregate{Table: "item", Measures: []query.Measure{{Op: query.Count}}}
		for most, want := range map[int64][]store.Row{5: {{int64(4)}}, 4: nil} {
			all.Having = query.Compare{Ref: all.Result(0), Op: query.Lt, Value: most}
			rows, err := collect(f.tenant.Aggregate(f.ctx, all))
			f.must(err)
			f.sameRows("the whole as one group", rows, want, false)
			all.Filter = query.Nothing
			all.Having = query.Compare{Ref: all.Result(0), Op: query.Gt, Value: int64(0)}
			rows, err = collect(f.tenant.Aggregate(f.ctx, all))
			f.must(err)
			f.sameRows("the whole of nothing", rows, nil, false)
			all.Filter = nil
		}
	}},
	{"exact sums", func(f *fixture) {
		f.define(Tables()...)
		sum := func(values ...int64) ([]store.Row, error) {
			f.Helper()
			f.write(func(tx store.Tx) error {
				if _, err := tx.DeleteWhere(f.ctx, "company", nil); err != nil {
					return err
				}
				for i, v := range values {
					if err := tx.Insert(f.ctx, "company", id.ID(i+1), map[string]any{colN.Name: v}, nil); err != nil {
						return err
					}
				}
				return nil
			})
			return collect(f.tenant.Aggregate(f.ctx, query.Aggregate{Table: "company", Measures: []query.Measure{{Op: query.Sum, Ref: query.Field(colN)}, {Op: query.Count}}, Sort: []query.GroupOrder{{Index: 0}}}))
		}
		for _, values := range [][]int64{
			{1<<53 + 1, 1}, {math.MaxInt64 - 1, 1}, {math.MinInt64 + 1, -1}, {math.MaxInt64, math.MinInt64}, {math.MinInt64},
			{math.MaxInt64, 1, -1}, {math.MinInt64, math.MinInt64, math.MaxInt64, math.MaxInt64, 7}, // fits in the end, though not on the way
		} {
			var want int64
			for _, v := range values {
				want += v
			}
			rows, err := sum(values...)
			f.must(err)
			f.sameRows("sum", rows, []store.Row{{want, int64(len(values))}}, false)
		}
		for _, values := range [][]int64{{math.MaxInt64, 1}, {math.MinInt64, -1}, {math.MaxInt64, math.MaxInt64, math.MaxInt64}} {
			_, err := sum(values...)
			f.fails(err, fault.Limited, "query.overflow")
		}
	}},
}

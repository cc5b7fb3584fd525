package query_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

var (
	number = query.Field(query.Column{Name: "number", Storage: fieldtype.Int})
	other  = query.Field(query.Column{Name: "other", Storage: fieldtype.Int})
	text   = query.Field(query.Column{Name: "text", Storage: fieldtype.Text})
	flag   = query.Field(query.Column{Name: "flag", Storage: fieldtype.Bool})
	list   = query.Field(query.Column{Name: "list", Storage: fieldtype.List})
)

func get(row map[string]any) func(query.Ref) any {
	return func(r query.Ref) any { return row[r.Column.Name] }
}

func TestMatch(t *testing.T) {
	full := map[string]any{"number": int64(5), "other": int64(7), "text": "alpha", "flag": false, "list": []string{"a", "b"}}
	empty := map[string]any{}
	cmp := func(r query.Ref, op query.Op, v any) query.Filter { return query.Compare{Ref: r, Op: op, Value: v} }
	for _, c := range []struct {
		name          string
		filter        query.Filter
		full, nothing bool
	}{
		{"nil", nil, true, true},
		{"empty all", query.All{}, true, true},
		{"empty any", query.Nothing, false, false},
		{"eq", cmp(number, query.Eq, int64(5)), true, false},
		{"ne itself", cmp(number, query.Ne, int64(5)), false, true},
		{"ne another", cmp(number, query.Ne, int64(6)), true, true},
		{"lt", cmp(number, query.Lt, int64(6)), true, false},
		{"le", cmp(number, query.Le, int64(5)), true, false},
		{"gt", cmp(number, query.Gt, int64(5)), false, false},
		{"ge", cmp(number, query.Ge, int64(5)), true, false},
		{"eq nil", cmp(number, query.Eq, nil), false, true},
		{"ne nil", cmp(number, query.Ne, nil), true, false},
		{"lt nil", cmp(number, query.Lt, nil), false, false},
		{"le nil", cmp(number, query.Le, nil), false, false},
		{"ge nil", cmp(number, query.Ge, nil), false, false},
		{"another type", cmp(number, query.Eq, "5"), false, false},
		{"ne another type", cmp(number, query.Ne, "5"), true, true},
		{"another type has no order", cmp(number, query.Lt, "6"), false, false},
		{"false before true", cmp(flag, query.Lt, true), true, false},
		{"false eq", cmp(flag, query.Eq, false), true, false},
		{"bytes", cmp(text, query.Gt, "Z"), true, false},
		{"list is there", cmp(list, query.Ne, nil), true, false},
		{"refs lt", query.CompareRefs{Left: number, Op: query.Lt, Right: other}, true, false},
		{"refs eq", query.CompareRefs{Left: number, Op: query.Eq, Right: other}, false, true},
		{"refs ne", query.CompareRefs{Left: number, Op: query.Ne, Right: other}, true, false},
		{"refs le", query.CompareRefs{Left: number, Op: query.Le, Right: number}, true, false},
		{"in", query.In{Ref: number, Values: []any{int64(1), int64(5)}}, true, false},
		{"in of another type", query.In{Ref: number, Values: []any{"5", true}}, false, false},
		{"in nothing", query.In{Ref: number}, false, false},
		{"starts", query.Like{Ref: text, Text: "al", At: query.Start}, true, false},
		{"ends", query.Like{Ref: text, Text: "al", At: query.End}, false, false},
		{"anywhere", query.Like{Ref: text, Text: "ph"}, true, false},
		{"any text", query.Like{Ref: text, Text: ""}, true, false},
		{"like a number", query.Like{Ref: number, Text: "5"}, false, false},
		{"has", query.Has{Ref: list, Text: "b"}, true, false},
		{"has not", query.Has{Ref: list, Text: "c"}, false, false},
		{"text has nothing", query.Has{Ref: text, Text: "alpha"}, false, false},
		{"all", query.All{cmp(number, query.Eq, int64(5)), cmp(text, query.Eq, "alpha")}, true, false},
		{"any", query.Any{cmp(number, query.Eq, nil), cmp(text, query.Eq, "alpha")}, true, true},
	} {
		for _, row := range []struct {
			what   string
			values map[string]any
			want   bool
		}{{"full", full, c.full}, {"empty", empty, c.nothing}} {
			if got := query.Match(c.filter, get(row.values)); got != row.want {
				t.Errorf("%s, the %s row: %v", c.name, row.what, got)
			}
			if got := query.Match(query.Not{Filter: c.filter}, get(row.values)); got == row.want {
				t.Errorf("not %s, the %s row: %v", c.name, row.what, got)
			}
		}
	}
}

// Match asks for nothing once it knows.
func TestMatchIsLazy(t *testing.T) {
	asked := 0
	count := func(query.Ref) any { asked++; return int64(1) }
	yes := query.Compare{Ref: number, Op: query.Eq, Value: int64(1)}
	no := query.Compare{Ref: number, Op: query.Eq, Value: int64(2)}
	query.Match(query.All{no, yes, yes}, count)
	query.Match(query.Any{yes, no, no}, count)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestOrder3(t *testing.T) {
	ordered := []any{nil, int64(-1), int64(0), int64(1 << 62)}
	for _, sorted := range [][]any{ordered, {nil, "", "B", "a", "b", "é", "😀"}, {nil, false, true}} {
		for i, a := range sorted {
			for k, b := range sorted {
				want := 0
				if i < k {
					want = -1
				} else if i > k {
					want = 1
				}
				if got, ok := query.Order3(a, b); !ok || got != want {
					t.Errorf("%v %v: %d %v", a, b, got, ok)
				}
			}
		}
	}
	for _, pair := range [][2]any{{int64(1), "1"}, {true, int64(1)}, {"a", false}, {[]string{"a"}, []string{"a"}}} {
		if _, ok := query.Order3(pair[0], pair[1]); ok {
			t.Errorf("%v and %v have an order", pair[0], pair[1])
		}
	}
}

// The rows that match After are exactly those behind the row in the order.
func TestAfterIsWhatFollows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	value := map[string]func() any{
		"number": func() any { return r.Int64N(4) }, "text": func() any { return string(rune('a' + r.IntN(3))) }, "flag": func() any { return r.IntN(2) == 0 },
	}
	var rows []map[string]any
	for i := range 40 {
		row := map[string]any{"id": int64(i)}
		for name, make := range value {
			if r.IntN(3) > 0 {
				row[name] = make()
			}
		}
		rows = append(rows, row)
	}
	for range 60 {
		keys := []query.Ref{number, text, flag}
		r.Shuffle(len(keys), func(i, k int) { keys[i], keys[k] = keys[k], keys[i] })
		var sort []query.Order
		for _, ref := range append(keys[:r.IntN(4)], query.Field(query.ID)) {
			sort = append(sort, query.Order{Ref: ref, Descending: r.IntN(2) == 0})
		}
		slices.SortFunc(rows, func(a, b map[string]any) int {
			for _, o := range sort {
				order, _ := query.Order3(get(a)(o.Ref), get(b)(o.Ref))
				if o.Descending {
					order = -order
				}
				if order != 0 {
					return order
				}
			}
			return 0
		})
		for at, last := range rows {
			var values []any
			for _, o := range sort {
				values = append(values, get(last)(o.Ref))
			}
			filter := query.After(sort, values)
			for i, row := range rows {
				if got := query.Match(filter, get(row)); got != (i > at) {
					t.Fatalf("row %d after row %d: %v\nsort %+v\nrows %v %v", i, at, got, sort, row, last)
				}
			}
		}
	}
}

func ExampleAfter() {
	sort := []query.Order{{Ref: number, Descending: true}, {Ref: query.Field(query.ID)}}
	next := query.After(sort, []any{int64(5), int64(12)})
	for _, row := range []map[string]any{{"number": int64(6), "id": int64(1)}, {"number": int64(5), "id": int64(13)}, {"id": int64(2)}} {
		fmt.Println(query.Match(next, get(row)))
	}
	// Output:
	// false
	// true
	// true
}

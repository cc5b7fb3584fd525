package query_test

import (
	"math/rand/v2"
	"testing"

	"formwork/engine/query"
)

func TestContradictory(t *testing.T) {
	is := func(v any) query.Filter { return query.Compare{Ref: number, Op: query.Eq, Value: v} }
	than := func(op query.Op, v any) query.Filter { return query.Compare{Ref: number, Op: op, Value: v} }
	says := func(op query.Op, v any) query.Filter { return query.Compare{Ref: text, Op: op, Value: v} }
	for name, c := range map[string]struct {
		filter query.Filter
		want   bool
	}{
		"two values":                          {query.All{is(int64(1)), is(int64(2))}, true},
		"two values of two fields":            {query.All{is(int64(1)), query.Compare{Ref: other, Op: query.Eq, Value: int64(2)}}, false},
		"a value and none":                    {query.All{is(int64(1)), is(nil)}, true},
		"bounds that cross":                   {query.All{than(query.Gt, int64(5)), than(query.Lt, int64(3))}, true},
		"bounds with nothing between":         {query.All{than(query.Gt, int64(5)), than(query.Lt, int64(6))}, true},
		"bounds with one between":             {query.All{than(query.Gt, int64(5)), than(query.Lt, int64(7))}, false},
		"texts with one between":              {query.All{says(query.Gt, "a"), says(query.Lt, "b")}, false},
		"texts that cross":                    {query.All{says(query.Ge, "b"), says(query.Lt, "a")}, true},
		"what is in and what is out":          {query.All{query.In{Ref: number, Values: []any{int64(1), int64(2)}}, than(query.Ne, int64(1)), than(query.Ne, int64(2))}, true},
		"what is left":                        {query.All{query.In{Ref: number, Values: []any{int64(1), int64(2)}}, than(query.Ne, int64(1))}, false},
		"each of several ways":                {query.All{is(int64(1)), query.Any{is(int64(2)), query.All{is(int64(3)), says(query.Eq, "a")}}}, true},
		"one of several ways":                 {query.All{is(int64(1)), query.Any{is(int64(2)), says(query.Eq, "a")}}, false},
		"nothing at all":                      {query.Nothing, true},
		"everything":                          {nil, false},
		"ways to one record, guarded or not":  {query.All{query.Compare{Ref: numbers[2], Op: query.Eq, Value: int64(1)}, query.Compare{Ref: numbers[3], Op: query.Eq, Value: int64(2)}}, false},
		"what is compared with another field": {query.All{is(int64(1)), query.CompareRefs{Left: number, Op: query.Gt, Right: number}}, false},
	} {
		if got := query.Contradictory(c.filter); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What is contradictory holds for no record.
func TestContradictoryIsSound(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	found := 0
	for range 20_000 {
		f := query.And(g.filter(3), g.filter(2))
		if !query.Contradictory(f) {
			continue
		}
		found++
		for range 16 {
			if query.Match(f, g.row()) {
				t.Fatalf("%#v holds", f)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d of the filters were contradictory", found)
	}
}

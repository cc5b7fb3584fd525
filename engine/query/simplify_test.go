package query_test

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"formwork/engine/query"
)

// generator makes filters on two numbers, a text and a list, with paths.
type generator struct{ *rand.Rand }

var (
	hop     = query.Hop{Lookup: query.Column{Name: "up", Storage: number.Column.Storage}, Table: "item"}
	guarded = query.Hop{Lookup: hop.Lookup, Table: hop.Table, Guard: query.Is(number.Column, int64(1))}
	numbers = []query.Ref{number, other, {Hops: []query.Hop{hop}, Column: number.Column}, {Hops: []query.Hop{guarded}, Column: number.Column}}
)

func (g generator) value() any {
	if g.IntN(5) == 0 {
		return nil
	}
	return int64(g.IntN(3))
}

func (g generator) filter(depth int) query.Filter {
	if depth > 0 && g.IntN(3) > 0 {
		parts := make([]query.Filter, g.IntN(4))
		for i := range parts {
			parts[i] = g.filter(depth - 1)
		}
		switch g.IntN(5) {
		case 0, 1:
			return query.All(parts)
		case 2, 3:
			return query.Any(parts)
		}
		return query.Not{Filter: g.filter(depth - 1)}
	}
	ref := numbers[g.IntN(len(numbers))]
	switch g.IntN(8) {
	case 0:
		return nil
	case 1:
		return query.In{Ref: ref, Values: []any{int64(0), int64(g.IntN(3))}[:g.IntN(3)]}
	case 2:
		return query.CompareRefs{Left: ref, Op: query.Op(g.IntN(6)), Right: number}
	case 3:
		return query.Like{Ref: text, Text: []string{"", "a", "b", "\xff"}[g.IntN(4)], At: query.Place(g.IntN(3))}
	case 4:
		return query.Has{Ref: list, Text: []string{"a", "b"}[g.IntN(2)]}
	}
	return query.Compare{Ref: ref, Op: query.Op(g.IntN(6)), Value: g.value()}
}

// row answers for each reference alike, and differently for paths.
func (g generator) row() func(query.Ref) any {
	values := map[string]any{"text": []any{nil, "", "a", "ab"}[g.IntN(4)], "list": []any{nil, []string{"a"}, []string{"a", "b"}}[g.IntN(3)]}
	var paths [4]any
	for i := range paths {
		paths[i] = g.value()
	}
	return func(r query.Ref) any {
		for i, known := range numbers {
			if reflect.DeepEqual(known, r) {
				return paths[i]
			}
		}
		return values[r.Column.Name]
	}
}

// checkSimple fails where a filter has needless parts.
func checkSimple(t *testing.T, f query.Filter, above string) {
	t.Helper()
	var parts []query.Filter
	kind := ""
	switch f := f.(type) {
	case query.All:
		parts, kind = f, "all"
	case query.Any:
		parts, kind = f, "any"
	case query.Not:
		if reflect.TypeOf(f.Filter) == reflect.TypeFor[query.Not]() || reflect.TypeOf(f.Filter) == reflect.TypeFor[query.Any]() {
			t.Fatalf("%#v is not simple", f)
		}
		checkSimple(t, f.Filter, "not")
		return
	case nil:
		if above != "" {
			t.Fatal("a part holds always")
		}
		return
	default:
		return
	}
	if len(parts) < 2 && (above != "" || query.Never(f) != (len(parts) == 0)) || kind == above {
		t.Fatalf("%#v within %q is not simple", f, above)
	}
	for i, part := range parts {
		checkSimple(t, part, kind)
		for _, before := range parts[:i] {
			if query.Equal(before, part) {
				t.Fatalf("%#v has a part twice", f)
			}
		}
	}
}

// What is simplified, joined or negated holds for the records that the filter says,
// and simplifying again changes nothing.
func TestSimplify(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for range 4_000 {
		a, b := g.filter(4), g.filter(2)
		before := query.All{a}
		simple := query.Simplify(a)
		checkSimple(t, simple, "")
		if again := query.Simplify(simple); !query.Equal(again, simple) {
			t.Fatalf("%#v\nbecame %#v\nand then %#v", a, simple, again)
		}
		if !query.Equal(before[0], a) || !reflect.DeepEqual(before[0], a) {
			t.Fatalf("%#v was changed", a)
		}
		for range 8 {
			get := g.row()
			x, y := query.Match(a, get), query.Match(b, get)
			for what, got := range map[string][2]bool{
				"simplified": {query.Match(simple, get), x},
				"negated":    {query.Match(query.Negate(a), get), !x},
				"opposite":   {query.Match(query.Negate(simple), get), !x},
				"and":        {query.Match(query.And(a, b), get), x && y},
				"or":         {query.Match(query.Or(a, b), get), x || y},
			} {
				if got[0] != got[1] {
					t.Fatalf("%s: %v; %#v, %#v", what, got[0], a, b)
				}
			}
			if query.Always(simple) && !x || query.Never(simple) && x {
				t.Fatalf("%#v is not %#v", simple, a)
			}
		}
	}
}

// Equal is equality of all that is written.
func TestEqual(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	for range 20_000 {
		a, b := g.filter(1), g.filter(1)
		if query.Equal(a, b) != reflect.DeepEqual(a, b) || !query.Equal(a, a) {
			t.Fatalf("%#v and %#v", a, b)
		}
	}
}

func TestSimplifyJoins(t *testing.T) {
	is := func(n int64) query.Filter { return query.Is(number.Column, n) }
	a, b := query.Is(other.Column, int64(1)), query.Is(text.Column, "b")
	for name, c := range map[string][2]query.Filter{
		"alternatives": {query.Any{is(1), a, is(2), query.In{Ref: number, Values: []any{int64(2), int64(3)}}},
			query.Any{query.In{Ref: number, Values: []any{int64(1), int64(2), int64(3)}}, a}},
		"the same twice":       {query.Any{is(1), is(1)}, is(1)},
		"A or A and B":         {query.Any{query.All{a, b}, a}, a},
		"A and (A or B)":       {query.All{a, query.Any{b, a}}, a},
		"not (A or B)":         {query.Not{Filter: query.Any{a, query.Not{Filter: b}}}, query.All{query.Compare{Ref: other, Op: query.Ne, Value: int64(1)}, b}},
		"guards tell refs":     {query.Any{query.Compare{Ref: numbers[2], Value: int64(1)}, query.Compare{Ref: numbers[3], Value: int64(1)}}, query.Any{query.Compare{Ref: numbers[2], Value: int64(1)}, query.Compare{Ref: numbers[3], Value: int64(1)}}},
		"nothing is less":      {query.Compare{Ref: number, Op: query.Lt}, query.Nothing},
		"no text is like this": {query.Not{Filter: query.Like{Ref: text, Text: "\xff"}}, nil},
	} {
		if got := query.Simplify(c[0]); !query.Equal(got, c[1]) {
			t.Errorf("%s: %#v", name, got)
		}
	}
}

func BenchmarkSimplify(b *testing.B) {
	mine := query.Any{query.Is(query.Owner, int64(7)), query.In{Ref: query.Ref{Hops: []query.Hop{hop}, Column: text.Column}, Values: []any{"a", "b"}}}
	list := query.All{mine, query.All{query.Compare{Ref: number, Op: query.Gt, Value: int64(5)}, query.Not{Filter: query.Is(text.Column, nil)}}, nil}
	var wide query.Any
	for i := range 500 {
		wide = append(wide, query.All{query.Is(text.Column, strconv.Itoa(i)), query.Compare{Ref: number, Op: query.Gt, Value: int64(i)}})
	}
	for name, f := range map[string]query.Filter{"one": query.Is(query.ID, int64(1)), "list": list, "wide": wide} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				query.Simplify(f)
			}
		})
	}
}

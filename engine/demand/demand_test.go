package demand

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

var (
	status  = query.Column{Name: "status", Storage: fieldtype.Text}
	region  = query.Column{Name: "region", Storage: fieldtype.Text}
	revenue = query.Column{Name: "revenue:i2", Storage: fieldtype.Int}
	due     = query.Column{Name: "due", Storage: fieldtype.Text}
	tags    = query.Column{Name: "tags", Storage: fieldtype.List}
	account = query.Column{Name: "account", Storage: fieldtype.Int}
)

func up(c query.Column) query.Order   { return query.Order{Ref: query.Field(c)} }
func down(c query.Column) query.Order { return query.Order{Ref: query.Field(c), Descending: true} }

func below(c query.Column) query.Filter {
	return query.Compare{Ref: query.Field(c), Op: query.Lt, Value: "x"}
}

func TestShapesOfLists(t *testing.T) {
	through := query.Order{Ref: query.Ref{Hops: []query.Hop{{Lookup: account, Table: "account"}}, Column: status}}
	for _, c := range []struct {
		filter query.Filter
		sort   []query.Order
		want   string // "": none
	}{
		{query.All{query.Is(status, "a"), query.Is(query.Owner, int64(1))}, []query.Order{down(revenue), down(query.ID)}, "owner,status|revenue:i2,id|"},
		{query.All{query.Is(region, "n"), query.Is(status, "a")}, []query.Order{up(revenue), up(query.ID)}, "region,status|revenue:i2,id|"},
		{query.Is(status, "a"), []query.Order{up(status), down(revenue), down(query.ID)}, "status|revenue:i2,id|"},
		{nil, []query.Order{down(revenue), up(status), up(query.ID)}, "|revenue:i2,-status,-id|"},
		{query.All{query.Is(status, "a"), below(due)}, []query.Order{up(query.ID)}, "status|due|"},
		{query.All{query.Is(status, "a"), below(due)}, []query.Order{up(revenue), up(query.ID)}, "status|revenue:i2,id|"},
		{query.Is(status, "a"), []query.Order{through, up(query.ID)}, "status||"},
		{nil, []query.Order{up(query.ID)}, ""},
		{query.Is(query.ID, int64(1)), []query.Order{up(query.ID)}, ""},
		{query.Any{query.Is(status, "a"), query.Is(region, "n")}, []query.Order{up(query.ID)}, ""},
	} {
		s, ok := OfList(query.Select{Filter: c.filter, Sort: c.sort})
		if got := s.String(); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%v by %v is %s, %v; want %s", c.filter, c.sort, got, ok, c.want)
		}
	}
	if _, ok := OfList(query.Select{Filter: query.Is(status, "a"), Words: []query.Word{{Text: "x"}}}); ok {
		t.Error("a search by words has a shape")
	}
}

func TestShapesOfAggregations(t *testing.T) {
	for _, c := range []struct {
		q    query.Aggregate
		want string
	}{
		{query.Aggregate{Filter: query.Is(query.Owner, int64(1)), Groups: []query.Group{{Ref: query.Field(status)}},
			Measures: []query.Measure{{Op: query.Count}, {Op: query.Sum, Ref: query.Field(revenue)}}}, "owner|status|revenue:i2"},
		{query.Aggregate{Filter: below(due), Groups: []query.Group{{Ref: query.Field(due), By: query.ByMonth}}}, "||due"},
		{query.Aggregate{Filter: query.All{query.Is(status, "a"), query.Has{Ref: query.Field(tags), Text: "x"}},
			Measures: []query.Measure{{Op: query.Sum, Ref: query.Field(revenue)}}}, "status||"},
		{query.Aggregate{Measures: []query.Measure{{Op: query.Count}}}, ""},
	} {
		s, ok := OfAggregate(c.q)
		if got := s.String(); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%+v is %s, %v; want %s", c.q, got, ok, c.want)
		}
	}
}

func TestServedBy(t *testing.T) {
	find := func(name string) (query.Column, bool) {
		for _, c := range []query.Column{query.ID, query.Owner, status, region, revenue, due, account} {
			if c.Name == name {
				return c, true
			}
		}
		return query.Column{}, false
	}
	shape := func(text string) Shape {
		t.Helper()
		s, ok := Read(text, find)
		if !ok || s.String() != text {
			t.Fatalf("%q is read as %q, %v", text, s.String(), ok)
		}
		return s
	}
	for _, c := range []struct {
		shape, index string
		unique       bool
		filled       bool
		want         bool
	}{
		{shape: "owner,status|revenue:i2,id|", index: "|status,owner,revenue:i2,id|", want: true},
		{shape: "owner,status|revenue:i2,id|", index: "|owner,status,revenue:i2|", want: true},
		{shape: "owner|status|revenue:i2", index: "|owner,status,revenue:i2,id|", want: true},
		{shape: "owner|id|", index: "|owner,id|", want: true},
		{shape: "owner|id|", index: "|owner,status,id|"},
		{shape: "owner||", index: "|owner,status,id|", want: true},
		{shape: "|revenue:i2,id|", index: "|-revenue:i2,-id|", want: true},
		{shape: "|revenue:i2,-status,-id|", index: "|revenue:i2,-status,-id|", want: true},
		{shape: "|revenue:i2,-status,-id|", index: "|revenue:i2,status,id|"},
		{shape: "status|revenue:i2,id|", index: "|status,revenue:i2,due,id|"},
		{shape: "status|revenue:i2,id|", index: "|revenue:i2,id|"},
		{shape: "owner|status|revenue:i2", index: "|owner,status,id|"},
		{shape: "account|id|", index: "|account,id|", filled: true, want: true},
		{shape: "|account,id|", index: "|account,id|", filled: true},
		{shape: "owner,status|due,id|", index: "|status|", unique: true, want: true},
		{shape: "|status,id|", index: "|status,id|", unique: true},
	} {
		i := store.Index{Columns: shape(c.index).Columns(), Unique: c.unique, Filled: c.filled}
		if got := shape(c.shape).ServedBy(i); got != c.want {
			t.Errorf("%s is served by %s: %v", c.shape, c.index, got)
		}
	}
}

// named is a tenant of which only the name matters.
type named struct {
	store.Tenant
	name string
}

func (n named) Name() string     { return n.name }
func (n named) Identity() string { return n.name }

// What is used often is told at once and then once an hour; what costs a write is bounded,
// and so is what is remembered, whoever asks for what.
func TestUses(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	u := NewUses(func() time.Time { return at })
	one := named{name: "one"}
	asked := func(n int, shape string) {
		for range n {
			u.add(one, use{"account", shape})
		}
	}
	var kept []Use
	writes := 0
	flush := func() {
		u.Flush(t.Context(), func(_ context.Context, tenant, _ string, uses []Use) error {
			kept = append(kept, uses...)
			writes++
			return nil
		}, slog.New(slog.DiscardHandler))
	}
	asked(Often-1, "a")
	flush()
	if writes != 0 {
		t.Fatal("a few uses were written")
	}
	asked(1, "a")
	flush()
	if writes != 1 || kept[0] != (Use{"account", "a", Often}) {
		t.Fatalf("%d writes of %v", writes, kept)
	}
	for range 50 {
		asked(10*Often, "a")
		flush()
	}
	if writes != 1 {
		t.Errorf("%d writes within the hour", writes)
	}
	at = at.Add(time.Hour)
	flush()
	if writes != 2 || kept[1].Times != 500*Often || u.bytes != 0 || len(u.tenants) != 0 {
		t.Errorf("%d writes of %v; %d bytes are left", writes, kept, u.bytes)
	}
	// Somebody who asks for something else each time does not keep what is used often out.
	for i := range 100_000 {
		asked(1, fmt.Sprint("x", i))
		if i%50 == 0 {
			asked(1, "b")
		}
	}
	c := u.tenants["one"]
	if c.shapes[use{"account", "b"}] < Often || len(c.shapes) > maxShapes || u.bytes != c.bytes || u.bytes > 2*maxShapes*(shapeBytes+20)+tenantBytes {
		t.Errorf("%d uses are known, %d shapes, %d bytes", c.shapes[use{"account", "b"}], len(c.shapes), u.bytes)
	}
	for i := range 100_000 {
		u.List(named{name: fmt.Sprint("t", i)}, query.Select{Table: "account", Filter: query.Is(status, "a"), Sort: []query.Order{up(query.ID)}})
	}
	if u.bytes > maxBytes || len(u.tenants) > maxBytes/tenantBytes {
		t.Errorf("%d bytes of %d tenants", u.bytes, len(u.tenants))
	}
	var none *Uses
	none.List(one, query.Select{})
	none.Groups(one, query.Aggregate{})
}

package record_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
	"formwork/metadata/fieldtype"
)

// addresses gives accounts two addresses, of which salespeople may not read the one,
// and dates.
var addresses = []string{
	`{"kind":"object","name":"account","fields":{"seat":{"type":"address"},"home":{"type":"address"},"founded":{"type":"date"},"closed":{"type":"date"},
		"place":{"type":"formula","result":"text","expression":"seat.city + \", \" + seat.country"}},
		"indexes":{"by_city":{"fields":["seat.country","-seat.city"]}}}`,
	`{"kind":"object","name":"deal","fields":{"city":{"type":"formula","result":"text","expression":"account.seat.city"},
		"far":{"type":"formula","result":"checkbox","expression":"account.seat.country != \"DE\""}}}`,
	`{"kind":"permission","name":"sales","objects":{"account":{"fields":{"home":"none"}}}}`,
	`{"kind":"sharing","name":"german","object":"deal","when":"account.seat.country == \"DE\"","to":{"roles":["rep"]},"access":"read"}`,
	`{"kind":"sharing","name":"local","object":"deal","to":{"match":{"account.seat.state":"region"}},"access":"read"}`,
	`{"kind":"view","name":"by_city","object":"account","show":"kanban","columns":["name","seat.city"],"filter":"seat.country == \"DE\"","group":"seat.country","sort":["-seat.city"]}`,
}

func TestParts(t *testing.T) { teststore.Each(t, parts) }

func parts(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	w.apply(addresses...)
	for name, seat := range map[string]map[string]any{
		"a": {"city": "Berlin", "country": "DE", "postal_code": "01067", "street": "Am\nTor"},
		"b": {"city": "Basel", "country": "CH", "state": "west"}, "c": {"city": "Bonn", "country": "DE"}, "d": nil,
	} {
		key := w.create(w.system(), "account", map[string]any{"name": name, "seat": seat, "home": map[string]any{"city": "X"}}).Record.ID()
		w.create(w.system(), "deal", map[string]any{"name": "deal " + name, "account": key.String()})
	}
	w.create(w.system(), "ticket", map[string]any{"subject": "s", "place": map[string]any{"lat": number("52.52"), "lng": number("13.4")}})
	for _, c := range []struct {
		as, object string
		query      record.ListQuery
		want       string // the last of Fields of each, or the fault
	}{
		{"rob", "account", record.ListQuery{Filter: `seat.city == "Berlin"`, Fields: []string{"name"}}, "[a]"},
		{"rob", "account", record.ListQuery{Filter: `seat.city in ["Bonn", "Basel"] and not (seat.country == "CH")`, Fields: []string{"name"}}, "[c]"},
		{"rob", "account", record.ListQuery{Filter: `seat.city startsWith "B"`, Sort: []string{"-seat.city"}, Fields: []string{"seat.city"}}, "[Bonn Berlin Basel]"},
		{"rob", "account", record.ListQuery{Filter: `seat.city == nil`, Fields: []string{"name"}}, "[d]"},
		{"rob", "account", record.ListQuery{Filter: `seat.street contains "\n"`, Fields: []string{"seat.postal_code"}}, "[01067]"},
		{"rob", "account", record.ListQuery{Sort: []string{"seat.country", "name"}, Fields: []string{"place"}}, "[,  Basel, CH Berlin, DE Bonn, DE]"},
		{"ada", "deal", record.ListQuery{Filter: `account.seat.country == "DE"`, Sort: []string{"account.seat.city"}, Fields: []string{"account.seat.city"}}, "[Berlin Bonn]"},
		{"rob", "deal", record.ListQuery{Sort: []string{"name"}, Fields: []string{"name"}}, "[deal a deal c]"},         // shared by country
		{"rita", "deal", record.ListQuery{Sort: []string{"name"}, Fields: []string{"name"}}, "[deal a deal b deal c]"}, // and by her region
		{"ada", "deal", record.ListQuery{Filter: `city == "Berlin" or far and city startsWith "Ba"`, Sort: []string{"name"}, Fields: []string{"city"}}, "[Berlin Basel]"},
		{"ada", "account", record.ListQuery{Filter: `home.city == "X"`, Sort: []string{"name"}, Fields: []string{"name"}}, "[a b c d]"},
		{"rob", "account", record.ListQuery{Filter: `home.city == "X"`}, "/filter expression.unknown_name"},
		{"rob", "account", record.ListQuery{Sort: []string{"home.city"}}, "/sort list.unknown_field"},
		{"rob", "account", record.ListQuery{Fields: []string{"home.city"}}, "/fields list.unknown_field"},
		{"rob", "deal", record.ListQuery{Filter: `account.home.city == "X"`}, "/filter expression.unknown_name"},
		{"rob", "account", record.ListQuery{Filter: `seat.citi == "X"`}, "/filter expression.unknown_name"},
		{"rob", "account", record.ListQuery{Fields: []string{"seat.citi"}}, "/fields list.unknown_field"},
		{"rob", "account", record.ListQuery{Fields: []string{"seat.city.name"}}, "/fields list.no_lookup"},
		{"rob", "account", record.ListQuery{Sort: []string{"seat"}}, "/sort list.not_sortable"},
		{"ada", "ticket", record.ListQuery{Filter: "place.lat > 52.5 and place.lat < 52.5200005 and place.lng == 13.4", Fields: []string{"place.lng"}}, "[13.400000]"},
	} {
		page, err := w.as(c.as).List(w.ctx, c.object, c.query)
		got := faults(err)
		if err == nil {
			var all []string
			for _, r := range page.Items {
				all = append(all, r.CSV(len(r.Fields())-1))
			}
			got = fmt.Sprint(all)
		}
		if got != c.want {
			t.Errorf("%s: %s %+v: %s, want %s", c.as, c.object, c.query, got, c.want)
		}
	}
	if _, err := w.as("rob").List(w.ctx, "account", record.ListQuery{Sort: []string{"seat.citi"}}); text(err, "") == "" || !reflect.DeepEqual(suggestion(err), "seat.city") {
		t.Errorf("suggests %v: %v", suggestion(err), err)
	}
	rows, err := w.as("rob").Aggregate(w.ctx, "account", record.AggregateQuery{Group: []record.GroupBy{{Field: "seat.country"}}, Measures: []record.MeasureOf{{Op: "count"}, {Op: "max", Field: "seat.city"}}})
	if err != nil {
		t.Fatal(err)
	}
	var groups []map[string]any
	for _, r := range rows {
		groups = append(groups, decode(t, r))
	}
	want := []map[string]any{{"seat.country": nil, "count": number("1"), "max_seat.city": nil},
		{"seat.country": "CH", "count": number("1"), "max_seat.city": "Basel"}, {"seat.country": "DE", "count": number("2"), "max_seat.city": "Bonn"}}
	if !reflect.DeepEqual(groups, want) {
		t.Errorf("groups %v", groups)
	}
	if _, err := w.as("rob").Create(w.ctx, "account", map[string]any{"name": "e", "seat.city": "Bern"}); faults(err) == "" {
		t.Error("a part was written by itself")
	}
}

// The columns of parts hold what the values do, whatever was done to the records.
func TestPartsStayRight(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(addresses...)
	r := rand.New(rand.NewPCG(3, 9))
	var live, gone []id.ID
	address := func() any {
		if r.IntN(4) == 0 {
			return nil
		}
		made := map[string]any{}
		for _, part := range []string{"street", "city", "state", "postal_code", "country"} {
			if r.IntN(2) == 0 {
				made[part] = []string{"x", "北京", " \"y\" ", "", "a\\u0000"}[r.IntN(5)]
			}
		}
		return made
	}
	for i := range 300 {
		data := map[string]any{"name": fmt.Sprint("n", i), "seat": address(), "home": address()}
		switch n := r.IntN(10); {
		case n < 4 || len(live) < 3:
			live = append(live, w.create(w.system(), "account", data).Record.ID())
		case n < 7:
			w.update(w.system(), "account", live[r.IntN(len(live))], map[string]any{"seat": address()})
		case n < 8:
			at := r.IntN(len(live))
			if err := w.system().Delete(w.ctx, "account", live[at], 0); err != nil {
				t.Fatal(err)
			}
			gone, live = append(gone, live[at]), slices.Delete(live, at, at+1)
		case n < 9 && len(gone) > 0:
			if _, err := w.system().Restore(w.ctx, "account", gone[0]); err != nil {
				t.Fatal(err)
			}
			live, gone = append(live, gone[0]), gone[1:]
		default:
			ops := []record.Operation{{Op: "create", Data: data}, {Op: "update", ID: live[0], Data: map[string]any{"home": address()}}}
			if _, err := w.system().Bulk(w.ctx, "account", ops, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	if split := w.splits(); split < 100 {
		t.Errorf("only %d addresses", split)
	}
}

// splits compares the columns of accounts' parts with their values, and counts those.
func (w *world) splits() (found int) {
	w.t.Helper()
	for _, name := range []string{"seat", "home"} {
		f, _ := w.snapshot.Objects["account"].Field(name)
		q := query.Select{Table: "account", Columns: []query.Ref{query.Field(f.Column)}}
		for _, part := range f.Parts {
			q.Columns = append(q.Columns, query.Field(part.Column))
		}
		for row, err := range w.tenant.Select(w.ctx, q) {
			if err != nil {
				w.t.Fatal(err)
			}
			want := make([]any, len(f.Parts))
			if row[0] != nil {
				want = f.Value.(fieldtype.Parts).Split(row[0])
				found++
			}
			if !reflect.DeepEqual([]any(row[1:]), want) {
				w.t.Errorf("%s: %s is kept as %v", name, row[0], row[1:])
			}
		}
	}
	return found
}

func suggestion(err error) any { return fault.From(err).Params["suggestion"] }

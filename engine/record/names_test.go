package record_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/record/form"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// naming refers to private firms, to people whose names are hidden, and to any of them.
var naming = []string{
	`{"kind":"object","name":"firm","label":"Firm","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"mother":{"type":"lookup","object":"firm"}}}`,
	`{"kind":"object","name":"person","label":"Person","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"score":{"type":"number"}}}`,
	`{"kind":"object","name":"order","label":"Order","name_field":"name","visibility":"write","fields":{"name":{"type":"text"},"firm":{"type":"lookup","object":"firm"},
		"second":{"type":"lookup","object":"firm"},"person":{"type":"lookup","object":"person"},"any":{"type":"any_lookup"},
		"rows":{"type":"children","fields":{"of":{"type":"lookup","object":"firm"},"parts":{"type":"children","fields":{"by":{"type":"lookup","object":"firm"}}}}}}}`,
	`{"kind":"permission","name":"clerk","label":"Clerk","objects":{"order":{"create":true,"read":true,"update":true},"firm":{"create":true,"read":true},
		"person":{"read":true,"fields":{"name":"none","score":"read"}}}}`,
}

// counted counts what is asked of each table.
type counted struct {
	store.Tenant
	asked map[string]int
}

func (c counted) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	c.asked[q.Table]++
	return c.Tenant.Select(ctx, q)
}

// A page tells the names of all that its references lead to, by one query for each object,
// and nothing of a record or a name that the caller may not read.
func TestNames(t *testing.T) { teststore.Each(t, names) }

func names(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	w.apply(naming...)
	w.people["rob"].Permissions = []string{"clerk"}
	s := w.system()
	mine := func(name string, mother any) string {
		return w.create(w.as("rob"), "firm", map[string]any{"name": name, "mother": mother}).Record.ID().String()
	}
	hidden := w.create(s, "firm", map[string]any{"name": "Hidden"}).Record.ID().String()
	person := w.create(s, "person", map[string]any{"name": "Nameless"}).Record.ID().String()
	top := mine("Top \"1\"", nil)
	below, row, inner, other := mine("Below", top), mine("Row", nil), mine("Inner", nil), mine("Any", nil)
	order := w.create(s, "order", map[string]any{"name": "A", "firm": below, "second": hidden, "person": person, "any": map[string]any{"object": "firm", "id": other},
		"rows": []any{map[string]any{"of": row, "parts": []any{map[string]any{"by": inner}, map[string]any{"by": hidden}}}}}).Record.ID()
	w.create(s, "order", map[string]any{"name": "B", "firm": row, "any": map[string]any{"object": "person", "id": person}})

	firms := map[string]string{top: `Top "1"`, below: "Below", row: "Row", inner: "Inner", other: "Any"}
	asked := counted{w.tenant, map[string]int{}}
	rob := w.service.As(asked, w.snapshot, w.people["rob"])
	for _, c := range []struct {
		fields string
		want   []string
	}{
		{"name,firm,second,any,rows,person,created_by,firm.mother", []string{top, below, row, inner, other}},
		{"name,firm.mother", []string{top}},
		{"firm.name,name", nil},
		{"name,firm", []string{below, row}},
	} {
		clear(asked.asked)
		page, err := rob.List(w.ctx, "order", record.ListQuery{Fields: strings.Split(c.fields, ","), Names: true})
		if err != nil {
			t.Fatal(err)
		}
		want := record.Names{}
		for _, key := range c.want {
			if want["firm"] == nil {
				want["firm"] = map[id.ID]string{}
			}
			parsed, _ := id.Parse(key)
			want["firm"][parsed] = firms[key]
		}
		if fmt.Sprint(page.Names) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", c.fields, page.Names, want)
		}
		if len(page.Items) != 2 || asked.asked["firm"] > 1 || asked.asked["person"] > 0 || asked.asked["user"] > 0 {
			t.Errorf("%s: %d records, asked %v", c.fields, len(page.Items), asked.asked)
		}
	}

	found, err := rob.Get(w.ctx, "order", order, nil)
	if err != nil {
		t.Fatal(err)
	}
	names, err := rob.Names(w.ctx, found)
	raw, _ := json.Marshal(names)
	if shown := map[string]map[string]string{}; err != nil || json.Unmarshal(raw, &shown) != nil || len(shown) != 1 || len(shown["firm"]) != 4 || shown["firm"][below] != "Below" {
		t.Errorf("of one record: %v %s", err, raw)
	}
	parsed, _ := id.Parse(below)
	related, err := rob.Related(w.ctx, "firm", parsed, "order.firm", record.ListQuery{Names: true})
	if err != nil || len(related.Items) != 1 || len(related.Names["firm"]) != 4 {
		t.Errorf("of related records: %v %v", err, related)
	}
	chosen, err := rob.Candidates(w.ctx, "order", "firm", form.Query{}, record.ListQuery{Names: true, Sort: []string{"name"}})
	if err != nil || len(chosen.Items) != 5 || chosen.Names["firm"][parsed] != "" || len(chosen.Names["firm"]) != 1 {
		t.Errorf("of candidates: %v %v", err, chosen)
	}
	if strings.Contains(string(raw), "Hidden") || strings.Contains(string(raw), "Nameless") {
		t.Errorf("tells what is hidden: %s", raw)
	}
	if page, err := rob.List(w.ctx, "order", record.ListQuery{}); err != nil || page.Names != nil {
		t.Errorf("not asked for: %v %v", page.Names, err)
	}
}

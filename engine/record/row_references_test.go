package record_test

import (
	"context"
	"testing"

	"formwork/engine/record"
	"formwork/engine/store"
)

// meanwhile is a tenant in which something happens before a write begins.
type meanwhile struct {
	store.Tenant
	happens func()
}

func (m meanwhile) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	m.happens()
	return m.Tenant.Write(ctx, fn)
}

// References in child rows are held to what those of records are: what they lead to is
// there when the record is saved, and may be read, whoever made the rows.
func TestReferencesInRows(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"note","fields":{"parts":{"type":"children","fields":{
		"deal":{"type":"lookup","object":"deal"},"more":{"type":"children","fields":{"any":{"type":"any_lookup","objects":["deal","account"]}}}}}}}`,
		`{"kind":"permission","name":"sales","objects":{"note":{"fields":{"*":"edit"}}}}`)
	theirs := w.create(w.as("rita"), "deal", map[string]any{"name": "Secret"}).Record.ID()
	own := w.create(w.as("rob"), "deal", map[string]any{"name": "Own"}).Record.ID()
	part := func(deal string) []any { return []any{map[string]any{"deal": deal}} }

	nested := []any{map[string]any{"more": []any{map[string]any{"any": map[string]any{"object": "deal", "id": theirs.String()}}}}}
	if _, err := w.as("rob").Create(w.ctx, "note", map[string]any{"title": "n", "parts": nested}); faults(err) != "/parts/0/more/0/any record.no_reference" {
		t.Errorf("rows in rows: %q", faults(err))
	}
	outcomes, err := w.as("rob").Bulk(w.ctx, "note", []record.Operation{{Op: "create", Data: map[string]any{"title": "n", "parts": part(theirs.String())}}}, false)
	if err != nil || faults(outcomes[0].Fault) != "/parts/0/deal record.no_reference" {
		t.Errorf("a bulk: %v %v", err, outcomes[0].Fault)
	}
	w.before.do = func(c *record.Change) error { return c.Set("parts", part(theirs.String())) }
	if _, err := w.as("rob").Create(w.ctx, "note", map[string]any{"title": "n"}); faults(err) != "/parts/0/deal record.no_reference" {
		t.Errorf("rows of a hook: %q", faults(err))
	}
	w.before.do = nil
	late := w.service.As(meanwhile{w.tenant, func() {
		if err := w.as("rob").Delete(w.ctx, "deal", own, 0); err != nil {
			t.Error(err)
		}
	}}, w.snapshot, w.people["rob"])
	if _, err := late.Create(w.ctx, "note", map[string]any{"title": "n", "parts": part(own.String())}); faults(err) != "/parts/0/deal record.no_reference" {
		t.Errorf("what went away since it was checked: %q", faults(err))
	}
}

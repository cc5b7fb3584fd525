package record_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"formwork/engine/record"
	"formwork/engine/store"
)

// values are those of a form, decoded.
func values(t testing.TB, f *record.Form) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(f.Values, &v); err != nil {
		t.Fatalf("%v in %s", err, f.Values)
	}
	return v
}

// What lies behind a reference to a record that the caller may not read is in no value,
// no condition and no rule, whether the record is saved or not.
func TestFormTellsNothingBehindWhatMayNotBeRead(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"note","fields":{
		"stage":{"type":"formula","result":"text","expression":"deal.name"},
		"deal":{"type":"lookup","object":"deal","on_delete":"clear"},
		"parts":{"type":"children","fields":{
			"deal":{"type":"lookup","object":"deal"}}},
		"secrets":{"type":"rollup","rows":"parts","op":"count","filter":"deal.name == \"Secret\""}},
		"rules":{"not_secret":{"must":"deal.name != \"Secret\"","message":"x"}}}`,
		`{"kind":"permission","name":"sales","objects":{"note":{"fields":{"deal":"edit","stage":"read","parts":"edit","secrets":"read","title":"edit","about":"edit"}}}}`)
	theirs := w.create(w.as("rita"), "deal", map[string]any{"name": "Secret"}).Record.ID().String()
	own := w.create(w.as("rob"), "deal", map[string]any{"name": "Own"}).Record.ID().String()
	data := map[string]any{"title": "n", "deal": theirs, "parts": []any{map[string]any{"deal": own}, map[string]any{"deal": theirs}}}

	f, err := w.as("rob").Form(w.ctx, "note", record.FormQuery{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	const want = "/deal record.no_reference; /parts/1/deal record.no_reference"
	if got := listed(f); got != want {
		t.Errorf("problems %q", got)
	}
	v := values(t, f)
	if v["deal"] != nil || v["stage"] != nil || v["secrets"] != 0.0 || !equalJSON(v["parts"], []any{map[string]any{"deal": own}, map[string]any{}}) {
		t.Errorf("values %s", f.Values)
	}
	if _, err := w.as("rob").Create(w.ctx, "note", data); faults(err) != want {
		t.Errorf("saving: %q", faults(err))
	}
	note := w.create(w.as("rita"), "note", map[string]any{"title": "n", "parts": []any{map[string]any{"deal": theirs}}}).Record.ID()
	if _, err := w.system().Update(w.ctx, "note", note, map[string]any{"owner": w.people["rob"].User.String()}, 0); err != nil {
		t.Fatal(err)
	}
	// What was there stays, in rows as well.
	patch := map[string]any{"title": "m", "parts": []any{map[string]any{"deal": theirs}}}
	f, err = w.as("rob").Form(w.ctx, "note", record.FormQuery{ID: note, Data: patch})
	if err != nil || listed(f) != "" {
		t.Errorf("problems %q, %v", listed(f), err)
	}
}

// listed are a form's problems as faults lists them.
func listed(f *record.Form) string {
	var parts []string
	for _, p := range f.Problems {
		parts = append(parts, strings.TrimSpace(p.Pointer+" "+p.Code))
	}
	return strings.Join(parts, "; ")
}

// onlyRead is a tenant whose use for anything but reading fails the test.
type onlyRead struct {
	store.Tenant
	t testing.TB
}

func (r onlyRead) Write(context.Context, func(store.Tx) error) error {
	r.t.Error("a form writes")
	return nil
}

func (r onlyRead) Define(context.Context, ...store.Table) error {
	r.t.Error("a form defines tables")
	return nil
}

func (r onlyRead) Index(context.Context, string, []store.Index) error {
	r.t.Error("a form makes indexes")
	return nil
}

func (r onlyRead) Drop(context.Context, string, ...string) error {
	r.t.Error("a form drops columns")
	return nil
}

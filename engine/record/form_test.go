package record_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/query"
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

// A condition of the layout that reads through a saved reference reads nothing of a
// record that the caller may not read; what the object requires counts in any case.
func TestFormGuardsConditions(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"note","visibility":"write","fields":{"deal":{"type":"lookup","object":"deal","on_delete":"clear"},
			"hint":{"type":"text","required":"deal.name == \"Secret\"","visible_when":"deal.name != \"Secret\""}}}`,
		`{"kind":"layout","name":"note","object":"note","tabs":{"t":{"sections":{
			"open":{"visible_when":"deal.name == \"Secret\"","fields":{"title":{"read_only_when":"deal.name == \"Secret\""}}}}}}}`)
	deal := w.create(w.as("rita"), "deal", map[string]any{"name": "Secret"}).Record.ID().String()
	note := w.create(w.as("rita"), "note", map[string]any{"title": "n", "deal": deal, "hint": "h"}).Record.ID()
	for name, reads := range map[string]bool{"rita": true, "rob": false} {
		f, err := w.as(name).Form(w.ctx, "note", record.FormQuery{ID: note})
		if err != nil {
			t.Fatal(err)
		}
		title, hint := f.Fields["title"], f.Fields["hint"]
		if f.Sections["t/open"].Visible != reads || title.Visible != reads || title.ReadOnly != reads || hint.Visible == reads || !hint.Required {
			t.Errorf("%s sees the section %v, title %+v, hint %+v", name, f.Sections["t/open"], title, hint)
		}
	}
}

// auditor writes beside every account that is saved.
type auditor struct {
	refuse bool
	seen   []string
}

func (a *auditor) Wants(_ *catalog.Snapshot, object string, _ record.Action) bool {
	return object == "account"
}

func (a *auditor) BeforeSave(context.Context, store.Reader, *record.Change) error { return nil }

func (a *auditor) AfterSave(ctx context.Context, tx store.Tx, c *record.Change) error {
	n, err := tx.Count(ctx, "account", query.Is(query.ID, int64(c.ID())), nil, 0)
	if err != nil {
		return err
	}
	a.seen = append(a.seen, fmt.Sprint(c.Action(), " ", c.Get("name"), " ", n, " ", faults(c.Set("name", "other"))))
	if a.refuse {
		return fault.New(fault.Conflict, "record.too_late")
	}
	return nil
}

// A hook that writes does so after the row, in its transaction, and not for a form.
func TestWritingHooks(t *testing.T) {
	w := newWorld(t).populate()
	hook := &auditor{}
	w.service = record.New(record.Options{IDs: w.ids, Now: w.now, SaveHooks: []record.SaveHook{hook}})
	if _, err := w.system().Form(w.ctx, "account", record.FormQuery{Data: map[string]any{"name": "A"}}); err != nil || hook.seen != nil {
		t.Fatalf("a form: %v %v", hook.seen, err)
	}
	key := w.create(w.system(), "account", map[string]any{"name": "A"}).Record.ID()
	w.update(w.system(), "account", key, map[string]any{"name": "B"})
	if want := []string{"create A 1 record.too_late", "update B 1 record.too_late"}; !slices.Equal(hook.seen, want) {
		t.Errorf("seen %q", hook.seen)
	}
	hook.refuse = true
	before := w.traces()
	if _, err := w.system().Create(w.ctx, "account", map[string]any{"name": "C"}); faults(err) != "record.too_late" || w.traces() != before {
		t.Errorf("refused: %v, left %v of %v", err, w.traces(), before)
	}
}

// What a form tells of child rows is bounded, and what counts as sent is what changed.
func TestFormBounds(t *testing.T) {
	w := newWorld(t).populate()
	var options []string
	for i := range 450 {
		options = append(options, fmt.Sprintf(`"o%d":{}`, i))
	}
	w.apply(`{"kind":"object","name":"note","fields":{"parts":{"type":"children","fields":{"pick":{"type":"picklist","options":{` + strings.Join(options, ",") + `}}}}}}`)
	rows := make([]any, 500)
	for i := range rows {
		rows[i] = map[string]any{}
	}
	ask := func(q record.FormQuery) string {
		_, err := w.system().Form(w.ctx, "note", q)
		return faults(err)
	}
	if got := ask(record.FormQuery{Data: map[string]any{"parts": rows}}); got != "record.form_too_large" {
		t.Errorf("many rows with many options: %q", got)
	}
	if got := ask(record.FormQuery{Data: map[string]any{"parts": rows}, Changed: []string{}}); got != "" {
		t.Errorf("rows that do not count: %q", got)
	}
	if got := ask(record.FormQuery{Data: map[string]any{}, Changed: []string{"title"}}); got != "/changed/0 record.form_changed" {
		t.Errorf("a change without a value: %q", got)
	}
}

package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// readsAll is a reader who may read everything but the setup.
type readsAll struct{}

func (readsAll) Reads(string) bool                     { return true }
func (readsAll) ReadsPath(string, string) bool         { return true }
func (readsAll) ShowsPath(string, string) bool         { return true }
func (readsAll) Understands(string, string, bool) bool { return true }
func (readsAll) Sees(metadata.Key) bool                { return true }

// plain are members whose values are texts or data, and shown whole.
var plain = []string{"label", "label_plural", "description", "help", "message", "default", "requires"}

// salted is a decoded value in which every object has a member that nobody has listed.
func salted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{"unlisted": "secret"}
		for name, member := range v {
			if !slices.Contains(plain, name) {
				member = salted(member)
			}
			out[name] = member
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = salted(item)
		}
		return out
	}
	return v
}

// A member that nobody has listed is not shown, wherever it stands in a document of
// whatever kind.
func TestWhatIsNotListedIsHidden(t *testing.T) {
	c := New(Options{Types: standardTypes()})
	documents := append(standardDocuments(), documents(t, []json.RawMessage{
		json.RawMessage(`{"kind":"object","name":"order","fields":{"lines":{"type":"children","fields":{"sum":{"type":"formula","expression":"secret + 1","result":"number"}}}}}`),
		json.RawMessage(`{"kind":"policy","name":"p","object":"account","rego":"secret"}`),
		json.RawMessage(`{"kind":"constant","name":"c","type":"text","value":"known"}`),
		json.RawMessage(`{"kind":"setting","name":"s","type":"text","value":"secret","overrides":{"o":{"roles":["r"],"value":"secret"}}}`),
		json.RawMessage(`{"kind":"record","name":"r","object":"order","values":{"name":"secret"}}`),
	})...)
	shown := map[string]int{}
	for _, d := range documents {
		body, problem := metadata.ReadJSON(d.Body, metadata.Limits{Bytes: metadata.MaxDocument, Depth: metadata.MaxDepth})
		if problem != nil {
			t.Fatal(problem)
		}
		redacted, ok := c.Redact(metadata.Document{Key: d.Key, Body: metadata.Canonical(salted(body))}, readsAll{})
		if ok {
			shown[d.Kind]++
		}
		if text := string(redacted.Body); strings.Contains(text, "secret") {
			t.Errorf("of %s is shown %s", d.Key, text)
		}
	}
	for _, kind := range StandardKinds() {
		_, shows := kind.(Shows)
		if shows != (shown[kind.Name()] > 0) {
			t.Errorf("documents of the kind %s: %d are shown", kind.Name(), shown[kind.Name()])
		}
	}
}

// talkative is a type of field with settings of which it lists one.
type talkative struct{ fieldtype.CheckboxType }

func (talkative) Name() string { return "talkative" }
func (talkative) SettingsSchema() map[string]any {
	return map[string]any{"colour": map[string]any{"type": "string"}, "key": map[string]any{"type": "string"}}
}
func (talkative) ShownSettings(metadata.Shown) metadata.Members { return metadata.AllOf("colour") }

// silent lists none.
type silent struct{ fieldtype.CheckboxType }

func (silent) Name() string { return "silent" }

// The settings of a field's type are shown as far as the type lists them.
func TestSettingsAreListedByTheType(t *testing.T) {
	types := fieldtype.NewRegistry(append(fieldtype.Standard(nil), talkative{}, silent{})...)
	c := New(Options{Types: types})
	d := documents(t, []json.RawMessage{json.RawMessage(`{"kind":"object","name":"o","fields":{"a":{"type":"talkative","colour":"red","key":"k"},
		"b":{"type":"silent","colour":"red"},"c":{"type":"unheard_of","label":"C","colour":"red"},
		"d":{"type":"formula","expression":"1","result":"currency","scale":2,"filter":"x"}}}`)})[0]
	want := `{"kind":"object","name":"o","fields":{"a":{"type":"talkative","colour":"red"},"b":{"type":"silent"},"c":{"type":"unheard_of","label":"C"},` +
		`"d":{"type":"formula","result":"currency","scale":2}}}`
	if redacted, _ := c.Redact(d, readsAll{}); string(redacted.Body) != want {
		t.Errorf("shown are\n%s, not\n%s", redacted.Body, want)
	}
}

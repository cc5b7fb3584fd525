package catalog

import (
	"testing"

	"formwork/engine/fault"
	"formwork/metadata"
)

// A layout keeps its conditions compiled, in the order in which the page shows it.
func TestLayoutsAreCompiled(t *testing.T) {
	s := buildBase(t, `{"kind":"object","name":"thing","name_field":"name","fields":{"name":{"type":"text"},"kind":{"type":"text","visible_when":"name == \"x\""},"size":{"type":"number"}},
			"record_types":{"big":{"layout":"big"},"small":{},"odd":{}}}`,
		`{"kind":"layout","name":"a","object":"thing","tabs":{"z":{"order":1,"sections":{"two":{"order":2,"fields":{}},"one":{"order":1,"visible_when":"size > 1",
			"fields":{"name":{"order":2,"required_when":"size == 1","read_only_when":"user.name == \"x\""},"size":{"order":1,"visible_when":"kind != nil"}}}}},"y":{"order":2,"sections":{"s":{"fields":{}}}}}}`,
		`{"kind":"layout","name":"b","object":"thing","device":"phone","tabs":{"t":{"sections":{"s":{"fields":{}}}}}}`,
		`{"kind":"layout","name":"big","object":"thing","record_type":"big","device":"desktop","tabs":{"t":{"sections":{"s":{"fields":{}}}}}}`,
		`{"kind":"layout","name":"small","object":"thing","record_type":"small","tabs":{"t":{"sections":{"s":{"fields":{}}}}}}`,
		`{"kind":"layout","name":"other","object":"account","tabs":{"t":{"sections":{"s":{"fields":{}}}}}}`)
	thing := s.Objects["thing"]
	if f, _ := thing.Field("kind"); f.VisibleWhen == nil || f.VisibleWhen.Source() != `name == "x"` {
		t.Error("a field has lost its condition")
	}
	a := Layouts(s)["a"]
	if a.Object != thing || a.Tabs[0].Name != "z" || a.Tabs[0].Sections[0].Name != "one" || a.Tabs[0].Sections[0].VisibleWhen.Source() != "size > 1" {
		t.Fatalf("compiled to %+v", a)
	}
	fields := a.Tabs[0].Sections[0].Fields
	if fields[0].Field.Name != "size" || fields[0].VisibleWhen == nil || fields[0].RequiredWhen != nil || fields[1].RequiredWhen == nil || fields[1].ReadOnlyWhen == nil {
		t.Errorf("placed are %+v, %+v", fields[0], fields[1])
	}
	for _, c := range []struct{ recordType, device, want string }{
		{"", "", "a"}, {"", "desktop", "a"}, {"", "phone", "b"}, {"odd", "phone", "b"},
		{"big", "desktop", "big"}, {"big", "phone", "b"}, {"small", "phone", "small"}, {"small", "", "small"},
	} {
		if l := LayoutFor(s, thing, c.recordType, c.device); l == nil || l.Doc.Name != c.want {
			t.Errorf("a record of type %q on a %q is shown on %+v", c.recordType, c.device, l)
		}
	}
	if l := LayoutFor(s, s.Objects["user"], "", ""); l != nil {
		t.Errorf("an object without layouts is shown on %s", l.Doc.Name)
	}
}

// The layout of a record type is asked for again when the layouts change, not only when
// the object does.
func TestLayoutOfARecordTypeStays(t *testing.T) {
	h := crm(t)
	h.apply(change(`{"kind":"object","name":"opportunity","record_types":{"big":{"layout":"big"}}}`,
		`{"kind":"layout","name":"big","object":"opportunity","tabs":{"t":{"sections":{"s":{"fields":{}}}}}}`))
	_, err := h.catalog.Apply(t.Context(), h.tenant, Change{Delete: []metadata.Key{key("layout", "big")}}, 7)
	if told := fault.From(err); len(told.Errors) != 1 || told.Errors[0].Pointer != "/object/opportunity/record_types/big/layout" {
		t.Errorf("taking the layout away: %v", err)
	}
}

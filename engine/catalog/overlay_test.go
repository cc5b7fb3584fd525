package catalog

import (
	"slices"
	"testing"

	"formwork/engine/fault"
	"formwork/metadata"
)

// pointers are those of faults of one code.
func pointers(faults []*fault.Fault, code string) (all []string) {
	for _, f := range faults {
		if f.Code == code {
			all = append(all, f.Pointer)
		}
	}
	return all
}

// An overlay that replaces another says what it drops; one that is merged drops nothing.
func TestOverlaysAreMergedOrSayWhatTheyDrop(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	h.apply(change(`{"kind":"object","name":"deal","label":"Chance","fields":{"founded":{"type":"date"}}}`))
	small := change(`{"kind":"object","name":"deal","fields":{"note":{"type":"text"}}}`)

	plan, err := h.catalog.Plan(t.Context(), h.tenant, small)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pointers(plan.Warnings, "catalog.drops_overlay"), []string{"/object/deal/fields/founded", "/object/deal/label"}; !slices.Equal(got, want) {
		t.Errorf("warns of %q, want %q", got, want)
	}

	small.Merge = true
	result := h.apply(small)
	if got := pointers(result.Warnings, "catalog.drops_overlay"); got != nil {
		t.Errorf("a merge drops %q", got)
	}
	o := h.snapshot().Objects["deal"]
	if o.byName["founded"] == nil || o.byName["note"] == nil || o.Doc.Label.In("en", "") != "Chance" {
		t.Errorf("merged to %s", h.snapshot().Documents[key("object", "deal")].Body)
	}
	remove := change(`{"kind":"object","name":"deal","label":null,"fields":{"note":null}}`)
	remove.Merge, remove.Allow = true, []string{"object/deal/fields/*"}
	h.apply(remove)
	if o := h.snapshot().Objects["deal"]; o.byName["note"] != nil || o.byName["founded"] == nil || o.Doc.Label != nil {
		t.Errorf("null in a merge left %s", h.snapshot().Documents[key("object", "deal")].Body)
	}
}

func TestAllowPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"object/a/fields/x", "object/a/fields/x", true},
		{"object/a/fields/x", "object/a/fields/xy", false},
		{"object/*", "object/a/fields/x", true},
		{"object/a/fields/*", "object/ab/fields/x", false},
		{"object/*/fields/old_*", "object/ab/fields/old_x", true},
		{"object/*/fields/old_*", "object/ab/fields/older", false},
		{"*", "permission/admin", true},
		{"a*a", "a", false},
	} {
		if got := allows([]string{c.pattern}, c.path); got != c.want {
			t.Errorf("%s allows %s: %t", c.pattern, c.path, got)
		}
	}
}

// An object without records goes without being named, one with records does not, be they
// in the bin.
func TestRemovingAnEmptyObject(t *testing.T) {
	thing := `{"kind":"object","name":"thing","name_field":"name","fields":{"name":{"type":"text"}}}`
	h := newHouse(t, basePackage(t, "1.0.0"))
	h.apply(change(thing))
	remove := Change{Delete: []metadata.Key{{Kind: "object", Name: "thing"}}}
	h.apply(remove)
	if h.snapshot().Objects["thing"] != nil {
		t.Error("it is still there")
	}
	h.apply(change(thing))
	h.insert("thing", map[string]any{"name": "x"})
	if _, err := h.catalog.Apply(t.Context(), h.tenant, remove, 7); !fault.Is(err, "catalog.destructive") {
		t.Errorf("with a record: %v", err)
	}
}

package policy

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"formwork/metadata"
)

// A masked field counts as one that may not be read, unless another set gives it.
func TestMaskedFields(t *testing.T) {
	w := newWorld(t)
	set := func(name, level string) string {
		return fmt.Sprintf(`{"kind":"permission","name":%q,"label":"X","objects":{"deal":{"read":true,"update":true,"fields":{"*":"none","vip":%q}}}}`, name, level)
	}
	s := w.compile(t, base(t, set("masked", "masked"), set("reading", "read"), set("editing", "edit"), set("nothing", "none"))...)
	for _, c := range []struct {
		sets   []string
		field  string
		masked bool
	}{
		{[]string{"masked"}, "", true}, {[]string{"nothing"}, "", false}, {[]string{"nothing", "masked"}, "", true},
		{[]string{"masked", "reading"}, "read", false}, {[]string{"reading", "masked"}, "read", false}, {[]string{"masked", "editing"}, "edit", false},
	} {
		caller := &Caller{Tenant: "acme", User: 1, Permissions: c.sets, Attributes: map[string]any{"active": true}}
		rights, err := s.Rights(context.Background(), caller)
		if err != nil {
			t.Fatal(err)
		}
		if of := rights.Objects["deal"]; of.Fields["vip"] != c.field || of.Masked["vip"] != c.masked {
			t.Errorf("%v: %q, masked %v", c.sets, of.Fields["vip"], of.Masked["vip"])
		}
		_, value, err := s.ReadsField(context.Background(), caller, "deal", "vip")
		if err != nil || value != (c.field != "") {
			t.Errorf("%v read the value: %v %v", c.sets, value, err)
		}
	}
	// Masked is less than read, and more than nothing.
	level := func(level string) *metadata.ObjectRights {
		return &metadata.ObjectRights{Read: true, Fields: map[string]string{"vip": level}}
	}
	for _, c := range []struct {
		given, held string
		beyond      []beyondGrant
	}{
		{"masked", "none", []beyondGrant{{"/fields/vip", ".vip: masked"}}}, {"masked", "masked", nil}, {"masked", "read", nil},
		{"read", "masked", []beyondGrant{{"/fields/vip", ".vip: read"}}},
	} {
		if got := beyondOf(level(c.given), []*metadata.ObjectRights{level(c.held)}, []string{"vip"}); !slices.Equal(got, c.beyond) {
			t.Errorf("%s by who has %s: %v", c.given, c.held, got)
		}
	}
}

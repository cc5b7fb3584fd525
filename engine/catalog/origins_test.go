package catalog

import (
	"fmt"
	"testing"
	"time"

	"formwork/engine/cache"
)

// Whether an origin is listed is found without compiling the configuration, follows it from
// revision to revision, and is kept within bounds.
func TestListsOriginCompilesNothing(t *testing.T) {
	const portal, shop = "https://portal.example.com", "https://shop.example.com"
	h := newHouse(t, basePackage(t, "1.0.0"))
	other := New(h.options)
	check := func(origin string, want bool) {
		t.Helper()
		if got, err := other.ListsOrigin(t.Context(), h.tenant, origin); err != nil || got != want {
			t.Errorf("%s is listed: %v, %v", origin, got, err)
		}
	}
	check(portal, false)
	h.apply(change(`{"kind":"origin","name":"portal","url":"` + portal + `"}`))
	check(portal, false) // within a second
	h.at = h.at.Add(time.Minute)
	check(portal, true)
	check(shop, false)
	if n := len(other.tenants.byIdentity); n != 0 {
		t.Errorf("%d tenants were loaded", n)
	}
	if _, err := other.Apply(t.Context(), h.tenant, change(`{"kind":"origin","name":"portal","url":"`+shop+`"}`), 0); err != nil {
		t.Fatal(err)
	}
	check(portal, false) // at once, for it was committed here
	check(shop, true)

	other.origins.kept = cache.New[string, listed](originsTenants, 10*bytesOfOrigin)
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf(`{"kind":"origin","name":"o%d","url":"https://o%d.example.com"}`, i, i))
	}
	h.apply(change(many...))
	check("https://o19.example.com", true)
	if kept := other.origins.kept.Weight(); kept != 0 {
		t.Errorf("%d bytes are kept", kept)
	}
}

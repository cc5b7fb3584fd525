package catalog_test

import (
	"testing"

	"formwork/engine/enginetest"
	"formwork/metadata/fieldtype"
)

// A roll-up comes to look at the clock, and ceases to, by a formula of its children: formulas
// of the parent follow, though its document stays.
func TestFormulasFollowTheirRollups(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	item := func(counts string) string {
		return `{"kind":"object","name":"item","label":"I","name_field":"name","fields":{"name":{"type":"text"},"box":{"type":"lookup","object":"box"},
			"size":{"type":"number"},"due":{"type":"date"},"counts":{"type":"formula","result":"checkbox","expression":"` + counts + `"}}}`
	}
	main.Apply(item("size > 1"), `{"kind":"object","name":"box","label":"B","name_field":"name","fields":{"name":{"type":"text"},
		"counted":{"type":"rollup","op":"count","object":"item","lookup":"box","filter":"counts"},
		"more":{"type":"formula","result":"number","expression":"counted + 1"}}}`)
	for _, c := range []struct {
		counts   string
		rolledUp bool
	}{{"size > 2", false}, {"due < today()", true}, {"due > today()", true}, {"size > 3", false}} {
		main.Apply(item(c.counts))
		more, _ := main.Snapshot().Objects["box"].Field("more")
		if rolledUp, stored := more.Formula.RolledUp(), more.Column.Storage != fieldtype.None; rolledUp != c.rolledUp || stored == c.rolledUp {
			t.Errorf("%s: reads what is computed when read: %t; stored: %t", c.counts, rolledUp, stored)
		}
	}
}

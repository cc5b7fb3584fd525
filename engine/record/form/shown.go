package form

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/session"
)

// Shown is what of a layout is shown with a record as it is stored.
type Shown struct {
	Layout  *catalog.Layout         // nil: there is none
	Related map[string]SectionState // its related lists
}

// Shown tells what is shown with a record that the caller may read, whether they may change it
// or not. q says the layout as for Form. Faults: record.unknown_object, record.forbidden,
// record.not_found, record.unknown_layout.
func (f *Forms) Shown(ctx context.Context, object string, key id.ID, q Query) (*Shown, error) {
	a, err := f.session.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	row, err := f.session.LoadReadable(ctx, a, key)
	if err != nil {
		return nil, err
	}
	layout, err := f.layout(a.Mapping, row, q)
	if err != nil || layout == nil {
		return &Shown{}, err
	}
	c, err := f.conditions(ctx, a, layout)
	if err != nil {
		return nil, err
	}
	e := session.NewEnv(ctx, f.session, f.session.Tenant, a.Mapping, row, row)
	return &Shown{Layout: layout, Related: (&states{conditions: c, env: &e}).related()}, e.Failed()
}

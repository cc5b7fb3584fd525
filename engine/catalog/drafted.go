package catalog

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Drafted is a change that was compiled and not committed.
type Drafted struct {
	// Problems are why it can't be; sorted. Then there is no Snapshot.
	Problems []*fault.Fault
	Snapshot *Snapshot
	// Absent is what the store does not have yet.
	Absent Absent
}

// Draft compiles a change, and does nothing else: reads can be answered under the snapshot as
// they would be once it is published, from what is stored without it. Fault "catalog.stale" (Conflict).
func (c *Catalog) Draft(ctx context.Context, t store.Tenant, change Change) (*Drafted, error) {
	base, done, err := c.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	defer done()
	d, err := c.draft(ctx, t, base, change)
	if err != nil {
		return nil, err
	}
	if len(d.plan.Problems) > 0 {
		return &Drafted{Problems: d.plan.Problems}, nil
	}
	return &Drafted{Snapshot: d.target.snapshot, Absent: absent(base.snapshot, d.target.snapshot)}, nil
}

// Absent are columns by their table, and of a table that has no words itself NoWords; nil: the
// table itself.
type Absent map[string]map[string]bool

// NoWords stands in Absent for the words of a table.
const NoWords = ""

// absent is what the tables of a snapshot have and those of the one before it do not.
func absent(before, after *Snapshot) Absent {
	lacks := Absent{}
	for name, o := range after.Objects {
		old := before.Objects[name]
		if old == nil {
			lacks[o.Table.Name] = nil
			continue
		}
		had := map[string]bool{}
		for _, column := range old.Table.Columns {
			had[column.Name] = true
		}
		missing := map[string]bool{}
		if o.Table.Search && !old.Table.Search {
			missing[NoWords] = true
		}
		for _, column := range o.Table.Columns {
			if !had[column.Name] {
				missing[column.Name] = true
			}
		}
		if len(missing) > 0 {
			lacks[o.Table.Name] = missing
		}
	}
	return lacks
}

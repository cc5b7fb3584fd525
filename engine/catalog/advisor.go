package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/demand"
	"formwork/engine/store"
)

// Why an index is there.
const (
	ForKey        = "key"        // it holds a unique field or key
	ForReference  = "reference"  // it finds what refers to a record, or duplicates
	ForOwner      = "owner"      // it finds the records of an owner, newest first
	ForConfigured = "configured" // the object's document asks for it
	OnDemand      = "on_demand"  // lists were often used that it serves
	ForNothing    = "nothing"    // it is neither planned nor on demand: it goes when indexes are next made
)

// Why there is no index for a list that was used.
const (
	FewUses    = "few_uses"    // it is not used often enough
	FewRecords = "few_records" // there are so few that it is as fast without
	NoRoom     = "no_room"     // the object has as many on demand as it may, and all are used
	Soon       = "soon"        // nothing is in the way: it is made when the list is next used
)

// IndexState is an index of an object.
type IndexState struct {
	Object  string
	Name    string
	Columns []string // names of fields, "-" before those that descend
	Reason  string
	Built   bool      // false: it is still to be made
	Uses    int64     // of lists and aggregations that it serves, as far as they are known
	UsedAt  time.Time // zero: not known
	MadeAt  time.Time // for those on demand, when that was decided; else zero
}

// WantedIndex is one that would serve lists and is not there.
type WantedIndex struct {
	Object  string
	Columns []string
	Uses    int64 // in all
	Day     int64 // on the last day of use
	UsedAt  time.Time
	Reason  string // why it is not there
}

// Indexes lists the indexes of a tenant's objects, by object and name, and those that the use
// of lists asks for. Uses of the last hour may not be counted yet.
func (c *Catalog) Indexes(ctx context.Context, t store.Tenant) ([]IndexState, []WantedIndex, error) {
	s, err := c.current(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	d, err := readDemanded(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	var states []IndexState
	var missing []WantedIndex
	large := largeTables{from: t}
	for _, name := range byName(s.snapshot.Objects) {
		o := s.snapshot.Objects[name]
		have, err := t.Indexes(ctx, o.Table.Name)
		if err != nil {
			return nil, nil, fmt.Errorf("looking at the indexes of %s: %w", name, err)
		}
		planned := s.snapshot.Indexes[name]
		wanted := slices.Concat(planned, d.onDemand(o, planned))
		states = append(states, d.states(o, planned, wanted, have)...)
		large, err := large.is(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		missing = append(missing, d.missing(o, planned, wanted, large)...)
	}
	return states, missing, nil
}

// states tells of the indexes of an object that are wanted, and of those that are there.
func (d *demanded) states(o *Object, planned, wanted, have []store.Index) (states []IndexState) {
	all := slices.Clone(wanted)
	for _, i := range have {
		if !slices.ContainsFunc(all, named(i.Name)) {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b store.Index) int { return strings.Compare(a.Name, b.Name) })
	for _, i := range all {
		state := IndexState{Object: o.Doc.Name, Name: i.Name, Columns: columnNames(i.Columns), Built: slices.ContainsFunc(have, named(i.Name))}
		switch {
		case !slices.ContainsFunc(wanted, named(i.Name)):
			state.Reason = ForNothing
		case !slices.ContainsFunc(planned, named(i.Name)):
			state.Reason = OnDemand
		case i.Unique:
			state.Reason = ForKey
		case i.Filled:
			state.Reason = ForReference
		case i.Columns[0].Column.Name == "owner" && len(i.Columns) == 2:
			state.Reason = ForOwner
		default:
			state.Reason = ForConfigured
		}
		for _, w := range d.rows {
			if w.object != o.Doc.Name {
				continue
			}
			if w.index == i.Name && state.Reason == OnDemand {
				state.MadeAt = w.madeAt
				state.UsedAt = w.usedAt
			}
			if shape, ok := o.shape(w); ok && shape.ServedBy(i) {
				state.Uses += w.uses
				if w.usedAt.After(state.UsedAt) {
					state.UsedAt = w.usedAt
				}
			}
		}
		states = append(states, state)
	}
	return states
}

// missing tells of the lists of an object that no index serves.
func (d *demanded) missing(o *Object, planned, wanted []store.Index, large bool) (missing []WantedIndex) {
	for _, w := range d.rows {
		shape, ok := o.shape(w)
		if w.object != o.Doc.Name || !w.madeAt.IsZero() || !ok || served(shape, wanted) {
			continue
		}
		m := WantedIndex{Object: w.object, Columns: columnNames(shape.Columns()), Uses: w.uses, Day: w.thatDay, UsedAt: w.usedAt, Reason: Soon}
		switch {
		case !large:
			m.Reason = FewRecords
		case w.thatDay < demand.Often:
			m.Reason = FewUses
		case d.full(o, planned):
			m.Reason = NoRoom
		}
		missing = append(missing, m)
	}
	return missing
}

func named(name string) func(store.Index) bool {
	return func(i store.Index) bool { return i.Name == name }
}

// columnNames are the names of the fields that columns are of.
func columnNames(columns []column) (names []string) {
	for _, c := range columns {
		name, _, _ := strings.Cut(c.Column.Name, ":")
		if c.Descending {
			name = "-" + name
		}
		names = append(names, name)
	}
	return names
}

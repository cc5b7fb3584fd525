package write

import (
	"context"
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata"
)

// Configure makes the records of some objects what the configuration says of them, in the
// transaction that commits it. The session is the platform's own, under the new snapshot.
// Faults are those of saving and deleting records, with the pointers of documents.
func Configure(ctx context.Context, s *session.Session, o *Options, tx store.Tx, objects []string) error {
	u := newUnit(ctx, s, o, tx)
	stay := map[id.ID]bool{}
	for _, r := range catalog.Records(s.Snapshot) {
		if !slices.Contains(objects, r.Doc.Object) {
			continue
		}
		stay[r.ID] = true
		if err := u.configure(r); err != nil {
			return ofDocument(err, r.Doc.Name)
		}
	}
	for _, object := range objects {
		if err := u.removeOthers(s.Mappings.Of(s.Snapshot.Objects[object]), stay); err != nil {
			return fmt.Errorf("removing records of %s that are not configured: %w", object, err)
		}
	}
	return nil
}

// configure writes one record, if it is not what its document says.
func (u *Unit) configure(r *catalog.Record) error {
	a := session.Unrestricted(u.session.Mappings.Of(r.Object))
	sent := make(map[string]any, len(a.Fields))
	for _, f := range a.Fields {
		if !f.System && !f.Computed {
			sent[f.Name] = r.Values[f.Name] // nil: empty, and not its default
		}
	}
	in := draft.NewInput(u.session, a, sent)
	old, err := u.Load(a.Mapping, r.ID)
	if err != nil {
		return err
	}
	if old == nil {
		_, err = u.saveNew(draft.New(u.ctx, u.session, u.Tx, a, in, r.ID))
	} else {
		_, err = u.change(a, in, r.ID, 0)
	}
	return err
}

// removeOthers deletes the records of an object but those that stay. They are not kept in
// the bin: they come back with their documents.
func (u *Unit) removeOthers(m *stored.Mapping, stay map[id.ID]bool) error {
	rows, err := u.loadParts(m, nil, len(stay)+MaxDependents+1, u.room())
	if err != nil {
		return err
	}
	var gone []stored.Record
	for _, r := range rows {
		if !stay[r.ID()] {
			gone = append(gone, stored.Record{Mapping: m, Row: r})
		}
	}
	if len(gone) > MaxDependents {
		return tooManyDependents()
	}
	set, err := u.collect(gone...)
	if err != nil {
		return err
	}
	if err := u.callDeleteHooks(set.records); err != nil {
		return err
	}
	if err := u.moveToBin(set); err != nil {
		return err
	}
	for _, r := range gone {
		if err := u.purge(r); err != nil {
			return err
		}
	}
	return nil
}

// ofDocument tells a fault where the document says what it speaks of.
func ofDocument(err error, name string) error {
	if fault.KindOf(err).Breaks() {
		return fmt.Errorf("configuring the record %s: %w", name, err)
	}
	return fault.From(err).Under("/record/" + metadata.EscapePointer(name) + "/values")
}

package record

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// MaxDependents bounds the records that one delete or merge takes along or changes.
const MaxDependents = 10_000

// Delete moves a record to the recycle bin, with those that are deleted with it.
// Faults: record.not_found, record.forbidden, record.stale, record.referenced
// (Conflict) where a reference restricts it, record.too_many_dependents.
func (s *Session) Delete(ctx context.Context, object string, key id.ID, version int64) error {
	a, err := s.access(ctx, object, policy.Delete)
	if err != nil {
		return err
	}
	return s.write(ctx, func(u *unit) error { return u.delete(a, key, version) })
}

// delete deletes one record in the transaction.
func (u *unit) delete(a *access, key id.ID, version int64) error {
	old, err := u.find(a, key, policy.Delete, version)
	if err != nil {
		return err
	}
	going, err := u.collect(a.plan, old)
	if err != nil {
		return err
	}
	if err := u.askDeleted(going); err != nil {
		return err
	}
	return u.remove(going)
}

// doomed is a record that is about to be deleted.
type doomed struct {
	*plan
	row row
}

func (d doomed) id() id.ID { return id.ID(d.row[slotID].(int64)) }

// going are the records of one delete: the one asked for first.
type going struct {
	records []doomed
	known   map[id.ID]bool
}

// collect finds what goes with a record: all that refer to it by a reference that
// cascades, and so on. Then it refuses if one that stays restricts it.
func (u *unit) collect(p *plan, first row) (*going, error) {
	g := &going{records: []doomed{{p, first}}, known: map[id.ID]bool{id.ID(first[slotID].(int64)): true}}
	for i := 0; i < len(g.records); i++ {
		at := g.records[i]
		for _, in := range at.object.Inbound {
			if in.OnDelete != "cascade" {
				continue
			}
			from := u.s.compiled.plan(in.From)
			rows, err := u.loadWhere(from, query.Is(in.Field.Column, reference(in.Field, at.object.Doc.Name, at.id())), MaxDependents+1)
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				if key := id.ID(r[slotID].(int64)); !g.known[key] {
					g.known[key] = true
					g.records = append(g.records, doomed{from, r})
				}
			}
			if len(g.records) > MaxDependents {
				return nil, fault.New(fault.Limited, "record.too_many_dependents", "max", MaxDependents)
			}
		}
	}
	for _, at := range g.records {
		for _, in := range at.object.Inbound {
			if in.OnDelete != "restrict" {
				continue
			}
			held, err := u.heldBy(g, at, in)
			if err != nil {
				return nil, err
			}
			if held {
				return nil, fault.New(fault.Conflict, "record.referenced", "object", in.From.Doc.Name,
					"label", in.From.Doc.Label.In(u.s.caller.Language, in.From.Doc.Name), "field", in.Field.Name)
			}
		}
	}
	return g, nil
}

// heldBy reports whether a record that stays refers to one that goes.
func (u *unit) heldBy(g *going, at doomed, in *catalog.Inbound) (bool, error) {
	q := query.Select{Table: in.From.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: query.Is(in.Field.Column, reference(in.Field, at.object.Doc.Name, at.id())), Limit: len(g.records) + 1}
	for r, err := range u.tx.Select(u.ctx, q) {
		if err != nil {
			return false, fmt.Errorf("looking for references: %w", err)
		}
		if !g.known[id.ID(r[0].(int64))] {
			return true, nil
		}
	}
	return false, nil
}

// askDeleted asks those that may refuse a delete.
func (u *unit) askDeleted(g *going) error {
	for _, at := range g.records {
		d := &draft{env: env{ctx: u.ctx, s: u.s, reader: u.tx, plan: at.plan, row: at.row, old: at.row},
			a: &access{plan: at.plan, all: true}, id: at.id(), action: Deleted}
		if err := d.ask(u.tx); err != nil {
			return err
		}
	}
	return nil
}

// remove moves records to the bin as one batch and empties what referred to them.
func (u *unit) remove(g *going) error {
	batch := u.s.service.ids.Next()
	for _, at := range g.records {
		if err := u.bin(at, batch); err != nil {
			return err
		}
	}
	// Whatever a roll-up counts now, it does not see those that are gone.
	for _, at := range g.records {
		if err := u.clear(g, at); err != nil {
			return err
		}
		if err := u.record(at.plan, Deleted, at.id(), at.changes(at.row, nil), ""); err != nil {
			return err
		}
		if err := u.feed(at.plan, at.row, nil); err != nil {
			return err
		}
	}
	return nil
}

// bin moves one record to the bin.
func (u *unit) bin(at doomed, batch id.ID) error {
	name := ""
	if f := at.object.NameField; f != nil {
		if v := at.value(at.row, f.Column); v != nil {
			name = f.Value.CSV(v)
		}
	}
	u.wrote = true
	err := u.tx.Insert(u.ctx, binTable, at.id(), map[string]any{
		colObject.Name: at.object.Doc.Name, colName.Name: text(name), colDeletedAt.Name: u.s.clock.UnixMilli(),
		colDeletedBy.Name: u.s.by(), colBatch.Name: int64(batch), colDoc.Name: encodeRow(at.plan, at.row)}, nil)
	if err != nil {
		return fmt.Errorf("moving a record of %s to the bin: %w", at.object.Doc.Name, err)
	}
	if err := u.tx.Delete(u.ctx, at.object.Table.Name, at.id()); err != nil {
		return fmt.Errorf("deleting a record of %s: %w", at.object.Doc.Name, err)
	}
	return nil
}

// clear empties the references to a record that is gone.
func (u *unit) clear(g *going, at doomed) error {
	for _, in := range at.object.Inbound {
		if in.OnDelete != "clear" {
			continue
		}
		from := u.s.compiled.plan(in.From)
		rows, err := u.loadWhere(from, query.Is(in.Field.Column, reference(in.Field, at.object.Doc.Name, at.id())), MaxDependents+1)
		if err != nil {
			return err
		}
		if len(rows) > MaxDependents {
			return fault.New(fault.Limited, "record.too_many_dependents", "max", MaxDependents)
		}
		slot := from.slots[in.Field.Column.Name]
		for _, r := range rows {
			if err := u.revise(from, r, func(r row) { r[slot] = nil }); err != nil {
				return err
			}
		}
	}
	return nil
}

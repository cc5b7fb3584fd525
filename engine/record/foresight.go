package record

import (
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/query"
)

// foresight knows, at the beginning of a transaction that makes many records, which
// keys of duplicate rules no record has: one query instead of one for each record. It
// forgets a key when a record gets it.
type foresight struct {
	object *catalog.Object
	absent map[int]map[string]struct{} // keys that were asked for and not found, by their slot
}

// Bounds of foresight.
const (
	fewest   = 8 // records for which it is worth asking
	perAsked = 2 // records that are read for each key at most; else nothing is known
)

// foreseen is the slot of the key of a rule that one query can answer; false if the
// rule compares several fields, or what is similar.
func (p *plan) foreseen(rule *catalog.DuplicateRule) (slot int, ok bool) {
	if len(rule.Matches) != 1 || rule.Matches[0].Doc.How == "fuzzy" {
		return 0, false
	}
	slot, ok = p.slots[rule.Matches[0].Key.Name]
	return slot, ok
}

// foresee asks for the keys of the records that are about to be made.
func (u *unit) foresee(part []work) error {
	var p *plan
	made := 0
	for i := range part {
		if w := &part[i]; w.early && w.failed == nil {
			p, made = w.a.plan, made+1
		}
	}
	if made < fewest {
		return nil
	}
	f := &foresight{object: p.object, absent: map[int]map[string]struct{}{}}
	for _, rule := range p.object.Dupes {
		slot, ok := p.foreseen(rule)
		if !ok {
			return nil // each record is looked up for this one in any case
		}
		asked := make(map[string]struct{}, made)
		values := make([]any, 0, made)
		for i := range part {
			w := &part[i]
			if !w.early || w.failed != nil {
				continue
			}
			key, _ := w.d.row[slot].(string)
			if _, again := asked[key]; key != "" && !again {
				asked[key] = struct{}{}
				values = append(values, key)
			}
		}
		if len(values) == 0 {
			f.absent[slot] = asked
			continue
		}
		ref := query.Field(rule.Matches[0].Key)
		q := query.Select{Table: p.object.Table.Name, Columns: []query.Ref{ref}, Filter: query.In{Ref: ref, Values: values}, Limit: perAsked * len(values)}
		read := 0
		for r, err := range u.tx.Select(u.ctx, q) {
			if err != nil {
				return fmt.Errorf("looking for duplicates: %w", err)
			}
			read++
			if key, ok := r[0].(string); ok {
				delete(asked, key)
			}
		}
		if read >= q.Limit {
			return nil
		}
		f.absent[slot] = asked
	}
	u.foresight = f
	return nil
}

// unlike reports whether it is known that no record is like a new one by any rule.
func (u *unit) unlike(d *draft) bool {
	if u.foresight == nil || u.foresight.object != d.plan.object {
		return false
	}
	for _, rule := range d.plan.object.Dupes {
		slot, ok := d.plan.foreseen(rule)
		if !ok {
			return false
		}
		key, _ := d.row[slot].(string)
		if _, absent := u.foresight.absent[slot][key]; key != "" && !absent {
			return false
		}
	}
	return true
}

// appears notes that a record has the keys of a row.
func (f *foresight) appears(p *plan, r row) {
	if f == nil || f.object != p.object {
		return
	}
	for slot, absent := range f.absent {
		if key, ok := r[slot].(string); ok {
			delete(absent, key)
		}
	}
}

package record

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Binned is a record in the recycle bin.
type Binned struct {
	ID        id.ID
	Name      string // "" if the caller may not read the name
	DeletedAt time.Time
	DeletedBy id.ID
	Batch     id.ID // the same for what was deleted together
}

// BinPage is a part of the recycle bin, newest first.
type BinPage struct {
	Items []Binned
	Next  string
}

// binScan bounds the records in the bin that one page looks at: those the caller may
// not read are passed by.
const binScan = 2000

// Bin lists deleted records of an object that the caller could read; a page may be
// shorter than limit (50 when 0) though more follow.
func (s *Session) Bin(ctx context.Context, object, cursor string, limit int) (*BinPage, error) {
	a, err := s.access(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	if limit, err = pageSize(limit); err != nil {
		return nil, err
	}
	sort := []query.Order{{Ref: query.Field(colDeletedAt), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}
	filter := query.Is(colObject, object)
	mark := fingerprint("bin", object)
	if cursor != "" {
		values, err := decodeCursor(cursor, mark, []fieldtype.Storage{fieldtype.Int, fieldtype.Int})
		if err != nil {
			return nil, err
		}
		filter = query.And(filter, query.After(sort, values))
	}
	read, err := s.filter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	q := query.Select{Table: binTable, Columns: binRefs, Filter: filter, Sort: sort, Limit: binScan}
	page, scanned := &BinPage{}, 0
	for r, err := range s.tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the bin: %w", err)
		}
		if scanned++; len(page.Items) == limit || scanned == binScan {
			break
		}
		// The cursor is of the last one looked at.
		page.Next = encodeCursor(mark, []any{r[3], r[0]})
		item, ok, err := s.binned(ctx, a, read, r)
		if err != nil {
			return nil, err
		}
		if ok {
			page.Items = append(page.Items, item)
		}
	}
	if scanned < binScan && len(page.Items) < limit || scanned == 0 {
		page.Next = ""
	}
	return page, nil
}

var binRefs = []query.Ref{query.Field(query.ID), query.Field(colObject), query.Field(colName), query.Field(colDeletedAt),
	query.Field(colDeletedBy), query.Field(colBatch), query.Field(colDoc)}

// binned reads a row of the bin; ok is false if the caller may not read the record.
func (s *Session) binned(ctx context.Context, a *access, read query.Filter, r store.Row) (item Binned, ok bool, err error) {
	doc, _ := r[6].(json.RawMessage)
	values, err := decodeRow(a.plan, id.ID(r[0].(int64)), doc)
	if err != nil {
		return Binned{}, false, err
	}
	e := env{ctx: ctx, s: s, reader: s.tenant, plan: a.plan, row: values}
	if !e.match(read, values) || e.err != nil {
		return Binned{}, false, e.err
	}
	at, _ := r[3].(int64)
	by, _ := r[4].(int64)
	batch, _ := r[5].(int64)
	item = Binned{ID: id.ID(r[0].(int64)), DeletedAt: time.UnixMilli(at).UTC(), DeletedBy: id.ID(by), Batch: id.ID(batch)}
	if f := a.object.NameField; f != nil && a.reads(f) {
		item.Name, _ = r[2].(string)
	}
	return item, true, nil
}

// Restore takes a record out of the bin, with all that was deleted with it. Values
// whose records are gone are emptied, and told in the warnings. Needs the right to
// delete it, and what came with it but for its own dependents. Faults: record.not_in_bin (NotFound), record.forbidden, record.not_unique.
func (s *Session) Restore(ctx context.Context, object string, key id.ID) (*Saved, error) {
	a, err := s.access(ctx, object, policy.Delete)
	if err != nil {
		return nil, err
	}
	var d *draft
	err = s.write(ctx, func(u *unit) (err error) {
		d, err = u.restore(a, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.saved(s.tenant)
}

func (u *unit) restore(a *access, key id.ID) (*draft, error) {
	batch, err := u.batch(a, key)
	if err != nil {
		return nil, err
	}
	if err := u.mayBringBack(batch); err != nil {
		return nil, err
	}
	d := &draft{env: env{ctx: u.ctx, s: u.s, reader: u.tx, plan: a.plan}, a: a, id: key, action: Restored}
	live := map[id.ID]bool{}
	for _, at := range batch {
		live[at.id()] = true
	}
	for _, at := range batch {
		warnings, err := u.dropReferences(at, live)
		if err != nil {
			return nil, err
		}
		d.warnings = append(d.warnings, warnings...)
		if err := u.putBack(at); err != nil {
			return nil, err
		}
	}
	// Its children may have come back after it, and been counted.
	d.row, err = u.load(a.plan, key)
	return d, err
}

// putBack moves one record out of the bin. Children that are back already are counted
// now, those that follow when they come.
func (u *unit) putBack(at doomed) error {
	for _, roll := range at.object.Rollups {
		if err := u.recount(at.plan, at.id(), at.row, roll); err != nil {
			return err
		}
	}
	e := &env{ctx: u.ctx, s: u.s, reader: u.tx, plan: at.plan, row: at.row}
	if f := e.derive(); f != nil {
		return f
	}
	u.s.touch(at.row)
	u.wrote = true
	if err := u.tx.Delete(u.ctx, binTable, at.id()); err != nil {
		return fmt.Errorf("taking a record out of the bin: %w", err)
	}
	if err := u.insert(at.plan, at.row); err != nil {
		return err
	}
	if err := u.record(at.plan, Restored, at.id(), at.changes(nil, at.row), ""); err != nil {
		return err
	}
	return u.feed(at.plan, nil, at.row)
}

// batch loads what was deleted together with a record, that one first.
func (u *unit) batch(a *access, key id.ID) ([]doomed, error) {
	object := a.object.Doc.Name
	rows, err := u.binRows(query.And(query.Is(query.ID, int64(key)), query.Is(colObject, object)))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, "record.not_in_bin", "object", object, "id", key.String())
	}
	first := rows[0]
	e := env{ctx: u.ctx, s: u.s, reader: u.tx, plan: a.plan, row: first.row}
	for _, wanted := range []policy.Action{policy.Read, policy.Delete} {
		f, err := u.s.filter(u.ctx, object, wanted)
		if err != nil {
			return nil, err
		}
		if !e.match(f, first.row) || e.err != nil {
			if e.err != nil {
				return nil, e.err
			}
			if wanted == policy.Read {
				return nil, fault.New(fault.NotFound, "record.not_in_bin", "object", object, "id", key.String())
			}
			return nil, u.s.forbiddenRecord(a.object, "restore")
		}
	}
	others, err := u.binRows(query.And(query.Is(colBatch, int64(first.batch)), query.Compare{Ref: query.Field(query.ID), Op: query.Ne, Value: int64(key)}))
	if err != nil {
		return nil, err
	}
	batch := []doomed{first.doomed}
	for _, other := range others {
		batch = append(batch, other.doomed)
	}
	return batch, nil
}

// mayBringBack refuses a batch with records that did not go because of the first one,
// such as the parent it went with, unless the caller might have deleted them too.
func (u *unit) mayBringBack(batch []doomed) error {
	follows := followers(batch)
	for _, at := range batch[1:] {
		if follows[at.id()] {
			continue
		}
		object := at.object.Doc.Name
		a, err := u.s.access(u.ctx, object, policy.Delete)
		if err != nil {
			return err
		}
		e := env{ctx: u.ctx, s: u.s, reader: u.tx, plan: a.plan, row: at.row}
		for _, wanted := range []policy.Action{policy.Read, policy.Delete} {
			f, err := u.s.filter(u.ctx, object, wanted)
			if err != nil {
				return err
			}
			holds := e.match(f, at.row)
			if e.err != nil {
				return e.err
			}
			if !holds {
				return u.s.forbiddenRecord(a.object, "restore")
			}
		}
	}
	return nil
}

// followers are the records of a batch that go wherever the first one goes: they
// refer to it, or to another of them, by a reference that cascades.
func followers(batch []doomed) map[id.ID]bool {
	follows := map[id.ID]bool{batch[0].id(): true}
	for grown := true; grown; {
		grown = false
		for _, at := range batch[1:] {
			if follows[at.id()] {
				continue
			}
			for _, f := range at.refers {
				if v := at.row[f.slot]; v != nil && f.refers.OnDelete() == "cascade" {
					_, key := referred(f, v)
					grown = grown || follows[id.ID(key)]
					follows[at.id()] = follows[at.id()] || follows[id.ID(key)]
				}
			}
		}
	}
	return follows
}

type binnedRow struct {
	doomed
	batch id.ID
}

// binRows loads rows of the bin whose objects still exist.
func (u *unit) binRows(f query.Filter) ([]binnedRow, error) {
	var rows []binnedRow
	q := query.Select{Table: binTable, Columns: binRefs, Filter: f, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for r, err := range u.tx.Select(u.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the bin: %w", err)
		}
		name, _ := r[1].(string)
		o, ok := u.s.snapshot.Objects[name]
		if !ok {
			continue
		}
		p := u.s.compiled.plan(o)
		doc, _ := r[6].(json.RawMessage)
		values, err := decodeRow(p, id.ID(r[0].(int64)), doc)
		if err != nil {
			return nil, err
		}
		batch, _ := r[5].(int64)
		rows = append(rows, binnedRow{doomed{p, values}, id.ID(batch)})
	}
	return rows, nil
}

// dropReferences empties references to records that are neither there nor coming back.
func (u *unit) dropReferences(at doomed, live map[id.ID]bool) ([]Warning, error) {
	var warnings []Warning
	e := env{ctx: u.ctx, s: u.s, reader: u.tx, plan: at.plan, row: at.row}
	for _, f := range at.refers {
		v := at.row[f.slot]
		if v == nil {
			continue
		}
		object, key := referred(f, v)
		o, ok := u.s.snapshot.Objects[object]
		if !ok && f.System || live[id.ID(key)] {
			continue
		}
		found := false
		if ok {
			var err error
			if found, err = exists(e, o.Table.Name, query.Is(query.ID, key)); err != nil {
				return nil, err
			}
		}
		if !found {
			at.row[f.slot] = nil
			warnings = append(warnings, Warning{Fault: fault.New(fault.Conflict, "record.reference_gone",
				"field", u.s.label(f.Field), "object", at.object.Doc.Name, "id", at.id().String()).At("/" + f.Name)})
		}
	}
	return warnings, nil
}

// Purge removes records from the bin for good. Needs the right "purge", and to have
// been allowed to delete them; others are passed by. It returns how many are gone.
func (s *Session) Purge(ctx context.Context, object string, keys ...id.ID) (int, error) {
	a, err := s.access(ctx, object, policy.Delete)
	if err != nil {
		return 0, err
	}
	if err := s.demand(ctx, "purge"); err != nil {
		return 0, err
	}
	if len(keys) > MaxOperations {
		return 0, fault.New(fault.TooLarge, "record.too_many_operations", "max", MaxOperations)
	}
	gone := 0
	err = s.tenant.Write(ctx, func(tx store.Tx) error {
		gone = 0
		u := &unit{ctx: ctx, s: s, tx: tx}
		for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
			batch, err := u.batch(a, key)
			if fault.Is(err, "record.not_in_bin") || fault.Is(err, "record.forbidden_record") {
				continue
			}
			if err != nil {
				return err
			}
			if err := tx.Delete(ctx, binTable, batch[0].id()); err != nil {
				return fmt.Errorf("purging: %w", err)
			}
			gone++
		}
		return nil
	})
	return gone, err
}

// encodeRow writes a row's values by column, in stored form.
func encodeRow(p *plan, r row) json.RawMessage {
	dst := append(make([]byte, 0, 512), '{')
	for slot, v := range r {
		if v == nil || slot == slotID {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(metadata.AppendString(dst, p.columns[slot].Name), ':')
		switch v := v.(type) {
		case bool:
			dst = strconv.AppendBool(dst, v)
		case int64:
			dst = strconv.AppendInt(dst, v, 10)
		case string:
			dst = metadata.AppendString(dst, v)
		case []string:
			dst = append(dst, '[')
			for i, s := range v {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = metadata.AppendString(dst, s)
			}
			dst = append(dst, ']')
		case json.RawMessage:
			dst = append(dst, v...)
		}
	}
	return append(dst, '}')
}

// decodeRow reads what encodeRow wrote; columns that are no more are left out.
func decodeRow(p *plan, key id.ID, doc json.RawMessage) (row, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(doc, &values); err != nil {
		return nil, fmt.Errorf("reading a record of %s in the bin: %w", p.object.Doc.Name, err)
	}
	r := make(row, len(p.columns))
	r[slotID] = int64(key)
	for name, raw := range values {
		slot, ok := p.slots[name]
		if !ok {
			continue
		}
		v, err := decodeStored(p.columns[slot].Storage, raw)
		if err != nil {
			return nil, fmt.Errorf("reading %s of a record of %s in the bin: %w", name, p.object.Doc.Name, err)
		}
		r[slot] = v
	}
	return r, nil
}

func decodeStored(storage fieldtype.Storage, raw json.RawMessage) (any, error) {
	switch storage {
	case fieldtype.Bool:
		var v bool
		err := json.Unmarshal(raw, &v)
		return v, err
	case fieldtype.Int:
		var v int64
		err := json.Unmarshal(raw, &v)
		return v, err
	case fieldtype.Text:
		var v string
		err := json.Unmarshal(raw, &v)
		return v, err
	case fieldtype.List:
		var v []string
		err := json.Unmarshal(raw, &v)
		return v, err
	}
	return raw, nil
}

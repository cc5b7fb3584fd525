package write

import (
	"fmt"
	"iter"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// find loads a record for something to be done with it: one that the caller may not
// read is not there, one that may not be changed is forbidden, one of another
// version (0: any will do) is stale.
func (u *Unit) find(a *session.Object, key id.ID, action policy.Action, version int64) (stored.Row, error) {
	object := a.Object.Doc.Name
	old, err := u.Load(a.Mapping, key)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, session.NotFound(object, key)
	}
	refused, err := u.refusedAction(a.Mapping, old, policy.Read, action)
	switch {
	case err != nil:
		return nil, err
	case refused == policy.Read:
		return nil, session.NotFound(object, key)
	case refused != "":
		return nil, u.session.ForbiddenRecord(a.Object, string(action))
	}
	if current, _ := old[stored.SlotVersion].(int64); version != 0 && version != current {
		return nil, fault.New(fault.Stale, "record.stale", "version", version, "current", current)
	}
	return old, nil
}

// refusedAction is the first of some actions that the record policies refuse the caller
// on a record; "" if they refuse none.
func (u *Unit) refusedAction(m *stored.Mapping, r stored.Row, actions ...policy.Action) (policy.Action, error) {
	e := session.NewEnv(u.ctx, u.session, u.Tx, m, r, nil)
	for _, action := range actions {
		f, err := u.session.RecordFilter(u.ctx, m.Object.Doc.Name, action)
		if err != nil {
			return "", err
		}
		holds := e.Matches(f, r)
		if err := e.Failed(); err != nil {
			return "", err
		}
		if !holds {
			return action, nil
		}
	}
	return "", nil
}

// Load reads a whole record, unless it is known; nil if there is none. Nobody changes it.
func (u *Unit) Load(m *stored.Mapping, key id.ID) (stored.Row, error) {
	if r, ok := u.known.row(m, key); ok {
		return r, nil
	}
	return session.Load(u.ctx, u.Tx, m, query.Is(query.ID, int64(key)))
}

// each reads whole records one after the other, by id; limit 0: all. It ends where an error
// is passed, or the caller stops.
func (u *Unit) each(m *stored.Mapping, f query.Filter, limit int) iter.Seq2[stored.Row, error] {
	return func(yield func(stored.Row, error) bool) {
		q := query.Select{Table: m.Object.Table.Name, Columns: m.Refs, Filter: f, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: limit}
		for r, err := range u.Tx.Select(u.ctx, q) {
			if err != nil {
				yield(nil, fmt.Errorf("reading records of %s: %w", m.Object.Doc.Name, err))
				return
			}
			if !yield(stored.HoldRow(r), nil) {
				return
			}
		}
	}
}

// LoadSome reads whole records, by id: at most limit, and no more when they have some bytes.
func (u *Unit) LoadSome(m *stored.Mapping, f query.Filter, limit, bytes int) ([]stored.Row, error) {
	var rows []stored.Row
	for r, err := range u.each(m, f, limit) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
		if bytes -= sizeOf(r); bytes <= 0 {
			break
		}
	}
	return rows, nil
}

// loadParts reads records of which there may be many, by id: those whole for which there is
// room, parts of the others. Without a room it has Load answer for some of them.
func (u *Unit) loadParts(m *stored.Mapping, f query.Filter, limit int, room *room) (rows []stored.Row, err error) {
	for r, err := range u.each(m, f, limit) {
		if err != nil {
			return nil, err
		}
		if room == nil {
			u.known.keep(m, r)
		}
		rows = append(rows, room.take(m, r))
	}
	return rows, nil
}

// whole is a record of which a part may have been kept: as it is now, or as it is in the bin.
func (u *Unit) whole(r stored.Record) (stored.Record, error) {
	if !r.Row.IsPart() {
		return r, nil
	}
	row, err := u.Load(r.Mapping, r.ID())
	if err != nil || row != nil {
		return stored.Record{Mapping: r.Mapping, Row: row}, err
	}
	for b, err := range u.binned(query.Is(query.ID, int64(r.ID()))) {
		return b.Record, err
	}
	return r, fmt.Errorf("the record %s of %s is neither there nor in the bin", r.ID(), r.Object.Doc.Name)
}

package record

import (
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// find loads a record for something to be done with it: one that the caller may not
// read is not there, one that may not be changed is forbidden, one of another
// version (0: any will do) is stale.
func (u *unit) find(a *access, key id.ID, action policy.Action, version int64) (row, error) {
	object := a.object.Doc.Name
	old, err := u.Load(a.mapping, key)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, notFound(object, key)
	}
	refused, err := u.refusedAction(a.mapping, old, policy.Read, action)
	switch {
	case err != nil:
		return nil, err
	case refused == policy.Read:
		return nil, notFound(object, key)
	case refused != "":
		return nil, u.s.forbiddenRecord(a.object, string(action))
	}
	if current, _ := old[slotVersion].(int64); version != 0 && version != current {
		return nil, fault.New(fault.Stale, "record.stale", "version", version, "current", current)
	}
	return old, nil
}

// refusedAction is the first of some actions that the record policies refuse the caller
// on a record; "" if they refuse none.
func (u *unit) refusedAction(m *mapping, r row, actions ...policy.Action) (policy.Action, error) {
	e := newEnv(u.ctx, u.s, u.tx, m, r, nil)
	for _, action := range actions {
		f, err := u.s.filter(u.ctx, m.object.Doc.Name, action)
		if err != nil {
			return "", err
		}
		holds := e.match(f, r)
		if err := e.failed(); err != nil {
			return "", err
		}
		if !holds {
			return action, nil
		}
	}
	return "", nil
}

// Load reads a whole record; nil if there is none.
func (u *unit) Load(m *mapping, key id.ID) (row, error) {
	rows, err := u.LoadWhere(m, query.Is(query.ID, int64(key)), 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// LoadWhere reads whole records, by id; limit 0: all.
func (u *unit) LoadWhere(m *mapping, f query.Filter, limit int) ([]row, error) {
	q := query.Select{Table: m.object.Table.Name, Columns: m.refs, Filter: f, Limit: limit}
	if limit != 1 {
		q.Sort = []query.Order{{Ref: query.Field(query.ID)}}
	}
	var rows []row
	for r, err := range u.tx.Select(u.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading records of %s: %w", m.object.Doc.Name, err)
		}
		rows = append(rows, holdRow(r))
	}
	return rows, nil
}

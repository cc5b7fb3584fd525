package record

import (
	"formwork/engine/fault"
	"formwork/engine/query"
)

// checked is a draft that went through filling and checking.
type checked struct {
	*draft
	// before: outside of a transaction, so that what it found of other records may not be
	// so any more. What is written beside the row is made then as well.
	before bool
	words  []string
	trail  trail
}

// saving is a draft that is being stored by a transaction, and, after that, what it has
// become.
type saving struct {
	checked
	u        *unit
	record   env // reads in the transaction
	warnings []Warning
}

// store takes a checked draft through the stages of storing.
func (u *unit) store(c checked) (*saving, error) {
	s := &saving{checked: c, u: u, record: c.env}
	if c.before {
		s.record = c.readBy(u.tx)
	}
	for _, stage := range storing {
		if err := stage.do(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *saving) action() Action {
	if s.old == nil {
		return Created
	}
	return Updated
}

// checkReferencesExist refuses references to records that went away since they were
// checked.
func (s *saving) checkReferencesExist() error {
	if !s.before {
		return nil
	}
	for _, f := range s.mapping.references {
		v := s.row[f.slot]
		if v == nil {
			continue
		}
		object, key := f.referred(v)
		o, ok := s.u.s.snapshot.Objects[object]
		if !ok || (object == "user" && key == int64(s.u.s.caller.User)) {
			continue
		}
		found, err := exists(s.u.ctx, s.u.tx, o.Table.Name, query.Is(query.ID, key))
		if err != nil {
			return err
		}
		if !found {
			return fault.All(fault.Invalid, "record.invalid", []*fault.Fault{noReference(s.u.s, f, key)})
		}
	}
	return nil
}

// writeRow writes the record with the words that it is found by.
func (s *saving) writeRow() error {
	if !s.before {
		s.trail = newTrail(s.action(), s.mapping.changes(s.old, s.row), "")
	}
	switch {
	case s.old != nil:
		s.u.touch(s.row)
		return s.u.update(s.mapping, s.old, s.row)
	case s.before:
		return s.u.insertWith(s.mapping, s.row, s.words)
	}
	return s.u.insert(s.mapping, s.row)
}

func (s *saving) writeHistory() error {
	return s.u.writeHistory(s.mapping, s.action(), s.id, s.trail.history)
}

func (s *saving) writeEvent() error {
	return s.u.writeEvent(s.mapping, s.action(), s.id, s.trail.event)
}

// propagateRollups brings the roll-ups that count the record up to date.
func (s *saving) propagateRollups() error { return s.u.propagateRollups(s.mapping, s.old, s.row) }

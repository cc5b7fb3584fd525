package write

import (
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// checked is a draft that went through filling and checking.
type checked struct {
	*draft.Draft
	// checkedOutside: it was checked outside of a transaction, so that what it found of
	// other records may not be so any more. Words and trail are made then as well.
	checkedOutside bool
	words          []string
	trail          trail
}

// saving is a draft that is being stored by a transaction, and, after that, what it has
// become.
type saving struct {
	checked
	u        *Unit
	record   session.Env // reads in the transaction
	warnings []Warning
}

// store takes a checked draft through the steps of storing.
func (u *Unit) store(c checked) (*saving, error) {
	s := &saving{checked: c, u: u, record: c.Env}
	if c.checkedOutside {
		s.record = c.ReadBy(u.Tx)
	}
	for _, steps := range [2][]storingStep{comparing, storing} {
		if err := s.run(steps); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// run takes the saving through steps.
func (s *saving) run(steps []storingStep) error {
	for _, step := range steps {
		if err := step.do(s); err != nil {
			return err
		}
	}
	return nil
}

// afterwards is the record as it was saved, which reads outside of the transaction.
func (s *saving) afterwards() *session.Env {
	if s.checkedOutside {
		return &s.Env // never read otherwise
	}
	e := s.record.ReadBy(s.u.session.Tenant)
	return &e
}

// action is what is done to the record.
func (s *saving) action() stored.Action { return actionOn(s.Draft) }

// checkReferencesExist refuses references to records that went away since they were
// checked.
func (s *saving) checkReferencesExist() error {
	if !s.checkedOutside {
		return nil
	}
	for _, f := range s.Mapping.References {
		v := s.Row[f.Slot]
		if v == nil {
			continue
		}
		object, key := f.Referred(v)
		o, ok := s.u.session.Snapshot.Objects[object]
		if !ok || (object == session.UserObject && key == int64(s.u.session.Caller.User)) {
			continue
		}
		if s.u.known.isThere(o.Table.Name, id.ID(key)) {
			continue
		}
		found, err := session.Exists(s.u.ctx, s.u.Tx, o.Table.Name, query.Is(query.ID, key))
		if err != nil {
			return err
		}
		if !found {
			return fault.All(fault.Invalid, "record.invalid", []*fault.Fault{draft.NoReference(s.Object, s.u.session, f, key)})
		}
	}
	gone, err := s.GoneFromRows(s.u.Tx)
	if err != nil {
		return err
	}
	return fault.All(fault.Invalid, "record.invalid", session.ToldOnce(gone))
}

// writeRow writes the record with the words that it is found by.
func (s *saving) writeRow() error {
	if !s.checkedOutside {
		s.trail = newTrail(s.action(), s.Mapping.Changes(s.Old, s.Row), "")
	}
	switch {
	case s.Old != nil:
		s.u.touch(s.Row, s.Clock)
		return s.u.update(s.Mapping, s.Old, s.Row)
	case s.checkedOutside:
		return s.u.insertWith(s.Mapping, s.Row, s.words)
	}
	return s.u.insert(s.Mapping, s.Row)
}

// writeHistory writes the history entry.
func (s *saving) writeHistory() error {
	return s.u.writeHistory(s.Mapping, s.action(), s.ID, s.Clock, s.trail.history)
}

// writeEvent writes the event.
func (s *saving) writeEvent() error {
	return s.u.writeEvent(s.Mapping, s.action(), s.ID, s.Clock, s.trail.event)
}

// propagateRollups brings the roll-ups that count the record up to date.
func (s *saving) propagateRollups() error { return s.u.propagateRollups(s.Mapping, s.Old, s.Row) }

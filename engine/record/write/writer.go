// Package write is the only place where records are written. What a caller sends is
// filled, checked and stored by the steps of steps.go; a Unit is what one transaction
// writes, with all that follows from it: history, event, roll-ups, references.
package write

import (
	"context"
	"time"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/duplicate"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
	"formwork/engine/store"
)

// Options are what all writers of a program share.
type Options struct {
	IDs *id.Source
	// Committed is called with a tenant's name after changes of its records were committed.
	Committed func(tenant string)
	// Enqueued is called with a tenant's name after jobs were committed.
	Enqueued func(tenant string)
	// Transactions is how long one may go on in a store in which they run side by side; 0
	// where they run one after the other.
	Transactions time.Duration
	Hooks        []SaveHook // in the order in which they are called
	Users        Users
}

// Writer writes records for one caller.
type Writer struct {
	*session.Session
	reader  read.Reader
	options *Options
}

// New makes a writer; the reader, of the same session, shows what was saved.
func New(s *session.Session, reader read.Reader, o *Options) Writer {
	return Writer{Session: s, reader: reader, options: o}
}

// idAndVersion are shown of a record that the caller may not read.
var idAndVersion = []string{query.ID.Name, query.Version.Name}

// Saved is a record after it was saved, as the caller may see it.
type Saved struct {
	Record   read.Record
	Warnings []Warning
}

// Warning tells what did not stand in the way of saving: the fault says it in words.
type Warning struct {
	Fault   *fault.Fault
	Matches []duplicate.Match // of a duplicate rule: those that the caller may read
}

// answer shows what the caller may read of a saved record, from memory. Of a record
// that the caller may not read it shows the id and version alone.
func (w *Writer) answer(a *session.Object, e *session.Env, warnings []Warning) (*Saved, error) {
	readable, err := w.readable(a, e)
	if err != nil {
		return nil, err
	}
	shown, fields := a, []string(nil)
	if !readable {
		shown, fields = session.Unrestricted(a.Mapping), idAndVersion
	}
	r, err := w.reader.Show(e, shown, fields)
	if err != nil {
		return nil, err
	}
	return &Saved{Record: r, Warnings: warnings}, nil
}

// readable reports whether the caller may read a record that is held in memory.
func (w *Writer) readable(a *session.Object, e *session.Env) (bool, error) {
	f, err := w.RecordFilter(e.Ctx, a.Object.Doc.Name, policy.Read)
	if err != nil {
		return false, err
	}
	return a.Allows(policy.Read) && e.Matches(f, e.Row), e.Failed()
}

// transaction runs fn in one transaction, and wakes the outbox: events may have been written.
func (w *Writer) transaction(ctx context.Context, fn func(u *Unit) error) error {
	if err := inTransaction(ctx, w.Session, w.options, fn); err != nil {
		return err
	}
	w.committed()
	return nil
}

// committed tells Options.Committed that events may have been written.
func (w *Writer) committed() { w.options.Committed(w.Tenant.Name()) }

// inTransaction runs fn in one transaction of a session. Users whose records it wrote are
// looked up anew, also after an error, which may hide that it was committed.
func inTransaction(ctx context.Context, s *session.Session, o *Options, fn func(u *Unit) error) error {
	var users []id.ID
	enqueued := false
	// Writes of a tenant run one after another, and share the wait for the disk.
	err := budget.From(ctx).While(ctx, func() error {
		return s.Tenant.Write(ctx, func(tx store.Tx) error {
			if err := catalog.CheckNewest(ctx, tx, s.Snapshot); err != nil {
				return err
			}
			u := newUnit(ctx, s, o, tx)
			before := u.share.Used()
			defer func() { u.share.Release(u.share.Used() - before) }() // what the unit held, in each run
			err := fn(u)
			users, enqueued = u.users, len(u.following) > 0
			if err != nil {
				return err
			}
			return u.enqueueFollowing()
		})
	})
	if enqueued {
		o.Enqueued(s.Tenant.Name())
	}
	if len(users) > 0 {
		o.Users.Forget(s.Tenant.Name(), users...)
	}
	return err
}

// SystemWriter writes what no caller asked for: background jobs.
type SystemWriter struct {
	*session.Session
	options *Options
}

// NewSystemWriter makes a writer of the platform's own session.
func NewSystemWriter(s *session.Session, o *Options) *SystemWriter {
	return &SystemWriter{Session: s, options: o}
}

// InTransaction runs fn in one transaction.
func (w *SystemWriter) InTransaction(ctx context.Context, fn func(u *Unit) error) error {
	return inTransaction(ctx, w.Session, w.options, fn)
}

// Committed tells Options.Committed that events may have been written.
func (w *SystemWriter) Committed() { w.options.Committed(w.Tenant.Name()) }

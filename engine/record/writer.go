package record

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// WriteOptions are what all writers of a program share.
type WriteOptions struct {
	IDs *id.Source
	// Committed is called with a tenant's name after changes of its records were committed.
	Committed func(tenant string)
	Hooks     []SaveHook
}

// Writer writes records for one caller.
type Writer struct {
	*core
	reader  Reader
	options *WriteOptions
}

// newWriter makes a writer; the reader, of the same session, shows what was saved.
func newWriter(s *core, reader Reader, o *WriteOptions) Writer {
	return Writer{core: s, reader: reader, options: o}
}

// idAndVersion are shown of a record that the caller may not read.
var idAndVersion = []string{query.ID.Name, query.Version.Name}

// Saved is a record after it was saved, as the caller may see it.
type Saved struct {
	Record   Record
	Warnings []Warning
}

// Warning tells what did not stand in the way of saving: the fault says it in words.
type Warning struct {
	Fault   *fault.Fault
	Matches []Match // of a duplicate rule: those that the caller may read
}

// answer shows what the caller may read of a saved record, from memory. Of a record
// that the caller may not read it shows the id and version alone.
func (w *Writer) answer(a *access, saved *env, warnings []Warning) (*Saved, error) {
	e := saved.readBy(w.tenant)
	f, err := w.filter(e.ctx, a.object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	readable := a.allows(policy.Read) && e.match(f, e.row)
	if err := e.failed(); err != nil {
		return nil, err
	}
	shown, fields := a, []string(nil)
	if !readable {
		shown, fields = unrestricted(a.mapping), idAndVersion
	}
	r, err := w.reader.show(&e, shown, fields)
	if err != nil {
		return nil, err
	}
	return &Saved{Record: r, Warnings: warnings}, nil
}

// transaction runs fn in one transaction, and tells that there is something in the outbox.
func (w *Writer) transaction(ctx context.Context, fn func(u *unit) error) error {
	if err := inTransaction(ctx, w.core, w.options, fn); err != nil {
		return err
	}
	w.options.Committed(w.tenant.Name())
	return nil
}

func inTransaction(ctx context.Context, s *core, o *WriteOptions, fn func(u *unit) error) error {
	return s.tenant.Write(ctx, func(tx store.Tx) error { return fn(&unit{ctx: ctx, s: s, options: o, tx: tx}) })
}

// Platform writes what no caller asked for: background jobs.
type Platform struct {
	*core
	options *WriteOptions
}

// NewPlatform makes a writer of the platform's own session.
func NewPlatform(s *core, o *WriteOptions) *Platform { return &Platform{core: s, options: o} }

// InTransaction runs fn in one transaction.
func (p *Platform) InTransaction(ctx context.Context, fn func(u *unit) error) error {
	return inTransaction(ctx, p.core, p.options, fn)
}

// Committed tells that there is something in the outbox.
func (p *Platform) Committed() { p.options.Committed(p.tenant.Name()) }

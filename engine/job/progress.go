package job

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/store"
)

// Progress is a running job in the hands of its handler. Only the handler's
// goroutine uses it.
type Progress struct {
	ID     id.ID
	Kind   string
	Args   json.RawMessage
	Cursor json.RawMessage // as saved by an earlier run; nil at the start
	Done   int64           // as saved by an earlier run
	Total  int64
	By     id.ID

	tenant store.Tenant
	lease  *lease
	saved  time.Time
}

// Decode reads the arguments into v.
func (p *Progress) Decode(v any) error {
	if err := json.Unmarshal(p.Args, v); err != nil {
		return fmt.Errorf("reading the arguments of job %s: %w", p.Kind, err)
	}
	return nil
}

// Save keeps how far the job came: done of total units (0: not known) and the
// cursor from which a later run goes on (nil: the start). It is durable when it
// returns. Fault "job.cancelled" or "job.lost" tells the handler to return, with
// that error.
func (p *Progress) Save(ctx context.Context, done, total int64, cursor any) error {
	return p.tenant.Write(ctx, func(tx store.Tx) error { return p.SaveIn(ctx, tx, done, total, cursor) })
}

// SaveIn is Save in the transaction that did the work, so that a resumed run
// repeats nothing.
func (p *Progress) SaveIn(ctx context.Context, tx store.Tx, done, total int64, cursor any) error {
	raw, err := encode(cursor)
	if err != nil {
		return err
	}
	return p.lease.update(ctx, tx, values{"done": done, "total": total, "cursor": raw, "attempts": int64(0)})
}

// Show saves the counts alone, for people, at most once a second: for handlers
// that do everything over when they are run again.
func (p *Progress) Show(ctx context.Context, done, total int64) error {
	now := p.lease.now()
	if now.Sub(p.saved) < time.Second {
		return nil
	}
	p.saved = now
	return p.tenant.Write(ctx, func(tx store.Tx) error {
		return p.lease.update(ctx, tx, values{"done": done, "total": total})
	})
}

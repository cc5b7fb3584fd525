package runner

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/mail"
	"formwork/engine/store"
)

// prepare makes a message ready to be sent, by the configuration and the rights of now: without those who are not to get it, and with the
// links that are for whom it goes to alone. Faults: mail.suppressed and decision.not_for (Conflict).
func (r *Runner) prepare(ctx context.Context, t store.Tenant, s *catalog.Snapshot, m *mail.Message) (ready *mail.Message, left []string, err error) {
	allowed, left, err := mail.Allowed(ctx, t, s, m)
	if err != nil {
		return nil, nil, err
	}
	with := *allowed
	if m.Decides != 0 {
		if with.Link, err = r.link(ctx, t, s, m.Decides); err != nil {
			return nil, nil, err
		}
	}
	with.Leave, err = allowed.UnsubscribeBy(ctx, t, r.leaving)
	if err != nil {
		return nil, nil, err
	}
	return &with, left, nil
}

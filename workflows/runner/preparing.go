package runner

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/mail"
	"formwork/engine/store"
)

// prepare makes a message ready to be sent, by the configuration and the rights of now: without those who are not to get it, with the links
// that are for whom it goes to alone, and signed. Faults: mail.suppressed, decision.not_for and connection.secret_lost (Conflict).
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
	if with.Leave, err = allowed.UnsubscribeBy(ctx, t, r.leaving); err != nil {
		return nil, nil, err
	}
	ready, err = mail.Of(s)[m.Mailbox].SignedBy(ctx, t, r.o.Reach.Secrets, &with)
	return ready, left, err
}

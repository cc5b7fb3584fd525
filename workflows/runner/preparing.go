package runner

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/mail"
	"formwork/engine/store"
	"formwork/workflows/outside"
)

// prepare makes the message of a call ready to be sent, by the configuration and the rights of now: without those who are not to get it, with what is
// printed and the links that are for whom it goes to alone, and signed. Faults: mail.suppressed, connection.secret_lost (Conflict), those of link and print.
func (r *Runner) prepare(ctx context.Context, t store.Tenant, s *catalog.Snapshot, c *outside.Call) (ready *mail.Message, left []string, err error) {
	allowed, left, err := mail.Allowed(ctx, t, s, c.Request.Mail)
	if err != nil {
		return nil, nil, err
	}
	with := *allowed
	if with.Linked() {
		if with.Link, err = r.link(ctx, t, s, allowed); err != nil {
			return nil, nil, err
		}
	}
	if with.Leave, err = allowed.UnsubscribeBy(ctx, t, r.leaving); err != nil {
		return nil, nil, err
	}
	if len(with.Prints) > 0 {
		if with.Attached, err = r.print(ctx, t, s, c); err != nil {
			return nil, nil, err
		}
	}
	ready, err = mail.Of(s)[with.Mailbox].SignedBy(ctx, t, r.o.Reach.Secrets, &with)
	return ready, left, err
}

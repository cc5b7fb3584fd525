package runner

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows/approval"
)

// Asked is somebody who is asked, and has proved it by the token of a link: nothing more is known of them yet.
type Asked struct {
	request *approval.Request
	person  *approval.Person
}

// AskedBy is who is asked, by the token of a link. Fault decision.refused (Unauthenticated) where nobody is, whatever is wrong; t is nil where there is no such
// tenant. Nothing that takes long is done for whoever can't prove it.
func (r *Runner) AskedBy(ctx context.Context, t store.Tenant, token string) (*Asked, error) {
	of, p, err := r.links.Asked(ctx, t, token, r.o.Now())
	return &Asked{of, p}, err
}

// Deciding is somebody who decides without having logged in: with the rights that they have now.
type Deciding struct {
	Request *approval.Request
	User    id.ID
	Caller  *policy.Caller
	Session *record.Session // theirs
}

// Deciding is who decides by a link. Fault decision.refused (Unauthenticated) where they can't log in any more, or may not read the record.
func (r *Runner) Deciding(ctx context.Context, t store.Tenant, a *Asked) (*Deciding, error) {
	s, err := r.o.Catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	return r.deciding(ctx, t, s, a)
}

// DecideBy takes an answer by a link, which is good for one. Faults: decision.refused (Unauthenticated), also where there has been an answer
// meanwhile; approval.long_comment (Invalid).
func (r *Runner) DecideBy(ctx context.Context, t store.Tenant, a *Asked, state, comment string) error {
	return r.o.Catalog.UnderNewest(ctx, t, func(s *catalog.Snapshot) error {
		d, err := r.deciding(ctx, t, s, a)
		if err != nil {
			return err
		}
		_, err = r.Decide(ctx, t, d.Session, d.User, d.Request.ID, state, comment)
		if fault.Is(err, "approval.decided") || fault.Is(err, "approval.unknown") {
			err = fault.New(fault.Unauthenticated, "decision.refused")
		}
		return err
	})
}

func (r *Runner) deciding(ctx context.Context, t store.Tenant, s *catalog.Snapshot, a *Asked) (*Deciding, error) {
	d := &Deciding{Request: a.request, User: a.person.User}
	var err error
	if d.Caller, err = r.o.Callers.Acting(ctx, t, d.User, nil, "approval link"); err == nil {
		d.Session = r.o.Records.As(t, s, d.Caller)
		err = d.Session.DemandReadable(ctx, d.Request.Object, d.Request.Record)
	}
	if f := fault.From(err); f != nil && !f.Kind.Breaks() {
		return nil, fault.New(fault.Unauthenticated, "decision.refused")
	}
	return d, err
}

// link is that which a message brings. Faults: decision.not_for (Conflict), question.no_link (Conflict).
func (r *Runner) link(ctx context.Context, t store.Tenant, s *catalog.Snapshot, m *mail.Message) (string, error) {
	if m.Asks != 0 {
		return r.inquiryLink(ctx, t, m.Asks)
	}
	return r.decisionLink(ctx, t, s, m.Decides)
}

// decisionLink is that by which somebody who is asked decides. Fault decision.not_for (Conflict) where they are not asked any more, or may not
// read the record.
func (r *Runner) decisionLink(ctx context.Context, t store.Tenant, s *catalog.Snapshot, person id.ID) (string, error) {
	of, p, err := approval.Of(ctx, t, person)
	if err == nil && (p.State != approval.Asked || of.State != approval.Pending) {
		err = fault.New(fault.Conflict, "decision.not_for")
	}
	if err == nil {
		_, err = r.deciding(ctx, t, s, &Asked{of, p})
	}
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return "", err
		}
		return "", fault.New(fault.Conflict, "decision.not_for")
	}
	return r.links.To(ctx, t, person)
}

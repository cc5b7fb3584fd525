package approval

import (
	"context"
	"time"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/link"
	"formwork/engine/store"
)

// MaxOpen is for how long what somebody is asked by mail can be answered by its link.
const MaxOpen = 14 * 24 * time.Hour

// Links make the links by which people decide without logging in, and know them again. A link is for one person and one
// request, and names who is asked. Safe for concurrent use.
type Links struct{ links *link.Links }

// NewLinks makes Links to the program at an address; "": none are made.
func NewLinks(secrets *connection.Secrets, address string) *Links {
	return &Links{link.New(link.Kind{Key: "approval links", Proof: "decision", Most: link.NameSize}, secrets, address)}
}

// To is the link for somebody who is asked, by Person.ID; "" where there are none. Faults: those of connection.Secrets.
func (l *Links) To(ctx context.Context, t store.Tenant, person id.ID) (string, error) {
	return l.links.To(ctx, t, "/decide#"+t.Name()+".", link.NameOf(person))
}

// Asked is the request and who of it is asked, by the token of a link: with its request pending, not yet answered, and not too old. Fault
// decision.refused (Unauthenticated) of all others, also where there is no such tenant (nil): nobody learns which of them.
func (l *Links) Asked(ctx context.Context, t store.Tenant, given string, now time.Time) (*Request, *Person, error) {
	refused := fault.New(fault.Unauthenticated, "decision.refused")
	name, _, err := l.links.Named(ctx, t, given)
	if err != nil {
		return nil, nil, err
	}
	person, ok := link.IDOf(name)
	if !ok {
		return nil, nil, refused
	}
	r, p, err := Of(ctx, t, person)
	switch {
	case fault.Is(err, "approval.unknown"):
		return nil, nil, refused
	case err != nil:
		return nil, nil, err
	case p.State != Asked || r.State != Pending || !now.Before(r.Open()):
		return nil, nil, refused.Because(link.ErrOver)
	}
	return r, p, nil
}

// Open is until when a request can be answered by a link.
func (r *Request) Open() time.Time {
	end := r.At.Add(MaxOpen)
	if !r.Due.IsZero() && r.Due.Before(end) {
		end = r.Due
	}
	return end
}

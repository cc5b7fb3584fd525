package mail

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/link"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// maxLanguage is how many bytes a link says of a language.
const maxLanguage = 35

// NewLinks are the links to unsubscribe, in the program at an address; see link.New. A link names an address, and the message that it was sent in.
func NewLinks(secrets *connection.Secrets, address string) *link.Links {
	return link.New(link.Kind{Key: "unsubscribe links", Proof: "unsubscription", Most: 8 + maxLanguage + 1 + 4*maxAddress}, secrets, address)
}

// maxAddress is how many characters an address has; of a key of it, each has up to four bytes.
const maxAddress = 254

// UnsubscribeBy is the link by which whom a message goes to unsubscribes; "": there is none.
func (m *Message) UnsubscribeBy(ctx context.Context, t store.Tenant, links *link.Links) (string, error) {
	if m.Unsubscribe == "" || len(m.To) != 1 {
		return "", nil
	}
	u := Unsubscription{Address: m.To[0].Address, Language: m.Language, email: m.Record}
	return links.To(ctx, t, "/unsubscribe/"+t.Name()+"?token=", u.name())
}

// Unsubscription is somebody who unsubscribes, who has proved it by the token of a link.
type Unsubscription struct {
	Address  string
	Language string  // of what they were sent; "": it is not known
	From     Address // who sent it; empty where that is not known any more
	Done     bool    // they have

	email id.ID // in which the link was
}

// name is what a link names it as.
func (u *Unsubscription) name() []byte {
	name := binary.BigEndian.AppendUint64(nil, uint64(u.email)) //nolint:gosec // an id is no number
	if len(u.Language) <= maxLanguage {
		name = append(name, u.Language...)
	}
	return append(append(name, 0), u.Address...)
}

// unsubscriptionOf reads what a link names.
func unsubscriptionOf(name []byte) (*Unsubscription, bool) {
	if len(name) < 8 {
		return nil, false
	}
	language, address, ok := bytes.Cut(name[8:], []byte{0})
	if !ok {
		return nil, false
	}
	kept, problem := fieldtype.Email(string(address))
	return &Unsubscription{Address: kept, Language: string(language), email: id.ID(binary.BigEndian.Uint64(name))}, problem == nil //nolint:gosec // an id is no number
}

// Unsubscribing takes who unsubscribes from the mail of tenants. Safe for concurrent use.
type Unsubscribing struct {
	catalog *catalog.Catalog
	records *record.Service
	links   *link.Links
	now     func() time.Time
}

// NewUnsubscribing makes it.
func NewUnsubscribing(c *catalog.Catalog, r *record.Service, links *link.Links, now func() time.Time) *Unsubscribing {
	return &Unsubscribing{c, r, links, now}
}

// Of is who unsubscribes by the token of a link. Fault unsubscribe.refused (Unauthenticated) where nobody does, whatever is wrong; t is nil where there is no such
// tenant. A link is good for ever: whoever was sent something may always have no more of it.
func (u *Unsubscribing) Of(ctx context.Context, t store.Tenant, token string) (*Unsubscription, error) {
	name, ok, err := u.links.Named(ctx, t, token)
	if err != nil {
		return nil, err
	}
	if ok {
		if of, ok := unsubscriptionOf(name); ok {
			return of, nil
		}
	}
	return nil, fault.New(fault.Unauthenticated, "unsubscribe.refused")
}

// Look finds out who sent them what they unsubscribe from, and whether they have already.
func (u *Unsubscribing) Look(ctx context.Context, t store.Tenant, of *Unsubscription) error {
	s, err := u.catalog.Snapshot(ctx, t)
	if err != nil {
		return err
	}
	suppressions, err := unsubscribable(s)
	if err != nil {
		return err
	}
	known, err := suppressions.of(ctx, t, of.Address)
	if err != nil {
		return err
	}
	of.Done = slices.Contains(known[fieldtype.Fold(of.Address)].reasons, reasonUnsubscribed)
	o := s.Objects[ObjectName]
	if o == nil {
		return nil
	}
	box, ok := o.Field(Box)
	if !ok || box.Column.Storage != fieldtype.Text {
		return nil
	}
	row, found, err := store.First(ctx, t, query.Select{Table: o.Table.Name, Filter: query.Is(query.ID, int64(of.email))}, box.Column)
	if err != nil || !found {
		return err
	}
	if m := Of(s)[row.Text(box.Column)]; m != nil {
		of.From = m.From
	}
	return nil
}

// Unsubscribe keeps that no more of what can be unsubscribed from is sent to them. Doing it again does nothing.
func (u *Unsubscribing) Unsubscribe(ctx context.Context, t store.Tenant, of *Unsubscription) error {
	return u.catalog.UnderNewest(ctx, t, func(s *catalog.Snapshot) error {
		suppressions, err := unsubscribable(s)
		if err != nil {
			return err
		}
		caller := policy.System(t.Name())
		caller.Via = "unsubscribe link"
		return u.records.As(t, s, caller).Jointly(ctx, func(j *record.Joint) error {
			email, err := j.Record(ObjectName, of.email)
			if err != nil {
				return err
			}
			from := of.email
			if email == nil { // it is gone
				from = 0
			}
			return suppressions.suppress(ctx, j, of.Address, reasonUnsubscribed, "", from, u.now())
		})
	})
}

// unsubscribable are the suppressions of a configuration. Fault unsubscribe.refused (Unauthenticated) where it has none any more.
func unsubscribable(s *catalog.Snapshot) (*Suppressions, error) {
	found, _ := suppressionsIn(s)
	if found == nil {
		return nil, fault.New(fault.Unauthenticated, "unsubscribe.refused")
	}
	return found, nil
}

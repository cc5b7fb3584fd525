package mail

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// SuppressionName is the object whose records are addresses to which mail is not sent. Configurations that were made before there was one
// have none.
const SuppressionName = "suppression"

// Fields of the object that are filled here.
const (
	suppressedAddress = "address"
	suppressedFor     = "reasons"
	suppressedSince   = "since"
	suppressedBy      = "email" // the e-mail that came back, or from which somebody unsubscribed
	suppressedSaid    = "said"
)

// Reasons. Whatever is no reason of these, such as that somebody entered the address, keeps all mail back.
const (
	reasonBounced      = "bounced"
	reasonUnsubscribed = "unsubscribed" // keeps back what can be unsubscribed from alone
)

// suppressionFields are those that the object has to have, and how they are stored.
var suppressionFields = map[string]fieldtype.Storage{suppressedAddress: fieldtype.Text, suppressedFor: fieldtype.List, suppressedSince: fieldtype.Int, suppressedBy: fieldtype.Int, suppressedSaid: fieldtype.Text}

// Suppressions are the addresses to which mail is not sent. Immutable.
type Suppressions struct{ object *catalog.Object }

// suppressionsIn are those of a configuration, and which field they lack; nil: there are none.
func suppressionsIn(s *catalog.Snapshot) (found *Suppressions, lacks string) {
	o := s.Objects[SuppressionName]
	if o == nil {
		return nil, ""
	}
	for name, storage := range suppressionFields {
		f, ok := o.Field(name)
		if !ok || f.Column.Storage != storage || !f.Settable() || name == suppressedAddress && f.Key.Name == "" {
			return nil, name
		}
	}
	return &Suppressions{o}, ""
}

// suppressionsOf finds those of a configuration, or reports what they lack.
func suppressionsOf(c *catalog.Compiling, at string) *Suppressions {
	found, lacks := suppressionsIn(c.Snapshot())
	if lacks != "" {
		c.Report(fault.New(fault.Invalid, "mail.suppression_lacks", "field", lacks), at)
	}
	return found
}

func (s *Suppressions) field(name string) *catalog.Field {
	f, _ := s.object.Field(name)
	return f
}

// suppressed is what is known of an address to which mail is not sent.
type suppressed struct {
	key     id.ID
	reasons []string
}

// keeps reports whether it keeps a message back.
func (s suppressed) keeps(m *Message) bool {
	return slices.ContainsFunc(s.reasons, func(reason string) bool { return reason != reasonUnsubscribed || m.Unsubscribe != "" })
}

// of finds those among some addresses to which mail is not sent, by the address folded.
func (s *Suppressions) of(ctx context.Context, from store.Reader, addresses ...string) (map[string]suppressed, error) {
	address, reasons := s.field(suppressedAddress).Key, s.field(suppressedFor).Column
	keys := make([]any, len(addresses))
	for i, one := range addresses {
		keys[i] = fieldtype.Fold(one)
	}
	found := map[string]suppressed{}
	for row, err := range store.Find(ctx, from, query.Select{Table: s.object.Table.Name, Filter: query.In{Ref: query.Field(address), Values: keys}}, query.ID, address, reasons) {
		if err != nil {
			return nil, fmt.Errorf("reading to whom no mail is sent: %w", err)
		}
		found[row.Text(address)] = suppressed{row.ID(query.ID), row.List(reasons)}
	}
	return found, nil
}

// Allowed is a message without those to whom it may not go by a configuration, and who these are. Fault mail.suppressed (Conflict) where nobody is left whom
// it is addressed to.
func Allowed(ctx context.Context, from store.Reader, s *catalog.Snapshot, m *Message) (allowed *Message, left []string, err error) {
	suppressions, _ := suppressionsIn(s)
	if suppressions == nil {
		return m, nil, nil
	}
	known, err := suppressions.of(ctx, from, addressesOf(m.To, m.Cc)...)
	if err != nil || len(known) == 0 {
		return m, nil, err
	}
	without := func(all []Address) (rest []Address) {
		for _, one := range all {
			if known[fieldtype.Fold(one.Address)].keeps(m) {
				left = append(left, one.Address)
			} else {
				rest = append(rest, one)
			}
		}
		return rest
	}
	rest := *m
	rest.To, rest.Cc = without(m.To), without(m.Cc)
	if len(rest.To) == 0 {
		return nil, nil, NotSentTo("mail.suppressed", left)
	}
	return &rest, left, nil
}

// NotSentTo tells of addresses to which a message was not sent.
func NotSentTo(code string, left []string) *fault.Fault {
	const most = 5 // that are named
	named := make([]Address, min(len(left), most))
	for i := range named {
		named[i].Address = left[i]
	}
	text := Addresses(named)
	if len(left) > most {
		text += ", …"
	}
	return fault.New(fault.Conflict, code, "addresses", text)
}

func addressesOf(lists ...[]Address) (all []string) {
	for _, list := range lists {
		for _, one := range list {
			all = append(all, one.Address)
		}
	}
	return all
}

// suppress keeps that no mail is to be sent to an address, for one reason besides those that there are. email is what it comes from, said what a mail system
// says of it.
func (s *Suppressions) suppress(ctx context.Context, j *record.Joint, address, reason, said string, email id.ID, now time.Time) error {
	if err := take(ctx, j.Tx(), "addresses that are suppressed"); err != nil {
		return err
	}
	known, err := s.of(ctx, j.Tx(), address)
	if err != nil {
		return err
	}
	is, found := known[fieldtype.Fold(address)]
	values := map[string]any{suppressedFor: append(is.reasons, reason)}
	switch {
	case slices.Contains(is.reasons, reason):
		return nil
	case found:
		return j.Update(SuppressionName, is.key, values)
	}
	values[suppressedAddress], values[suppressedSince], values[suppressedBy], values[suppressedSaid] = address, now.UnixMilli(), store.Reference(email), store.Text(said)
	_, err = j.Create(SuppressionName, values)
	return err
}

// suppressGone keeps that nothing arrives any more at whom an e-mail went to that came back, whatever mail systems on the way call them. Where it went to
// several nothing is kept: any of them could say so of another. What the tenant's own rules refuse is not kept either, and the report is all the same.
func (r *receiving) suppressGone(email id.ID, to, cc string) error {
	if !r.in.Bounce.Hard || r.box.Suppressions == nil {
		return nil
	}
	var sent []Address
	for _, text := range []string{to, cc} {
		some, err := ReadAddresses(text)
		if f := fault.From(err); f != nil && f.Kind.Breaks() {
			return err
		}
		sent = append(sent, some...) // none of what somebody made unreadable meanwhile
	}
	if len(sent) != 1 {
		return nil
	}
	err := r.box.Suppressions.suppress(r.ctx, r.joint, sent[0].Address, reasonBounced, r.in.Bounce.Said, email, r.now)
	if f := fault.From(err); f != nil && !f.Kind.Breaks() {
		return nil
	}
	return err
}

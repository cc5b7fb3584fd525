package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Options are what an Inbox is made of.
type Options struct {
	Catalog *catalog.Catalog
	Records *record.Service
	Files   *file.Service
	Now     func() time.Time
	// Bounced is told of the record of a message that did not arrive, in the transaction that keeps that; queued: jobs were enqueued.
	Bounced func(ctx context.Context, tx store.Tx, message id.ID) (queued bool, err error)
	// Wake is called with a tenant's name after jobs were committed for it.
	Wake func(tenant string)
}

// Inbox receives mail for mailboxes. Safe for concurrent use.
type Inbox struct{ o Options }

// NewInbox makes an inbox.
func NewInbox(o Options) *Inbox { return &Inbox{o} }

// Receive keeps a message as a record with its files, in a transaction, and returns it; that of the same message if it was received
// before. A message that tells of another which did not arrive changes the state of that one. Faults: mail.unknown (NotFound),
// those of Read.
func (b *Inbox) Receive(ctx context.Context, t store.Tenant, mailbox string, raw []byte) (key id.ID, err error) {
	in, err := Read(raw)
	if err != nil {
		return 0, err
	}
	if in.ID == "" { // so that it is kept once, too
		in.ID = fmt.Sprintf("%x@%s", sha256.Sum256(raw), mailbox)
	}
	err = b.o.Catalog.UnderNewest(ctx, t, func(s *catalog.Snapshot) error {
		box := Of(s)[mailbox]
		if box == nil {
			return fault.New(fault.NotFound, "mail.unknown", "mailbox", clip(mailbox))
		}
		key, err = b.receive(ctx, t, s, box, in)
		return err
	})
	return key, err
}

// receiving is a message that is being kept.
type receiving struct {
	ctx   context.Context
	from  store.Reader
	joint *record.Joint // nil: nothing is kept
	box   *Mailbox
	in    *Incoming
	now   time.Time

	bounces func(ctx context.Context, tx store.Tx, message id.ID) (queued bool, err error)
	queued  bool
}

// viaMailbox begins the way by which mailboxes keep what they receive.
const viaMailbox = "mailbox "

// ReceivedBy reports whether the record of a message was made as a mailbox received it, by the way that its history tells.
func ReceivedBy(via string) bool { return strings.HasPrefix(via, viaMailbox) }

// receive keeps a message.
func (b *Inbox) receive(ctx context.Context, t store.Tenant, s *catalog.Snapshot, box *Mailbox, in *Incoming) (key id.ID, err error) {
	caller := policy.System(t.Name())
	caller.Via = viaMailbox + box.Doc.Name
	files := b.o.Files.As(t, s, caller)
	now := b.o.Now()
	if in.At.Before(time.Unix(0, 0)) || in.At.After(now) {
		in.At = now
	}
	if key, known, err := (&receiving{ctx: ctx, from: t, box: box, in: in}).known(); known || err != nil {
		return key, err
	}
	// Before the transaction, which has the store to itself. What no record takes is collected.
	uploads, err := upload(ctx, files, in)
	if err != nil {
		return 0, err
	}
	queued := false
	err = b.o.Records.As(t, s, caller).Jointly(ctx, func(j *record.Joint) error {
		r := receiving{ctx: ctx, from: j.Tx(), joint: j, box: box, in: in, now: now, bounces: b.o.Bounced}
		if err := takeBox(ctx, j.Tx(), box.Doc.Name); err != nil {
			return err
		}
		known := false
		if key, known, err = r.known(); known || err != nil {
			return err
		}
		key, err = r.keep()
		if queued = r.queued; err != nil {
			return err
		}
		return files.AttachWithin(ctx, j.Tx(), ObjectName, key, uploads)
	})
	if err == nil && queued {
		b.o.Wake(t.Name())
	}
	return key, err
}

// upload keeps the files of a message, but for those that can't be taken.
func upload(ctx context.Context, files *file.Session, in *Incoming) (uploads []id.ID, err error) {
	for _, a := range in.Attachments {
		f, err := files.Start(ctx, file.Upload{Name: a.Name, Type: a.Type, Size: int64(len(a.Body))})
		if err == nil {
			_, err = files.Append(ctx, f.ID, 0, bytes.NewReader(a.Body))
		}
		if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.TooLarge) {
			in.Left++
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("keeping a file of a message: %w", err)
		}
		uploads = append(uploads, f.ID)
	}
	return uploads, nil
}

// known finds the record of the same message.
func (r *receiving) known() (key id.ID, found bool, err error) {
	row, found, err := r.first(query.All{query.Is(r.column(MessageID), r.in.ID), query.Is(r.column(Direction), Inbound), query.Is(r.column(Box), r.box.Doc.Name)}, query.ID)
	if found {
		key = row.ID(query.ID)
	}
	return key, found, err
}

func (r *receiving) column(field string) query.Column { return r.box.Kept.Field(field).Column }

// first is the newest record of mail that a condition holds for.
func (r *receiving) first(f query.Filter, columns ...query.Column) (store.Found, bool, error) {
	q := query.Select{Table: r.box.Kept.Object.Table.Name, Filter: f, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}
	row, found, err := store.First(r.ctx, r.from, q, columns...)
	if err != nil {
		return row, false, fmt.Errorf("reading mail: %w", err)
	}
	return row, found, nil
}

// place is where a message belongs.
type place struct {
	about  string // a record of any object; "": of none
	owner  any    // whose mail it is; nil: nobody's
	thread string
}

// keep makes the record of a message.
func (r *receiving) keep() (id.ID, error) {
	at, err := r.answered(r.in.Follows)
	if err != nil {
		return 0, err
	}
	if r.in.Bounce != nil {
		returned, err := r.bounced()
		if err != nil {
			return 0, err
		}
		if at == nil {
			at = returned
		}
	}
	if at == nil {
		if at, err = r.sender(); err != nil {
			return 0, err
		}
	}
	if at.thread == "" {
		at.thread = r.in.ID
	}
	values := map[string]any{Subject: r.in.Subject, Direction: Inbound, State: Received, From: r.in.From.Address, To: within(r.in.To), Cc: within(r.in.Cc), Text: r.in.Text,
		HTML: r.in.HTML, About: at.about, MessageID: r.in.ID, Thread: at.thread, Box: r.box.Doc.Name, Automatic: r.in.Automatic}
	if _, problem := r.box.Kept.Field(HTML).Value.Coerce(r.in.HTML); problem != nil { // its text says the same
		values[HTML] = ""
	}
	kept, err := r.box.Kept.stored(values, r.in.At)
	if err != nil {
		return 0, err
	}
	if at.owner != nil {
		kept[query.Owner.Name] = at.owner
	}
	return r.joint.Create(ObjectName, kept)
}

// within are the first of some addresses, as many as a record holds.
func within(all []Address) string {
	const most = 5_000 // characters
	for utf8.RuneCountInString(Addresses(all)) > most {
		all = all[:len(all)-1]
	}
	return Addresses(all)
}

// answered is where the nearest of some messages belongs; nil: none is known.
func (r *receiving) answered(ids []string) (*place, error) {
	for _, one := range ids {
		row, found, err := r.first(query.Is(r.column(MessageID), one), query.Owner, r.column(About), r.column(Thread))
		if err != nil {
			return nil, err
		}
		if found {
			at := &place{about: row.Text(r.column(About)), thread: row.Text(r.column(Thread))}
			if at.thread == "" {
				at.thread = one
			}
			if owner := row.Int(query.Owner); owner != 0 {
				at.owner = owner
			}
			return at, nil
		}
	}
	return nil, nil
}

// bounced notes of the message that did not arrive that it did not, and to whom none will, and is where it belongs; nil: it is not known.
func (r *receiving) bounced() (*place, error) {
	for _, one := range r.in.Bounce.Of {
		row, found, err := r.first(query.All{query.Is(r.column(MessageID), one), query.Is(r.column(Direction), Outbound), query.Is(r.column(Box), r.box.Doc.Name)}, query.ID, r.column(To), r.column(Cc))
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if err := r.suppressGone(row.ID(query.ID), row.Text(r.column(To)), row.Text(r.column(Cc))); err != nil {
			return nil, err
		}
		if err := r.joint.Update(ObjectName, row.ID(query.ID), map[string]any{State: Bounced, Problem: r.in.Bounce.Said}); err != nil {
			return nil, err
		}
		if r.queued, err = r.bounces(r.ctx, r.joint.Tx(), row.ID(query.ID)); err != nil {
			return nil, err
		}
		return r.answered([]string{one})
	}
	return nil, nil
}

// sender is the record of whoever wrote, by the first field that has their address.
func (r *receiving) sender() (*place, error) {
	for i, f := range r.box.Matches {
		o := r.box.Of[i]
		columns := []query.Column{query.ID}
		_, owned := o.Field(query.Owner.Name)
		if owned {
			columns = append(columns, query.Owner)
		}
		q := query.Select{Table: o.Table.Name, Filter: query.Is(f.Key, fieldtype.Fold(r.in.From.Address)), Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}
		row, found, err := store.First(r.ctx, r.from, q, columns...)
		if err != nil {
			return nil, fmt.Errorf("looking for who wrote: %w", err)
		}
		if found {
			at := &place{about: o.Doc.Name + "/" + row.ID(query.ID).String()}
			if owned && row.Int(query.Owner) != 0 {
				at.owner = row.Int(query.Owner)
			}
			return at, nil
		}
	}
	return &place{}, nil
}

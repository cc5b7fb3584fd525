package fetch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"formwork/engine/budget"
	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/store"
	"formwork/workflows/outside"
)

var (
	// errTaken: the mailbox has another source by now, or somebody else looks at it.
	errTaken = errors.New("a mailbox is not looked at any more")
	// errMore: there are more messages, for which there is no room now, or the connection is over.
	errMore = errors.New("there are more messages")
	// errPanicked: what was done with a message did not end as it should.
	errPanicked = errors.New("receiving a message panicked")
)

const (
	// firstSpan is how many numbers of messages are looked through at first; where none of them is one, twice as many.
	firstSpan = 500
	// listed is how many messages are listed at a time.
	listed = 100
	// sharer is, for the budget of requests, the tenant of all messages that are fetched, whose users are the tenants. No tenant has the name.
	sharer = "mail that is fetched"
	// keepWithin is how long keeping how it went may take while the program stops.
	keepWithin = 10 * time.Second
)

// looking is one look at a mailbox.
type looking struct {
	f      *Fetcher
	t      store.Tenant
	b      *box
	folder *mail.Folder
	taken  int // messages that were taken, or passed over
}

// look fetches what has come for a mailbox, for as long as its connection may take, and keeps how it went.
func (f *Fetcher) look(t store.Tenant, b *box) error {
	l := &looking{f: f, t: t, b: b}
	from, err := b.Source.Reach()
	if err == nil {
		err = l.open(from)
	}
	if err == nil {
		err = l.fetch()
		l.folder.Close()
	}
	slow := errors.Is(err, context.DeadlineExceeded)
	now := f.o.Now().Truncate(time.Millisecond)
	switch {
	case errors.Is(err, errTaken):
		return nil
	case f.ctx.Err() != nil: // it goes on at the next start
		b.Due = now
	case errors.Is(err, errMore) || slow && l.taken > 0: // there is more, and nothing wrong
		b.Due = now.Add(noRoom)
	case err == nil:
		b.Failures, b.Problem, b.Fetched = 0, nil, now
		b.Due = now.Add(pause(b.claim, 0))
	default:
		told := l.told(from, err)
		if told.Kind.Breaks() {
			f.o.Log.Error("fetching mail", "tenant", t.Name(), "mailbox", b.Mailbox, "error", err)
		}
		b.Failures++
		b.Problem = &Problem{told.Code, told.Params, now}
		b.Due = now.Add(pause(b.claim, b.Failures))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(f.ctx), keepWithin)
	defer cancel()
	if err := b.save(ctx, t); err != nil && !errors.Is(err, errTaken) {
		return err
	}
	return nil
}

// open opens the folder.
func (l *looking) open(from *connection.Connection) error {
	secret, err := l.f.o.Reach.Secrets.Get(l.f.ctx, l.t, from)
	if err != nil {
		return fault.From(err)
	}
	l.folder, err = l.f.o.Reach.Server(from, secret).Folder(l.f.ctx, l.b.Source.Folder)
	return err
}

// told is what kept mail from being fetched, as people are told.
func (l *looking) told(from *connection.Connection, err error) *fault.Fault {
	var known *fault.Fault
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, mail.ErrLogin):
		return fault.New(fault.Conflict, "mail.login_refused", "host", from.Host(), "user", from.Doc.User)
	case errors.Is(err, mail.ErrFolder):
		return fault.New(fault.Conflict, "mail.no_folder", "host", from.Host(), "folder", l.b.Source.Folder)
	case errors.Is(err, mail.ErrUnfit):
		return fault.New(fault.Conflict, "mail.fetch_unfit", "host", from.Host())
	case errors.Is(err, mail.ErrSpeech):
		return fault.New(fault.Conflict, "mail.fetch_broken", "host", from.Host())
	}
	return outside.Unanswered(from, err)
}

// fetch takes the messages that are new.
func (l *looking) fetch() error {
	b := l.b
	last := l.folder.Next - 1
	switch b.validity {
	case l.folder.Validity:
	case 0: // what is there already was not written to us
		b.validity, b.last, b.Since = l.folder.Validity, last, l.f.o.Now()
		return l.save()
	default:
		b.validity, b.last, b.anew = l.folder.Validity, 0, last
		if err := l.save(); err != nil {
			return err
		}
	}
	for span := uint32(firstSpan); b.last < last; {
		upTo := last
		if last-b.last > span {
			upTo = b.last + span
		}
		found, err := l.folder.List(b.last+1, upTo, listed)
		if err != nil {
			return err
		}
		for _, m := range found {
			if err := l.take(m); err != nil {
				return err
			}
		}
		if len(found) == listed { // there may be more
			continue
		}
		b.last = upTo
		if err := l.save(); err != nil {
			return err
		}
		if len(found) == 0 && span < math.MaxUint32/2 {
			span *= 2
		} else {
			span = firstSpan
		}
	}
	return nil
}

// save keeps how far it came; whoever takes up the mailbox when the lease has ended goes on from there.
func (l *looking) save() error {
	l.b.Due = l.f.o.Now().Add(lease)
	err := l.b.save(l.f.ctx, l.t)
	if err != nil && !errors.Is(err, errTaken) {
		err = fault.From(err)
	}
	return err
}

// take takes one message, or passes over it.
func (l *looking) take(m mail.Listed) error {
	b := l.b
	if m.UID <= b.anew && m.At.Before(b.Since.Truncate(time.Second)) { // it was there before the mailbox had this source
		b.last = m.UID
		return nil
	}
	got, err := false, error(fault.New(fault.TooLarge, "mail.too_large", "limit", mail.MaxRaw))
	if m.Size <= mail.MaxRaw {
		got, err = l.receive(m.UID)
	}
	if got {
		b.Received++
	}
	if err != nil {
		passed := l.passed(m.UID, err)
		if passed == nil {
			return err
		}
		b.Skipped++
		b.Skip = &Problem{passed.Code, passed.Params, l.f.o.Now().Truncate(time.Millisecond)}
	}
	b.last = m.UID
	l.taken++
	if err := l.save(); err != nil {
		return err
	}
	if l.folder.Ended() {
		return errMore
	}
	return nil
}

// passed is why a message is passed over; nil: it is tried again, as everything is that fails here, or is slow after others. One
// that the server does not give, or that is refused for a reason that may pass, is tried some times: else it would keep all others from being taken.
func (l *looking) passed(uid uint32, err error) *fault.Fault {
	refused := fault.New(fault.Conflict, "mail.not_given")
	switch kind := fault.KindOf(err); {
	case errors.Is(err, errTaken), errors.Is(err, errMore), l.f.ctx.Err() != nil:
		return nil
	case fault.Is(err, "budget.too_large"): // for this server, whatever else it holds
		return fault.From(err)
	case kind == fault.Conflict || kind == fault.Stale:
		refused = fault.From(err)
	case kind == fault.Limited || kind == fault.Unavailable || kind == fault.Full:
		return nil
	case kind != fault.Internal:
		return fault.From(err)
	case errors.Is(err, errPanicked), errors.Is(err, mail.ErrSpeech), errors.Is(err, mail.ErrWithheld), errors.Is(err, context.DeadlineExceeded) && l.taken == 0:
	default:
		return nil
	}
	b := l.b
	if b.tried != uid {
		b.tried, b.tries = uid, 0
	}
	if b.tries++; b.tries < maxTries {
		return nil
	}
	return refused
}

// receive gets a message and receives it; got is false where it is not there any more.
func (l *looking) receive(uid uint32) (got bool, err error) {
	h := &holding{l: l}
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, broken, debug.Stack())
		}
		h.leave()
	}()
	if l.f.o.Memory != nil {
		if h.share, err = l.f.o.Memory.Enter(sharer, id.Named(l.t.Name())); err != nil {
			return false, errMore
		}
	}
	raw, err := l.folder.Get(uid, h.hold)
	if err != nil || raw == nil {
		return false, err
	}
	if err := h.hold((timesOfSize - 2) * int64(len(raw))); err != nil { // Get has held twice as much as there is
		return false, err
	}
	// The claim is looked at once more: a source that was taken away sends nothing from now on.
	if err := l.save(); err != nil {
		return false, err
	}
	_, err = l.f.o.Inbox.Receive(budget.With(l.f.ctx, h.share), l.t, l.b.Mailbox, raw)
	switch {
	case fault.Is(err, "mail.unknown"): // the mailbox is gone
		return false, errTaken
	case err != nil:
		return false, fault.From(fmt.Errorf("receiving a message: %w", err))
	}
	return true, nil
}

// holding is what a message takes of the memory.
type holding struct {
	l     *looking
	share *budget.Share
	bytes int64
	large bool
}

// hold asks for more. Of messages that are large few are there at a time; the others wait for as long as their connections may take.
func (h *holding) hold(more int64) error {
	h.bytes += more
	if h.bytes > smallMessage && !h.large {
		waiting, cancel := context.WithTimeout(h.l.f.ctx, noRoom)
		defer cancel()
		if err := h.l.f.large.Acquire(waiting, 1); err != nil {
			return errMore
		}
		h.large = true
	}
	err := h.share.Hold(h.l.f.ctx, more)
	if err != nil && !fault.Is(err, "budget.too_large") {
		return errMore
	}
	return err
}

func (h *holding) leave() {
	h.share.Leave()
	if h.large {
		h.l.f.large.Release(1)
	}
}

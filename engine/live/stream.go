package live

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
)

// Kind says what an event tells.
type Kind uint8

const (
	// Record tells what was done to a record.
	Record Kind = iota
	// Revision tells of a revision of the configuration that is in use from now on.
	Revision
	// Notification tells that the caller's notifications have changed.
	Notification
	// Reset tells that events were left out: whoever shows records reads them anew.
	Reset
)

// Did is what was done to a record.
type Did string

const (
	Created Did = "created" // or taken out of the recycle bin
	Changed Did = "changed"
	Deleted Did = "deleted" // or merged into another
)

// Event is what a stream tells. Its members are those of its kind.
type Event struct {
	Kind     Kind
	Did      Did
	Position int64 // up to which the stream has told all; 0: as before
	Object   string
	Record   id.ID
	Version  int64
	Aside    bool // something changed that the version does not count: roll-ups, comments
	Revision int64
	Unread   int // notifications
}

// ErrEnded is the end of a stream: its caller may not listen any more or not with the same
// rights, their record has changed, or the process stops. Who may still listen begins another.
var ErrEnded = errors.New("live: the stream has ended")

// Stream is what one listener is told. It is used by one goroutine at a time.
type Stream struct {
	hub     *Hub
	channel *channel
	caller  *policy.Caller
	still   func(ctx context.Context) bool
	inbox   int64         // the changes of the caller's notifications that were told; of the channel
	checked time.Time     // when still was asked last
	ready   chan struct{} // there is something in what follows

	mu      sync.Mutex
	queue   []Event
	recheck bool // still is to be asked before anything else is told
	over    bool
}

// Wait returns the events that there are, or waits for some for as long as is said; none if none
// came. Error ErrEnded, and that of ctx.
func (s *Stream) Wait(ctx context.Context, atMost time.Duration) ([]Event, error) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-s.ready:
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	events, recheck, over := s.queue, s.recheck, s.over
	s.queue, s.recheck = nil, false
	s.mu.Unlock()
	if now := s.hub.options.Now(); !over && (recheck || now.Sub(s.checked) >= s.hub.options.Recheck) {
		s.checked = now
		over = !s.still(ctx)
	}
	if over {
		return nil, ErrEnded
	}
	return events, nil
}

// Close ends the stream. Further calls do nothing.
func (s *Stream) Close() {
	s.end()
	s.hub.leave(s)
}

// end has Wait tell that the stream has ended.
func (s *Stream) end() {
	s.mu.Lock()
	s.over, s.queue = true, nil
	s.mu.Unlock()
	signal(s.ready)
}

// tell gives events to the stream. Where more wait than may, all give way to a Reset: who reads
// slowly, or is told of very much, looks anew.
func (s *Stream) tell(events ...Event) {
	s.mu.Lock()
	s.queue = bounded(append(s.queue, events...))
	for _, e := range events {
		s.recheck = s.recheck || e.Kind == Revision
	}
	s.mu.Unlock()
	signal(s.ready)
}

// bounded is a queue that is not longer than one may be.
func bounded(queue []Event) []Event {
	if len(queue) <= maxQueued {
		return queue
	}
	reset, last := Event{Kind: Reset}, map[Kind]Event{}
	for _, e := range queue {
		if e.Position != 0 {
			reset.Position = e.Position
		}
		last[e.Kind] = e
	}
	short := []Event{reset}
	for _, kind := range []Kind{Revision, Notification} {
		if e, ok := last[kind]; ok {
			e.Position = 0 // that of the Reset
			short = append(short, e)
		}
	}
	return short
}

// catchUp tells what has happened since a position that the listener knows (0: none), up to
// that at which the stream was put among those of its tenant, before all that it was told since.
func (s *Stream) catchUp(ctx context.Context, snapshot *catalog.Snapshot, after, position int64) error {
	first := Event{Kind: Revision, Revision: snapshot.Revision}
	unread, err := s.hub.options.Inboxes.Unread(ctx, s.channel.tenant, snapshot, s.caller)
	if err != nil {
		return err
	}
	var missed []Event
	if after == 0 || after == position {
		first.Position = position
	} else if kept, err := outbox.Kept(ctx, s.channel.tenant, after, maxBehind); err != nil {
		return err
	} else if !kept {
		missed = []Event{{Kind: Reset, Position: position}}
	} else if missed, err = s.missed(ctx, snapshot, after, position); err != nil {
		return err
	}
	s.mu.Lock()
	s.queue = bounded(slices.Concat([]Event{first, {Kind: Notification, Unread: unread}}, missed, s.queue))
	s.mu.Unlock()
	signal(s.ready)
	return nil
}

// missed is what the stream tells of the events between two positions.
func (s *Stream) missed(ctx context.Context, snapshot *catalog.Snapshot, after, through int64) (missed []Event, err error) {
	for after < through && len(missed) <= maxQueued {
		heads, err := outbox.Heads(ctx, s.channel.tenant, after, maxBatch)
		if err != nil {
			return nil, err
		}
		if len(heads) == 0 {
			break
		}
		after = heads[len(heads)-1].Position
		heads = slices.DeleteFunc(heads, func(e outbox.Event) bool { return e.Position > through })
		told, err := s.hub.decide(ctx, s.channel.tenant, snapshot, heads, []*policy.Caller{s.caller})
		if err != nil {
			return nil, err
		}
		missed = append(missed, told[0]...)
	}
	return missed, nil
}

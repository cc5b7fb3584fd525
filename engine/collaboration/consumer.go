package collaboration

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

const (
	// together is within what time changes of a record make one notification.
	together = 10 * time.Minute
	// notifyAtOnce is how many notifications one transaction writes.
	notifyAtOnce = 500
	// moveAtOnce is how many rows one transaction moves or removes.
	moveAtOnce = 500
	// maxFields is how many changed fields a notification names.
	maxFields = 100
)

// Consumer is the consumer of the outbox that notifies new owners and followers, and that moves
// and removes what belongs to records that were merged or are gone for good. A batch that is given
// again notifies nobody twice, for the id of a notification is made of its event and user.
func (s *Service) Consumer() outbox.Consumer {
	return outbox.Consumer{Name: "collaboration", FromNow: true, Wants: wants, Handle: s.handle}
}

func wants(e *outbox.Event) bool {
	switch e.Action {
	case string(record.Created), string(record.Updated), Commented:
		return e.HappenedAt.IsZero() // else nobody is to hear of it
	case string(record.Merged), string(record.Purged), catalog.Dropped:
		return true
	}
	return false
}

// handle does what follows from a batch.
func (s *Service) handle(ctx context.Context, t store.Tenant, b *outbox.Batch) error {
	followed, err := followedIn(ctx, t, b.Events)
	if err != nil {
		return err
	}
	var waiting []notification
	for i := range b.Events {
		e := &b.Events[i]
		if err := s.keepUp(ctx, t, e); err != nil {
			return err
		}
		told, err := s.told(ctx, t, e, followed[recordKey{e.Object, e.Record}])
		if err != nil {
			return err
		}
		for waiting = append(waiting, told...); len(waiting) > notifyAtOnce; waiting = waiting[notifyAtOnce:] {
			if err := t.Write(ctx, func(tx store.Tx) error { return s.notifyAll(ctx, tx, waiting[:notifyAtOnce]) }); err != nil {
				return err
			}
		}
	}
	err = t.Write(ctx, func(tx store.Tx) error {
		if err := s.notifyAll(ctx, tx, waiting); err != nil {
			return err
		}
		return b.SaveIn(ctx, tx)
	})
	if err == nil && len(waiting) > 0 {
		s.wake(t.Name())
	}
	return err
}

func (s *Service) notifyAll(ctx context.Context, tx store.Tx, all []notification) error {
	for _, n := range all {
		if err := s.notifyOnce(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

// notifyOnce notifies, unless that was done before. Changes of a record within a while that the
// user has not read yet are one notification.
func (s *Service) notifyOnce(ctx context.Context, tx store.Tx, n notification) error {
	_, done, err := store.First(ctx, tx, query.Select{Table: notificationTable, Filter: query.Is(query.ID, int64(n.id))}, query.ID)
	if err != nil || done {
		return err
	}
	if n.kind != Changed {
		return s.notify(ctx, tx, n)
	}
	recent := append(of(n.object, n.record), query.Is(colUser, int64(n.user)), query.Is(colKind, Changed), query.Is(colRead, false), query.Is(colDone, false),
		query.Compare{Ref: query.Field(colAt), Op: query.Ge, Value: n.at.Add(-together).UnixMilli()})
	r, ok, err := store.First(ctx, tx, query.Select{Table: notificationTable, Filter: recent}, query.ID, colFields)
	if err != nil {
		return fmt.Errorf("reading what a user was notified of: %w", err)
	}
	if !ok {
		return s.notify(ctx, tx, n)
	}
	fields := slices.Compact(slices.Sorted(slices.Values(append(r.List(colFields), n.fields...))))
	values := map[string]any{"by": store.Reference(n.by), "fields": fields[:min(len(fields), maxFields)]}
	if err := tx.Update(ctx, notificationTable, r.ID(query.ID), 0, values, nil); err != nil {
		return fmt.Errorf("adding to a notification: %w", err)
	}
	return s.noteChange(ctx, tx, n.user)
}

// told are the notifications of an event: of a new owner, and of those who follow the record.
func (s *Service) told(ctx context.Context, t store.Tenant, e *outbox.Event, isFollowed bool) (all []notification, err error) {
	n := notification{kind: Changed, object: e.Object, record: e.Record, by: e.By, at: e.At}
	passed := map[id.ID]bool{e.By: true} // who did it, or is told of it otherwise
	switch e.Action {
	case string(record.Created), string(record.Updated):
		var changes map[string]json.RawMessage
		if err := json.Unmarshal(e.Changes, &changes); err != nil {
			return nil, fmt.Errorf("reading the changes of event %v: %w", e.ID, err)
		}
		isFollowed = isFollowed && e.Action == string(record.Updated) // nobody followed it before it was made
		if owner := newOwner(changes); owner != 0 && !passed[owner] {
			passed[owner] = true
			all = append(all, n.to(owner, Assigned, e))
		}
		for name := range changes {
			n.fields = append(n.fields, name)
		}
		slices.Sort(n.fields)
		n.fields = n.fields[:min(len(n.fields), maxFields)]
	case Commented:
		n.kind, n.comment = Comments, commentIn(e)
		if !isFollowed {
			return nil, nil
		}
		r, ok, err := store.First(ctx, t, query.Select{Table: commentTable, Filter: query.Is(query.ID, int64(n.comment))}, colText)
		if err != nil || !ok { // deleted meanwhile
			return nil, err
		}
		for _, user := range mentioned(r.Text(colText)) {
			passed[user] = true
		}
	default:
		return nil, nil
	}
	if !isFollowed {
		return all, nil
	}
	followers, err := followersOf(ctx, t, e)
	for _, user := range followers {
		if !passed[user] {
			all = append(all, n.to(user, n.kind, e))
		}
	}
	return all, err
}

// to is the notification of an event for a user.
func (n notification) to(user id.ID, kind string, e *outbox.Event) notification {
	n.user, n.kind = user, kind
	n.id = id.Named(fmt.Sprintf("%s %v %v", kind, e.ID, user))
	if kind == Assigned {
		n.fields = nil
	}
	return n
}

// newOwner is to whom a record was given; 0: to nobody else.
func newOwner(changes map[string]json.RawMessage) id.ID {
	var owner []*string
	if err := json.Unmarshal(changes[query.Owner.Name], &owner); err != nil || len(owner) != 2 || owner[1] == nil {
		return 0
	}
	user, _ := id.Parse(*owner[1])
	return user
}

// commentIn is the comment that an event tells of.
func commentIn(e *outbox.Event) id.ID {
	var members map[string]string
	if err := json.Unmarshal(e.Changes, &members); err != nil {
		return 0
	}
	comment, _ := id.Parse(members[commentMember])
	return comment
}

// recordKey names a record.
type recordKey struct {
	object string
	record id.ID
}

// followedIn are the records of some events that somebody follows: one question for each object.
func followedIn(ctx context.Context, t store.Tenant, events []outbox.Event) (map[recordKey]bool, error) {
	records := map[string][]any{}
	for _, e := range events {
		if key := int64(e.Record); !slices.Contains(records[e.Object], any(key)) {
			records[e.Object] = append(records[e.Object], key)
		}
	}
	followed := map[recordKey]bool{}
	for object, keys := range records {
		q := query.Aggregate{Table: followTable, Filter: query.All{query.Is(colObject, object), query.In{Ref: query.Field(colRecord), Values: keys}},
			Groups: []query.Group{{Ref: query.Field(colRecord)}}, Sort: []query.GroupOrder{{}}}
		for r, err := range t.Aggregate(ctx, q) {
			if err != nil {
				return nil, fmt.Errorf("reading which records are followed: %w", err)
			}
			followed[recordKey{object, id.ID(r[0].(int64))}] = true
		}
	}
	return followed, nil
}

// followersOf are those who followed a record when an event happened.
func followersOf(ctx context.Context, from store.Reader, e *outbox.Event) (users []id.ID, err error) {
	q := query.Select{Table: followTable, Filter: append(of(e.Object, e.Record), query.Compare{Ref: query.Field(colAt), Op: query.Le, Value: e.At.UnixMilli()}),
		Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for r, err := range store.Find(ctx, from, q, colUser) {
		if err != nil {
			return nil, fmt.Errorf("reading the followers of a record: %w", err)
		}
		users = append(users, r.ID(colUser))
	}
	return users, nil
}

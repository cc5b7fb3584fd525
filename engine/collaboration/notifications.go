package collaboration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
)

// Kinds of notifications.
const (
	Mention  = "mention"  // a comment mentions the user
	Comments = "comment"  // somebody commented on a record that the user follows
	Changed  = "changed"  // a record was changed that the user follows
	Assigned = "assigned" // the user was made the owner of a record
	Told     = "told"     // a workflow tells the user something
	Approval = "approval" // the user is asked to decide about a record
)

// Kinds are all kinds.
var Kinds = []string{Mention, Assigned, Changed, Comments, Told, Approval}

// States of notifications, by which they are listed.
const (
	Open    = "open" // neither done nor snoozed
	Snoozed = "snoozed"
	Done    = "done"
)

const (
	// maxNotifications is how many are kept of a user, and up to trimAfter beyond: the oldest that are done give way to new
	// ones, then the oldest. That is looked after once in trimAfter new ones, since it reads them all.
	maxNotifications = 1000
	trimAfter        = 50
	excerpt          = 200 // characters of a comment that a notification shows
)

// notification is a row, with references as they are stored.
type notification struct {
	id               id.ID
	user, record, by id.ID
	kind, object     string
	at, snoozed      time.Time     // snoozed: until when; zero: it is not
	comment          id.ID         // 0: none
	text             metadata.Text // of Told and Approval
	fields           []string
	read, done       bool
}

var notificationColumns = []query.Column{query.ID, colUser, colKind, colObject, colRecord, colBy, colAt, colComment, said.Text, said.Texts, colFields, colRead, colDone, colSnoozed}

func notificationOf(r store.Found) notification {
	return notification{id: r.ID(query.ID), user: r.ID(colUser), kind: r.Text(colKind), object: r.Text(colObject), record: r.ID(colRecord), by: r.ID(colBy),
		at: r.Time(colAt), comment: r.ID(colComment), text: r.Said(said), fields: r.List(colFields), read: r.Bool(colRead), done: r.Bool(colDone), snoozed: r.Time(colSnoozed)}
}

// state is that of a notification at a time.
func (n *notification) state(now time.Time) string {
	switch {
	case n.done:
		return Done
	case n.snoozed.After(now):
		return Snoozed
	}
	return Open
}

// Notification is what a user is told, as they may see it.
type Notification struct {
	ID           id.ID
	Kind         string
	Object       string
	Record       id.ID
	Name         string // of the record; "" where it has none or the caller may not read it
	By           id.ID  // who did it; 0: the platform
	ByName       string // "" where the caller may not read it
	At           time.Time
	Text         metadata.Text // the beginning of the comment, or what a workflow tells
	Fields       []string      // that were changed, of those that the caller may read
	Read         bool
	Done         bool
	SnoozedUntil time.Time // zero: it is not
}

// Inbox is some of a user's notifications, newest first.
type Inbox struct {
	Items  []Notification
	Next   id.ID // those before it follow; 0: none
	Unread int   // of the open ones, of all pages
}

// readable are the caller's notifications of records that they may read now, newest first, with
// what the records are called.
func (s *Session) readable(ctx context.Context) ([]notification, record.Names, error) {
	q := query.Select{Table: notificationTable, Filter: query.Is(colUser, int64(s.caller.User)), Limit: maxNotifications + trimAfter,
		Sort: []query.Order{{Ref: query.Field(colAt), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}}
	var all []notification
	records := map[string][]id.ID{}
	for r, err := range store.Find(ctx, s.tenant, q, notificationColumns...) {
		if err != nil {
			return nil, nil, fmt.Errorf("reading notifications: %w", err)
		}
		n := notificationOf(r)
		if err := budget.From(ctx).Hold(ctx, int64(n.text.Size())); err != nil {
			return nil, nil, err
		}
		all = append(all, n)
		if !slices.Contains(records[n.object], n.record) {
			records[n.object] = append(records[n.object], n.record)
		}
	}
	names, err := s.records.NamesOf(ctx, records)
	if err != nil {
		return nil, nil, err
	}
	all = slices.DeleteFunc(all, func(n notification) bool { _, ok := names[n.object][n.record]; return !ok })
	all, err = s.ofReadableFields(ctx, all)
	return all, names, err
}

// ofReadableFields leaves out fields that the caller may not read, and notifications that tell of
// no other.
func (s *Session) ofReadableFields(ctx context.Context, all []notification) ([]notification, error) {
	reads := map[[2]string]bool{}
	for i := range all {
		n := &all[i]
		var fields []string
		for _, name := range n.fields {
			key := [2]string{n.object, name}
			may, known := reads[key]
			if !known {
				var err error
				if may, err = s.records.Reads(ctx, n.object, name); err != nil {
					return nil, err
				}
				reads[key] = may
			}
			if may {
				fields = append(fields, name)
			}
		}
		n.fields = fields
	}
	return slices.DeleteFunc(all, func(n notification) bool { return n.kind == Changed && len(n.fields) == 0 }), nil
}

// Changes counts the changes of users' notifications, of those who ever had any.
func (s *Service) Changes(ctx context.Context, t store.Tenant, users []id.ID) (map[id.ID]int64, error) {
	keys := make([]any, len(users))
	for i, user := range users {
		keys[i] = int64(user)
	}
	changes := map[id.ID]int64{}
	for r, err := range store.Find(ctx, t, query.Select{Table: inboxTable, Filter: query.In{Ref: query.Field(query.ID), Values: keys}}, query.ID, colChanges) {
		if err != nil {
			return nil, fmt.Errorf("reading how often notifications changed: %w", err)
		}
		changes[r.ID(query.ID)] = r.Int(colChanges)
	}
	return changes, nil
}

// Unread is how many open notifications a caller has not read.
func (s *Service) Unread(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller) (int, error) {
	return s.As(t, snapshot, c).Unread(ctx)
}

// Unread is how many open notifications the caller has not read.
func (s *Session) Unread(ctx context.Context) (int, error) {
	all, _, err := s.readable(ctx)
	return s.unread(all), err
}

func (s *Session) unread(all []notification) (n int) {
	now := s.service.now()
	for i := range all {
		if !all[i].read && all[i].state(now) == Open {
			n++
		}
	}
	return n
}

// Wanted says which notifications are listed; what is empty restricts nothing.
type Wanted struct {
	State string
	Kind  string
}

// Notifications lists those of the caller that are wanted, behind one of them (0: from the newest). Fault
// "list.bad_cursor" for one that is gone.
func (s *Session) Notifications(ctx context.Context, wanted Wanted, after id.ID, limit int) (*Inbox, error) {
	all, names, err := s.readable(ctx)
	if err != nil {
		return nil, err
	}
	inbox, now := &Inbox{Unread: s.unread(all)}, s.service.now()
	all = slices.DeleteFunc(all, func(n notification) bool {
		fits := (wanted.State == "" || n.state(now) == wanted.State) && (wanted.Kind == "" || n.kind == wanted.Kind)
		return !fits && n.id != after
	})
	if after != 0 {
		at := slices.IndexFunc(all, func(n notification) bool { return n.id == after })
		if at < 0 {
			return nil, fault.New(fault.Malformed, "list.bad_cursor")
		}
		all = all[at+1:]
	}
	if len(all) > limit {
		all = all[:limit]
		inbox.Next = all[limit-1].id
	}
	return inbox, s.showNotifications(ctx, inbox, all, names)
}

// showNotifications completes notifications with what the caller may see.
func (s *Session) showNotifications(ctx context.Context, inbox *Inbox, all []notification, names record.Names) error {
	texts, err := s.texts(ctx, all)
	if err != nil {
		return err
	}
	var users []id.ID
	for _, n := range all {
		users = append(users, n.by)
	}
	for _, text := range texts {
		users = append(users, mentioned(text)...)
	}
	called, err := s.users(ctx, users)
	if err != nil {
		return err
	}
	for _, n := range all {
		text := n.text
		if n.comment != 0 {
			text = begins(metadata.Text{"": plain(texts[n.comment], called)})
		}
		inbox.Items = append(inbox.Items, Notification{ID: n.id, Kind: n.kind, Object: n.object, Record: n.record, Name: names[n.object][n.record],
			By: n.by, ByName: called[n.by], At: n.at, Text: text, Fields: n.fields, Read: n.read, Done: n.done, SnoozedUntil: n.snoozed})
	}
	return nil
}

// texts are those of the comments of some notifications.
func (s *Session) texts(ctx context.Context, all []notification) (map[id.ID]string, error) {
	var keys []any
	for _, n := range all {
		if n.comment != 0 {
			keys = append(keys, int64(n.comment))
		}
	}
	texts := map[id.ID]string{}
	if len(keys) == 0 {
		return texts, nil
	}
	q := query.Select{Table: commentTable, Filter: query.In{Ref: query.Field(query.ID), Values: keys}}
	for r, err := range store.Find(ctx, s.tenant, q, query.ID, colText) {
		if err != nil {
			return nil, fmt.Errorf("reading the comments of notifications: %w", err)
		}
		texts[r.ID(query.ID)] = r.Text(colText)
	}
	return texts, nil
}

// begins is the beginning of a text.
func begins(text metadata.Text) metadata.Text { return text.Within(excerpt) }

// Handling is what a user does with a notification; nil stays.
type Handling struct {
	Read         *bool
	Done         *bool
	SnoozedUntil *time.Time // a time that has passed ends it
}

// Handle changes a notification of the caller's. What asks for a decision is done by that alone. Faults:
// collaboration.no_notification (NotFound); collaboration.undecided (Conflict).
func (s *Session) Handle(ctx context.Context, key id.ID, h Handling) error {
	values := map[string]any{}
	if h.Read != nil {
		values["read"] = *h.Read
	}
	if h.Done != nil {
		values["done"] = *h.Done
	}
	if h.SnoozedUntil != nil {
		values["snoozed_until"] = h.SnoozedUntil.UnixMilli()
	}
	return s.write(ctx, func(tx store.Tx) error {
		own := query.All{query.Is(query.ID, int64(key)), query.Is(colUser, int64(s.caller.User))}
		row, ok, err := store.First(ctx, tx, query.Select{Table: notificationTable, Filter: own}, notificationColumns...)
		if err != nil {
			return fmt.Errorf("reading a notification: %w", err)
		}
		if !ok {
			return fault.New(fault.NotFound, "collaboration.no_notification")
		}
		if n := notificationOf(row); n.kind == Approval && h.Done != nil && *h.Done != n.done {
			return fault.New(fault.Conflict, "collaboration.undecided").At("/done")
		}
		if len(values) == 0 {
			return nil
		}
		if err := tx.Update(ctx, notificationTable, key, 0, values, nil); err != nil {
			return fmt.Errorf("changing a notification: %w", err)
		}
		return s.service.noteChange(ctx, tx, s.caller.User)
	})
}

// ReadAll marks all notifications of the caller's as read.
func (s *Session) ReadAll(ctx context.Context) error {
	return s.write(ctx, func(tx store.Tx) error {
		unread := query.All{query.Is(colUser, int64(s.caller.User)), query.Is(colRead, false)}
		var keys []id.ID
		for r, err := range store.Find(ctx, tx, query.Select{Table: notificationTable, Filter: unread}, query.ID) {
			if err != nil {
				return fmt.Errorf("reading notifications: %w", err)
			}
			keys = append(keys, r.ID(query.ID))
		}
		for _, key := range keys {
			if err := tx.Update(ctx, notificationTable, key, 0, map[string]any{"read": true}, nil); err != nil {
				return fmt.Errorf("marking a notification as read: %w", err)
			}
		}
		if len(keys) == 0 {
			return nil
		}
		return s.service.noteChange(ctx, tx, s.caller.User)
	})
}

// notify writes a new notification. Where a user has more than are kept, others give way.
func (s *Service) notify(ctx context.Context, tx store.Tx, n notification) error {
	told, err := s.note(ctx, tx, n.user, 1) // first: it is what writers for a user agree on
	if err != nil {
		return err
	}
	if told%trimAfter == 0 {
		if err := s.giveWay(ctx, tx, n.user); err != nil {
			return err
		}
	}
	values := map[string]any{"user": int64(n.user), "kind": n.kind, "object": n.object, "record": int64(n.record), "by": store.Reference(n.by), "at": n.at.UnixMilli(), "read": false, "done": false}
	if n.comment != 0 {
		values["comment"] = int64(n.comment)
	}
	store.Say(values, said, n.text)
	if len(n.fields) > 0 {
		values["fields"] = n.fields
	}
	if n.id == 0 {
		n.id = s.ids.Next()
	}
	if err := tx.Insert(ctx, notificationTable, n.id, values, nil); err != nil {
		return fmt.Errorf("notifying a user: %w", err)
	}
	return nil
}

// Note is what a workflow tells a user of a record.
type Note struct {
	ID     id.ID  // the same however often it is told
	Kind   string // Told or Approval
	User   id.ID
	Object string
	Record id.ID
	By     id.ID // who set off the workflow; 0: the platform
	At     time.Time
	Text   metadata.Text // its beginning is kept
}

// Inform notifies a user of a note, unless that was done before. Whoever does so wakes listeners when
// it is committed.
func (s *Service) Inform(ctx context.Context, tx store.Tx, n Note) error {
	return s.notifyOnce(ctx, tx, notification{id: n.ID, user: n.User, kind: n.Kind, object: n.Object, record: n.Record, by: n.By, at: n.At, text: begins(n.Text)})
}

// Settle marks notes as done, under the ids that they were told by. Whoever does so wakes listeners when it is committed.
func (s *Service) Settle(ctx context.Context, tx store.Tx, notes ...id.ID) error {
	keys := make([]any, len(notes))
	for i, key := range notes {
		keys[i] = int64(key)
	}
	var open []notification
	for r, err := range store.Find(ctx, tx, query.Select{Table: notificationTable, Filter: query.All{query.In{Ref: query.Field(query.ID), Values: keys}, query.Is(colDone, false)}}, notificationColumns...) {
		if err != nil {
			return fmt.Errorf("reading what users were told: %w", err)
		}
		open = append(open, notificationOf(r))
	}
	for _, n := range open {
		if err := tx.Update(ctx, notificationTable, n.id, 0, map[string]any{"done": true, "read": true}, nil); err != nil {
			return fmt.Errorf("marking a notification as done: %w", err)
		}
		if err := s.noteChange(ctx, tx, n.user); err != nil {
			return err
		}
	}
	return nil
}

// giveWay removes what a user has beyond what is kept, with one that is about to be written: the oldest that are done, then the oldest.
func (s *Service) giveWay(ctx context.Context, tx store.Tx, user id.ID) error {
	mine := query.Is(colUser, int64(user))
	has, err := tx.Count(ctx, notificationTable, mine, nil, 0)
	if err != nil {
		return fmt.Errorf("counting notifications: %w", err)
	}
	surplus := int(has) + 1 - maxNotifications
	oldest := []query.Order{{Ref: query.Field(colAt)}, {Ref: query.Field(query.ID)}}
	for _, of := range []query.Filter{query.And(mine, query.Is(colDone, true)), mine} {
		if surplus <= 0 {
			return nil
		}
		var keys []any
		for r, err := range store.Find(ctx, tx, query.Select{Table: notificationTable, Filter: of, Sort: oldest, Limit: surplus}, query.ID) {
			if err != nil {
				return fmt.Errorf("reading the oldest notifications: %w", err)
			}
			keys = append(keys, r.Int(query.ID))
		}
		if len(keys) == 0 {
			continue
		}
		if _, err := tx.DeleteWhere(ctx, notificationTable, query.In{Ref: query.Field(query.ID), Values: keys}); err != nil {
			return fmt.Errorf("removing the oldest notifications: %w", err)
		}
		surplus -= len(keys)
	}
	return nil
}

// withdraw removes notifications.
func (s *Service) withdraw(ctx context.Context, tx store.Tx, filter query.Filter) error {
	users := map[id.ID]bool{}
	for r, err := range store.Find(ctx, tx, query.Select{Table: notificationTable, Filter: filter}, colUser) {
		if err != nil {
			return fmt.Errorf("reading notifications: %w", err)
		}
		users[r.ID(colUser)] = true
	}
	if len(users) == 0 {
		return nil
	}
	if _, err := tx.DeleteWhere(ctx, notificationTable, filter); err != nil {
		return fmt.Errorf("withdrawing notifications: %w", err)
	}
	for _, user := range slices.Sorted(maps.Keys(users)) {
		if err := s.noteChange(ctx, tx, user); err != nil {
			return err
		}
	}
	return nil
}

// noteChange counts a change of a user's notifications, for whoever waits for some.
func (s *Service) noteChange(ctx context.Context, tx store.Tx, user id.ID) error {
	_, err := s.note(ctx, tx, user, 0)
	return err
}

// note counts a change by which a user was told something so many times. told is how often they were in all.
func (s *Service) note(ctx context.Context, tx store.Tx, user id.ID, times int64) (told int64, err error) {
	r, ok, err := store.First(ctx, tx, query.Select{Table: inboxTable, Filter: query.Is(query.ID, int64(user))}, colChanges, colTold)
	if err != nil {
		return 0, fmt.Errorf("reading how often notifications changed: %w", err)
	}
	if ok {
		told = r.Int(colTold) + times
		return told, tx.Update(ctx, inboxTable, user, 0, map[string]any{"changes": r.Int(colChanges) + 1, "told": told}, nil)
	}
	refused, err := tx.Attempt(ctx, func() error {
		return tx.Insert(ctx, inboxTable, user, map[string]any{"changes": int64(1), "told": times}, nil)
	})
	if err == nil && refused != nil && !fault.Is(refused, "store.duplicate_id") { // else somebody was faster, and counted
		err = refused
	}
	return times, err
}

package collaboration

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Bounds of comments.
const (
	MaxText     = 10_000 // characters of a comment
	MaxComments = 100    // in one page
	// pageBytes is what the texts of one page take, beyond the first.
	pageBytes = 1 << 20
)

// Commented is the action of the event that tells of a new comment on a record.
const Commented = "comment"

// Comment is a comment on a record, as the caller may see it.
type Comment struct {
	ID       id.ID
	Text     string // mentions have the names that the caller may read
	By       id.ID
	At       time.Time
	EditedAt time.Time // zero: it was not
	Edits    bool      // the caller may change it
	Deletes  bool      // the caller may delete it
}

// CommentPage is some comments of a record, newest first.
type CommentPage struct {
	Items []Comment
	Next  id.ID            // those before it follow; 0: none
	Users map[id.ID]string // what users are called who wrote them, of those that the caller may read
}

var commentColumns = []query.Column{query.ID, colBy, colAt, colEdited, colText}

// commentOf reads a comment; its text is as it is stored.
func commentOf(r store.Found) Comment {
	return Comment{ID: r.ID(query.ID), Text: r.Text(colText), By: r.ID(colBy), At: r.Time(colAt), EditedAt: r.Time(colEdited)}
}

// Comments lists comments of a record that the caller may read, those before one (0: from the
// newest), at most limit and MaxComments. Fault "record.not_found".
func (s *Session) Comments(ctx context.Context, object string, key, before id.ID, limit int) (*CommentPage, error) {
	if err := s.records.DemandReadable(ctx, object, key); err != nil {
		return nil, err
	}
	filter := of(object, key)
	if before != 0 {
		filter = append(filter, query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(before)})
	}
	limit = min(limit, MaxComments)
	q := query.Select{Table: commentTable, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}, Limit: limit + 1}
	page, room := &CommentPage{}, pageBytes
	for r, err := range store.Find(ctx, s.tenant, q, commentColumns...) {
		if err != nil {
			return nil, fmt.Errorf("reading comments: %w", err)
		}
		c := commentOf(r)
		if room -= len(c.Text); len(page.Items) == limit || room < 0 && len(page.Items) > 0 {
			page.Next = page.Items[len(page.Items)-1].ID
			break
		}
		page.Items = append(page.Items, c)
	}
	return page, s.show(ctx, object, key, page)
}

// CountComments is how many comments a record has which the caller may read; it counts no further
// than a thousand.
func (s *Session) CountComments(ctx context.Context, object string, key id.ID) (int64, error) {
	n, err := s.tenant.Count(ctx, commentTable, of(object, key), nil, 1000)
	if err != nil {
		return 0, fmt.Errorf("counting comments: %w", err)
	}
	return n, nil
}

// show completes comments with what the caller may see and do.
func (s *Session) show(ctx context.Context, object string, key id.ID, page *CommentPage) error {
	deletes, err := s.records.May(ctx, policy.Delete, object, key)
	if err != nil {
		return err
	}
	var users []id.ID
	for _, c := range page.Items {
		users = append(append(users, c.By), mentioned(c.Text)...)
	}
	called, err := s.users(ctx, users)
	if err != nil {
		return err
	}
	page.Users = map[id.ID]string{}
	for i := range page.Items {
		c := &page.Items[i]
		c.Text = withNames(c.Text, called)
		c.Edits = c.By != 0 && c.By == s.caller.User
		c.Deletes = c.Edits || deletes
		if name, ok := called[c.By]; ok {
			page.Users[c.By] = name
		}
	}
	return nil
}

// checked is the text of a comment that is kept. Fault "collaboration.text" (Invalid).
func checked(text string) (string, error) {
	kept := strings.TrimSpace(withNames(text, nil))
	if kept == "" || utf8.RuneCountInString(kept) > MaxText || strings.ContainsRune(kept, 0) {
		return "", fault.New(fault.Invalid, "collaboration.text", "max", MaxText).At("/text")
	}
	if n := len(mentioned(kept)); n > MaxMentions {
		return "", fault.New(fault.Invalid, "collaboration.mentions", "max", MaxMentions).At("/text")
	}
	return kept, nil
}

// Comment writes a comment on a record that the caller may read, and notifies the users whom
// it mentions and who may read the record. Faults: "record.not_found",
// "collaboration.text", "collaboration.mentions" (Invalid).
func (s *Session) Comment(ctx context.Context, object string, key id.ID, text string) (*CommentPage, error) {
	if err := s.records.DemandReadable(ctx, object, key); err != nil {
		return nil, err
	}
	text, err := checked(text)
	if err != nil {
		return nil, err
	}
	now := s.service.now()
	c := Comment{ID: s.service.ids.Next(), Text: text, By: s.caller.User, At: now.UTC().Truncate(time.Millisecond)}
	recipients, err := s.recipients(ctx, object, key, mentioned(text))
	if err != nil {
		return nil, err
	}
	values := map[string]any{"object": object, "record": int64(key), "by": store.Reference(c.By), "at": now.UnixMilli(), "text": text}
	changes, err := json.Marshal(map[string]string{commentMember: c.ID.String()})
	if err != nil {
		return nil, err
	}
	event := outbox.Event{ID: s.service.ids.Next(), Object: object, Record: key, Action: Commented, At: now, By: c.By, Via: s.caller.Via, Revision: s.snapshot.Revision, Changes: changes}
	err = s.write(ctx, func(tx store.Tx) error {
		if err := tx.Insert(ctx, commentTable, c.ID, values, nil); err != nil {
			return fmt.Errorf("writing a comment: %w", err)
		}
		if err := s.notifyMentioned(ctx, tx, object, key, c.ID, recipients); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, event)
	})
	if err != nil {
		return nil, err
	}
	page := &CommentPage{Items: []Comment{c}}
	return page, s.show(ctx, object, key, page)
}

// commentMember is the member of an event's changes that names the comment: no field begins so.
const commentMember = "$comment"

// notifyMentioned notifies users whom a comment mentions.
func (s *Session) notifyMentioned(ctx context.Context, tx store.Tx, object string, key, comment id.ID, users []id.ID) error {
	for _, user := range users {
		n := notification{user: user, kind: Mention, object: object, record: key, by: s.caller.User, at: s.service.now(), comment: comment}
		if err := s.service.notify(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

// recipients are those of some users who may read a record; the caller is none.
func (s *Session) recipients(ctx context.Context, object string, key id.ID, users []id.ID) (all []id.ID, err error) {
	for _, user := range users {
		if user == s.caller.User {
			continue
		}
		may, err := s.service.mayRead(ctx, s.tenant, s, user, object, key)
		if err != nil {
			return nil, err
		}
		if may {
			all = append(all, user)
		}
	}
	return all, nil
}

// mayRead reports whether a user may read a record, as they would when logged in.
func (s *Service) mayRead(ctx context.Context, t store.Tenant, under *Session, user id.ID, object string, key id.ID) (bool, error) {
	caller, err := s.callers.Acting(ctx, t, user, nil, "session")
	if fault.Is(err, "auth.user_inactive") { // or no user at all
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.records.As(t, under.snapshot, caller).May(ctx, policy.Read, object, key)
}

// find reads a comment of a record that the caller may read. Faults "record.not_found",
// "collaboration.no_comment" (NotFound).
func (s *Session) find(ctx context.Context, object string, key, comment id.ID) (Comment, error) {
	if err := s.records.DemandReadable(ctx, object, key); err != nil {
		return Comment{}, err
	}
	r, ok, err := store.First(ctx, s.tenant, query.Select{Table: commentTable, Filter: append(of(object, key), query.Is(query.ID, int64(comment)))}, commentColumns...)
	if err != nil {
		return Comment{}, fmt.Errorf("reading a comment: %w", err)
	}
	if !ok {
		return Comment{}, fault.New(fault.NotFound, "collaboration.no_comment")
	}
	return commentOf(r), nil
}

// EditComment gives a comment of the caller's another text, and notifies those whom only that
// mentions. Faults: those of Comment, "collaboration.no_comment", "collaboration.of_another"
// (Forbidden).
func (s *Session) EditComment(ctx context.Context, object string, key, comment id.ID, text string) (*CommentPage, error) {
	c, err := s.find(ctx, object, key, comment)
	if err != nil {
		return nil, err
	}
	if c.By == 0 || c.By != s.caller.User {
		return nil, fault.New(fault.Forbidden, "collaboration.of_another")
	}
	if text, err = checked(text); err != nil {
		return nil, err
	}
	before := mentioned(c.Text)
	added := slices.DeleteFunc(mentioned(text), func(user id.ID) bool { return slices.Contains(before, user) })
	recipients, err := s.recipients(ctx, object, key, added)
	if err != nil {
		return nil, err
	}
	c.Text, c.EditedAt = text, s.service.now().UTC().Truncate(time.Millisecond)
	err = s.write(ctx, func(tx store.Tx) error {
		if err := tx.Update(ctx, commentTable, comment, 0, map[string]any{"text": text, "edited_at": c.EditedAt.UnixMilli()}, nil); err != nil {
			if fault.Is(err, "store.stale") { // deleted meanwhile
				return fault.New(fault.NotFound, "collaboration.no_comment")
			}
			return fmt.Errorf("changing a comment: %w", err)
		}
		return s.notifyMentioned(ctx, tx, object, key, comment, recipients)
	})
	if err != nil {
		return nil, err
	}
	page := &CommentPage{Items: []Comment{c}}
	return page, s.show(ctx, object, key, page)
}

// DeleteComment deletes a comment of the caller's, or of a record that they may delete, with the
// notifications of it. Faults: "record.not_found", "collaboration.no_comment",
// "collaboration.of_another" (Forbidden).
func (s *Session) DeleteComment(ctx context.Context, object string, key, comment id.ID) error {
	c, err := s.find(ctx, object, key, comment)
	if err != nil {
		return err
	}
	if c.By == 0 || c.By != s.caller.User {
		may, err := s.records.May(ctx, policy.Delete, object, key)
		if err != nil {
			return err
		}
		if !may {
			return fault.New(fault.Forbidden, "collaboration.of_another")
		}
	}
	return s.write(ctx, func(tx store.Tx) error {
		if err := tx.Delete(ctx, commentTable, comment); err != nil {
			return fmt.Errorf("deleting a comment: %w", err)
		}
		return s.service.withdraw(ctx, tx, append(of(object, key), query.Is(colComment, int64(comment))))
	})
}

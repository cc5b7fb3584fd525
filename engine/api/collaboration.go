package api

import (
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/collaboration"
	"formwork/engine/fault"
	"formwork/engine/id"
)

// CommentText is what a comment says.
type CommentText struct {
	// Text is at most 10,000 characters. A user is mentioned by @[Name](user:ID): what counts is
	// the id, whoever reads the comment is shown the name that they may read.
	Text string `json:"text"`
}

// Comment is a comment on a record.
type Comment struct {
	ID       string     `json:"id" schema:"ID"`
	Text     string     `json:"text"` // with mentions as they are written
	By       string     `json:"by" schema:"ID"`
	At       time.Time  `json:"at"`
	EditedAt *time.Time `json:"edited_at,omitempty"`
	Can      CommentCan `json:"can"`
}

// CommentCan is what the caller may do with a comment.
type CommentCan struct {
	Update bool `json:"update"`
	Delete bool `json:"delete"`
}

// CommentPage is a part of the comments of a record, newest first.
type CommentPage struct {
	Items []Comment `json:"items"`
	Next  *string   `json:"next"` // the cursor of the next page; null on the last one
	// Names are what the users are called who wrote the comments, of those that the caller may read.
	Names map[string]map[string]string `json:"names"`
}

// Notification is what a user is told.
type Notification struct {
	ID           string     `json:"id" schema:"ID"`
	Kind         string     `json:"kind" enum:"mention,assigned,changed,comment,told,approval"`
	Object       string     `json:"object"`
	Record       string     `json:"record" schema:"ID"`
	Name         string     `json:"name"` // of the record
	By           string     `json:"by,omitempty" schema:"ID"`
	ByName       string     `json:"by_name,omitempty"` // absent where the caller may not read it
	At           time.Time  `json:"at"`
	Text         string     `json:"text,omitempty"`   // the beginning of the comment, or what a workflow tells
	Fields       []string   `json:"fields,omitempty"` // that were changed, of those that the caller may read
	Read         bool       `json:"read"`
	Done         bool       `json:"done"`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty"`
}

// Inbox is a part of the caller's notifications, newest first.
type Inbox struct {
	Items  []Notification `json:"items"`
	Next   *string        `json:"next"`   // the cursor of the next page; null on the last one
	Unread int            `json:"unread"` // of all that are open
}

// NotificationPatch is what the caller does with a notification; what is absent stays.
type NotificationPatch struct {
	Read         *bool      `json:"read,omitempty"`
	Done         *bool      `json:"done,omitempty"`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty"` // a time that has passed ends it
}

// ReadNotifications says which notifications were read.
type ReadNotifications struct {
	All bool `json:"all"` // must be true
}

// Follow is a record that the caller follows.
type Follow struct {
	Object string    `json:"object"`
	ID     string    `json:"id" schema:"ID"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"` // since when
}

// collaboration is the caller's session on comments and notifications.
func (r *request) collaboration() *collaboration.Session {
	return r.server.o.Collaboration.As(r.tenant, r.snapshot, r.caller)
}

func commentAnswer(c collaboration.Comment) Comment {
	return Comment{ID: c.ID.String(), Text: c.Text, By: c.By.String(), At: c.At.UTC(), EditedAt: timeOrNone(c.EditedAt), Can: CommentCan{Update: c.Edits, Delete: c.Deletes}}
}

// timeOrNone is nil for the zero time.
func timeOrNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// nextPage is the cursor of the page behind a thing; nil for none.
func nextPage(key id.ID) *string {
	if key == 0 {
		return nil
	}
	next := key.String()
	return &next
}

// listComments is GET /records/{object}/{id}/comments.
func (s *Server) listComments(r *request) error {
	var cursor string
	var limit int
	if err := r.query(parameter{"limit", &limit}, parameter{"cursor", &cursor}); err != nil {
		return err
	}
	before, limit, err := pageOf(cursor, limit)
	if err != nil {
		return err
	}
	key, err := r.recordID()
	if err != nil {
		return err
	}
	page, err := r.collaboration().Comments(r.ctx, r.object(), key, before, limit)
	if err != nil {
		return err
	}
	answer := CommentPage{Items: []Comment{}, Next: nextPage(page.Next), Names: map[string]map[string]string{}}
	for _, c := range page.Items {
		answer.Items = append(answer.Items, commentAnswer(c))
	}
	for user, name := range page.Users {
		if answer.Names["user"] == nil {
			answer.Names["user"] = map[string]string{}
		}
		answer.Names["user"][user.String()] = name
	}
	return r.json(fiber.StatusOK, answer)
}

// writeComment is POST /records/{object}/{id}/comments.
func (s *Server) writeComment(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	var in CommentText
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	page, err := r.collaboration().Comment(r.ctx, r.object(), key, in.Text)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusCreated, commentAnswer(page.Items[0]))
}

// commentID is the comment in the path.
func (r *request) commentID() (id.ID, error) {
	i, ok := id.Parse(r.http.Params("comment"))
	if !ok {
		return 0, fault.New(fault.NotFound, "collaboration.no_comment")
	}
	return i, nil
}

// editComment is PATCH /records/{object}/{id}/comments/{comment}.
func (s *Server) editComment(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	comment, err := r.commentID()
	if err != nil {
		return err
	}
	var in CommentText
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	page, err := r.collaboration().EditComment(r.ctx, r.object(), key, comment, in.Text)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, commentAnswer(page.Items[0]))
}

// deleteComment is DELETE /records/{object}/{id}/comments/{comment}.
func (s *Server) deleteComment(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	comment, err := r.commentID()
	if err != nil {
		return err
	}
	if err := r.collaboration().DeleteComment(r.ctx, r.object(), key, comment); err != nil {
		return err
	}
	return r.done()
}

// anyState stands for notifications of all states.
const anyState = "any"

// listNotifications is GET /me/notifications.
func (s *Server) listNotifications(r *request) error {
	wanted := collaboration.Wanted{State: collaboration.Open}
	var cursor string
	var limit int
	if err := r.query(parameter{"state", &wanted.State}, parameter{"kind", &wanted.Kind}, parameter{"limit", &limit}, parameter{"cursor", &cursor}); err != nil {
		return err
	}
	after, limit, err := pageOf(cursor, limit)
	if err != nil {
		return err
	}
	switch wanted.State {
	case collaboration.Open, collaboration.Snoozed, collaboration.Done:
	case anyState:
		wanted.State = ""
	default:
		return fault.New(fault.Invalid, "collaboration.state", "state", clip(wanted.State)).At("/state")
	}
	if wanted.Kind != "" && !slices.Contains(collaboration.Kinds, wanted.Kind) {
		return fault.New(fault.Invalid, "collaboration.kind", "kind", clip(wanted.Kind), "known", strings.Join(collaboration.Kinds, ", ")).At("/kind")
	}
	inbox, err := r.collaboration().Notifications(r.ctx, wanted, after, limit)
	if err != nil {
		return err
	}
	answer := Inbox{Items: []Notification{}, Next: nextPage(inbox.Next), Unread: inbox.Unread}
	for _, n := range inbox.Items {
		answer.Items = append(answer.Items, Notification{ID: n.ID.String(), Kind: n.Kind, Object: n.Object, Record: n.Record.String(), Name: n.Name, By: n.By.String(), ByName: n.ByName,
			At: n.At.UTC(), Text: n.Text.In(r.language(), ""), Fields: n.Fields, Read: n.Read, Done: n.Done, SnoozedUntil: timeOrNone(n.SnoozedUntil)})
	}
	return r.json(fiber.StatusOK, answer)
}

// handleNotification is PATCH /me/notifications/{id}.
func (s *Server) handleNotification(r *request) error {
	key, ok := id.Parse(r.http.Params("id"))
	if !ok {
		return fault.New(fault.NotFound, "collaboration.no_notification")
	}
	var in NotificationPatch
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if err := r.collaboration().Handle(r.ctx, key, collaboration.Handling(in)); err != nil {
		return err
	}
	return r.done()
}

// readNotifications is POST /me/notifications/read.
func (s *Server) readNotifications(r *request) error {
	var in ReadNotifications
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if !in.All {
		return fault.New(fault.Invalid, "collaboration.all").At("/all")
	}
	if err := r.collaboration().ReadAll(r.ctx); err != nil {
		return err
	}
	return r.done()
}

// follow is PUT /records/{object}/{id}/follow.
func (s *Server) follow(r *request) error {
	return r.atRecord(r.collaboration().Follow)
}

// unfollow is DELETE /records/{object}/{id}/follow.
func (s *Server) unfollow(r *request) error {
	return r.atRecord(r.collaboration().Unfollow)
}

// listFollows is GET /me/follows.
func (s *Server) listFollows(r *request) error {
	var cursor string
	var limit int
	if err := r.query(parameter{"limit", &limit}, parameter{"cursor", &cursor}); err != nil {
		return err
	}
	after, limit, err := pageOf(cursor, limit)
	if err != nil {
		return err
	}
	follows, next, err := r.collaboration().Follows(r.ctx, after, limit)
	if err != nil {
		return err
	}
	answer := Page[Follow]{Items: []Follow{}, Next: nextPage(next)}
	for _, f := range follows {
		answer.Items = append(answer.Items, Follow{Object: f.Object, ID: f.Record.String(), Name: f.Name, At: f.At.UTC()})
	}
	return r.json(fiber.StatusOK, answer)
}

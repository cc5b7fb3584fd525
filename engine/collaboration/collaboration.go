// Package collaboration is what people tell each other about records: comments, with mentions
// of users in them, the records that users follow, and the notifications of each user.
//
// Whoever may read a record may read and write its comments. A notification is of one user, and
// is told only for as long as they may read its record; what the record and people are called
// is found when it is read. Nobody is notified of what they did themselves, and nobody is told
// who was.
package collaboration

import (
	"context"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Callers makes the callers that users would be.
type Callers interface {
	Acting(ctx context.Context, t store.Tenant, user id.ID, permissions []string, via string) (*policy.Caller, error)
}

// Service keeps comments and notifications of all tenants. Safe for concurrent use.
type Service struct {
	records *record.Service
	callers Callers
	ids     *id.Source
	now     func() time.Time
	wake    func(tenant string)
}

// New makes a service. wake is called with a tenant's name after something was committed.
func New(records *record.Service, callers Callers, ids *id.Source, now func() time.Time, wake func(tenant string)) *Service {
	return &Service{records: records, callers: callers, ids: ids, now: now, wake: wake}
}

// As is a session for a caller; it is cheap and made for each request.
func (s *Service) As(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller) *Session {
	return &Session{service: s, tenant: t, snapshot: snapshot, caller: c, records: s.records.As(t, snapshot, c)}
}

// Session does what one caller asks under one snapshot. It is used by one goroutine at a time.
type Session struct {
	service  *Service
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	caller   *policy.Caller
	records  *record.Session
}

// write changes rows of this room.
func (s *Session) write(ctx context.Context, fn func(tx store.Tx) error) error {
	if err := s.tenant.Write(ctx, fn); err != nil {
		return err
	}
	s.service.wake(s.tenant.Name())
	return nil
}

const (
	commentTable      = "_comment"
	followTable       = "_follow"
	notificationTable = "_notification"
	inboxTable        = "_inbox" // a row for each user who was notified, under the id of the user
)

// Columns of this room's tables; times are Unix milliseconds.
var (
	colObject = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord = query.Column{Name: "record", Storage: fieldtype.Int}
	colBy     = query.Column{Name: "by", Storage: fieldtype.Int} // a user; empty: the platform
	colAt     = query.Column{Name: "at", Storage: fieldtype.Int}
	colEdited = query.Column{Name: "edited_at", Storage: fieldtype.Int}
	colText   = query.Column{Name: "text", Storage: fieldtype.Text}
	said      = store.Said{Text: colText, Texts: query.Column{Name: "texts", Storage: fieldtype.JSON}} // of a notification

	colUser    = query.Column{Name: "user", Storage: fieldtype.Int}
	colKind    = query.Column{Name: "kind", Storage: fieldtype.Text}
	colComment = query.Column{Name: "comment", Storage: fieldtype.Int}
	colFields  = query.Column{Name: "fields", Storage: fieldtype.List} // that were changed
	colRead    = query.Column{Name: "read", Storage: fieldtype.Bool}
	colDone    = query.Column{Name: "done", Storage: fieldtype.Bool}
	colSnoozed = query.Column{Name: "snoozed_until", Storage: fieldtype.Int}

	// colChanges counts the changes of a user's notifications.
	colChanges = query.Column{Name: "changes", Storage: fieldtype.Int}
	// colTold counts how often the user was told something.
	colTold = query.Column{Name: "told", Storage: fieldtype.Int}
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	follows := store.IndexOn("_follow_user", colUser, colObject, colRecord)
	follows.Unique = true
	return []store.Table{
		{Name: commentTable, Columns: []query.Column{colObject, colRecord, colBy, colAt, colEdited, colText},
			Indexes: []store.Index{store.IndexOn("_comment_record", colObject, colRecord, query.ID)}},
		{Name: followTable, Columns: []query.Column{colUser, colObject, colRecord, colAt}, Indexes: []store.Index{follows, store.IndexOn("_follow_record", colObject, colRecord)}},
		{Name: notificationTable, Columns: []query.Column{colUser, colKind, colObject, colRecord, colBy, colAt, colComment, said.Text, said.Texts, colFields, colRead, colDone, colSnoozed},
			Indexes: []store.Index{store.IndexOn("_notification_user", colUser, colAt, query.ID), store.IndexOn("_notification_record", colObject, colRecord, colUser)}},
		{Name: inboxTable, Columns: []query.Column{colChanges, colTold}},
	}
}

// of selects what is of a record.
func of(object string, key id.ID) query.All {
	return query.All{query.Is(colObject, object), query.Is(colRecord, int64(key))}
}

// Package inquiry keeps what people outside, who have no account, are asked on behalf of runs of workflows, and what they answer.
//
// What holds: an inquiry is settled once, by an answer that comes in time or by being closed; answers that come at the same time wait for
// each other. It is answered by a link that its message brings, and by nobody who does not have that. What was asked and answered is
// kept for as long as its run is.
package inquiry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/link"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// States of an inquiry.
const (
	Open      = "open"
	Answered  = "answered"
	Late      = "late"      // nobody answered in time
	Unsent    = "unsent"    // the message that asks was not taken, or came back
	Cancelled = "cancelled" // the run ended
)

const (
	// MaxText is how many characters are kept of each text that is shown.
	MaxText = 2_000
	// MaxAnswer is how many bytes an answer has at most.
	MaxAnswer = 16 << 10
	// Usual is for how long an answer is waited for where nothing else is said, and Longest for how long at most.
	Usual   = 14 * 24 * time.Hour
	Longest = 90 * 24 * time.Hour
)

// Inquiry is something that somebody outside is asked.
type Inquiry struct {
	ID       id.ID
	Run      id.ID
	Step     string
	Object   string // of the record that it is about; "": it is about none
	Record   id.ID
	Mail     id.ID  // the record of the message that asks; 0: it was not kept
	Language string // in which they are asked
	Title    string
	Text     string
	Thanks   string
	State    string
	At       time.Time
	Due      time.Time       // until when it can be answered
	Answer   json.RawMessage // by name, as the API shows values
}

const table = "_inquiry"

// Columns of the inquiries; times are Unix milliseconds.
var (
	colRun      = query.Column{Name: "run", Storage: fieldtype.Int}
	colStep     = query.Column{Name: "step", Storage: fieldtype.Text}
	colObject   = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord   = query.Column{Name: "record", Storage: fieldtype.Int}
	colMail     = query.Column{Name: "mail", Storage: fieldtype.Int} // empty: of earlier versions
	colLanguage = query.Column{Name: "language", Storage: fieldtype.Text}
	colTitle    = query.Column{Name: "title", Storage: fieldtype.Text}
	colText     = query.Column{Name: "text", Storage: fieldtype.Text}
	colThanks   = query.Column{Name: "thanks", Storage: fieldtype.Text}
	colState    = query.Column{Name: "state", Storage: fieldtype.Text}
	colAt       = query.Column{Name: "at", Storage: fieldtype.Int}
	colDue      = query.Column{Name: "due", Storage: fieldtype.Int}
	colAnswer   = query.Column{Name: "answer", Storage: fieldtype.JSON}
)

var columns = []query.Column{colRun, colStep, colObject, colRecord, colMail, colLanguage, colTitle, colText, colThanks, colState, colAt, colDue, colAnswer}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	mail := store.IndexOn("_inquiry_mail", colMail)
	mail.Filled = true
	return []store.Table{{Name: table, Columns: columns, Indexes: []store.Index{store.IndexOn("_inquiry_run", colRun), store.IndexOn("_inquiry_record", colRecord), mail}}}
}

// Ask keeps a new inquiry, of which it sets id, state and time. Of a text that is too long its beginning is kept.
func Ask(ctx context.Context, tx store.Tx, q *Inquiry, ids *id.Source, now time.Time) error {
	q.ID, q.State, q.At = ids.Next(), Open, now
	for _, text := range []*string{&q.Title, &q.Text, &q.Thanks} {
		if all := []rune(*text); len(all) > MaxText {
			*text = string(all[:MaxText]) + "…"
		}
	}
	values := map[string]any{colRun.Name: int64(q.Run), colStep.Name: q.Step, colObject.Name: store.Text(q.Object), colRecord.Name: store.Reference(q.Record), colMail.Name: store.Reference(q.Mail), colLanguage.Name: store.Text(q.Language),
		colTitle.Name: store.Text(q.Title), colText.Name: store.Text(q.Text), colThanks.Name: store.Text(q.Thanks), colState.Name: q.State, colAt.Name: q.At.UnixMilli(), colDue.Name: q.Due.UnixMilli()}
	if err := tx.Insert(ctx, table, q.ID, values, nil); err != nil {
		return fmt.Errorf("keeping what somebody is asked: %w", err)
	}
	return nil
}

// Get reads an inquiry. Fault question.unknown (NotFound).
func Get(ctx context.Context, from store.Reader, key id.ID) (*Inquiry, error) {
	found, err := find(ctx, from, query.Is(query.ID, int64(key)))
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "question.unknown")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func find(ctx context.Context, from store.Reader, of query.Filter) ([]*Inquiry, error) {
	var found []*Inquiry
	for f, err := range store.Find(ctx, from, query.Select{Table: table, Filter: of}, append([]query.Column{query.ID}, columns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading what somebody is asked: %w", err)
		}
		found = append(found, &Inquiry{ID: f.ID(query.ID), Run: f.ID(colRun), Step: f.Text(colStep), Object: f.Text(colObject), Record: f.ID(colRecord), Mail: f.ID(colMail), Language: f.Text(colLanguage),
			Title: f.Text(colTitle), Text: f.Text(colText), Thanks: f.Text(colThanks), State: f.Text(colState), At: f.Time(colAt), Due: f.Time(colDue), Answer: f.JSON(colAnswer)})
	}
	return found, nil
}

// Answer settles an open inquiry with an answer that comes in time. Fault question.refused (Unauthenticated).
func Answer(ctx context.Context, tx store.Tx, key id.ID, answer json.RawMessage, now time.Time) error {
	q, err := locked(ctx, tx, key)
	switch {
	case err != nil:
		return err
	case !q.Takes(now):
		return fault.New(fault.Unauthenticated, "question.refused").Because(link.ErrOver)
	}
	return settle(ctx, tx, q, Answered, answer)
}

// Takes reports whether it can be answered at a time.
func (q *Inquiry) Takes(now time.Time) bool { return q.State == Open && now.Before(q.Due) }

// Close ends an open inquiry without an answer; one that has ended stays as it is.
func Close(ctx context.Context, tx store.Tx, key id.ID, state string) (*Inquiry, error) {
	q, err := locked(ctx, tx, key)
	if err != nil || q.State != Open {
		return q, err
	}
	return q, settle(ctx, tx, q, state, nil)
}

// CloseOf closes what a run has asked and waits for no more: some if they are given, else all.
func CloseOf(ctx context.Context, tx store.Tx, run id.ID, some ...id.ID) error {
	open, err := find(ctx, tx, query.All{store.Among(query.Is(colRun, int64(run)), some), query.Is(colState, Open)})
	if err != nil {
		return err
	}
	for _, q := range open {
		if _, err := Close(ctx, tx, q.ID, Cancelled); err != nil {
			return err
		}
	}
	return nil
}

// AskedBy is the inquiry that a message asks, by the record of that; nil: it asks none.
func AskedBy(ctx context.Context, from store.Reader, mail id.ID) (*Inquiry, error) {
	found, err := find(ctx, from, query.Is(colMail, int64(mail)))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// locked reads an inquiry for a change of it: others that would change it wait.
func locked(ctx context.Context, tx store.Tx, key id.ID) (*Inquiry, error) {
	if err := tx.Lock(ctx, table, key); err != nil {
		return nil, fmt.Errorf("locking what somebody is asked: %w", err)
	}
	return Get(ctx, tx, key)
}

func settle(ctx context.Context, tx store.Tx, q *Inquiry, state string, answer json.RawMessage) error {
	q.State, q.Answer = state, answer
	values := map[string]any{colState.Name: state}
	if answer != nil {
		values[colAnswer.Name] = answer
	}
	if err := tx.Update(ctx, table, q.ID, 0, values, nil); err != nil {
		return fmt.Errorf("keeping what became of what somebody is asked: %w", err)
	}
	return nil
}

// Remove removes all inquiries about records that are gone for good.
func Remove(ctx context.Context, tx store.Tx, records []any) error {
	return remove(ctx, tx, query.In{Ref: query.Field(colRecord), Values: records})
}

// RemoveOf removes those of runs that are removed.
func RemoveOf(ctx context.Context, tx store.Tx, runs []any) error {
	return remove(ctx, tx, query.In{Ref: query.Field(colRun), Values: runs})
}

func remove(ctx context.Context, tx store.Tx, gone query.Filter) error {
	if _, err := tx.DeleteWhere(ctx, table, gone); err != nil {
		return fmt.Errorf("removing what somebody was asked: %w", err)
	}
	return nil
}

// Links are those by which people outside answer: each is for one inquiry, which it names. Safe for concurrent use.
type Links struct{ links *link.Links }

// NewLinks makes Links to the program at an address; "": none are made. They are proved under the key of those by which people decide.
func NewLinks(secrets *connection.Secrets, address string) *Links {
	return &Links{link.New(link.Kind{Key: "approval links", Proof: "question", Most: link.NameSize}, secrets, address)}
}

// To is the link of an inquiry; "" where there are none. Faults: those of connection.Secrets.
func (l *Links) To(ctx context.Context, t store.Tenant, key id.ID) (string, error) {
	return l.links.To(ctx, t, "/ask#"+t.Name()+".", link.NameOf(key))
}

// Asked is the inquiry that the token of a link is for: open, and in time. Fault question.refused (Unauthenticated) of all others, also where
// there is no such tenant (nil): nobody learns which of them.
func (l *Links) Asked(ctx context.Context, t store.Tenant, given string, now time.Time) (*Inquiry, error) {
	refused := fault.New(fault.Unauthenticated, "question.refused")
	name, _, err := l.links.Named(ctx, t, given)
	if err != nil {
		return nil, err
	}
	key, ok := link.IDOf(name)
	if !ok {
		return nil, refused
	}
	q, err := Get(ctx, t, key)
	switch {
	case fault.Is(err, "question.unknown"):
		return nil, refused
	case err != nil:
		return nil, err
	case !q.Takes(now):
		return nil, refused.Because(link.ErrOver)
	}
	return q, nil
}

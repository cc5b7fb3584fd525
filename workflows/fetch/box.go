package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const boxTable = "_mail_source"

// Columns of the mailboxes that have a source; times are Unix milliseconds. Each row has the id that is named by its mailbox.
var (
	colMailbox  = query.Column{Name: "mailbox", Storage: fieldtype.Text}
	colSource   = query.Column{Name: "source", Storage: fieldtype.JSON}
	colDue      = query.Column{Name: "due", Storage: fieldtype.Int}
	colClaim    = query.Column{Name: "claim", Storage: fieldtype.Int} // names whoever looks at it, or did last
	colValidity = query.Column{Name: "validity", Storage: fieldtype.Int}
	colLast     = query.Column{Name: "last", Storage: fieldtype.Int}
	colAnew     = query.Column{Name: "anew", Storage: fieldtype.Int}
	colSince    = query.Column{Name: "since", Storage: fieldtype.Int}
	colTried    = query.Column{Name: "tried", Storage: fieldtype.Int}
	colTries    = query.Column{Name: "tries", Storage: fieldtype.Int}
	colFetched  = query.Column{Name: "fetched_at", Storage: fieldtype.Int}
	colReceived = query.Column{Name: "received", Storage: fieldtype.Int}
	colSkipped  = query.Column{Name: "skipped", Storage: fieldtype.Int}
	colFailures = query.Column{Name: "failures", Storage: fieldtype.Int}
	colError    = query.Column{Name: "error", Storage: fieldtype.JSON}
	colSkip     = query.Column{Name: "skip", Storage: fieldtype.JSON}
)

var boxColumns = []query.Column{colMailbox, colSource, colDue, colClaim, colValidity, colLast, colAnew, colSince, colTried, colTries, colFetched, colReceived, colSkipped, colFailures,
	colError, colSkip}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: boxTable, Columns: boxColumns, Indexes: []store.Index{store.IndexOn("_mail_source_due", colDue)}}}
}

// State is how the fetching of a mailbox goes.
type State struct {
	Mailbox  string
	Source   mail.Source
	Since    time.Time // what arrived before that is not fetched; the zero time: nobody has got as far yet
	Fetched  time.Time // when all was fetched last; the zero time: not yet
	Due      time.Time // when it is looked at next
	Received int64     // messages
	Skipped  int64     // that could not be received
	Failures int64     // in a row
	Problem  *Problem  // of the last failure, until it succeeds; nil: there is none
	Skip     *Problem  // of the last message that was skipped
}

// Problem is what went wrong, and when.
type Problem struct {
	Code   string         `json:"code"`
	Params map[string]any `json:"params,omitempty"`
	At     time.Time      `json:"at"`
}

// Fault is the problem as it is told.
func (p *Problem) Fault() *fault.Fault {
	return &fault.Fault{Kind: fault.Conflict, Code: p.Code, Params: p.Params}
}

// box is a mailbox that has a source, and how far its messages were taken.
type box struct {
	State
	claim id.ID

	validity, last uint32 // of the folder, and of the last message that was taken; validity 0: nobody has looked yet
	anew           uint32 // messages up to it were numbered anew: those that arrived before Since are not taken
	tried          uint32 // the message that could not be got
	tries          int64
}

func (b *box) key() id.ID { return keyOf(b.Mailbox) }

func keyOf(mailbox string) id.ID { return id.Named("mail source " + mailbox) }

// Of tells how the fetching goes of the mailboxes of a tenant that have a source, by their names.
func Of(ctx context.Context, from store.Reader) (map[string]*State, error) {
	boxes, err := find(ctx, from, nil, 0)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*State, len(boxes))
	for _, b := range boxes {
		all[b.Mailbox] = &b.State
	}
	return all, nil
}

// find reads mailboxes, those first that are due first; at most so many, 0: all.
func find(ctx context.Context, from store.Reader, filter query.Filter, limit int) ([]*box, error) {
	q := query.Select{Table: boxTable, Filter: filter, Sort: []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}}, Limit: limit}
	var found []*box
	for row, err := range store.Find(ctx, from, q, boxColumns...) {
		if err != nil {
			return nil, fmt.Errorf("reading where mail is fetched from: %w", err)
		}
		b := &box{State: State{Mailbox: row.Text(colMailbox), Due: row.Time(colDue), Received: row.Int(colReceived), Skipped: row.Int(colSkipped), Failures: row.Int(colFailures)},
			claim: row.ID(colClaim), validity: uint32(row.Int(colValidity)), last: uint32(row.Int(colLast)), anew: uint32(row.Int(colAnew)), tried: uint32(row.Int(colTried)), tries: row.Int(colTries)}
		if row.Int(colSince) != 0 {
			b.Since = row.Time(colSince)
		}
		if row.Int(colFetched) != 0 {
			b.Fetched = row.Time(colFetched)
		}
		for c, into := range map[query.Column]any{colSource: &b.Source, colError: &b.Problem, colSkip: &b.Skip} {
			if raw := row.JSON(c); raw != nil {
				if err := json.Unmarshal(raw, into); err != nil {
					return nil, fmt.Errorf("reading the %s of a mailbox: %w", c.Name, err)
				}
			}
		}
		found = append(found, b)
	}
	return found, nil
}

// dueBy finds the mailboxes that are due at a time.
func dueBy(now time.Time) query.Filter {
	return query.Compare{Ref: query.Field(colDue), Op: query.Le, Value: now.UnixMilli()}
}

// firstDue is when the first mailbox is due; the zero time: there is none.
func firstDue(ctx context.Context, from store.Reader) (time.Time, error) {
	row, found, err := store.First(ctx, from, query.Select{Table: boxTable, Sort: []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}}}, colDue)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when mail is fetched next: %w", err)
	}
	if !found {
		return time.Time{}, nil
	}
	return row.Time(colDue), nil
}

// note has the sources be those of a configuration. Where one has changed, whoever looks at the one before ends, and the new one
// is looked at now; one with other messages from its beginning.
func note(ctx context.Context, tx store.Tx, sources map[string]*mail.Source, now time.Time) error {
	boxes, err := find(ctx, tx, nil, 0)
	if err != nil {
		return err
	}
	had := make(map[string]*box, len(boxes))
	for _, b := range boxes {
		had[b.Mailbox] = b
		if sources[b.Mailbox] == nil {
			if err := tx.Delete(ctx, boxTable, b.key()); err != nil {
				return fmt.Errorf("forgetting where mail is fetched from: %w", err)
			}
		}
	}
	for name, source := range sources {
		b := had[name]
		if b != nil && b.Source == *source {
			continue
		}
		raw, err := json.Marshal(source)
		if err != nil {
			return fmt.Errorf("writing where mail is fetched from: %w", err)
		}
		values := map[string]any{colSource.Name: json.RawMessage(raw), colDue.Name: now.UnixMilli(), colClaim.Name: int64(0), colFailures.Name: int64(0), colError.Name: nil}
		if b == nil || !b.Source.Same(source) {
			for _, c := range []query.Column{colValidity, colLast, colAnew, colTried, colTries} {
				values[c.Name] = int64(0)
			}
			values[colSince.Name] = nil
		}
		if b == nil {
			values[colMailbox.Name], values[colReceived.Name], values[colSkipped.Name] = name, int64(0), int64(0)
			err = tx.Insert(ctx, boxTable, keyOf(name), values, nil)
		} else {
			err = b.update(ctx, tx, values)
		}
		if err != nil {
			return fmt.Errorf("noting where mail is fetched from: %w", err)
		}
	}
	return nil
}

// update changes values of a mailbox.
func (b *box) update(ctx context.Context, tx store.Tx, values map[string]any) error {
	if err := tx.Update(ctx, boxTable, b.key(), 0, values, nil); err != nil {
		return fmt.Errorf("keeping how far mail was fetched: %w", err)
	}
	return nil
}

// save keeps what has become of a mailbox, if it is still this one that looks at it; else errTaken.
func (b *box) save(ctx context.Context, t store.Tenant) error {
	values := map[string]any{colDue.Name: b.Due.UnixMilli(), colValidity.Name: int64(b.validity), colLast.Name: int64(b.last), colAnew.Name: int64(b.anew), colTried.Name: int64(b.tried), colTries.Name: b.tries,
		colReceived.Name: b.Received, colSkipped.Name: b.Skipped, colFailures.Name: b.Failures, colSince.Name: nil, colFetched.Name: nil, colError.Name: nil, colSkip.Name: nil}
	for c, at := range map[query.Column]time.Time{colSince: b.Since, colFetched: b.Fetched} {
		if !at.IsZero() {
			values[c.Name] = at.UnixMilli()
		}
	}
	for c, problem := range map[query.Column]*Problem{colError: b.Problem, colSkip: b.Skip} {
		if problem == nil {
			continue
		}
		raw, err := json.Marshal(problem)
		if err != nil {
			return fmt.Errorf("writing why mail was not fetched: %w", err)
		}
		values[c.Name] = json.RawMessage(raw)
	}
	return t.Write(ctx, func(tx store.Tx) error {
		now, err := find(ctx, tx, query.Is(query.ID, int64(b.key())), 1)
		if err != nil {
			return err
		}
		if len(now) == 0 || now[0].claim != b.claim {
			return errTaken
		}
		return b.update(ctx, tx, values)
	})
}

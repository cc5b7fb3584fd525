package mail

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Columns of the mailboxes; times are Unix milliseconds.
var (
	colValidity = query.Column{Name: "validity", Storage: fieldtype.Int} // of the ids that the server gives to messages
	colSeen     = query.Column{Name: "seen", Storage: fieldtype.Int}     // the id of the last message that was fetched
	colAt       = query.Column{Name: "at", Storage: fieldtype.Int}       // when it was last looked at
	colProblem  = query.Column{Name: "problem", Storage: fieldtype.Text} // the code of what kept it from being looked at
)

var boxColumns = []query.Column{colValidity, colSeen, colAt, colProblem}

// boxOf is the id of the row of a mailbox.
func boxOf(mailbox string) id.ID { return id.Named("mailbox " + mailbox) }

// BoxState is how far a mailbox that is fetched came.
type BoxState struct {
	At      time.Time    // when it was last looked at; the zero time: never
	Problem *fault.Fault // what kept it from being looked at then; nil: nothing

	validity, seen int64
	found          bool
}

// States are those of some mailboxes, by their names.
func States(ctx context.Context, from store.Reader, boxes map[string]*Mailbox) (map[string]BoxState, error) {
	names := make(map[id.ID]string, len(boxes))
	for name := range boxes {
		names[boxOf(name)] = name
	}
	states := map[string]BoxState{}
	for row, err := range store.Find(ctx, from, query.Select{Table: boxTable}, append([]query.Column{query.ID}, boxColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading the state of mailboxes: %w", err)
		}
		name, ok := names[row.ID(query.ID)]
		if !ok {
			continue
		}
		s := BoxState{validity: row.Int(colValidity), seen: row.Int(colSeen), found: true}
		if row.Int(colAt) != 0 {
			s.At = row.Time(colAt)
		}
		if code := row.Text(colProblem); code != "" {
			s.Problem = fault.New(fault.Conflict, code)
		}
		states[name] = s
	}
	return states, nil
}

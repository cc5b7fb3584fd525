// Package approval keeps what people are asked to decide on behalf of runs of workflows, who is asked, and
// what they say.
//
// What holds: a request is settled once, by the first answer after which its outcome can't change any more, or by
// being closed; after that nobody's answer counts. Who is asked answers once, in a transaction that every
// other answer to the request waits for, so that two at the same time can't both be the deciding one. What was
// asked and answered is kept for as long as the record is.
package approval

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/budget"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// State of a request.
const (
	Pending   = "pending"
	Approved  = "approved"
	Rejected  = "rejected"
	Recalled  = "recalled"  // by whoever asked
	Late      = "late"      // nobody decided in time
	Cancelled = "cancelled" // the run ended
)

// States of who is asked, besides Approved and Rejected.
const (
	Asked    = "asked"
	PassedOn = "passed_on" // to somebody else
	NotAsked = "not_asked" // any more: it was decided without them
)

// Ways in which the answers of several people come to one.
const (
	Any      = "any"      // the first decides
	All      = "all"      // all have to approve
	Majority = "majority" // more than half have to approve
)

// MaxAsked is how many people a request asks at most.
const MaxAsked = 50

// MaxComment is how many characters somebody says at most with an answer.
const MaxComment = 2_000

// MaxText is how many characters are kept of what people are asked, in each language.
const MaxText = 2_000

// Request is something that people are asked to decide about a record.
type Request struct {
	ID       id.ID
	Run      id.ID
	Workflow string
	Step     string
	Object   string
	Record   id.ID
	By       id.ID         // on whose behalf it is asked; 0: the platform's
	Text     metadata.Text // what is asked
	Way      string        // how the answers come to one
	State    string
	Locks    bool // people don't change the record meanwhile
	At       time.Time
	Due      time.Time // until when; the zero time: for ever
	Ended    time.Time
	People   []Person // who is asked, in the order in which they were; of a request that is read whole
}

// Person is somebody who is asked.
type Person struct {
	ID      id.ID
	User    id.ID
	Instead id.ID // in whose place; 0: in their own
	State   string
	By      id.ID // who passed it on in their name; 0: they did
	Comment string
	At      time.Time // when they answered
}

// Asks reports whether somebody is asked and has not answered.
func (r *Request) Asks(user id.ID) bool { return r.person(user) != nil }

func (r *Request) person(user id.ID) *Person {
	for i := range r.People {
		if p := &r.People[i]; p.User == user && p.State == Asked {
			return p
		}
	}
	return nil
}

// outcome is what the answers come to.
func (r *Request) outcome() string {
	var asked, approved, rejected int
	for _, p := range r.People {
		switch p.State {
		case Asked:
			asked++
		case Approved:
			approved++
		case Rejected:
			rejected++
		}
	}
	all := asked + approved + rejected
	switch r.Way {
	case All:
		if rejected > 0 {
			return Rejected
		}
		if approved == all {
			return Approved
		}
	case Majority:
		if 2*approved > all {
			return Approved
		}
		if 2*(approved+asked) <= all {
			return Rejected
		}
	default:
		if approved > 0 {
			return Approved
		}
		if rejected > 0 {
			return Rejected
		}
	}
	return Pending
}

const (
	requestTable = "_approval"
	personTable  = "_approver"
)

// Columns of this room's tables; times are Unix milliseconds.
var (
	colRun      = query.Column{Name: "run", Storage: fieldtype.Int}
	colWorkflow = query.Column{Name: "workflow", Storage: fieldtype.Text}
	colStep     = query.Column{Name: "step", Storage: fieldtype.Text}
	colObject   = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord   = query.Column{Name: "record", Storage: fieldtype.Int}
	colBy       = query.Column{Name: "by", Storage: fieldtype.Int}
	colWay      = query.Column{Name: "way", Storage: fieldtype.Text}
	colState    = query.Column{Name: "state", Storage: fieldtype.Text}
	colLocks    = query.Column{Name: "locks", Storage: fieldtype.Bool} // of one that is pending
	colAt       = query.Column{Name: "at", Storage: fieldtype.Int}
	colDue      = query.Column{Name: "due", Storage: fieldtype.Int}
	colEnded    = query.Column{Name: "ended_at", Storage: fieldtype.Int}

	said = store.Said{Text: query.Column{Name: "text", Storage: fieldtype.Text}, Texts: query.Column{Name: "texts", Storage: fieldtype.JSON}}

	colRequest = query.Column{Name: "request", Storage: fieldtype.Int}
	colUser    = query.Column{Name: "user", Storage: fieldtype.Int}
	colInstead = query.Column{Name: "instead", Storage: fieldtype.Int}
	colComment = query.Column{Name: "comment", Storage: fieldtype.Text}
)

var (
	requestColumns = []query.Column{colRun, colWorkflow, colStep, colObject, colRecord, colBy, said.Text, said.Texts, colWay, colState, colLocks, colAt, colDue, colEnded}
	personColumns  = []query.Column{colRequest, colUser, colInstead, colState, colBy, colComment, colAt}
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{
		{Name: requestTable, Columns: requestColumns, Indexes: []store.Index{store.IndexOn("_approval_record", colRecord, query.ID), store.IndexOn("_approval_run", colRun)}},
		{Name: personTable, Columns: personColumns, Indexes: []store.Index{store.IndexOn("_approver_request", colRequest, query.ID), store.IndexOn("_approver_user", colUser, colState, query.ID)}},
	}
}

func requestOf(f store.Found) *Request {
	return &Request{ID: f.ID(query.ID), Run: f.ID(colRun), Workflow: f.Text(colWorkflow), Step: f.Text(colStep), Object: f.Text(colObject), Record: f.ID(colRecord),
		By: f.ID(colBy), Text: f.Said(said), Way: f.Text(colWay), State: f.Text(colState), Locks: f.Bool(colLocks), At: f.Time(colAt), Due: f.Time(colDue), Ended: f.Time(colEnded)}
}

// shownBytes is about what a request, or a person, takes as JSON besides what was written.
const shownBytes = 400

// find reads requests, with who is asked. What it reads is held of the budget of who asks. Faults: those of package budget.
func find(ctx context.Context, from store.Reader, q query.Select) ([]*Request, error) {
	q.Table = requestTable
	var found []*Request
	byID := map[id.ID]*Request{}
	var keys []any
	for f, err := range store.Find(ctx, from, q, append([]query.Column{query.ID}, requestColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading requests for approval: %w", err)
		}
		r := requestOf(f)
		if err := budget.From(ctx).Hold(ctx, 2*int64(r.Text.Size()+shownBytes)); err != nil {
			return nil, err
		}
		found, byID[r.ID], keys = append(found, r), r, append(keys, int64(r.ID))
	}
	if len(found) == 0 {
		return nil, nil
	}
	people := query.Select{Table: personTable, Filter: query.In{Ref: query.Field(colRequest), Values: keys}, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for f, err := range store.Find(ctx, from, people, append([]query.Column{query.ID}, personColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading who is asked: %w", err)
		}
		r := byID[f.ID(colRequest)]
		if err := budget.From(ctx).Hold(ctx, 2*int64(len(f.Text(colComment))+shownBytes)); err != nil {
			return nil, err
		}
		r.People = append(r.People, Person{ID: f.ID(query.ID), User: f.ID(colUser), Instead: f.ID(colInstead), State: f.Text(colState), By: f.ID(colBy), Comment: f.Text(colComment), At: f.Time(colAt)})
	}
	return found, nil
}

package approval

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"formwork/engine/collaboration"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Notes tell people that they are asked.
type Notes interface {
	Inform(ctx context.Context, tx store.Tx, n collaboration.Note) error
	// Settle marks notes as done.
	Settle(ctx context.Context, tx store.Tx, notes ...id.ID) error
}

// Desk asks people, and takes their answers. All is done in a transaction of its user's, who wakes listeners when that
// is committed. Safe for concurrent use.
type Desk struct {
	notes Notes
	ids   *id.Source
	now   func() time.Time
}

// NewDesk makes a desk.
func NewDesk(n Notes, ids *id.Source, now func() time.Time) *Desk { return &Desk{n, ids, now} }

// Ask makes a request of what it says, of which it sets id, state and time, and asks its people, at most MaxAsked. Of a text
// that is too long its beginning is kept.
func (d *Desk) Ask(ctx context.Context, tx store.Tx, r *Request) error {
	r.ID, r.State, r.At, r.Text = d.ids.Next(), Pending, d.now(), r.Text.Within(MaxText)
	values := map[string]any{colRun.Name: int64(r.Run), colWorkflow.Name: r.Workflow, colStep.Name: r.Step, colObject.Name: r.Object, colRecord.Name: int64(r.Record), colBy.Name: store.Reference(r.By),
		colWay.Name: r.Way, colState.Name: r.State, colLocks.Name: r.Locks, colAt.Name: r.At.UnixMilli(), colDue.Name: store.Instant(r.Due)}
	store.Say(values, said, r.Text)
	if err := tx.Insert(ctx, requestTable, r.ID, values, nil); err != nil {
		return fmt.Errorf("keeping a request for approval: %w", err)
	}
	for i := range r.People {
		if err := d.ask(ctx, tx, r, &r.People[i]); err != nil {
			return err
		}
	}
	return nil
}

// ask asks one more.
func (d *Desk) ask(ctx context.Context, tx store.Tx, r *Request, p *Person) error {
	p.ID, p.State = d.ids.Next(), Asked
	values := map[string]any{colRequest.Name: int64(r.ID), colUser.Name: int64(p.User), colInstead.Name: store.Reference(p.Instead), colState.Name: p.State}
	if err := tx.Insert(ctx, personTable, p.ID, values, nil); err != nil {
		return fmt.Errorf("keeping who is asked: %w", err)
	}
	return d.notes.Inform(ctx, tx, collaboration.Note{ID: p.ID, Kind: collaboration.Approval, User: p.User, Object: r.Object, Record: r.Record, By: r.By, At: d.now(), Text: r.Text})
}

// locked reads a request for a change of it: others that would change it wait.
func locked(ctx context.Context, tx store.Tx, key id.ID) (*Request, error) {
	if err := tx.Lock(ctx, requestTable, key); err != nil {
		return nil, fmt.Errorf("locking a request for approval: %w", err)
	}
	return Get(ctx, tx, key)
}

// asked is a pending request and who of it is asked and has not answered. Faults: approval.unknown (NotFound), also
// for who was never asked; approval.decided (Conflict).
func asked(ctx context.Context, tx store.Tx, key, user id.ID) (*Request, *Person, error) {
	r, err := locked(ctx, tx, key)
	if err != nil {
		return nil, nil, err
	}
	p := r.person(user)
	switch {
	case p != nil && r.State == Pending:
		return r, p, nil
	case slices.ContainsFunc(r.People, func(p Person) bool { return p.User == user }):
		return nil, nil, fault.New(fault.Conflict, "approval.decided")
	}
	return nil, nil, fault.New(fault.NotFound, "approval.unknown")
}

// Answer takes the answer of somebody who is asked: Approved or Rejected. The request tells what came of it. Faults:
// approval.unknown (NotFound), also for who is not asked; approval.decided (Conflict); approval.long_comment (Invalid).
func (d *Desk) Answer(ctx context.Context, tx store.Tx, key, user id.ID, state, comment string) (*Request, error) {
	if err := checkComment(comment); err != nil {
		return nil, err
	}
	r, p, err := asked(ctx, tx, key, user)
	if err != nil {
		return nil, err
	}
	if err := d.answer(ctx, tx, p, state, comment); err != nil {
		return nil, err
	}
	if err := d.notes.Settle(ctx, tx, p.ID); err != nil {
		return nil, err
	}
	if outcome := r.outcome(); outcome != Pending {
		return r, d.close(ctx, tx, r, outcome)
	}
	return r, nil
}

func (d *Desk) answer(ctx context.Context, tx store.Tx, p *Person, state, comment string) error {
	p.State, p.Comment, p.At = state, comment, d.now()
	values := map[string]any{colState.Name: state, colComment.Name: store.Text(comment), colAt.Name: p.At.UnixMilli(), colBy.Name: store.Reference(p.By)}
	if err := tx.Update(ctx, personTable, p.ID, 0, values, nil); err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return nil
}

func checkComment(comment string) error {
	if utf8.RuneCountInString(comment) > MaxComment {
		return fault.New(fault.Invalid, "approval.long_comment", "limit", MaxComment).At("/comment")
	}
	return nil
}

// PassOn has somebody else asked in the place of one who is, as by says: themselves, or another. Nobody is asked twice, so
// that nobody counts twice. Faults: those of Answer; approval.asked_already (Conflict); approval.too_many (Limited).
func (d *Desk) PassOn(ctx context.Context, tx store.Tx, key, user, to, by id.ID, comment string) (*Request, error) {
	if err := checkComment(comment); err != nil {
		return nil, err
	}
	r, p, err := asked(ctx, tx, key, user)
	if err != nil {
		return nil, err
	}
	if to == r.By || slices.ContainsFunc(r.People, func(p Person) bool { return p.User == to }) {
		return nil, fault.New(fault.Conflict, "approval.asked_already").At("/to")
	}
	if len(r.People) >= 2*MaxAsked {
		return nil, fault.New(fault.Limited, "approval.too_many", "limit", 2*MaxAsked)
	}
	if by != user {
		p.By = by
	}
	if err := d.answer(ctx, tx, p, PassedOn, comment); err != nil {
		return nil, err
	}
	if err := d.notes.Settle(ctx, tx, p.ID); err != nil {
		return nil, err
	}
	r.People = append(r.People, Person{User: to, Instead: user})
	return r, d.ask(ctx, tx, r, &r.People[len(r.People)-1])
}

// Close ends a pending request without an answer; one that has ended stays as it is.
func (d *Desk) Close(ctx context.Context, tx store.Tx, key id.ID, state string) (*Request, error) {
	r, err := locked(ctx, tx, key)
	if err != nil || r.State != Pending {
		return r, err
	}
	return r, d.close(ctx, tx, r, state)
}

// CloseOf closes what a run has asked and waits for no more: some if they are given, else all.
func (d *Desk) CloseOf(ctx context.Context, tx store.Tx, run id.ID, some ...id.ID) error {
	pending, err := find(ctx, tx, query.Select{Filter: query.All{store.Among(query.Is(colRun, int64(run)), some), query.Is(colState, Pending)}})
	if err != nil {
		return err
	}
	for _, r := range pending {
		if _, err := d.Close(ctx, tx, r.ID, Cancelled); err != nil {
			return err
		}
	}
	return nil
}

// close ends a request; who has not answered is not asked any more.
func (d *Desk) close(ctx context.Context, tx store.Tx, r *Request, state string) error {
	r.State, r.Ended = state, d.now()
	if err := tx.Update(ctx, requestTable, r.ID, 0, map[string]any{colState.Name: state, colEnded.Name: r.Ended.UnixMilli()}, nil); err != nil {
		return fmt.Errorf("ending a request for approval: %w", err)
	}
	var left []id.ID
	for i := range r.People {
		if p := &r.People[i]; p.State == Asked {
			p.State = NotAsked
			if err := tx.Update(ctx, personTable, p.ID, 0, map[string]any{colState.Name: NotAsked}, nil); err != nil {
				return fmt.Errorf("ending what somebody is asked: %w", err)
			}
			left = append(left, p.ID)
		}
	}
	return d.notes.Settle(ctx, tx, left...)
}

// Remove removes all requests about records that are gone for good.
func Remove(ctx context.Context, tx store.Tx, records []any) error {
	gone := query.In{Ref: query.Field(colRecord), Values: records}
	var keys []any
	for f, err := range store.Find(ctx, tx, query.Select{Table: requestTable, Filter: gone}, query.ID) {
		if err != nil {
			return fmt.Errorf("reading requests about records that are gone: %w", err)
		}
		keys = append(keys, f.Int(query.ID))
	}
	if len(keys) == 0 {
		return nil
	}
	if _, err := tx.DeleteWhere(ctx, personTable, query.In{Ref: query.Field(colRequest), Values: keys}); err != nil {
		return fmt.Errorf("removing who was asked about records that are gone: %w", err)
	}
	if _, err := tx.DeleteWhere(ctx, requestTable, gone); err != nil {
		return fmt.Errorf("removing requests about records that are gone: %w", err)
	}
	return nil
}

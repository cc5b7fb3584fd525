package runner

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/workflows"
)

// alarm is a job of which one waits in a tenant, for the time when there is something to do. A row says when it
// comes.
type alarm struct {
	row  id.ID
	kind string
}

var (
	resumes   = alarm{1, jobResume}
	schedules = alarm{2, workflows.JobSchedule}
)

// comes is when the job comes; the zero time: it does not. found is false where it never has.
func (a alarm) comes(ctx context.Context, from store.Reader) (at time.Time, found bool, err error) {
	row, found, err := store.First(ctx, from, query.Select{Table: queueTable, Filter: query.Is(query.ID, int64(a.row))}, colDue)
	if err != nil {
		return at, false, fmt.Errorf("reading when %s comes: %w", a.kind, err)
	}
	if found && row.Int(colDue) != 0 {
		at = row.Time(colDue)
	}
	return at, found, nil
}

// lost is after what time a job that was to come counts as lost: it failed for good, or was cancelled.
const lost = time.Minute

// by has the job come by a time. It reports whether that took another job. Whoever has the job come again waits for the
// transaction, or the other way round: so that what it leaves behind is not missed.
func (a alarm) by(ctx context.Context, tx store.Tx, r *Runner, due time.Time) (bool, error) {
	if err := tx.Lock(ctx, queueTable, a.row); err != nil {
		return false, fmt.Errorf("locking when %s comes: %w", a.kind, err)
	}
	comes, _, err := a.comes(ctx, tx)
	if err != nil || !comes.IsZero() && !comes.After(due) && comes.After(r.o.Now().Add(-lost)) {
		return false, err
	}
	return true, a.set(ctx, tx, r, due)
}

// next has the job come again, of which one has just come; the zero time: it does not. Where another comes before
// then, that one does so: else the jobs would become ever more.
func (a alarm) next(ctx context.Context, tx store.Tx, r *Runner, at time.Time) error {
	comes, _, err := a.comes(ctx, tx)
	if err != nil {
		return err
	}
	if comes.After(r.o.Now()) && !at.IsZero() && !comes.After(at) {
		return nil
	}
	return a.set(ctx, tx, r, at)
}

// set enqueues the job; the zero time: it does not come any more. One that was enqueued for later finds
// nothing to do.
func (a alarm) set(ctx context.Context, tx store.Tx, r *Runner, at time.Time) error {
	values := map[string]any{colDue.Name: nil}
	if !at.IsZero() {
		values[colDue.Name] = at.UnixMilli()
		if _, err := job.Enqueue(ctx, tx, r.o.IDs, r.o.Now(), job.New{Kind: a.kind, At: at}); err != nil {
			return err
		}
	}
	_, found, err := a.comes(ctx, tx)
	if err != nil {
		return err
	}
	if found {
		err = tx.Update(ctx, queueTable, a.row, 0, values, nil)
	} else {
		err = tx.Insert(ctx, queueTable, a.row, values, nil)
	}
	if err != nil {
		return fmt.Errorf("saving when %s comes: %w", a.kind, err)
	}
	return nil
}

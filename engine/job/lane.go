package job

import (
	"context"
	"fmt"

	"formwork/engine/query"
	"formwork/engine/store"
)

// A job that is due and may not run because of another one of its lane is held: it is
// no longer looked at, so that a lane with many jobs hides nobody, until the other one
// lets it go. Of the jobs of a lane that are held, one is let go whenever one that
// could be waited for runs no longer, so none is forgotten. When A waits for B, A locks
// B's row. Otherwise B could end, see nobody waiting, and A would wait for ever.

// holdUp makes a job that is due held if its lane is not free for it, and says so. In
// a strict order everything before it is waited for; else what runs, and what is held
// and was enqueued before.
func holdUp(ctx context.Context, tx store.Tx, j *row, strict bool) (bool, error) {
	blocker, err := ahead(ctx, tx, j, strict)
	if err != nil || blocker == nil {
		return false, err
	}
	if blocker.held && blocker.holder == "" {
		// A store without transactions may have been stopped before somebody let it go.
		err = update(ctx, tx, blocker.ID, waiting(blocker.RunAt))
	} else {
		err = tx.Lock(ctx, table, blocker.ID)
	}
	if err == nil {
		err = tx.Update(ctx, table, j.ID, 0, busy(held), nil)
	}
	if err != nil {
		return false, fmt.Errorf("holding up a job of lane %s: %w", j.Lane, err)
	}
	return true, nil
}

// ahead is a job that another one of its lane has to wait for; nil if its turn has come.
func ahead(ctx context.Context, from store.Reader, j *row, strict bool) (*row, error) {
	running, err := occupying(j.Lane).first(ctx, from)
	if err != nil || running != nil {
		return running, err
	}
	states := []string{held}
	if strict {
		states = append(states, Waiting)
	}
	for _, state := range states {
		first, err := firstOf(ctx, from, j.Lane, state)
		if err != nil {
			return nil, err
		}
		if first != nil && first.ID < j.ID {
			return first, nil
		}
	}
	return nil, nil
}

// release lets go the first job that is held in a lane. Whoever ends, or puts off, a
// job of the lane calls it in the same transaction, and first: a store without
// transactions may be stopped in between, and a job let go too early is only held again.
func release(ctx context.Context, tx store.Tx, lane string) error {
	if lane == "" {
		return nil
	}
	first, err := firstOf(ctx, tx, lane, held)
	if err != nil || first == nil {
		return err
	}
	if err := update(ctx, tx, first.ID, waiting(first.RunAt)); err != nil {
		return fmt.Errorf("letting go the next job of lane %s: %w", lane, err)
	}
	return nil
}

// firstOf is the job of a lane and state that was enqueued first.
func firstOf(ctx context.Context, from store.Reader, lane, state string) (*row, error) {
	return inLane(lane, state).first(ctx, from)
}

// occupying finds the job that runs in a lane.
func occupying(lane string) lookup {
	return lookup{part: essentials, filter: query.Is(colBusyLane, lane), sort: oldestFirst}
}

// inLane finds the jobs of a lane and state in the order in which they were enqueued.
func inLane(lane, state string) lookup {
	return lookup{part: essentials, filter: query.All{query.Is(colLane, lane), query.Is(colState, state)}, sort: oldestFirst}
}

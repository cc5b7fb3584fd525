package job

import (
	"context"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// A run that goes on says so in a row of its own, under the id of its job, and not in the
// job's row: a handler that saves how far it came changes that one at the end of a
// transaction that may take longer than a lease (Progress.SaveIn). On a store whose
// transactions conflict, a beat to the same row would undo it each time.
//
// A beat counts for the run of the holder that it names. It decides nothing but whether
// another process may take the job over: that, and every save of a run, changes the job's
// row, so that a run that lost its lease saves nothing, whatever its beats say.
const beatTable = "_job_beat"

var colUntil = query.Column{Name: "until", Storage: fieldtype.Int} // Unix milliseconds

// beats is the table of the signs that runs give.
func beats() store.Table {
	return store.Table{Name: beatTable, Columns: []query.Column{colHolder, colUntil}}
}

// beat says that a run goes on, until when it has the lease at least.
func beat(ctx context.Context, tx store.Tx, job id.ID, holder string, until int64) error {
	sign := values{"holder": holder, "until": until}
	err := tx.Update(ctx, beatTable, job, 0, sign, nil)
	if fault.Is(err, "store.stale") { // the first of this job
		err = tx.Insert(ctx, beatTable, job, sign, nil)
	}
	if err != nil {
		return fmt.Errorf("saying that a job goes on: %w", err)
	}
	return nil
}

// beaten sets the ends of leases that ran out, as their jobs' rows have them, to what the
// runs said since.
func beaten(ctx context.Context, from store.Reader, leases []*row, now int64) error {
	expired := map[id.ID]*row{}
	var jobs []any
	for _, j := range leases {
		if j.lease <= now {
			expired[j.ID] = j
			jobs = append(jobs, int64(j.ID))
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	q := query.Select{Table: beatTable, Filter: query.In{Ref: query.Field(query.ID), Values: jobs}}
	for found, err := range store.Find(ctx, from, q, query.ID, colHolder, colUntil) {
		if err != nil {
			return fmt.Errorf("reading which jobs go on: %w", err)
		}
		if j := expired[found.ID(query.ID)]; j.holder == found.Text(colHolder) {
			j.lease = max(j.lease, found.Int(colUntil))
		}
	}
	return nil
}

// endBeats removes the beats of a job whose run ended.
func endBeats(ctx context.Context, tx store.Tx, job id.ID) error {
	if err := tx.Delete(ctx, beatTable, job); err != nil {
		return fmt.Errorf("removing the beats of a job: %w", err)
	}
	return nil
}

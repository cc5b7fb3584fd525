package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Keeps is how long it is remembered that a delivery was taken: senders try again for days.
const Keeps = 7 * 24 * time.Hour

const takenTable = "_webhook"

// Columns of the deliveries that were taken, each of which has the id that is named by its workflow and its own.
var (
	colRun    = query.Column{Name: "run", Storage: fieldtype.Int}     // empty: it set off none
	colAnswer = query.Column{Name: "answer", Storage: fieldtype.JSON} // empty: the usual one
	colAt     = query.Column{Name: "at", Storage: fieldtype.Int}      // Unix milliseconds
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: takenTable, Columns: []query.Column{colRun, colAnswer, colAt}, Indexes: []store.Index{store.IndexOn("_webhook_at", colAt)}}}
}

// Answer is what a delivery is answered with.
type Answer struct {
	Run  id.ID           // that it set off; 0: none
	Body json.RawMessage // nil: the usual one
}

// key is the id of a delivery to a workflow.
func key(workflow, delivery string) id.ID { return id.Named("webhook " + workflow + " " + delivery) }

// Taken is what a delivery was answered with that was taken before. Transactions that ask for the same one are one after the
// other.
func Taken(ctx context.Context, tx store.Tx, workflow, delivery string) (a Answer, found bool, err error) {
	key := key(workflow, delivery)
	if err := tx.Lock(ctx, takenTable, key); err != nil {
		return a, false, fmt.Errorf("locking a delivery: %w", err)
	}
	row, found, err := store.First(ctx, tx, query.Select{Table: takenTable, Filter: query.Is(query.ID, int64(key))}, colRun, colAnswer)
	if err != nil {
		return a, false, fmt.Errorf("reading whether a delivery was taken: %w", err)
	}
	if found {
		a = Answer{Run: row.ID(colRun), Body: row.JSON(colAnswer)}
	}
	return a, found, nil
}

// Take remembers a delivery with what it is answered with.
func Take(ctx context.Context, tx store.Tx, workflow, delivery string, a Answer, now time.Time) error {
	values := map[string]any{colRun.Name: store.Reference(a.Run), colAt.Name: now.UnixMilli()}
	if a.Body != nil {
		values[colAnswer.Name] = a.Body
	}
	if err := tx.Insert(ctx, takenTable, key(workflow, delivery), values, nil); err != nil {
		return fmt.Errorf("keeping that a delivery was taken: %w", err)
	}
	return nil
}

// Forget removes at most so many of the deliveries that were taken long ago. left: some are remembered still.
func Forget(ctx context.Context, tx store.Tx, now time.Time, limit int) (removed int, left bool, err error) {
	old := query.Compare{Ref: query.Field(colAt), Op: query.Lt, Value: now.Add(-Keeps).UnixMilli()}
	var keys []id.ID
	for row, err := range store.Find(ctx, tx, query.Select{Table: takenTable, Filter: old, Limit: limit, Sort: []query.Order{{Ref: query.Field(colAt)}, {Ref: query.Field(query.ID)}}}, query.ID) {
		if err != nil {
			return 0, false, fmt.Errorf("finding old deliveries: %w", err)
		}
		keys = append(keys, row.ID(query.ID))
	}
	for _, key := range keys {
		if err := tx.Delete(ctx, takenTable, key); err != nil {
			return 0, false, fmt.Errorf("removing an old delivery: %w", err)
		}
	}
	_, left, err = store.First(ctx, tx, query.Select{Table: takenTable}, query.ID)
	if err != nil {
		return 0, false, fmt.Errorf("looking for deliveries: %w", err)
	}
	return len(keys), left, nil
}

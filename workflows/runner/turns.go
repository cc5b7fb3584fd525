package runner

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// turnTable keeps whose turn it was last, a row for what users take turns in, with the id that is named by it.
const turnTable = "_run_turn"

var colLast = query.Column{Name: "last", Storage: fieldtype.Int}

// takeTurn has choose say whose turn it is, knowing whose it was, and keeps that. Transactions that do so for the same
// thing are one after the other. 0 keeps what was.
func takeTurn(ctx context.Context, tx store.Tx, in string, choose func(last id.ID) (id.ID, error)) error {
	key := id.Named("turn " + in)
	if err := tx.Lock(ctx, turnTable, key); err != nil {
		return fmt.Errorf("locking whose turn it is: %w", err)
	}
	row, found, err := store.First(ctx, tx, query.Select{Table: turnTable, Filter: query.Is(query.ID, int64(key))}, colLast)
	if err != nil {
		return fmt.Errorf("reading whose turn it was: %w", err)
	}
	var last id.ID
	if found {
		last = row.ID(colLast)
	}
	next, err := choose(last)
	if err != nil || next == 0 {
		return err
	}
	values := map[string]any{colLast.Name: int64(next)}
	if found {
		err = tx.Update(ctx, turnTable, key, 0, values, nil)
	} else {
		err = tx.Insert(ctx, turnTable, key, values, nil)
	}
	if err != nil {
		return fmt.Errorf("keeping whose turn it was: %w", err)
	}
	return nil
}

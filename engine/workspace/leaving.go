package workspace

import (
	"context"
	"fmt"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store"
)

// Leaving removes what users kept for themselves when they are removed for good, in the
// same transaction. While they are in the recycle bin they may come back, and it stays.
type Leaving struct{}

var _ record.PurgingHook = Leaving{}

// Wants implements record.SaveHook.
func (Leaving) Wants(_ *catalog.Snapshot, object string, a record.Action) bool {
	return object == auth.UserObject && a == record.Purged
}

// BeforeSave implements record.SaveHook; it is asked about nothing.
func (Leaving) BeforeSave(context.Context, store.Reader, *record.Change) error { return nil }

// AfterPurge implements record.PurgingHook.
func (Leaving) AfterPurge(ctx context.Context, tx store.Tx, user id.ID) error {
	if err := tx.Delete(ctx, personalTable, user); err != nil {
		return fmt.Errorf("removing what a user keeps: %w", err)
	}
	return removeViews(ctx, tx, user)
}

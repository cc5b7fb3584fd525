package write

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/stored"
)

// Purge removes records from the bin for good. Needs the right "purge", and to have
// been allowed to delete them; others are passed by. It returns how many are gone.
func (w *Writer) Purge(ctx context.Context, object string, keys ...id.ID) (int, error) {
	a, err := w.Object(ctx, object, policy.Delete)
	if err != nil {
		return 0, err
	}
	if err := w.DemandRight(ctx, "purge"); err != nil {
		return 0, err
	}
	if len(keys) > MaxOperations {
		return 0, fault.New(fault.TooLarge, "record.too_many_operations", "max", MaxOperations)
	}
	gone := 0
	err = w.transaction(ctx, func(u *Unit) error {
		gone = 0
		for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
			first, err := u.deleted(a, key)
			if fault.Is(err, "record.not_in_bin") || fault.Is(err, "record.forbidden_record") {
				continue
			}
			if err != nil {
				return err
			}
			if err := u.purge(first.Record); err != nil {
				return err
			}
			gone++
		}
		return nil
	})
	return gone, err
}

// purge removes one record from the bin for good. Nothing else does.
func (u *Unit) purge(r stored.Record) error {
	if err := u.Tx.Delete(u.ctx, stored.BinTable, r.ID()); err != nil {
		return fmt.Errorf("purging a record of %s: %w", r.Object.Doc.Name, err)
	}
	if err := u.callPurgingHooks(r); err != nil {
		return err
	}
	return u.writeEvent(r.Mapping, stored.Purged, r.ID(), u.session.Clock, json.RawMessage("{}"))
}

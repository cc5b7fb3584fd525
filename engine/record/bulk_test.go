package record_test

import (
	"context"
	"errors"
	"testing"

	"formwork/engine/record"
	"formwork/engine/store/teststore"
	"formwork/metadata/packages"
)

// A request whose time is over prepares no further operation, though none of them would
// ask the store.
func TestBulkStopsPreparing(t *testing.T) {
	w := newWorldOf(t, teststore.Open, "sales", packages.All()...)
	ctx, cancel := context.WithCancel(w.ctx)
	s := w.system()
	ops := []record.Operation{{Op: "nonsense"}}
	if outcomes, err := s.Bulk(ctx, "account", ops, false); err != nil || outcomes[0].Fault == nil {
		t.Fatalf("%v, %v", outcomes, err)
	}
	cancel()
	if outcomes, err := s.Bulk(ctx, "account", ops, false); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", outcomes, err)
	}
}

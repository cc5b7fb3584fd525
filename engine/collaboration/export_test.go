package collaboration

import (
	"context"

	"formwork/engine/outbox"
	"formwork/engine/store"
)

// Tell does what follows from an event, as the consumer does, and acknowledges nothing.
func (s *Service) Tell(ctx context.Context, t store.Tenant, e *outbox.Event) error {
	if err := s.keepUp(ctx, t, e); err != nil {
		return err
	}
	followed, err := followedIn(ctx, t, []outbox.Event{*e})
	if err != nil {
		return err
	}
	told, err := s.told(ctx, t, e, followed[recordKey{e.Object, e.Record}])
	if err != nil {
		return err
	}
	return t.Write(ctx, func(tx store.Tx) error { return s.notifyAll(ctx, tx, told) })
}

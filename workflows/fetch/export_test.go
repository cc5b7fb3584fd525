package fetch

import (
	"context"

	"formwork/engine/query"
	"formwork/engine/store"
)

// SetPosition has messages up to one count as taken.
func SetPosition(ctx context.Context, t store.Tenant, mailbox string, validity, last uint32) error {
	return t.Write(ctx, func(tx store.Tx) error {
		b := &box{State: State{Mailbox: mailbox}}
		return b.update(ctx, tx, map[string]any{colValidity.Name: int64(validity), colLast.Name: int64(last)})
	})
}

// Position is the last message that was taken.
func Position(ctx context.Context, t store.Tenant, mailbox string) (uint32, error) {
	found, err := find(ctx, t, query.Is(colMailbox, mailbox), 1)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0].last, nil
}

// Follow is follow.
func (f *Fetcher) Follow(ctx context.Context, t store.Tenant) error { return f.follow(ctx, t) }

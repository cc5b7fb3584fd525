package mongo

import (
	"context"
	"time"

	"formwork/engine/store"
)

// Named is the database that an address names.
func Named(uri string) string { return named(uri) }

// ResolveAtMost makes conditions behind lookups that more than n records satisfy
// be decided by joining.
func ResolveAtMost(s *Store, n int) { s.maxKeys = n }

// PageRows bounds the pages of the logs of a store.
func PageRows(s *Store, n int) { s.pageRows = n }

// WritesEnd sets how long a store waits for writes that do not know of a new key.
func WritesEnd(s *Store, d time.Duration) { s.writesEnd = d }

// Claim has the unique keys of a table kept in the table of keys, as a spread does.
func Claim(ctx context.Context, tenant store.Tenant, table string) error {
	t := tenant.(*Tenant)
	if err := t.beginClaiming(ctx, table); err != nil {
		return err
	}
	_, indexes, err := t.claimableIndexes(ctx, table)
	if err != nil {
		return err
	}
	return t.index(ctx, table, indexes)
}

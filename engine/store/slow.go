package store

import "context"

type slowKey struct{}

// Slowly marks queries whose rows are taken as slowly as somebody far away reads them, such
// as those of an export. A store lets few of them run at once in a tenant, so that others
// find a connection.
func Slowly(ctx context.Context) context.Context { return context.WithValue(ctx, slowKey{}, true) }

// IsSlow reports whether queries are marked so.
func IsSlow(ctx context.Context) bool { return ctx.Value(slowKey{}) != nil }

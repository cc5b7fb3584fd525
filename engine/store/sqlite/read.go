package sqlite

import (
	"context"
	"iter"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// A transaction and a tenant read alike; they differ in where a cursor's
// connection comes from and where it goes after.
type (
	opener func(ctx context.Context, words []query.Word, statements []statement, limit int, storages []fieldtype.Storage) (*cursor, error)
	closer func(*cursor)
)

func selectRows(ctx context.Context, q query.Select, open opener, done closer) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		statements, err := plan(q)
		if err != nil {
			yield(nil, err)
			return
		}
		k, err := open(ctx, q.Words, statements, q.Limit, storagesOf(q.Columns))
		if err != nil {
			yield(nil, err)
			return
		}
		defer done(k)
		for {
			row, err := k.next()
			if err != nil {
				yield(nil, err)
				return
			}
			if row == nil || !yield(row, nil) {
				return
			}
		}
	}
}

func aggregateRows(ctx context.Context, q query.Aggregate, open opener, done closer) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		rows, err := groups(ctx, q, open, done)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func countRows(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64, open opener, done closer) (int64, error) {
	s, err := count(table, filter, words, most)
	if err != nil {
		return 0, err
	}
	k, err := open(ctx, words, []statement{s}, 0, []fieldtype.Storage{fieldtype.Int})
	if err != nil {
		return 0, err
	}
	defer done(k)
	row, err := k.next()
	if err != nil {
		return 0, err
	}
	return row[0].(int64), nil
}

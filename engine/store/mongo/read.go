package mongo

import (
	"context"
	"iter"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	batch = 500 // rows fetched at a time
	// readTries is for reads that get no snapshot, three seconds in all: where a
	// collection or index was just made there is none before a majority knows of it.
	readTries = 14
)

// Select implements store.Reader. A server keeps a snapshot for five minutes and a
// cursor nobody asks for ten, and it may go away: a Select that is cut off by that
// goes on behind its last row, then in a newer state, if its sort is total.
func (t *Tenant) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	total := len(q.Sort) > 0 && len(q.Sort[len(q.Sort)-1].Ref.Hops) == 0 && q.Sort[len(q.Sort)-1].Ref.Column == query.ID
	if !total || q.Limit > 0 && q.Limit <= batch { // one batch is not cut off
		return t.reading(ctx, func(ctx context.Context) iter.Seq2[store.Row, error] { return t.rows(ctx, q) })
	}
	return func(yield func(store.Row, error) bool) {
		shown, rest := len(q.Columns), q
		rest.Columns = slices.Clone(q.Columns)
		for _, o := range q.Sort {
			rest.Columns = append(rest.Columns, o.Ref)
		}
		for {
			last, err := t.selectOnce(ctx, rest, shown, yield)
			if err == nil {
				return
			}
			if last == nil || !retryable(err) && !unreachable(err) {
				yield(nil, err)
				return
			}
			rest.Filter, rest.Skip = query.All{q.Filter, query.After(q.Sort, last.values)}, 0
			if q.Limit > 0 {
				if rest.Limit -= last.count; rest.Limit == 0 {
					return
				}
			}
		}
	}
}

// mark is where a Select was cut off: the sort values of the last row, and how many
// rows there were.
type mark struct {
	values []any
	count  int
}

// selectOnce yields the columns that are shown, of rows that end in their sort
// values. It returns the error that cut it off, if any, and the place, nil if no row
// came.
func (t *Tenant) selectOnce(ctx context.Context, q query.Select, shown int, yield func(store.Row, error) bool) (last *mark, err error) {
	for row, err := range t.reading(ctx, func(ctx context.Context) iter.Seq2[store.Row, error] { return t.rows(ctx, q) }) {
		if err != nil {
			return last, err
		}
		if last == nil {
			last = &mark{}
		}
		last.values, last.count = append(last.values[:0], row[shown:]...), last.count+1
		if !yield(row[:shown:shown], nil) {
			return nil, nil
		}
	}
	return last, nil
}

// Aggregate implements store.Reader.
func (t *Tenant) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	return t.reading(ctx, func(ctx context.Context) iter.Seq2[store.Row, error] { return t.groups(ctx, q) })
}

// Count implements store.Reader.
func (t *Tenant) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	rows := t.reading(ctx, func(ctx context.Context) iter.Seq2[store.Row, error] {
		return func(yield func(store.Row, error) bool) {
			n, err := t.count(ctx, table, filter, words, most)
			yield(store.Row{n}, err)
		}
	})
	for row, err := range rows {
		if err != nil {
			return 0, err
		}
		return row[0].(int64), nil
	}
	return 0, nil
}

// reading runs a read outside a transaction, all its questions to the server on
// one snapshot, and begins anew if none could be had before a row came.
func (t *Tenant) reading(ctx context.Context, read func(context.Context) iter.Seq2[store.Row, error]) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		if err := t.ready(ctx); err != nil {
			yield(nil, err)
			return
		}
		for try := 1; ; try++ {
			if !t.readOnce(ctx, read, yield, try < readTries) {
				return
			}
			if err := pause(ctx, try); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// readOnce returns whether the read is to be tried again.
func (t *Tenant) readOnce(ctx context.Context, read func(context.Context) iter.Seq2[store.Row, error], yield func(store.Row, error) bool, mayRetry bool) bool {
	if err := t.store.reach(ctx); err != nil {
		return yield(nil, err) && false
	}
	if t.store.snapshots {
		session, err := t.store.client.StartSession(options.Session().SetSnapshot(true))
		if err != nil {
			return yield(nil, failed("starting a session", err)) && false
		}
		defer session.EndSession(context.WithoutCancel(ctx))
		ctx = driver.NewSessionContext(ctx, session)
	}
	for row, err := range read(ctx) {
		if err != nil && mayRetry && retryable(err) {
			return true
		}
		mayRetry = false
		if !yield(row, err) || err != nil {
			return false
		}
	}
	return false
}

// request is a read of one collection: a find, or a pipeline if there is one.
type request struct {
	table      string
	filter     bson.D
	projection bson.D
	order      bson.D
	limit      int
	skip       int
	pipeline   driver.Pipeline
}

// open runs a request. The first batch holds everything that a limit allows.
func (t *Tenant) open(ctx context.Context, r request) (*driver.Cursor, error) {
	size := int32(batch)
	if r.limit > 0 && r.limit < 2*batch {
		size = int32(r.limit) + 1
	}
	collection := t.db.Collection(r.table)
	var cursor *driver.Cursor
	var err error
	if r.pipeline != nil {
		cursor, err = collection.Aggregate(ctx, r.pipeline, options.Aggregate().SetBatchSize(size).SetAllowDiskUse(true).SetMaxTime(patience(ctx)))
	} else {
		find := options.Find().SetBatchSize(size).SetProjection(r.projection).SetMaxTime(patience(ctx))
		if len(r.order) > 0 {
			find.SetSort(r.order).SetAllowDiskUse(true)
		}
		if r.limit > 0 {
			find.SetLimit(int64(r.limit))
		}
		if r.skip > 0 {
			find.SetSkip(int64(r.skip))
		}
		cursor, err = collection.Find(ctx, r.filter, find)
	}
	return cursor, failed("reading table "+r.table, err)
}

// patience is for how long the server may work on a question: as long as somebody waits
// for the answer, so that it does not go on when nobody does. 0 is no limit.
func patience(ctx context.Context) time.Duration {
	until, bounded := ctx.Deadline()
	if !bounded {
		return 0
	}
	return max(time.Until(until), time.Millisecond)
}

// rows runs a Select, within the session of ctx if there is one.
func (t *Tenant) rows(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		r, layout, err := t.selection(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		if r == nil {
			return
		}
		cursor, err := t.open(ctx, *r)
		if err != nil {
			yield(nil, err)
			return
		}
		defer cursor.Close(context.WithoutCancel(ctx))
		if len(layout.links) > 0 {
			t.linked(ctx, cursor, layout, yield)
			return
		}
		row := make(store.Row, layout.width)
		for cursor.Next(ctx) {
			clear(row)
			err := layout.fields.read(cursor.Current, row)
			if !yield(row[:layout.shown], err) || err != nil {
				return
			}
		}
		if err := cursor.Err(); err != nil {
			yield(nil, failed("reading table "+q.Table, err))
		}
	}
}

// linked yields rows that need records of other tables, which are fetched for a
// batch of rows at a time.
func (t *Tenant) linked(ctx context.Context, cursor *driver.Cursor, l layout, yield func(store.Row, error) bool) {
	for {
		var rows []store.Row
		for len(rows) < batch && cursor.Next(ctx) {
			row := make(store.Row, l.width)
			if err := l.fields.read(cursor.Current, row); err != nil {
				yield(nil, err)
				return
			}
			rows = append(rows, row)
		}
		if err := cursor.Err(); err != nil {
			yield(nil, failed("reading rows", err))
			return
		}
		for _, link := range l.links {
			if err := t.follow(ctx, link, rows, rows, link.from); err != nil {
				yield(nil, err)
				return
			}
		}
		for _, row := range rows {
			if !yield(row[:l.shown], nil) {
				return
			}
		}
		if len(rows) < batch {
			return
		}
	}
}

// selection plans a Select; the request is nil if there can be no row. Lookups
// are joined by the server where rows are chosen or sorted by what they lead to;
// what is only shown is fetched after.
func (t *Tenant) selection(ctx context.Context, q query.Select) (*request, layout, error) {
	c, err := t.choose(ctx, q.Filter, q.Words)
	if err != nil || c.nothing {
		return nil, layout{}, err
	}
	r := &request{table: q.Table, filter: c.own, limit: q.Limit, skip: q.Skip}
	joined := &joins{}
	sortsJoined := slices.ContainsFunc(q.Sort, func(o query.Order) bool { return len(o.Ref.Hops) > 0 })
	if c.rest == nil && !sortsJoined {
		r.order = order(q.Sort, joined)
		l := arrange(q.Columns, joined)
		r.projection = l.projection
		return r, l, nil
	}
	var early bson.D
	if !sortsJoined {
		early = order(q.Sort, joined)
	}
	r.pipeline, err = c.stages(ctx, t, joined, early)
	if err != nil {
		return nil, layout{}, err
	}
	if sortsJoined {
		late := order(q.Sort, joined)
		stages, err := joined.stages(ctx, t)
		if err != nil {
			return nil, layout{}, err
		}
		r.pipeline = append(append(r.pipeline, stages...), bson.D{{Key: "$sort", Value: late}})
	}
	if q.Skip > 0 {
		r.pipeline = append(r.pipeline, bson.D{{Key: "$skip", Value: q.Skip}})
	}
	if q.Limit > 0 {
		r.pipeline = append(r.pipeline, bson.D{{Key: "$limit", Value: q.Limit}})
	}
	l := arrange(q.Columns, joined)
	r.pipeline = append(r.pipeline, bson.D{{Key: "$project", Value: l.projection}})
	return r, l, nil
}

// order is a sort in the server's form. The server, too, puts what is absent first.
func order(sort []query.Order, j *joins) bson.D {
	keys := bson.D{}
	for _, o := range sort {
		path := j.path(o.Ref)
		if slices.ContainsFunc(keys, func(e bson.E) bool { return e.Key == path }) {
			continue // decides nothing more, and the server refuses it
		}
		direction := int32(1)
		if o.Descending {
			direction = -1
		}
		keys = append(keys, bson.E{Key: path, Value: direction})
	}
	return keys
}

// count counts the rows that a filter and words select.
func (t *Tenant) count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	c, err := t.choose(ctx, filter, words)
	if err != nil || c.nothing {
		return 0, err
	}
	if c.rest == nil {
		bounds := options.Count().SetMaxTime(patience(ctx))
		if most > 0 {
			bounds.SetLimit(most)
		}
		n, err := t.db.Collection(table).CountDocuments(ctx, c.own, bounds)
		return n, failed("counting rows of "+table, err)
	}
	stages, err := c.stages(ctx, t, &joins{}, nil)
	if err != nil {
		return 0, err
	}
	if most > 0 {
		stages = append(stages, bson.D{{Key: "$limit", Value: most}})
	}
	cursor, err := t.open(ctx, request{table: table, pipeline: append(stages, bson.D{{Key: "$count", Value: "n"}})})
	if err != nil {
		return 0, err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	if !cursor.Next(ctx) {
		return 0, failed("counting rows of "+table, cursor.Err())
	}
	n, _ := cursor.Current.Lookup("n").AsInt64OK()
	return n, nil
}

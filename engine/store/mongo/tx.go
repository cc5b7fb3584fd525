package mongo

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

const deleteBatch = 1000 // rows deleted at a time where they must be listed

// tx is a store.Tx: a transaction of a session, or, on a standalone server, single
// operations that can be undone.
type tx struct {
	t       *Tenant
	session driver.Session // nil on a standalone server
	lost    error          // what ended the transaction
	unmade  string         // the table without a collection that did
	changed bool           // something was written, or may have been
	places  *places        // of rows that it changes; nil on a standalone server
	met     []row          // rows that others changed
	pending *pending       // writes that are kept back; nil if they are sent at once
	marks   wanted         // that it leaves
	// claiming is what it knows of the keys that rows claim; nil until it needs to.
	claiming *claiming
	// careful: look for duplicates before writing, so that the server has nothing to
	// refuse, and keep how an attempt is undone.
	careful   bool
	wentOn    bool                          // fn goes on after what only a careful transaction survives
	uniques   map[string][]store.Index      // of tables, when careful
	attempt   bool                          // one is under way
	attempted bool                          // there was one
	wrote     bool                          // in the attempt
	undo      []func(context.Context) error // of what may have to be undone
}

var _ store.Tx = (*tx)(nil)

// within is the context of an operation of the transaction.
func (x *tx) within(ctx context.Context) context.Context {
	if x.session == nil {
		return ctx
	}
	return driver.NewSessionContext(ctx, x.session)
}

// operation is the context of an operation that writes. On a standalone server it
// is not given up with its caller, who would not know whether it happened and is
// to be undone.
func (x *tx) operation(ctx context.Context) (context.Context, context.CancelFunc) {
	if x.session == nil {
		return context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	}
	return x.within(ctx), func() {}
}

// note keeps the error that ended the transaction.
func (x *tx) note(err error) error {
	if err != nil && x.session != nil && x.lost == nil {
		x.lost = err
	}
	return err
}

// left is what fn is left with when it goes on after a refusal.
type left struct{}

// usable returns the error that ended the transaction, if any. It does not return
// where that was a refusal, after which fn may well go on: see Write.
func (x *tx) usable(ctx context.Context) error {
	if x.lost != nil && isRefusal(x.lost) {
		x.wentOn = true
		panic(left{})
	}
	if x.lost == nil && x.session == nil {
		return ctx.Err()
	}
	return x.lost
}

// changing is usable for what writes.
func (x *tx) changing(ctx context.Context) error {
	x.changed = true
	return x.usable(ctx)
}

// hold takes the place of a row among the writes of this process.
func (x *tx) hold(table string, key id.ID) error {
	r := row{table, key}
	if x.session == nil || x.places.try(r) {
		return nil
	}
	x.lost, x.met = errTaken, append(x.met, r)
	return x.lost
}

// noteRow is note of what changes a row that others may change.
func (x *tx) noteRow(table string, key id.ID, err error) error {
	if err != nil && transient(err) {
		x.met = append(x.met, row{table, key})
	}
	return x.note(err)
}

// Attempt implements store.Tx. There are no savepoints: what fn wrote is taken back
// operation by operation. Keeping how costs more than most attempts need, so a
// transaction does that from its second run on: the first attempt that is refused
// after it wrote, or by the server, has the whole Write run once more, carefully. So it is
// on a standalone server, whose first run keeps back what attempts wrote.
func (x *tx) Attempt(ctx context.Context, fn func() error) (refused, err error) {
	if err := x.usable(ctx); err != nil {
		return nil, err
	}
	if x.attempt {
		x.lost = store.ErrNested
		return nil, x.lost
	}
	before := len(x.undo)
	x.attempt, x.attempted, x.wrote = true, true, false
	refused = fn()
	x.attempt = false
	switch {
	case x.lost != nil && !isRefusal(x.lost):
		return nil, x.lost
	case ctx.Err() != nil:
		x.lost = ctx.Err()
		return nil, x.lost
	case refused == nil:
		if x.session != nil {
			x.undo = x.undo[:before]
		}
		return nil, nil
	case x.lost == nil && !x.wrote:
		return refused, nil
	case x.session != nil && (x.lost != nil || !x.careful), x.pending != nil:
		x.lost, x.wentOn = cmp.Or(x.lost, refused), true
		panic(left{})
	}
	if err := x.takeBack(ctx, before); err != nil {
		x.lost = err
		return nil, err
	}
	return refused, nil
}

// takeBack undoes, the last first, all but some of the operations that were kept.
func (x *tx) takeBack(ctx context.Context, but int) error {
	ctx = x.within(context.WithoutCancel(ctx))
	for len(x.undo) > but {
		last := len(x.undo) - 1
		if err := x.undo[last](ctx); err != nil {
			return failed("taking back what was written", err)
		}
		x.undo = x.undo[:last]
	}
	return nil
}

// undoable reports whether operations have to be such that they can be undone.
func (x *tx) undoable() bool { return x.session == nil || x.careful && x.attempt }

// Select implements store.Reader.
func (x *tx) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	refs := q.Columns
	for _, o := range q.Sort {
		refs = append(refs[:len(refs):len(refs)], o.Ref)
	}
	return x.reading(ctx, q.Table, throughLookups(q.Filter, refs...), func() iter.Seq2[store.Row, error] { return x.t.rows(x.within(ctx), q) })
}

// Aggregate implements store.Reader.
func (x *tx) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	var refs []query.Ref
	for _, g := range q.Groups {
		refs = append(refs, g.Ref)
	}
	for _, m := range q.Measures {
		refs = append(refs, m.Ref)
	}
	return x.reading(ctx, q.Table, throughLookups(q.Filter, refs...), func() iter.Seq2[store.Row, error] { return x.t.groups(x.within(ctx), q) })
}

func (x *tx) reading(ctx context.Context, table string, lookups bool, read func() iter.Seq2[store.Row, error]) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		err := x.usable(ctx)
		if err == nil {
			err = x.sendBefore(ctx, table, lookups)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for row, err := range read() {
			if !yield(row, x.note(err)) || err != nil {
				return
			}
		}
	}
}

// Count implements store.Reader.
func (x *tx) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	if err := x.usable(ctx); err != nil {
		return 0, err
	}
	if err := x.sendBefore(ctx, table, hasHops(filter)); err != nil {
		return 0, err
	}
	n, err := x.t.count(x.within(ctx), table, filter, words, most)
	return n, x.note(err)
}

// Insert implements store.Tx.
func (x *tx) Insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string) error {
	return x.insert(ctx, table, key, values, words)
}

// insert adds a row with fields that are no columns.
func (x *tx) insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string, more ...bson.E) error {
	if err := x.changing(ctx); err != nil {
		return err
	}
	if err := x.intoMade(ctx, table); err != nil {
		return err
	}
	d, err := document(int64(key), values, words)
	if err != nil {
		return err
	}
	d = append(d, more...)
	if x.pending != nil {
		return x.keepInsert(ctx, table, key, d)
	}
	if x.careful {
		if err := x.askInsert(ctx, table, key, values); err != nil {
			return err
		}
	}
	keys, err := x.keysOf(ctx, table)
	if err != nil {
		return err
	}
	collection, undo := x.t.db.Collection(table), len(x.undo)
	operation, done := x.operation(ctx)
	defer done()
	if _, err := collection.InsertOne(operation, d); err != nil {
		return x.note(refused("inserting into "+table, err))
	}
	x.remember(func(ctx context.Context) error {
		_, err := collection.DeleteOne(ctx, byKey(key))
		return err
	})
	return x.note(x.claimNow(operation, table, keys, nil, key, d[1:], undo))
}

// Update implements store.Tx.
func (x *tx) Update(ctx context.Context, table string, key id.ID, version int64, values map[string]any, words []string) error {
	if err := x.changing(ctx); err != nil {
		return err
	}
	change, err := changes(values, words)
	if err != nil {
		return err
	}
	found := byKey(key)
	if version != 0 {
		found = append(found, bson.E{Key: field(query.Version.Name), Value: version})
	}
	if x.careful {
		if err := x.askUpdate(ctx, table, key, values); err != nil {
			return err
		}
	}
	if err := x.hold(table, key); err != nil {
		return err
	}
	if x.pending != nil {
		if len(change) > 0 {
			return x.keepUpdate(ctx, table, key, found, change)
		}
		if err := x.sendBefore(ctx, table, false); err != nil {
			return err
		}
	}
	keys, err := x.keysOf(ctx, table)
	if err != nil {
		return err
	}
	set := setBy(change)
	if !slices.ContainsFunc(set, func(e bson.E) bool { return inKeys(keys, e.Key) }) {
		keys = nil
	}
	collection, undo := x.t.db.Collection(table), len(x.undo)
	operation, done := x.operation(ctx)
	defer done()
	matched := int64(0)
	var before bson.Raw
	switch {
	case len(change) == 0:
		matched, err = collection.CountDocuments(operation, found)
	case x.undoable() || len(keys) > 0:
		before, err = x.updateKept(operation, collection, found, change)
		if before != nil {
			matched = 1
		}
	default:
		var result *driver.UpdateResult
		if result, err = collection.UpdateOne(operation, found, change); err == nil {
			matched = result.MatchedCount
			x.wrote = x.wrote || matched > 0
		}
	}
	if err != nil && x.session == nil && hasCode(err, codeInternalError) {
		// Some servers do not say that they refused a duplicate.
		if asked := x.askUpdate(ctx, table, key, values); isRefusal(asked) {
			return asked
		}
	}
	if err != nil {
		return x.noteRow(table, key, refused("updating "+table, err))
	}
	if matched == 0 {
		return fault.New(fault.Stale, "store.stale")
	}
	return x.note(x.claimNow(operation, table, keys, before, key, set, undo))
}

// updateKept updates a row and keeps what it was, which it returns; nil if there is no row.
func (x *tx) updateKept(ctx context.Context, c *driver.Collection, found, change bson.D) (before bson.Raw, err error) {
	before, err = c.FindOneAndUpdate(ctx, found, change).Raw()
	if err == driver.ErrNoDocuments {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	x.remember(func(ctx context.Context) error {
		_, err := c.ReplaceOne(ctx, found[:1], before)
		return err
	})
	return before, nil
}

// Lock implements store.Tx. The server has transactions conflict that write the
// same row since the snapshot of the later one, but not if the write changes
// nothing. On a standalone server Writes run one after the other anyway.
func (x *tx) Lock(ctx context.Context, table string, key id.ID) error {
	if err := x.changing(ctx); err != nil || x.session == nil {
		return err
	}
	if err := x.hold(table, key); err != nil {
		return err
	}
	if x.pending != nil {
		x.keepLock(table, key)
		return nil
	}
	_, err := x.t.db.Collection(table).UpdateOne(x.within(ctx), byKey(key), lockChange)
	return x.noteRow(table, key, failed("locking a row of "+table, err))
}

var lockChange = bson.D{{Key: "$inc", Value: bson.D{{Key: lockField, Value: int64(1)}}}}

// Delete implements store.Tx.
func (x *tx) Delete(ctx context.Context, table string, key id.ID) error {
	if x.pending != nil {
		if err := x.changing(ctx); err != nil {
			return err
		}
		return x.keepDelete(ctx, table, key)
	}
	_, err := x.DeleteWhere(ctx, table, query.Is(query.ID, int64(key)))
	return err
}

// DeleteWhere implements store.Tx.
func (x *tx) DeleteWhere(ctx context.Context, table string, filter query.Filter) (int64, error) {
	if err := x.changing(ctx); err != nil {
		return 0, err
	}
	if err := x.sendBefore(ctx, table, hasHops(filter)); err != nil {
		return 0, err
	}
	keys, err := x.keysOf(ctx, table)
	if err != nil {
		return 0, err
	}
	var n int64
	if x.undoable() || len(keys) > 0 {
		n, err = x.deleteKept(x.within(ctx), table, keys, filter)
	} else {
		n, err = x.delete(x.within(ctx), table, filter)
	}
	x.wrote = x.wrote || n > 0
	return n, x.note(err)
}

func (x *tx) delete(ctx context.Context, table string, filter query.Filter) (int64, error) {
	c, err := x.t.choose(ctx, filter, nil)
	if err != nil || c.nothing {
		return 0, err
	}
	collection := x.t.db.Collection(table)
	if c.rest == nil {
		result, err := collection.DeleteMany(ctx, c.own)
		if err != nil {
			return 0, failed("deleting from "+table, err)
		}
		return result.DeletedCount, nil
	}
	for deleted := int64(0); ; {
		keys, err := x.t.keys(ctx, table, filter, deleteBatch)
		if err != nil || len(keys) == 0 {
			return deleted, err
		}
		result, err := collection.DeleteMany(ctx, amongKeys(keys))
		if err != nil {
			return deleted, failed("deleting from "+table, err)
		}
		deleted += result.DeletedCount
	}
}

// deleteKept deletes rows a batch at a time, which it keeps for undoing, and releases what
// they claimed.
func (x *tx) deleteKept(ctx context.Context, table string, unique []uniqueKey, filter query.Filter) (int64, error) {
	collection := x.t.db.Collection(table)
	for deleted := int64(0); ; {
		keys, err := x.t.keys(ctx, table, filter, deleteBatch)
		if err != nil || len(keys) == 0 {
			return deleted, err
		}
		shown := options.Find()
		if !x.undoable() {
			shown.SetProjection(columns(unique))
		}
		cursor, err := collection.Find(ctx, amongKeys(keys), shown)
		if err != nil {
			return deleted, failed("deleting from "+table, err)
		}
		var before []any
		for cursor.Next(ctx) {
			before = append(before, append(bson.Raw(nil), cursor.Current...))
		}
		if err := cursor.Err(); err != nil {
			return deleted, failed("deleting from "+table, err)
		}
		if len(before) == 0 {
			return deleted, nil
		}
		operation, done := x.operation(ctx)
		result, err := collection.DeleteMany(operation, amongKeys(keys))
		done()
		if err != nil {
			return deleted, failed("deleting from "+table, err)
		}
		deleted += result.DeletedCount
		x.remember(func(ctx context.Context) error {
			_, err := collection.InsertMany(ctx, before, options.InsertMany())
			return err
		})
		if err := x.releaseDeleted(ctx, table, unique, before); err != nil {
			return deleted, failed("releasing what rows of "+table+" claimed", err)
		}
	}
}

// remember keeps how an operation that was done is undone, if it has to be.
func (x *tx) remember(undo func(context.Context) error) {
	x.wrote = true
	if x.undoable() {
		x.undo = append(x.undo, undo)
	}
}

// setBy are the fields that a change sets, and those that it empties, as nil.
func setBy(change bson.D) (set bson.D) {
	for _, operator := range change {
		for _, e := range operator.Value.(bson.D) {
			if operator.Key == "$unset" {
				e.Value = nil
			}
			set = append(set, e)
		}
	}
	return set
}

func byKey(key id.ID) bson.D { return bson.D{{Key: keyField, Value: int64(key)}} }

func amongKeys(keys []any) bson.D {
	return bson.D{{Key: keyField, Value: bson.D{{Key: "$in", Value: keys}}}}
}

// changes is an update in the server's form; empty if there is nothing to change.
func changes(values map[string]any, words []string) (bson.D, error) {
	if err := store.CheckRow(values, words); err != nil {
		return nil, err
	}
	var set, unset bson.D
	for name, v := range values {
		if v == nil {
			unset = append(unset, bson.E{Key: field(name), Value: ""})
			continue
		}
		encoded, err := encode(v)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		set = append(set, bson.E{Key: field(name), Value: encoded})
	}
	switch {
	case len(words) > 0:
		set = append(set, bson.E{Key: wordsField, Value: words})
	case words != nil:
		unset = append(unset, bson.E{Key: wordsField, Value: ""})
	}
	var change bson.D
	if len(set) > 0 {
		change = append(change, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		change = append(change, bson.E{Key: "$unset", Value: unset})
	}
	return change, nil
}

package mongo

import (
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// A transaction keeps back what it writes and sends the rows of a table together: before
// it reads that table, when much is kept, and at its end. What fn is told does not depend
// on it. A write that is kept back is taken to succeed; if the server then refuses one of
// those that were sent, or finds a row of another version, the run is left as if it had
// never been, and fn is run once more with nothing kept back, so that each refusal is told
// at the call that it belongs to.

// Bounds of what is kept back.
const (
	mostPending = 4000    // writes
	pendingSize = 8 << 20 // bytes, about
	// changesAlone are sent at a time to a server without transactions. FerretDB 1 takes two
	// connections of a hundred for each, and waits for ever for those that it lacks.
	changesAlone = 40
)

// errKeptBack ends a run in which a write that was kept back could not be done.
var errKeptBack = errors.New("a write that was kept back could not be done")

// pending are the writes that a transaction keeps back.
type pending struct {
	tables []*pendingTable // in the order in which they were first written to
	writes int
	size   int
}

// pendingTable are those of one table. They are sent as rows that are new, then updates in
// their order, then deletions; where that could change what becomes of one row, what was
// kept back is sent before. For different rows it only matters to unique indexes: a key is
// then never free earlier than it would have been, so that a row that is to be refused is.
type pendingTable struct {
	name     string
	inserts  []any // bson.D
	unplaced bool  // the new rows are those of a log, and end in a stamp that the head of the log counts
	updates  []driver.WriteModel
	updated  map[id.ID]bool
	deletes  []any // keys
	deleted  map[id.ID]bool
	size     int
	locks    []id.ID
	locked   map[id.ID]bool
}

func (t *pendingTable) writes() int { return len(t.inserts) + len(t.updates) + len(t.deletes) }

func (p *pending) table(name string) *pendingTable {
	for _, t := range p.tables {
		if t.name == name {
			return t
		}
	}
	t := &pendingTable{name: name, updated: map[id.ID]bool{}, deleted: map[id.ID]bool{}, locked: map[id.ID]bool{}}
	p.tables = append(p.tables, t)
	return t
}

// keepInsert keeps a new row back.
func (x *tx) keepInsert(ctx context.Context, table string, key id.ID, row bson.D) error {
	t := x.pending.table(table)
	if t.updated[key] || t.deleted[key] {
		if err := x.sendTable(ctx, t); err != nil {
			return err
		}
	}
	t.inserts = append(t.inserts, row)
	return x.kept(ctx, t, sizeOf(row))
}

// keepUpdate keeps an update back.
func (x *tx) keepUpdate(ctx context.Context, table string, key id.ID, found, change bson.D) error {
	t := x.pending.table(table)
	if t.deleted[key] {
		if err := x.sendTable(ctx, t); err != nil {
			return err
		}
	}
	t.updates, t.updated[key] = append(t.updates, driver.NewUpdateOneModel().SetFilter(found).SetUpdate(change)), true
	return x.kept(ctx, t, sizeOf(change))
}

// keepDelete keeps a deletion back.
func (x *tx) keepDelete(ctx context.Context, table string, key id.ID) error {
	t := x.pending.table(table)
	t.deletes, t.deleted[key] = append(t.deletes, int64(key)), true
	return x.kept(ctx, t, 0)
}

// keepLock keeps a lock back; a row that is locked once stays so.
func (x *tx) keepLock(table string, key id.ID) {
	t := x.pending.table(table)
	if !t.locked[key] {
		t.locks, t.locked[key] = append(t.locks, key), true
	}
}

// kept counts a write that was kept back, and sends all if they are much.
func (x *tx) kept(ctx context.Context, t *pendingTable, size int) error {
	x.wrote = true
	t.size += size
	x.pending.writes++
	x.pending.size += size
	if x.pending.writes < mostPending && x.pending.size < pendingSize {
		return nil
	}
	return x.send(ctx)
}

// sizeOf is about what values take, in bytes.
func sizeOf(values bson.D) int {
	size := 64 * len(values)
	for _, e := range values {
		if inner, ok := e.Value.(bson.D); ok {
			size += sizeOf(inner)
		}
		size += store.ValueSize(e.Value)
	}
	return size
}

// sendBefore sends what a read must see: the rows of its table, or all if it goes through
// lookups.
func (x *tx) sendBefore(ctx context.Context, table string, refs bool) error {
	switch {
	case x.pending == nil:
		return nil
	case refs:
		return x.send(ctx)
	}
	for _, t := range x.pending.tables {
		if t.name == table {
			return x.sendTable(ctx, t)
		}
	}
	return nil
}

// send sends all that is kept back. Locks go first: what conflicts is to be known before
// more is sent.
func (x *tx) send(ctx context.Context) error {
	if x.pending == nil || x.lost != nil {
		return x.lost
	}
	for _, t := range x.pending.tables {
		if err := x.sendLocks(ctx, t); err != nil {
			return err
		}
	}
	for _, t := range x.pending.tables {
		if err := x.sendTable(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (x *tx) sendLocks(ctx context.Context, t *pendingTable) error {
	if len(t.locks) == 0 {
		return nil
	}
	locks := make([]driver.WriteModel, len(t.locks))
	for i, key := range t.locks {
		locks[i] = driver.NewUpdateOneModel().SetFilter(byKey(key)).SetUpdate(lockChange)
	}
	if _, err := x.t.change(x.within(ctx), x.t.db.Collection(t.name), locks); err != nil {
		return x.unsent(t, failed("locking rows of "+t.name, err))
	}
	t.locks = nil
	return nil
}

// sendTable sends the rows of a table.
func (x *tx) sendTable(ctx context.Context, t *pendingTable) error {
	if t.writes() == 0 {
		return nil
	}
	keys, err := x.keysOf(ctx, t.name)
	if err != nil {
		return err
	}
	operation, done := x.operation(ctx)
	defer done()
	l, err := x.keptClaims(operation, t, keys)
	if err != nil {
		return x.unsent(t, failed("reading what rows of "+t.name+" claim", err))
	}
	if err := x.sendInserts(operation, t); err != nil {
		return x.unsent(t, refused("inserting into "+t.name, err))
	}
	if err := x.sendChanges(operation, t); err != nil {
		return x.unsent(t, refused("changing rows of "+t.name, err))
	}
	if err := x.claim(operation, l); err != nil {
		return x.unsent(t, refused("claiming the values of rows of "+t.name, err))
	}
	x.pending.writes -= t.writes()
	x.pending.size -= t.size
	t.inserts, t.updates, t.deletes, t.size = nil, nil, nil, 0
	clear(t.updated)
	clear(t.deleted)
	return nil
}

func (x *tx) sendInserts(ctx context.Context, t *pendingTable) error {
	if len(t.inserts) == 0 {
		return nil
	}
	if t.unplaced && x.session == nil {
		if err := x.countStamps(ctx, t); err != nil {
			return err
		}
	}
	collection := x.t.db.Collection(t.name)
	if x.session == nil {
		if err := x.rememberNew(ctx, collection, t.inserts); err != nil {
			return err
		}
	}
	_, err := collection.InsertMany(ctx, t.inserts, options.InsertMany().SetOrdered(true))
	return err
}

// rememberNew keeps which rows are about to be there, for taking them back. It
// refuses rows that are there already, for these are not to be taken back; where a server
// stops at a row that it refuses is not relied on.
func (x *tx) rememberNew(ctx context.Context, collection *driver.Collection, rows []any) error {
	keys, seen := make([]any, len(rows)), map[any]bool{}
	for i, row := range rows {
		keys[i] = row.(bson.D)[0].Value
		seen[keys[i]] = true
	}
	taken, err := collection.CountDocuments(ctx, amongKeys(keys))
	if err != nil {
		return err
	}
	if taken > 0 || len(seen) < len(keys) {
		return errKeptBack
	}
	x.remember(func(ctx context.Context) error {
		_, err := collection.DeleteMany(ctx, amongKeys(keys))
		return err
	})
	return nil
}

// countStamps stamps the rows that are appended to a log on a server without transactions.
func (x *tx) countStamps(ctx context.Context, t *pendingTable) error {
	last, err := x.t.tick(ctx, t.name, int64(len(t.inserts)))
	if err != nil {
		return err
	}
	for i, row := range t.inserts {
		d := row.(bson.D)
		d[len(d)-1].Value = last - int64(len(t.inserts)-1-i)
	}
	return nil
}

func (x *tx) sendChanges(ctx context.Context, t *pendingTable) error {
	if len(t.updates)+len(t.deletes) == 0 {
		return nil
	}
	collection := x.t.db.Collection(t.name)
	if x.session == nil {
		if err := x.rememberRows(ctx, collection, t.changed()); err != nil {
			return err
		}
	}
	matched, err := x.t.change(ctx, collection, t.updates)
	if err == nil && matched != int64(len(t.updates)) {
		return errKeptBack
	}
	if err == nil && len(t.deletes) > 0 {
		_, err = collection.DeleteMany(ctx, amongKeys(t.deletes))
	}
	return err
}

// change does changes in their order and returns how many rows were updated.
func (t *Tenant) change(ctx context.Context, c *driver.Collection, changes []driver.WriteModel) (matched int64, err error) {
	together := len(changes)
	if !t.store.transactions {
		together = changesAlone
	}
	for part := range slices.Chunk(changes, max(together, 1)) {
		result, err := c.BulkWrite(ctx, part, options.BulkWrite().SetOrdered(true))
		if err != nil {
			return matched, err
		}
		matched += result.MatchedCount
	}
	return matched, nil
}

// changed are the keys of rows that are updated or deleted.
func (t *pendingTable) changed() []any {
	keys := make([]any, 0, len(t.updated)+len(t.deleted))
	for key := range t.updated {
		keys = append(keys, int64(key))
	}
	for key := range t.deleted {
		if !t.updated[key] {
			keys = append(keys, int64(key))
		}
	}
	return keys
}

// rememberRows keeps what rows were before they are changed or deleted.
func (x *tx) rememberRows(ctx context.Context, c *driver.Collection, keys []any) error {
	cursor, err := c.Find(ctx, amongKeys(keys))
	if err != nil {
		return err
	}
	var before []driver.WriteModel
	for cursor.Next(ctx) {
		row := slices.Clone(cursor.Current)
		before = append(before, driver.NewReplaceOneModel().SetUpsert(true).
			SetFilter(bson.D{{Key: keyField, Value: row.Lookup(keyField)}}).SetReplacement(row))
	}
	if err := cursor.Err(); err != nil {
		return err
	}
	x.remember(func(ctx context.Context) error {
		_, err := x.t.change(ctx, c, before)
		return err
	})
	return nil
}

// unsent ends the run for an error of what was sent. Where the server refused it, fn is
// left at once: what it was told before was not so.
func (x *tx) unsent(t *pendingTable, err error) error {
	if isRefusal(err) || errors.Is(err, errKeptBack) || x.session == nil && hasCode(err, codeInternalError) {
		x.lost, x.wentOn = errKeptBack, true
		panic(left{})
	}
	if transient(err) {
		for key := range t.updated {
			x.met = append(x.met, row{t.name, key})
		}
		for key := range t.locked {
			x.met = append(x.met, row{t.name, key})
		}
	}
	x.lost = err // on a standalone server, too: it is not known what was done
	return err
}

// throughLookups reports whether a read reaches other tables than its own.
func throughLookups(filter query.Filter, refs ...query.Ref) bool {
	return hasHops(filter) || slices.ContainsFunc(refs, func(r query.Ref) bool { return len(r.Hops) > 0 })
}

package mongo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"formwork/engine/id"
)

// A row claims its values in unique keys (see unique.go) in the transaction that writes it:
// once the row is inserted, changed or deleted, the claims that it no longer has are
// released, and those that it has now are made. Those of rows that are sent together are
// sent together, too: what counts is who had a claim before and who has it after, as long
// as nobody took one that another still had.

// keysOf are the keys that rows of a table claim. The transaction commits only if they still
// are these.
func (x *tx) keysOf(ctx context.Context, table string) ([]uniqueKey, error) {
	if x.claiming == nil {
		known, err := x.t.claims(ctx)
		if err != nil {
			return nil, x.note(err)
		}
		x.claiming = known
	}
	return x.claiming.keys[table], nil
}

// outdated reports whether the transaction knew of other keys than there are. It is for after
// the registry was asked.
func (x *tx) outdated() bool { return x.claiming != nil && x.claiming != x.t.claiming.Load() }

// newClaim is a claim as a document.
func newClaim(claim string, row id.ID) bson.D {
	return bson.D{{Key: keyField, Value: claim}, {Key: rowField, Value: int64(row)}}
}

// ledger follows who has which claims while rows of a table are written.
type ledger struct {
	table  string
	keys   []uniqueKey
	rows   map[id.ID]map[string]any // the values of rows in the keys, by field
	before map[string]id.ID         // who had a claim
	after  map[string]id.ID         // who has it
	taken  map[string]bool          // somebody took it that may be another row's
}

func newLedger(table string, keys []uniqueKey) *ledger {
	return &ledger{table: table, keys: keys, rows: map[id.ID]map[string]any{}, before: map[string]id.ID{}, after: map[string]id.ID{}, taken: map[string]bool{}}
}

// inKeys reports whether a field is of one of the keys.
func inKeys(keys []uniqueKey, name string) bool {
	return slices.ContainsFunc(keys, func(key uniqueKey) bool {
		return slices.ContainsFunc(key.Columns, func(c unmadeColumn) bool { return c.Field == name })
	})
}

// columns are the fields of keys, as a projection.
func columns(keys []uniqueKey) bson.D {
	shown, seen := bson.D{}, map[string]bool{}
	for _, key := range keys {
		for _, c := range key.Columns {
			if !seen[c.Field] {
				seen[c.Field] = true
				shown = append(shown, bson.E{Key: c.Field, Value: 1})
			}
		}
	}
	return shown
}

// has notes a row as it was before.
func (l *ledger) has(document bson.Raw) error {
	values, err := valuesOf(document, l.keys)
	if err != nil {
		return err
	}
	row := id.ID(document.Lookup(keyField).AsInt64())
	l.rows[row] = values
	for _, key := range l.keys {
		if claim, ok := key.claim(l.table, values); ok {
			if _, taken := l.before[claim]; taken {
				return errKeptBack // of a key that is being filled, in which rows are alike
			}
			l.before[claim], l.after[claim] = row, row
		}
	}
	return nil
}

// valuesOf are the values of a row in keys, by field.
func valuesOf(document bson.Raw, keys []uniqueKey) (map[string]any, error) {
	values := map[string]any{}
	for _, key := range keys {
		for _, c := range key.Columns {
			v := document.Lookup(c.Field)
			decoded, err := decode(bsoncore.Value{Type: v.Type, Data: v.Value}, storages[c.Storage])
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", c.Field, err)
			}
			values[c.Field] = decoded
		}
	}
	return values, nil
}

// set changes values of a row; ok is false if another row has them in a key.
func (l *ledger) set(row id.ID, changed bson.D) (ok bool) {
	before := l.rows[row]
	values := maps.Clone(before)
	if values == nil {
		values = map[string]any{}
	}
	for _, e := range changed {
		if inKeys(l.keys, e.Key) {
			values[e.Key] = e.Value
		}
	}
	l.rows[row] = values
	for _, key := range l.keys {
		had, held := key.claim(l.table, before)
		has, holds := key.claim(l.table, values)
		if held == holds && had == has {
			continue
		}
		if held && l.after[had] == row {
			delete(l.after, had)
		}
		if !holds {
			continue
		}
		if owner, taken := l.after[has]; taken && owner != row {
			return false
		}
		l.after[has] = row
		if _, known := l.before[has]; !known {
			l.taken[has] = true
		}
	}
	return true
}

// gone notes that a row is deleted.
func (l *ledger) gone(row id.ID) {
	for _, key := range l.keys {
		if claim, ok := key.claim(l.table, l.rows[row]); ok && l.after[claim] == row {
			delete(l.after, claim)
		}
	}
	delete(l.rows, row)
}

// settled is what became of the claims: those that are made, and those that are released,
// with the rows that had them. One that passes from a row to another is both.
func (l *ledger) settled() (made, released, from []any) {
	for claim, row := range l.after {
		if had, ok := l.before[claim]; !ok || had != row {
			made = append(made, newClaim(claim, row))
		}
	}
	for claim, row := range l.before {
		if has, ok := l.after[claim]; !ok || has != row {
			released, from = append(released, claim), append(from, int64(row))
		}
	}
	return made, released, from
}

// claim sends what became of claims; l is nil if there are no keys.
func (x *tx) claim(ctx context.Context, l *ledger) error {
	if l == nil {
		return nil
	}
	made, released, from := l.settled()
	if err := x.release(ctx, released, from); err != nil || len(made) == 0 {
		return err
	}
	collection := x.t.db.Collection(claims)
	if x.undoable() {
		if err := x.rememberNew(ctx, collection, made); err != nil {
			return err
		}
	}
	_, err := collection.InsertMany(ctx, made, options.InsertMany().SetOrdered(true))
	return err
}

// release removes claims, as far as they are those of rows: one of a key that is being
// filled may be that of a row that is alike.
func (x *tx) release(ctx context.Context, released, rows []any) error {
	if len(released) == 0 {
		return nil
	}
	collection := x.t.db.Collection(claims)
	if x.undoable() {
		if err := x.rememberRows(ctx, collection, released); err != nil {
			return err
		}
	}
	_, err := collection.DeleteMany(ctx, append(amongKeys(released), bson.E{Key: rowField, Value: bson.D{{Key: "$in", Value: rows}}}))
	return err
}

// keptClaims is what becomes of the claims of rows that were kept back; nil without keys.
// Rows that are changed are read as they are before.
func (x *tx) keptClaims(ctx context.Context, t *pendingTable, keys []uniqueKey) (*ledger, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	l := newLedger(t.name, keys)
	inserted := map[id.ID]bool{}
	for _, one := range t.inserts {
		inserted[rowOf(one.(bson.D))] = true
	}
	var before []any
	asked := map[id.ID]bool{}
	ask := func(row id.ID) {
		if !inserted[row] && !asked[row] {
			asked[row] = true
			before = append(before, int64(row))
		}
	}
	for _, change := range t.updates {
		if row, _, touches := changeOf(change, keys); touches {
			ask(row)
		}
	}
	for _, row := range t.deletes {
		ask(id.ID(row.(int64)))
	}
	if err := x.readKeys(ctx, l, before); err != nil {
		return nil, err
	}
	for _, one := range t.inserts {
		if !l.set(rowOf(one.(bson.D)), one.(bson.D)[1:]) {
			return nil, errKeptBack
		}
	}
	for _, change := range t.updates {
		if row, set, touches := changeOf(change, keys); touches && !l.set(row, set) {
			return nil, errKeptBack
		}
	}
	for _, row := range t.deletes {
		l.gone(id.ID(row.(int64)))
	}
	for claim := range l.taken {
		if _, has := l.after[claim]; !has {
			return nil, errKeptBack // it would not be sent, and nobody would refuse it
		}
	}
	return l, nil
}

// readKeys notes rows as they are before they are changed.
func (x *tx) readKeys(ctx context.Context, l *ledger, rows []any) error {
	if len(rows) == 0 {
		return nil
	}
	cursor, err := x.t.db.Collection(l.table).Find(ctx, amongKeys(rows), options.Find().SetProjection(columns(l.keys)))
	if err != nil {
		return err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for cursor.Next(ctx) {
		if err := l.has(cursor.Current); err != nil {
			return err
		}
	}
	return cursor.Err()
}

func rowOf(document bson.D) id.ID { return id.ID(document[0].Value.(int64)) }

// changeOf is what an update that was kept back does to a row; touches: to fields of keys.
func changeOf(change driver.WriteModel, keys []uniqueKey) (row id.ID, set bson.D, touches bool) {
	update := change.(*driver.UpdateOneModel)
	set = setBy(update.Update.(bson.D))
	return rowOf(update.Filter.(bson.D)), set, slices.ContainsFunc(set, func(e bson.E) bool { return inKeys(keys, e.Key) })
}

// releaseDeleted releases what rows that were deleted claimed.
func (x *tx) releaseDeleted(ctx context.Context, table string, keys []uniqueKey, rows []any) error {
	var released, from []any
	for _, row := range rows {
		document := row.(bson.Raw)
		values, err := valuesOf(document, keys)
		if err != nil {
			return err
		}
		from = append(from, document.Lookup(keyField).AsInt64())
		for _, key := range keys {
			if claim, ok := key.claim(table, values); ok {
				released = append(released, claim)
			}
		}
	}
	return x.release(ctx, released, from)
}

// claimNow has a row that was just written claim its values; before is how it was, nil if it
// is new. It tells which key refuses it. Without transactions, all that was done since undo
// is taken back then.
func (x *tx) claimNow(ctx context.Context, table string, keys []uniqueKey, before bson.Raw, row id.ID, changed bson.D, undo int) error {
	for i := range keys {
		l := newLedger(table, keys[i:i+1])
		if before != nil {
			if err := l.has(before); err != nil {
				return err
			}
		}
		l.set(row, changed)
		err := x.claim(ctx, l)
		if err == nil {
			continue
		}
		if err == errKeptBack || driver.IsDuplicateKeyError(err) {
			err = notUnique(keys[i].Name, err)
		}
		if x.session == nil {
			if failure := x.takeBack(ctx, undo); failure != nil {
				x.lost = failure
				return failure
			}
		}
		return failed("claiming the values of a row of "+table, err)
	}
	return nil
}

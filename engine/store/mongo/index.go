package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	keyIndex   = "_id_"   // every collection has it
	wordsIndex = "_words" // of tables with Search

	mostIndexes = 64 // that the server lets a collection have
	ofItself    = 3  // of the key, of words or a log, of shards
)

// Index implements store.Tenant. The server builds indexes while others read and
// write. What stands in the way of a new index goes first, everything else that is
// not wanted last.
func (t *Tenant) Index(ctx context.Context, table string, indexes []store.Index) error {
	leave, err := t.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return untilUnchanged(ctx, func() error { return t.index(ctx, table, indexes) })
}

// index is a try of Index.
func (t *Tenant) index(ctx context.Context, table string, indexes []store.Index) error {
	known, err := t.defined(ctx, table)
	if err != nil {
		return err
	}
	d := known[table]
	var keys []store.Index
	if d.Claimed {
		keys, indexes = claimed(indexes)
	}
	if d.Unmade != nil {
		if err := t.indexUnmade(ctx, table, d, keys, indexes); err != nil {
			return err
		}
		return t.confirmAlone(ctx)
	}
	existing, err := t.built(ctx, table, known)
	if err != nil {
		return err
	}
	var missing, obsolete []store.Index
	for _, want := range indexes {
		if !slices.ContainsFunc(existing, func(have store.Index) bool { return same(have, want) }) {
			missing = append(missing, want)
		}
	}
	collection := t.db.Collection(table)
	for _, have := range existing {
		if slices.ContainsFunc(indexes, func(want store.Index) bool { return same(have, want) }) {
			continue
		}
		if slices.ContainsFunc(missing, func(want store.Index) bool { return collides(have, want) }) {
			if err := dropIndex(ctx, collection, have.Name); err != nil {
				return err
			}
			continue
		}
		obsolete = append(obsolete, have)
	}
	// What is not wanted serves until the new ones are there, where both have room; unique
	// indexes go last, since they hold until keys are filled.
	slices.SortStableFunc(obsolete, func(a, b store.Index) int {
		switch {
		case a.Unique == b.Unique:
			return 0
		case a.Unique:
			return 1
		}
		return -1
	})
	for len(obsolete) > 0 && len(existing)+len(missing)+ofItself > mostIndexes && !(d.Claimed && obsolete[0].Unique) {
		if err := dropIndex(ctx, collection, obsolete[0].Name); err != nil {
			return err
		}
		obsolete, existing = obsolete[1:], existing[1:]
	}
	if err := t.store.build(ctx, collection, missing, false); err != nil {
		return err
	}
	if d.Claimed {
		if err := t.claimKeys(ctx, table, d, keys); err != nil {
			return err
		}
	}
	for _, have := range obsolete {
		if err := dropIndex(ctx, collection, have.Name); err != nil {
			return err
		}
	}
	return t.confirmAlone(ctx)
}

// indexUnmade is index for a table that has no collection, and so no rows.
func (t *Tenant) indexUnmade(ctx context.Context, table string, d definition, keys, indexes []store.Index) error {
	next := bson.E{Key: "unmade", Value: d.Unmade.next(indexes)}
	if !d.Claimed || len(keys)+len(d.Unique) == 0 {
		return t.redefine(ctx, table, d.Unmade, bson.D{{Key: "$set", Value: bson.D{next}}})
	}
	return t.declare(ctx, func(ctx context.Context, number int64) error {
		unique := bson.D{}
		for _, index := range keys {
			key := declared(index, number, false)
			unique = append(unique, bson.E{Key: field(index.Name), Value: key.Value})
		}
		return t.redefine(ctx, table, d.Unmade, bson.D{{Key: "$set", Value: bson.D{next, {Key: "unique", Value: unique}}}})
	})
}

// Indexes implements store.Tenant.
func (t *Tenant) Indexes(ctx context.Context, table string) ([]store.Index, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	return t.indexes(ctx, table)
}

func (t *Tenant) indexes(ctx context.Context, table string) ([]store.Index, error) {
	known, err := t.defined(ctx, table)
	if err != nil {
		return nil, err
	}
	return t.indexesOf(ctx, table, known)
}

// indexesOf are the indexes of a table whose definition is known: those that its collection
// has, or is going to have.
func (t *Tenant) indexesOf(ctx context.Context, table string, known map[string]definition) ([]store.Index, error) {
	listed, err := t.built(ctx, table, known)
	if err != nil {
		return nil, err
	}
	return known[table].withKeys(listed), nil
}

// built are those that the server builds.
func (t *Tenant) built(ctx context.Context, table string, known map[string]definition) ([]store.Index, error) {
	if d := known[table]; d.Unmade != nil {
		return d.Unmade.indexes(), nil
	}
	cursor, err := t.db.Collection(table).Indexes().List(ctx)
	if hasCode(err, codeNamespaceNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("listing the indexes of "+table, err)
	}
	var listed []struct {
		Name   string   `bson:"name"`
		Key    bson.Raw `bson:"key"`
		Unique bool     `bson:"unique"`
	}
	if err := cursor.All(ctx, &listed); err != nil {
		return nil, failed("listing the indexes of "+table, err)
	}
	var all []store.Index
	for _, l := range listed {
		if l.Name == keyIndex || l.Name == wordsIndex || l.Name == logIndex || l.Name == shardIndex {
			continue
		}
		index := store.Index{Name: l.Name, Unique: l.Unique}
		keys, err := l.Key.Elements()
		if err != nil {
			return nil, fmt.Errorf("mongo: reading index %s of %s: %w", l.Name, table, err)
		}
		for _, k := range keys {
			direction, _ := k.Value().AsInt64OK()
			c := query.Column{Name: column(k.Key()), Storage: storages[known[table].Columns[k.Key()]]}
			if k.Key() == keyField {
				c = query.ID
			}
			index.Columns = append(index.Columns, store.IndexColumn{Column: c, Descending: direction < 0})
		}
		all = append(all, withoutKey(index))
	}
	return all, nil
}

// build makes indexes: those that are not unique in one pass over the rows, then
// each unique one, so that a fault names the one that can't be.
func (s *Store) build(ctx context.Context, c *driver.Collection, indexes []store.Index, words bool) error {
	var plain []driver.IndexModel
	if words {
		plain = append(plain, driver.IndexModel{
			Keys:    bson.D{{Key: wordsField, Value: 1}},
			Options: options.Index().SetName(wordsIndex),
		})
	}
	for _, index := range indexes {
		if !index.Unique {
			plain = append(plain, model(index))
		}
	}
	if len(plain) > 0 {
		if _, err := c.Indexes().CreateMany(ctx, plain, s.building()); err != nil {
			return failed("building indexes of "+c.Name(), err)
		}
	}
	for _, index := range indexes {
		if !index.Unique {
			continue
		}
		_, err := c.Indexes().CreateOne(ctx, model(index), s.building())
		if err == nil {
			continue
		}
		if driver.IsDuplicateKeyError(err) || hasDuplicates(ctx, c, index) {
			return notUnique(index.Name, err)
		}
		return failed("building index "+index.Name+" of "+c.Name(), err)
	}
	return nil
}

// building lets an index be ready once most members have it. Without it the server waits
// for all of them, so that one that is down would keep every change of a configuration
// from ending.
func (s *Store) building() *options.CreateIndexesOptions {
	o := options.CreateIndexes()
	if s.transactions {
		o.SetCommitQuorumMajority()
	}
	return o
}

// hasDuplicates finds out why a unique index could not be built where the server
// does not say it plainly.
func hasDuplicates(ctx context.Context, c *driver.Collection, index store.Index) bool {
	held, key := bson.D{}, bson.D{}
	for i, column := range index.Columns {
		name := field(column.Column.Name)
		held = append(held, bson.E{Key: name, Value: bson.D{{Key: "$ne", Value: nil}}})
		key = append(key, bson.E{Key: keyName(i), Value: "$" + name})
	}
	cursor, err := c.Aggregate(ctx, driver.Pipeline{
		{{Key: "$match", Value: held}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: key}, {Key: "n", Value: bson.D{{Key: "$sum", Value: 1}}}}}},
		{{Key: "$match", Value: bson.D{{Key: "n", Value: bson.D{{Key: "$gt", Value: 1}}}}}},
		{{Key: "$limit", Value: 1}},
	}, options.Aggregate().SetAllowDiskUse(true))
	if err != nil {
		return false
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	return cursor.Next(ctx)
}

// model is the server's form of an index. Rows that are alike in its columns come
// in the order of their keys, so that a sort that ends with the id needs no other
// index. A unique one holds only rows in which every column has a value; being
// absent is being empty.
func model(index store.Index) driver.IndexModel {
	keys, present := bson.D{}, bson.D{}
	direction := int32(1)
	for _, c := range withoutKey(index).Columns {
		direction = 1
		if c.Descending {
			direction = -1
		}
		keys = append(keys, bson.E{Key: field(c.Column.Name), Value: direction})
		if c.Column.Name != query.ID.Name {
			present = append(present, bson.E{Key: field(c.Column.Name), Value: bson.D{{Key: "$exists", Value: true}}})
		}
	}
	o := options.Index().SetName(index.Name)
	if index.Unique {
		return driver.IndexModel{Keys: keys, Options: o.SetUnique(true).SetPartialFilterExpression(present)}
	}
	if !slices.ContainsFunc(keys, func(e bson.E) bool { return e.Key == keyField }) {
		keys = append(keys, bson.E{Key: keyField, Value: direction})
	}
	return driver.IndexModel{Keys: keys, Options: o}
}

// withoutKey returns an index without the id at its end, which every index that
// is not unique has in the direction of the column before.
func withoutKey(index store.Index) store.Index {
	last := len(index.Columns) - 1
	if !index.Unique && last > 0 && index.Columns[last].Column.Name == query.ID.Name &&
		index.Columns[last].Descending == index.Columns[last-1].Descending {
		index.Columns = index.Columns[:last]
	}
	return index
}

// withKey is an index as it is: with the id that it ends with unless it is unique.
func withKey(index store.Index) store.Index {
	last := len(index.Columns) - 1
	isKey := func(c store.IndexColumn) bool { return c.Column.Name == query.ID.Name }
	if !index.Unique && !slices.ContainsFunc(index.Columns, isKey) {
		index.Columns = append(slices.Clip(index.Columns), store.IndexColumn{Column: query.ID, Descending: index.Columns[last].Descending})
	}
	return index
}

func dropIndex(ctx context.Context, c *driver.Collection, name string) error {
	_, err := c.Indexes().DropOne(ctx, name)
	if hasCode(err, codeIndexNotFound, codeNamespaceNotFound) {
		return nil
	}
	return failed("dropping index "+name+" of "+c.Name(), err)
}

// same holds for indexes that are alike in everything.
func same(a, b store.Index) bool { return a.Name == b.Name && alike(a, b) }

// alike holds for indexes that differ in their names at most.
func alike(a, b store.Index) bool {
	a, b = withoutKey(a), withoutKey(b)
	return a.Unique == b.Unique && slices.EqualFunc(a.Columns, b.Columns, func(x, y store.IndexColumn) bool {
		return x.Column.Name == y.Column.Name && x.Descending == y.Descending
	})
}

// collides holds for indexes that the server does not keep beside each other.
func collides(a, b store.Index) bool { return a.Name == b.Name || alike(a, b) }

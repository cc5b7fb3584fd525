package mongo

import (
	"context"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
)

// A table is spread over shards by the hash of one column: its id, unless rows are mostly
// asked for by another. Ids are made in the order of time, so by their value all new rows
// would go to one shard.
//
// The server holds a unique index only if the rows that it compares are on one shard, so
// the unique keys of a table that is spread are kept in a table of keys; see unique.go. They
// are in it before the unique indexes go and the table is spread, so that whatever ends
// this at any point, no duplicate gets by, and the next Spread goes on.

// shardIndex is the index of the column by which rows are spread.
const shardIndex = "_shard"

// Spread implements store.Spreader. The server must be a mongos.
func (s *Store) Spread(ctx context.Context, name string, by map[string]query.Column) (kept []string, err error) {
	if !s.router {
		return nil, fault.New(fault.Invalid, "mongo.not_sharded")
	}
	handle, err := s.Tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	t := handle.(*Tenant)
	leave, err := t.changing(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	tables, kept, err := t.spreadable(ctx, slices.Sorted(maps.Keys(by)))
	if err != nil {
		return kept, err
	}
	if err := createCollection(ctx, t.db.Collection(claims)); err != nil {
		return kept, err
	}
	if err := t.shard(ctx, claims, query.ID); err != nil {
		return kept, err
	}
	// The keys of all tables are declared first, so that writes are waited for once.
	for _, table := range tables {
		if err := t.beginClaiming(ctx, table); err != nil {
			return kept, err
		}
	}
	for _, table := range tables {
		_, indexes, err := t.claimableIndexes(ctx, table)
		if err == nil {
			err = untilUnchanged(ctx, func() error { return t.index(ctx, table, indexes) })
		}
		if err == nil {
			err = t.shard(ctx, table, by[table])
		}
		if err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// spreadable parts tables that are defined into those that can be spread, which get their
// collections, and those that can't.
func (t *Tenant) spreadable(ctx context.Context, names []string) (tables, kept []string, err error) {
	known, err := t.defined(ctx, names...)
	if err != nil {
		return nil, nil, err
	}
	for _, table := range names {
		if d, exists := known[table]; !exists || d.Dropped {
			continue
		}
		if err := t.makeCollection(ctx, table); err != nil {
			return nil, nil, err
		}
		_, indexes, err := t.claimableIndexes(ctx, table)
		if err != nil {
			return nil, nil, err
		}
		if slices.ContainsFunc(indexes, func(index store.Index) bool { return index.Unique && !claimable(index) }) {
			kept = append(kept, table)
			continue
		}
		tables = append(tables, table)
	}
	return tables, kept, nil
}

// claimableIndexes are the definition and the indexes of a table, with keys that are being
// filled.
func (t *Tenant) claimableIndexes(ctx context.Context, table string) (definition, []store.Index, error) {
	known, err := t.defined(ctx, table)
	if err != nil {
		return definition{}, nil, err
	}
	d := known[table]
	indexes, err := t.indexesOf(ctx, table, known)
	for _, key := range d.Unique {
		if !slices.ContainsFunc(indexes, func(have store.Index) bool { return have.Name == key.Name }) {
			indexes = append(indexes, key.index())
		}
	}
	return d, indexes, err
}

// beginClaiming has the unique keys of a table, which its unique indexes go on to hold,
// claimed by all that is written from now on.
func (t *Tenant) beginClaiming(ctx context.Context, table string) error {
	d, indexes, err := t.claimableIndexes(ctx, table)
	if err != nil {
		return err
	}
	if !d.Claimed {
		_, err := t.db.Collection(definitions).UpdateOne(ctx, bson.D{{Key: "_id", Value: table}}, bson.D{{Key: "$set", Value: bson.D{{Key: "claimed", Value: true}}}})
		if err != nil {
			return failed("declaring the keys of "+table, err)
		}
	}
	keys, _ := claimed(indexes)
	return t.declareKeys(ctx, table, d, keys)
}

// shard shards a collection. Doing it again changes nothing.
func (t *Tenant) shard(ctx context.Context, table string, by query.Column) error {
	key := bson.D{{Key: field(by.Name), Value: "hashed"}}
	_, err := t.db.Collection(table).Indexes().CreateOne(ctx,
		driver.IndexModel{Keys: key, Options: options.Index().SetName(shardIndex)}, t.store.building())
	if err != nil {
		return failed("building the index that spreads "+table, err)
	}
	err = t.store.client.Database("admin").RunCommand(ctx, bson.D{
		{Key: "shardCollection", Value: t.db.Name() + "." + table}, {Key: "key", Value: key}}).Err()
	return failed("spreading "+table, err)
}

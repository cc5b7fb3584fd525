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
// The server holds a unique index only if the rows that it compares are on one shard, so a
// table with a unique index besides its key is not spread.

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
	for _, table := range slices.Sorted(maps.Keys(by)) {
		known, err := t.defined(ctx, table)
		if err != nil {
			return kept, err
		}
		if d, exists := known[table]; !exists || d.Dropped {
			continue
		}
		indexes, err := t.indexesOf(ctx, table, known)
		if err != nil {
			return kept, err
		}
		if slices.ContainsFunc(indexes, func(index store.Index) bool { return index.Unique }) {
			kept = append(kept, table)
			continue
		}
		if err := t.spread(ctx, table, by[table]); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// spread shards the collection of a table, which is made if there is none. Doing it again
// changes nothing.
func (t *Tenant) spread(ctx context.Context, table string, by query.Column) error {
	if err := t.makeCollection(ctx, table); err != nil {
		return err
	}
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

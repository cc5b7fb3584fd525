package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// A collection is made, with its indexes, when the first row of its table is inserted:
// most tables of most tenants stay empty, and a server keeps files, memory and time for
// each collection and index of each tenant. Until then the table is a definition. What is
// read of a collection that is not there is nothing, and costs nothing.

// definitions is the collection that knows tables and the storage of their
// columns. The names of tables hold no ".", so it is none of them.
const definitions = "formwork.tables"

// definition is one of its documents.
type definition struct {
	Table   string            `bson:"_id"`
	Columns map[string]string `bson:"columns"` // storage tag by field
	Search  bool              `bson:"search"`
	Log     bool              `bson:"log"`
	Unmade  *unmade           `bson:"unmade,omitempty"` // nil: there is a collection
	// Claimed: unique keys are kept in the table of keys, Unique by the fields of their names.
	Claimed bool                 `bson:"claimed,omitempty"`
	Unique  map[string]uniqueKey `bson:"unique,omitempty"`
	// Dropped: there was a table. One that is defined anew gets its collection at once, for
	// processes may remember that the former one had one.
	Dropped bool `bson:"dropped,omitempty"`
}

// unmade is what a table gets when its collection is made.
type unmade struct {
	// Changes counts the changes of the definition until then: each is made on the
	// condition that no other came between.
	Changes int64         `bson:"changes"`
	Indexes []unmadeIndex `bson:"indexes"`
}

type unmadeIndex struct {
	Name    string         `bson:"name"`
	Unique  bool           `bson:"unique"`
	Columns []unmadeColumn `bson:"columns"`
}

type unmadeColumn struct {
	Field      string `bson:"field"`
	Storage    string `bson:"storage"` // its tag
	Descending bool   `bson:"descending"`
}

// indexes are those of the definition, as the contract has them.
func (u *unmade) indexes() []store.Index {
	all := make([]store.Index, len(u.Indexes))
	for i, index := range u.Indexes {
		all[i] = store.Index{Name: index.Name, Unique: index.Unique, Columns: indexColumns(index.Columns)}
	}
	return all
}

// next is the definition's part after a change that leaves these indexes.
func (u *unmade) next(indexes []store.Index) *unmade {
	changed := &unmade{Changes: 1, Indexes: []unmadeIndex{}}
	if u != nil {
		changed.Changes = u.Changes + 1
	}
	for _, index := range indexes {
		index = withoutKey(index)
		changed.Indexes = append(changed.Indexes, unmadeIndex{index.Name, index.Unique, definedColumns(index)})
	}
	slices.SortFunc(changed.Indexes, func(a, b unmadeIndex) int { return strings.Compare(a.Name, b.Name) })
	return changed
}

func (t *Tenant) defined(ctx context.Context, tables ...string) (map[string]definition, error) {
	cursor, err := t.db.Collection(definitions).Find(ctx,
		bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: tables}}}})
	if err != nil {
		return nil, failed("reading the definitions of tables", err)
	}
	var all []definition
	if err := cursor.All(ctx, &all); err != nil {
		return nil, failed("reading the definitions of tables", err)
	}
	byName := make(map[string]definition, len(all))
	for _, d := range all {
		byName[d.Table] = d
		if d.Unmade == nil {
			t.collections.Store(d.Table, true)
		}
	}
	return byName, nil
}

// errChanged says that a definition is not as it was read.
var errChanged = errors.New("the definition of a table was changed meanwhile")

// untilUnchanged tries a change of a definition until no other came between.
func untilUnchanged(ctx context.Context, change func() error) error {
	for try := 1; ; try++ {
		if err := change(); err != errChanged {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// redefine changes the definition of a table that has no collection, unless that was
// changed since it was read; before is nil if there was none.
func (t *Tenant) redefine(ctx context.Context, table string, before *unmade, change bson.D) error {
	c := t.db.Collection(definitions)
	if before == nil {
		_, err := c.UpdateOne(ctx, bson.D{{Key: "_id", Value: table}, {Key: "defined", Value: bson.D{{Key: "$exists", Value: false}}}}, change, options.Update().SetUpsert(true))
		if driver.IsDuplicateKeyError(err) {
			return errChanged
		}
		return failed("recording the definition of table "+table, err)
	}
	result, err := c.UpdateOne(ctx, bson.D{{Key: "_id", Value: table}, {Key: "unmade.changes", Value: before.Changes}}, change)
	if err == nil && result.MatchedCount == 0 {
		return errChanged
	}
	return failed("recording the definition of table "+table, err)
}

// Define implements store.Tenant.
func (t *Tenant) Define(ctx context.Context, tables ...store.Table) error {
	leave, err := t.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = table.Name
	}
	known, err := t.defined(ctx, names...)
	if err != nil {
		return err
	}
	for _, table := range tables {
		err := untilUnchanged(ctx, func() error {
			err := t.define(ctx, table, known)
			if err == errChanged {
				if known, err = t.defined(ctx, names...); err == nil {
					err = errChanged
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return t.confirmAlone(ctx)
}

// define adds what a table lacks. Of a table that has a collection the definition is
// written last, so that what was interrupted is done again.
func (t *Tenant) define(ctx context.Context, table store.Table, known map[string]definition) error {
	before, exists := known[table.Name]
	exists = exists && !before.Dropped
	set := bson.D{}
	for _, c := range table.Columns {
		if _, has := before.Columns[field(c.Name)]; !has && c.Name != query.ID.Name {
			set = append(set, bson.E{Key: "columns." + field(c.Name), Value: c.Storage.Tag()})
		}
	}
	isNew := func(c store.IndexColumn) bool {
		_, has := before.Columns[field(c.Column.Name)]
		return !has && c.Column.Name != query.ID.Name
	}
	var indexes []store.Index
	for _, index := range table.Indexes {
		if !exists || index.Unique && slices.ContainsFunc(index.Columns, isNew) {
			indexes = append(indexes, index)
		}
	}
	var keys []store.Index
	if before.Claimed || !exists && t.store.tableOfKeys {
		keys, indexes = claimed(indexes)
		if !before.Claimed {
			set = append(set, bson.E{Key: "claimed", Value: true})
		}
	}
	words := table.Search && !before.Search
	log := table.Log && !before.Log
	if exists && len(set) == 0 && !words && !log {
		return nil
	}
	made := exists && before.Unmade == nil
	if made {
		collection := t.db.Collection(table.Name)
		if err := t.store.build(ctx, collection, indexes, words); err != nil {
			return err
		}
		if log {
			if err := t.defineLog(ctx, collection); err != nil {
				return err
			}
		}
	}
	if log {
		set = append(set, bson.E{Key: "log", Value: true})
	}
	if table.Search {
		set = append(set, bson.E{Key: "search", Value: true})
	}
	if exists && !made {
		indexes = append(before.Unmade.indexes(), indexes...)
	}
	record := func(ctx context.Context, number int64) error {
		set := slices.Clip(set)
		for _, key := range keys { // no row has values in them
			set = append(set, declared(key, number, false))
		}
		if made {
			_, err := t.db.Collection(definitions).UpdateOne(ctx, bson.D{{Key: "_id", Value: table.Name}}, bson.D{{Key: "$set", Value: set}})
			return failed("recording the definition of table "+table.Name, err)
		}
		set = append(set, bson.E{Key: "defined", Value: true}, bson.E{Key: "unmade", Value: before.Unmade.next(indexes)})
		return t.redefine(ctx, table.Name, before.Unmade, bson.D{{Key: "$set", Value: set}, {Key: "$unset", Value: bson.D{{Key: "dropped", Value: ""}}}})
	}
	var err error
	if len(keys) > 0 {
		err = t.declare(ctx, record)
	} else {
		err = record(ctx, 0)
	}
	if err == nil && !made && before.Dropped {
		err = t.makeCollection(ctx, table.Name)
	}
	return err
}

// isMade reports whether a table has a collection, or none is to be made since it is not
// defined. It remembers which tables of the tenant have one.
func (t *Tenant) isMade(ctx context.Context, table string) (bool, error) {
	if _, made := t.collections.Load(table); made {
		return true, nil
	}
	cursor, err := t.db.Collection(definitions).Find(ctx, bson.D{}, options.Find().SetProjection(bson.D{{Key: "unmade.changes", Value: 1}}))
	if err != nil {
		return false, failed("reading which tables have collections", err)
	}
	var all []definition
	if err := cursor.All(ctx, &all); err != nil {
		return false, failed("reading which tables have collections", err)
	}
	made := true // also where there is no definition, which another process may be about to write
	for _, d := range all {
		if d.Unmade == nil {
			t.collections.Store(d.Table, true)
		} else if d.Table == table {
			made = false
		}
	}
	return made, nil
}

// makeCollection makes the collection of a table, with its indexes. Several processes may
// do so at once; none inserts before all is there.
func (t *Tenant) makeCollection(ctx context.Context, table string) error {
	return untilUnchanged(ctx, func() error {
		known, err := t.defined(ctx, table)
		d := known[table]
		if err != nil || d.Unmade == nil {
			return err
		}
		collection := t.db.Collection(table)
		if err := createCollection(ctx, collection); err != nil {
			return err
		}
		if err := t.store.build(ctx, collection, d.Unmade.indexes(), d.Search); err != nil {
			return err
		}
		if d.Log {
			if err := t.defineLog(ctx, collection); err != nil {
				return err
			}
		}
		err = t.redefine(ctx, table, d.Unmade, bson.D{{Key: "$unset", Value: bson.D{{Key: "unmade", Value: ""}}}})
		if err == nil {
			t.collections.Store(table, true)
		}
		return err
	})
}

// errUnmade ends a transaction that met a table without a collection. That is made once the
// transaction has ended: making indexes waits for all that have read the table, it among them.
var errUnmade = errors.New("a table has no collection yet")

// intoMade makes sure, before a row is inserted, that the table has a collection.
func (x *tx) intoMade(ctx context.Context, table string) error {
	made, err := x.t.isMade(ctx, table)
	switch {
	case err != nil || made:
	case x.session == nil:
		err = x.t.makeCollection(ctx, table)
	default:
		x.unmade, err = table, errUnmade
	}
	return x.note(err)
}

// Drop implements store.Tenant. Removing columns visits every row; it can be
// repeated if it was interrupted.
func (t *Tenant) Drop(ctx context.Context, table string, columns ...string) error {
	leave, err := t.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	collection := t.db.Collection(table)
	if len(columns) == 0 {
		t.collections.Delete(table)
		if err := collection.Drop(ctx); err != nil {
			return failed("dropping table "+table, err)
		}
		return t.forget(ctx, table)
	}
	return untilUnchanged(ctx, func() error { return t.dropColumns(ctx, table, columns) })
}

// forget removes the definition of a table that was dropped, and what its rows claimed.
func (t *Tenant) forget(ctx context.Context, table string) error {
	known, err := t.defined(ctx, table)
	if err != nil {
		return err
	}
	forget := func(ctx context.Context, _ int64) error {
		_, err := t.db.Collection(definitions).ReplaceOne(ctx, bson.D{{Key: "_id", Value: table}}, bson.D{{Key: "dropped", Value: true}})
		return failed("forgetting table "+table, err)
	}
	if !known[table].Claimed {
		return forget(ctx, 0)
	}
	if err := t.declare(ctx, forget); err != nil {
		return err
	}
	return t.releaseAll(ctx, claimsOf(table))
}

// dropColumns removes columns with the indexes that they are in.
func (t *Tenant) dropColumns(ctx context.Context, table string, columns []string) error {
	collection := t.db.Collection(table)
	key := bson.D{{Key: "_id", Value: table}}
	fields, defined, dropped := bson.D{}, bson.D{}, bson.A{}
	for _, name := range columns {
		fields = append(fields, bson.E{Key: field(name), Value: ""})
		defined = append(defined, bson.E{Key: "columns." + field(name), Value: ""})
		dropped = append(dropped, bson.D{{Key: field(name), Value: bson.D{{Key: "$exists", Value: true}}}})
	}
	known, err := t.defined(ctx, table)
	if err != nil {
		return err
	}
	existing, err := t.built(ctx, table, known)
	if err != nil {
		return err
	}
	has := func(index store.Index) bool {
		return slices.ContainsFunc(index.Columns, func(c store.IndexColumn) bool { return slices.Contains(columns, c.Column.Name) })
	}
	var keys []uniqueKey
	for _, key := range known[table].Unique {
		if has(key.index()) {
			keys = append(keys, key)
		}
	}
	if err := t.undeclare(ctx, table, keys); err != nil {
		return err
	}
	if d := known[table]; d.Unmade != nil {
		rest := d.Unmade.next(slices.DeleteFunc(existing, has))
		return t.redefine(ctx, table, d.Unmade, bson.D{{Key: "$unset", Value: defined}, {Key: "$set", Value: bson.D{{Key: "unmade", Value: rest}}}})
	}
	for _, index := range existing {
		if has(index) {
			if err := dropIndex(ctx, collection, index.Name); err != nil {
				return err
			}
		}
	}
	if _, err := collection.UpdateMany(ctx, bson.D{{Key: "$or", Value: dropped}}, bson.D{{Key: "$unset", Value: fields}}); err != nil {
		return failed("dropping columns of table "+table, err)
	}
	_, err = t.db.Collection(definitions).UpdateOne(ctx, key, bson.D{{Key: "$unset", Value: defined}})
	return failed("forgetting columns of table "+table, err)
}

// storages maps the tags of columns back.
var storages = func() map[string]fieldtype.Storage {
	all := map[string]fieldtype.Storage{}
	for s := fieldtype.None; s <= fieldtype.JSON; s++ {
		all[s.Tag()] = s
	}
	return all
}()

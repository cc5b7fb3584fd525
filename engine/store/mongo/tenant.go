package mongo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Tenant is a store.Tenant: one database.
type Tenant struct {
	store *Store
	name  string
	made  primitive.ObjectID
	db    *driver.Database

	gone   atomic.Bool   // deleted
	seen   atomic.Int64  // when the registry was last asked, Unix ns
	writes sync.RWMutex  // held for reading by each write under way, for writing by end
	alone  chan struct{} // holds one element while a Write runs on a standalone server
	logs   sync.Map      // what is placed of each log, by table
	queues queues        // of writes for rows

	preparing sync.Mutex
	prepared  bool // under preparing: blobs have their indexes
}

var _ store.Tenant = (*Tenant)(nil)

// Name implements store.Tenant.
func (t *Tenant) Name() string { return t.name }

// end makes the handle fail from now on and waits for writes under way.
func (t *Tenant) end() {
	t.gone.Store(true)
	t.writes.Lock()
	defer t.writes.Unlock()
}

// Identity implements store.Tenant.
func (t *Tenant) Identity() string { return t.made.Hex() }

// ready fails if the tenant was deleted, by this process or, some seconds ago, by
// another.
func (t *Tenant) ready(ctx context.Context) error {
	if t.gone.Load() {
		return t.notFound()
	}
	if t.store.now().UnixNano()-t.seen.Load() < int64(checkEvery) {
		return nil
	}
	return t.confirm(ctx)
}

// confirm asks the registry whether the tenant is there. A write asks after all else, so
// that nothing is acknowledged of a tenant that was deleted: see Store.Delete.
func (t *Tenant) confirm(ctx context.Context) error {
	_, err := t.listing(ctx)
	return err
}

// listed finds the tenant's document in the registry, while the tenant is there.
func (t *Tenant) listed() bson.D {
	return bson.D{
		{Key: "_id", Value: t.name},
		{Key: "made", Value: t.made},
		{Key: "deleting", Value: bson.D{{Key: "$ne", Value: true}}},
	}
}

// listing is what the registry has of the tenant.
func (t *Tenant) listing(ctx context.Context) (l listing, err error) {
	now := t.store.now().UnixNano()
	switch err := t.store.tenants.FindOne(ctx, t.listed()).Decode(&l); err {
	case nil:
		t.seen.Store(now)
		return l, nil
	case driver.ErrNoDocuments:
		return l, t.isGone()
	default:
		return l, failed("finding a tenant", err)
	}
}

// isGone notes that the tenant was deleted.
func (t *Tenant) isGone() error {
	t.gone.Store(true)
	return t.notFound()
}

// confirmAlone is confirm after a change outside of a transaction. That may have made the
// database of a deleted tenant anew, which is nobody else's; it is dropped.
func (t *Tenant) confirmAlone(ctx context.Context) error {
	err := t.confirm(ctx)
	if fault.Is(err, "tenant.not_found") {
		if dropped := t.db.Drop(context.WithoutCancel(ctx)); dropped != nil {
			return fmt.Errorf("%w; dropping what was left of it: %w", err, dropped)
		}
	}
	return err
}

func (t *Tenant) notFound() error {
	return fault.New(fault.NotFound, "tenant.not_found", "tenant", t.name)
}

// changing is ready for what writes; leave must be called after.
func (t *Tenant) changing(ctx context.Context) (leave func(), err error) {
	exit, err := t.store.enter()
	if err != nil {
		return nil, err
	}
	t.writes.RLock()
	if err := t.ready(ctx); err != nil {
		t.writes.RUnlock()
		exit()
		return nil, err
	}
	return func() { t.writes.RUnlock(); exit() }, nil
}

// definitions is the collection that knows tables and the storage of their
// columns. The names of tables hold no ".", so it is none of them.
const definitions = "formwork.tables"

// definition is one of its documents.
type definition struct {
	Table   string            `bson:"_id"`
	Columns map[string]string `bson:"columns"` // storage tag by field
	Search  bool              `bson:"search"`
	Log     bool              `bson:"log"`
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
	}
	return byName, nil
}

// Define implements store.Tenant. Collections are made here, for transactions
// must find them made. A definition is written last, so that what was interrupted
// is done again.
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
		if err := t.define(ctx, table, known); err != nil {
			return err
		}
	}
	return t.confirmAlone(ctx)
}

func (t *Tenant) define(ctx context.Context, table store.Table, known map[string]definition) error {
	before, exists := known[table.Name]
	added := bson.D{}
	for _, c := range table.Columns {
		if _, has := before.Columns[field(c.Name)]; !has && c.Name != query.ID.Name {
			added = append(added, bson.E{Key: "columns." + field(c.Name), Value: c.Storage.Tag()})
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
	words := table.Search && !before.Search
	log := table.Log && !before.Log
	if exists && len(added) == 0 && !words && !log {
		return nil
	}
	collection := t.db.Collection(table.Name)
	if !exists {
		if err := createCollection(ctx, collection); err != nil {
			return err
		}
	}
	if err := t.store.build(ctx, collection, indexes, words); err != nil {
		return err
	}
	if log {
		if err := t.defineLog(ctx, collection); err != nil {
			return err
		}
		added = append(added, bson.E{Key: "log", Value: true})
	}
	if table.Search {
		added = append(added, bson.E{Key: "search", Value: true})
	}
	change := bson.D{{Key: "$setOnInsert", Value: bson.D{{Key: "defined", Value: true}}}}
	if len(added) > 0 {
		change = append(change, bson.E{Key: "$set", Value: added})
	}
	_, err := t.db.Collection(definitions).UpdateOne(ctx,
		bson.D{{Key: "_id", Value: table.Name}}, change, options.Update().SetUpsert(true))
	return failed("recording the definition of table "+table.Name, err)
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
	key := bson.D{{Key: "_id", Value: table}}
	if len(columns) == 0 {
		if err := collection.Drop(ctx); err != nil {
			return failed("dropping table "+table, err)
		}
		_, err := t.db.Collection(definitions).DeleteOne(ctx, key)
		return failed("forgetting table "+table, err)
	}
	fields, defined, dropped := bson.D{}, bson.D{}, bson.A{}
	for _, name := range columns {
		fields = append(fields, bson.E{Key: field(name), Value: ""})
		defined = append(defined, bson.E{Key: "columns." + field(name), Value: ""})
		dropped = append(dropped, bson.D{{Key: field(name), Value: bson.D{{Key: "$exists", Value: true}}}})
	}
	existing, err := t.indexes(ctx, table)
	if err != nil {
		return err
	}
	for _, index := range existing {
		if slices.ContainsFunc(index.Columns, func(c store.IndexColumn) bool { return slices.Contains(columns, c.Column.Name) }) {
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

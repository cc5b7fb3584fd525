// Package mongo keeps tenants in MongoDB 6 or later, a replica set or a sharded
// cluster: a database for each tenant, a collection for each table, a document
// for each row. It relies on nothing that servers compatible with MongoDB tend to
// lack: no change streams, collations, server-side schemas or $or in partial
// indexes.
//
// A document is {_id: <int64>, "<column>": <value>, …, _words: [<word>, …], _lock: <int64>},
// in a log with _position: <int64>, _stamp: <timestamp>; see log.go.
// Empty values are absent, integers are always 64 bits, JSON is kept as the text
// of its canonical form, and a "." in a column's name becomes "/". Unique keys of tables
// that are spread over shards are documents of a collection of their own; see unique.go.
//
// Writes are transactions with majority write concern. Each read runs on one
// snapshot of majority-committed data, taken at the primary, which holds every
// write that was acknowledged before; where a server has no snapshot reads
// outside transactions it reads with majority concern instead.
package mongo

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"sync"
	"time"
	"weak"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readconcern"
	"go.mongodb.org/mongo-driver/mongo/readpref"
	"go.mongodb.org/mongo-driver/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/x/mongo/driver/connstring"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Options are what the address of the server does not say.
type Options struct {
	// Database is the database that lists the tenants; if empty, the one that the
	// address names, or else "formwork". A tenant's own is called Database + "_" +
	// its name + "_" + its identity, so that a former tenant of the name had another.
	Database string
	// AllowStandalone accepts a server without transactions. What that loses: a
	// process that is killed within a Write leaves the part that was written, in
	// the order it was written; others see a Write while it is under way; and
	// Writes of several processes to the same rows are not kept apart. Within one
	// process the Writes of a tenant run one after the other, and one that fails
	// takes its changes back.
	AllowStandalone bool
	// TableOfKeys has unique keys of new tables kept in a table of keys from the start, as
	// those of tables that were spread are, and not by unique indexes: for servers that lack
	// partial indexes. It costs a command for the rows that are written together.
	TableOfKeys bool
	// MaxConnections bounds the pool of each server; 100 if 0. A maxPoolSize in the
	// address comes first.
	MaxConnections uint64
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

const (
	registry      = "tenants"       // collection of Options.Database
	checkEvery    = 5 * time.Second // how long a deletion by another process may go unnoticed
	selectServer  = 10 * time.Second
	maxDatabase   = 63 // bytes of a database's name
	leastServer   = "6.0"
	leastWire     = 17 // of the protocol, which leastServer speaks
	maxConnecting = 8
)

// Store is a store.Store on a MongoDB server.
type Store struct {
	client       *driver.Client
	tenants      *driver.Collection
	prefix       string
	now          func() time.Time
	transactions bool // false: a standalone server
	router       bool // a mongos, before shards
	tableOfKeys  bool // see Options.TableOfKeys
	snapshots    bool // reads outside transactions can have a snapshot
	maxKeys      int  // see defaultMaxKeys
	pageRows     int  // of logs
	writesEnd    time.Duration
	times        *times

	writes  sync.RWMutex // held for reading by each write under way, for writing by Close
	closed  bool         // under writes
	mu      sync.Mutex
	handles map[string]weak.Pointer[Tenant] // those somebody holds: one handle for each tenant
	marking sync.Mutex
	marked  map[string]bool // under marking: topics whose marks have their index
}

var _ store.Store = (*Store)(nil)

// Open connects to a server. Faults: "mongo.uri" (Invalid); "mongo.unavailable",
// "mongo.certificate", "mongo.login" or "mongo.not_allowed" (Unavailable) if no server
// answers, or not to us; "mongo.version" (Invalid) if it is too old; "mongo.standalone"
// (Invalid) if it is one without transactions and Options do not allow that.
func Open(ctx context.Context, uri string, o Options) (*Store, error) {
	if o.Database == "" {
		o.Database = named(uri)
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 100
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	seen := &times{}
	settings := options.Client().
		SetServerMonitor(seen.watch()).
		SetAppName("formwork").
		SetServerSelectionTimeout(selectServer).
		SetMaxPoolSize(o.MaxConnections).
		SetMaxConnecting(maxConnecting).
		ApplyURI(uri).
		SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(writeconcern.Majority())
	if settings.Validate() != nil {
		return nil, fault.New(fault.Invalid, "mongo.uri") // the cause may quote a password
	}
	client, err := driver.Connect(ctx, settings)
	if err != nil {
		return nil, fault.New(fault.Invalid, "mongo.uri")
	}
	s := &Store{
		client:  client,
		tenants: client.Database(o.Database).Collection(registry),
		prefix:  o.Database + "_",
		now:     o.Now,
		maxKeys: defaultMaxKeys, pageRows: pageRows, times: seen, tableOfKeys: o.TableOfKeys, writesEnd: writesEnd,
		handles: map[string]weak.Pointer[Tenant]{}, marked: map[string]bool{},
	}
	if err := s.inspect(ctx, o.AllowStandalone); err != nil {
		_ = client.Disconnect(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

// named is the database that an address names, "formwork" if there is none.
func named(uri string) string {
	if address, err := connstring.Parse(uri); err == nil && address.Database != "" {
		return address.Database
	}
	return "formwork"
}

// inspect finds out what the server can do.
func (s *Store) inspect(ctx context.Context, allowStandalone bool) error {
	var hello struct {
		SetName string `bson:"setName"`
		Message string `bson:"msg"`
		Wire    int    `bson:"maxWireVersion"`
	}
	if err := s.client.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return failed("greeting the server", err)
	}
	if hello.Wire < leastWire {
		return fault.New(fault.Invalid, "mongo.version", "least", leastServer)
	}
	s.router = hello.Message == "isdbgrid"
	s.transactions = hello.SetName != "" || s.router
	if !s.transactions {
		if !allowStandalone {
			return fault.New(fault.Invalid, "mongo.standalone")
		}
		return nil
	}
	// The registry must exist before a transaction or a snapshot meets it.
	if err := createCollection(ctx, s.tenants); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := s.glimpse(ctx)
		switch {
		case err == nil, err == driver.ErrNoDocuments:
			s.snapshots = true
			return nil
		case unreachable(err), givenUp(err):
			return failed("reading a snapshot", err)
		case !retryable(err) || try == readTries:
			return nil // there are none
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// glimpse reads a little of a snapshot.
func (s *Store) glimpse(ctx context.Context) error {
	session, err := s.client.StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return failed("starting a session", err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	return s.tenants.FindOne(driver.NewSessionContext(ctx, session), bson.D{}).Err()
}

// listing is a document of the registry.
type listing struct {
	Name     string             `bson:"_id"`
	Database string             `bson:"database"`
	Made     primitive.ObjectID `bson:"made"` // tells a tenant from a former one of its name
	Deleting bool               `bson:"deleting,omitempty"`
	Claiming int64              `bson:"claiming,omitempty"` // counts the changes of keys that rows claim; see unique.go
	Marks    map[string]dueMark `bson:"marks,omitempty"`    // by topic; see marks.go
}

// Tenant implements store.Store. A deletion by another process is noticed by the next
// write, and after five seconds at the latest.
func (s *Store) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.NotFound, "tenant.not_found", "tenant", name)
	}
	if t := s.handle(name); t != nil && t.ready(ctx) == nil {
		return t, nil
	}
	var l listing
	err := s.tenants.FindOne(ctx, bson.D{{Key: "_id", Value: name}}).Decode(&l)
	if err == driver.ErrNoDocuments || err == nil && l.Deleting {
		return nil, fault.New(fault.NotFound, "tenant.not_found", "tenant", name)
	}
	if err != nil {
		return nil, failed("finding a tenant", err)
	}
	return s.hold(l), nil
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, name string) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.Invalid, "tenant.name")
	}
	made := primitive.NewObjectIDFromTimestamp(s.now())
	l := listing{Name: name, Database: s.database(name, made), Made: made}
	_, err := s.tenants.InsertOne(ctx, l)
	if driver.IsDuplicateKeyError(err) {
		if err := s.finishDeletion(ctx, name); err != nil {
			return nil, err
		}
		_, err = s.tenants.InsertOne(ctx, l)
	}
	if driver.IsDuplicateKeyError(err) {
		return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name)
	}
	if err != nil {
		return nil, failed("creating a tenant", err)
	}
	return s.hold(l), nil
}

// Delete implements store.Store. It can be repeated if it was interrupted. Writes of
// other processes ask the registry after all that they wrote, before they commit: see
// Tenant.confirm. What they wrote before the database was dropped keeps the drop waiting
// for their commit; what they wrote after that was written after the tenant was marked.
func (s *Store) Delete(ctx context.Context, name string) error {
	key := bson.D{{Key: "_id", Value: name}}
	marked, err := s.tenants.UpdateOne(ctx, key, bson.D{{Key: "$set", Value: bson.D{{Key: "deleting", Value: true}}}})
	if err != nil {
		return failed("deleting a tenant", err)
	}
	if marked.MatchedCount == 0 {
		return fault.New(fault.NotFound, "tenant.not_found", "tenant", name)
	}
	if t := s.handle(name); t != nil {
		t.end()
	}
	return s.finishDeletion(ctx, name)
}

// finishDeletion drops what is left of a tenant whose deletion has begun.
func (s *Store) finishDeletion(ctx context.Context, name string) error {
	var l listing
	key := bson.D{{Key: "_id", Value: name}, {Key: "deleting", Value: true}}
	err := s.tenants.FindOne(ctx, key).Decode(&l)
	if err == driver.ErrNoDocuments {
		return nil
	}
	if err == nil {
		err = s.client.Database(l.Database).Drop(ctx)
	}
	if err == nil {
		_, err = s.tenants.DeleteOne(ctx, key)
	}
	return failed("dropping the database of a tenant", err)
}

// Tenants implements store.Store.
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	cursor, err := s.tenants.Find(ctx, bson.D{{Key: "deleting", Value: bson.D{{Key: "$ne", Value: true}}}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, failed("listing tenants", err)
	}
	var all []listing
	if err := cursor.All(ctx, &all); err != nil {
		return nil, failed("listing tenants", err)
	}
	names := make([]string, len(all))
	for i, l := range all {
		names[i] = l.Name
	}
	return names, nil
}

// Size implements store.Store. The server tells of the databases that the program may list.
func (s *Store) Size(ctx context.Context) (int64, error) {
	listed, err := s.client.ListDatabases(ctx, bson.D{{Key: "name", Value: bson.D{{Key: "$regex", Value: "^" + regexp.QuoteMeta(s.prefix)}}}})
	if err != nil {
		return 0, failed("listing databases", err)
	}
	var size int64
	for _, one := range listed.Databases {
		size += one.SizeOnDisk
	}
	return size, nil
}

// Clock implements store.Store.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	var hello struct {
		At time.Time `bson:"localTime"`
	}
	err := s.client.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	return hello.At, failed("asking the server for its time", err)
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return failed("pinging the server", s.client.Ping(ctx, readpref.Primary()))
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.writes.Lock()
	defer s.writes.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return failed("disconnecting", s.client.Disconnect(context.Background()))
}

// enter registers a write under way, until leave is called.
func (s *Store) enter() (leave func(), err error) {
	s.writes.RLock()
	if s.closed {
		s.writes.RUnlock()
		return nil, fault.New(fault.Unavailable, "mongo.unavailable").Because(driver.ErrClientDisconnected)
	}
	return s.writes.RUnlock, nil
}

// handle returns the tenant's handle if somebody holds one.
func (s *Store) handle(name string) *Tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handles[name].Value()
}

// hold returns the handle of a tenant that was just seen in the registry. All
// that use a tenant at a time share it, so that a deletion ends it for everybody.
func (s *Store) hold(l listing) *Tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.handles[l.Name].Value()
	if t == nil || t.made != l.Made || t.gone.Load() {
		t = s.tenant(l)
		s.handles[l.Name] = weak.Make(t)
		runtime.AddCleanup(t, s.forget, l.Name)
	}
	t.seen.Store(s.now().UnixNano())
	t.noteClaiming(l)
	return t
}

// tenant makes a handle that nobody shares yet.
func (s *Store) tenant(l listing) *Tenant {
	t := &Tenant{store: s, name: l.Name, made: l.Made, db: s.client.Database(l.Database), alone: make(chan struct{}, 1), unseen: l.Deleting}
	if l.Claiming == 0 {
		t.claiming.Store(&claiming{})
	}
	return t
}

// forget drops the entry of a handle that nobody holds any more.
func (s *Store) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handles[name].Value() == nil {
		delete(s.handles, name)
	}
}

// database names a tenant's database; of a long name it has the beginning.
func (s *Store) database(tenant string, made primitive.ObjectID) string {
	name, identity := s.prefix+tenant, "_"+made.Hex()
	return name[:min(len(name), maxDatabase-len(identity))] + identity
}

// createCollection makes sure that a collection exists.
func createCollection(ctx context.Context, c *driver.Collection) error {
	err := c.Database().CreateCollection(ctx, c.Name())
	if hasCode(err, codeNamespaceExists) {
		return nil
	}
	return failed(fmt.Sprintf("creating collection %s", c.Name()), err)
}

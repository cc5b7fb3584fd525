package mongo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Tenant is a store.Tenant: one database.
type Tenant struct {
	store *Store
	name  string
	made  primitive.ObjectID
	db    *driver.Database

	gone        atomic.Bool   // deleted
	seen        atomic.Int64  // when the registry was last asked, Unix ns
	writes      sync.RWMutex  // held for reading by each write under way, for writing by end
	alone       chan struct{} // holds one element while a Write runs on a standalone server
	logs        sync.Map      // what is placed of each log, by table
	collections sync.Map      // tables that have a collection
	queues      queues        // of writes for rows
	unseen      bool          // it is being loaded, and listed as one that is being deleted

	claiming  atomic.Pointer[claiming] // what is known of the keys that rows claim; nil if nothing is
	outlasted atomic.Int64             // the change of keys that all writes know of

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
	listed := bson.D{{Key: "_id", Value: t.name}, {Key: "made", Value: t.made}}
	if t.unseen {
		return listed
	}
	return append(listed, bson.E{Key: "deleting", Value: bson.D{{Key: "$ne", Value: true}}})
}

// listing is what the registry has of the tenant.
func (t *Tenant) listing(ctx context.Context) (l listing, err error) {
	now := t.store.now().UnixNano()
	switch err := t.store.tenants.FindOne(ctx, t.listed()).Decode(&l); err {
	case nil:
		t.seen.Store(now)
		t.noteClaiming(l)
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

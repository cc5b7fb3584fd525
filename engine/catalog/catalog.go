package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// Options are what a Catalog is made of.
type Options struct {
	Types *fieldtype.Registry
	Kinds *Kinds // of documents; nil: those of this room
	// Packages are those that can be installed, each after what it requires.
	Packages []metadata.PackageSet
	// Tables are the engine tables of other rooms; every tenant is given them.
	Tables []store.Table
	IDs    *id.Source
	Now    func() time.Time
	// Wake, if not nil, is called with a tenant's name after jobs were committed for
	// it, when it is used for the first time, and when another process changed it.
	Wake func(tenant string)
	// CacheSize is how many tenants' snapshots are kept ready; 256.
	CacheSize int
	// Builds are shared with other catalogs of the same Types; nil: some of its own.
	Builds *Builds
	// Retention is how long the data of removed fields and objects stays; 30 days.
	Retention time.Duration
}

const (
	// freshness is how long a snapshot may be used before it is asked whether another
	// process has committed a newer revision.
	freshness = time.Second
	// sharedBuilds is how many compiled configurations are kept for tenants that come
	// to have the same documents.
	sharedBuilds = 16
)

// Catalog keeps the configurations of tenants. Safe for concurrent use.
type Catalog struct {
	o       Options
	schemas *schema.Schemas
	shown   map[string]metadata.Shown
	tenants *lru.Cache[string, *entry]
	builds  *Builds
}

// Builds are compiled configurations, the latest, for tenants that come to have the
// same documents. Safe for concurrent use.
type Builds struct {
	kept *lru.Cache[digest, *Snapshot]
}

// NewBuilds makes Builds that hold none.
func NewBuilds() *Builds {
	kept, err := lru.New[digest, *Snapshot](sharedBuilds)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Builds{kept: kept}
}

// entry is what is known of one tenant.
type entry struct {
	mu      sync.Mutex // held while the store is asked
	state   *state
	checked time.Time
}

// digest identifies a set of effective documents.
type digest [sha256.Size]byte

// New makes a Catalog.
func New(o Options) *Catalog {
	if o.CacheSize <= 0 {
		o.CacheSize = 256
	}
	if o.Retention <= 0 {
		o.Retention = 30 * 24 * time.Hour
	}
	if o.Wake == nil {
		o.Wake = func(string) {}
	}
	if o.Builds == nil {
		o.Builds = NewBuilds()
	}
	if o.Kinds == nil {
		o.Kinds = NewKinds(StandardKinds()...)
	}
	c := &Catalog{o: o, schemas: schema.New(o.Types, o.Kinds.All()), shown: o.Kinds.shown(o.Types), builds: o.Builds}
	var err error
	if c.tenants, err = lru.New[string, *entry](o.CacheSize); err != nil {
		panic(err) // only for a size below 1
	}
	return c
}

// Types are the types of fields that configurations may use.
func (c *Catalog) Types() *fieldtype.Registry { return c.o.Types }

// Snapshot is the newest configuration of a tenant. A revision committed by another
// process is noticed within a second, one committed by this Catalog at once. Fault
// "catalog.not_installed" (Conflict) for a tenant without a revision.
func (c *Catalog) Snapshot(ctx context.Context, t store.Tenant) (*Snapshot, error) {
	s, err := c.current(ctx, t)
	if err != nil {
		return nil, err
	}
	return s.snapshot, nil
}

// Schema is the JSON Schema of a kind of documents, as editors use it.
func (c *Catalog) Schema(kind string) (json.RawMessage, bool) { return c.schemas.JSON(kind) }

// Forget drops what is kept in memory of a tenant, after it was deleted.
func (c *Catalog) Forget(tenant string) { c.tenants.Remove(tenant) }

func (c *Catalog) entry(tenant string) *entry {
	if e, ok := c.tenants.Get(tenant); ok {
		return e
	}
	e := &entry{}
	if before, there, _ := c.tenants.PeekOrAdd(tenant, e); there {
		return before
	}
	return e
}

// current is a tenant's newest state, as fresh as Snapshot promises.
func (c *Catalog) current(ctx context.Context, t store.Tenant) (*state, error) {
	e := c.entry(t.Name())
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != nil && c.o.Now().Sub(e.checked) < freshness {
		return e.state, nil
	}
	return c.refresh(ctx, t, e)
}

// newest is a tenant's newest state as the store has it now.
func (c *Catalog) newest(ctx context.Context, t store.Tenant) (*state, error) {
	e := c.entry(t.Name())
	e.mu.Lock()
	defer e.mu.Unlock()
	return c.refresh(ctx, t, e)
}

// refresh reads what has changed; the entry is locked.
func (c *Catalog) refresh(ctx context.Context, t store.Tenant, e *entry) (*state, error) {
	first := e.state == nil
	if first {
		if err := c.defineEngine(ctx, t); err != nil {
			return nil, err
		}
	}
	mark, err := newestRevision(ctx, t)
	if err != nil && !first && ctx.Err() == nil {
		e.state = nil // a tenant that was deleted and made anew has no tables yet
		return c.refresh(ctx, t, e)
	}
	if err != nil {
		return nil, err
	}
	if mark.revision == 0 {
		e.state = nil
		return nil, fault.New(fault.Conflict, "catalog.not_installed", "tenant", t.Name())
	}
	if first || e.state.mark != mark {
		next, err := c.load(ctx, t, mark)
		if err != nil {
			return nil, err
		}
		if next.snapshot, err = c.compiled(ctx, next, e.state); err != nil {
			return nil, err
		}
		e.state = next
		c.o.Wake(t.Name()) // another process may have left jobs with its revision
	}
	e.checked = c.o.Now()
	if first {
		go c.schemas.Prepare() // so that the first change need not wait for it
	}
	return e.state, nil
}

// publish makes a state that was just committed the newest one.
func (c *Catalog) publish(t store.Tenant, s *state) {
	e := c.entry(t.Name())
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == nil || e.state.mark.revision < s.mark.revision {
		e.state, e.checked = s, c.o.Now()
	}
}

// compiled is the snapshot of a committed state, which compiled when it was.
func (c *Catalog) compiled(ctx context.Context, s *state, former *state) (*Snapshot, error) {
	snapshot, problems, err := c.build(ctx, nil, s.mark.revision, s.effective(), former)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		// Only a newer version of the program can hold against a revision what an
		// older one let pass.
		return nil, fmt.Errorf("compiling revision %d: %w", s.mark.revision, fault.All(fault.Internal, "catalog.invalid", problems))
	}
	return snapshot, nil
}

// build compiles documents, or takes a snapshot of the same documents that exists.
// Stored documents were checked when they were published: they need no schemas.
func (c *Catalog) build(ctx context.Context, schemas *schema.Schemas, revision int64, documents []metadata.Document, former *state) (*Snapshot, []*fault.Fault, error) {
	sum := digestOf(documents)
	if built, ok := c.builds.kept.Get(sum); ok {
		shared := *built
		shared.Revision = revision
		return &shared, nil, nil
	}
	var before *Snapshot
	if former != nil {
		before = former.snapshot
	}
	snapshot, problems := build(ctx, language{c.o.Types, c.o.Kinds, schemas}, revision, documents, before)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if len(problems) == 0 {
		c.builds.kept.Add(sum, snapshot)
	}
	return snapshot, problems, nil
}

// digestOf is made of documents sorted by key.
func digestOf(documents []metadata.Document) digest {
	h := sha256.New()
	var size [8]byte
	write := func(s []byte) {
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write(s)
	}
	for _, d := range documents {
		write([]byte(d.Kind))
		write([]byte(d.Name))
		write(d.Body)
	}
	return digest(h.Sum(nil))
}

// Install gives an empty tenant its first revision: the named packages and what
// they require, all that there are if none is named. Fault "catalog.installed" (Conflict) if it has one,
// "catalog.unknown_package" (NotFound).
func (c *Catalog) Install(ctx context.Context, t store.Tenant, packages ...string) (*Snapshot, error) {
	target := &state{}
	if len(packages) == 0 {
		for _, set := range c.o.Packages {
			packages = append(packages, set.Package.Name)
		}
	}
	for _, set := range c.o.Packages {
		if slices.Contains(c.closure(packages), set.Package.Name) {
			target.packages = append(target.packages, layer{name: set.Package.Name, documents: set.Documents})
		}
	}
	for _, name := range packages {
		if c.packageSet(name) == nil {
			return nil, fault.New(fault.NotFound, "catalog.unknown_package", "package", name)
		}
	}
	snapshot, problems, err := c.build(ctx, c.schemas, 1, target.effective(), nil)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, fault.All(fault.Invalid, "catalog.invalid", problems)
	}
	target.snapshot = snapshot
	tables := c.engineTables()
	for _, name := range byName(snapshot.Objects) {
		tables = append(tables, snapshot.Table(snapshot.Objects[name]))
	}
	if err := t.Define(ctx, tables...); err != nil {
		return nil, fmt.Errorf("defining the tables of a new tenant: %w", err)
	}
	first := commitment{message: "Installed", work: c.o.Kinds.jobs(&Snapshot{}, snapshot)}
	if err := c.commit(ctx, t, &state{}, target, first); err != nil {
		if fault.Is(err, "catalog.stale") {
			return nil, fault.New(fault.Conflict, "catalog.installed", "tenant", t.Name())
		}
		return nil, err
	}
	return snapshot, nil
}

// closure lists packages with all that they require.
func (c *Catalog) closure(names []string) []string {
	all := slices.Clone(names)
	for i := 0; i < len(all); i++ {
		set := c.packageSet(all[i])
		if set == nil {
			continue
		}
		for _, required := range byName(set.Package.Requires) {
			if !slices.Contains(all, required) {
				all = append(all, required)
			}
		}
	}
	return all
}

func (c *Catalog) packageSet(name string) *metadata.PackageSet {
	for i := range c.o.Packages {
		if c.o.Packages[i].Package.Name == name {
			return &c.o.Packages[i]
		}
	}
	return nil
}

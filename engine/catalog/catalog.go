package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

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
	// Binned, if not nil, reports whether there are deleted records of an object that can
	// be restored.
	Binned func(ctx context.Context, from store.Reader, object string) (bool, error)
	// Configure, if not nil, makes the records of some objects what the configuration says
	// (see Records), in the transaction that commits it. A fault refuses the revision.
	Configure func(ctx context.Context, t store.Tenant, tx store.Tx, after *Snapshot, objects []string) error
	// Wake, if not nil, is called with a tenant's name after jobs were committed for
	// it, when it is used for the first time, and when another process changed it.
	Wake func(tenant string)
	// CacheSize is how many tenants' snapshots are kept ready, and CacheBytes about how
	// many bytes they may take together; 256 and 512 MiB. The one that is asked for is
	// kept whatever it takes, see MaxParts.
	CacheSize  int
	CacheBytes int64
	// Builds are shared with other catalogs of the same Types; nil: some of its own.
	Builds *Builds
	// Transactions is how long one may go on in a store in which they run side by side; 0
	// where they run one after the other. What a revision has to be computed for stored
	// records is computed once more when those have ended that began before it.
	Transactions time.Duration
	// Log is told of every revision that is published here; nil: nobody is.
	Log *slog.Logger
	// Retention is how long the data of removed fields and objects stays; 30 days.
	Retention time.Duration
}

// freshness is how long a snapshot may be used before it is asked whether another
// process has committed a newer revision.
const freshness = time.Second

// Catalog keeps the configurations of tenants. Safe for concurrent use.
type Catalog struct {
	o       Options
	schemas *schema.Schemas
	shown   map[string]metadata.Shown
	tenants *residents
	builds  *Builds
	turns   *turns
	origins *origins
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
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wake == nil {
		o.Wake = func(string) {}
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 512 << 20
	}
	if o.Builds == nil {
		o.Builds = NewBuilds(o.CacheBytes / 4)
	}
	if o.Kinds == nil {
		o.Kinds = NewKinds(StandardKinds()...)
	}
	return &Catalog{o: o, schemas: o.Builds.schemasOf(o.Types, o.Kinds), shown: o.Kinds.shown(o.Types),
		builds: o.Builds, tenants: newResidents(o.CacheSize, o.CacheBytes), turns: newTurns(), origins: newOrigins()}
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

// Newest is Snapshot as the store has it now.
func (c *Catalog) Newest(ctx context.Context, t store.Tenant) (*Snapshot, error) {
	s, err := c.newest(ctx, t)
	if err != nil {
		return nil, err
	}
	return s.snapshot, nil
}

// UnderNewest does something under a tenant's configuration, and anew for as long as that was changed in between, which it answers with the
// fault catalog.changed.
func (c *Catalog) UnderNewest(ctx context.Context, t store.Tenant, do func(s *Snapshot) error) error {
	for {
		s, err := c.Snapshot(ctx, t)
		if err != nil {
			return err
		}
		if err := do(s); !fault.Is(err, "catalog.changed") {
			return err
		}
		if _, err := c.Newest(ctx, t); err != nil {
			return err
		}
	}
}

// Schema is the JSON Schema of a kind of documents, as editors use it.
func (c *Catalog) Schema(kind, language string) (json.RawMessage, bool) {
	return c.schemas.JSON(kind, language)
}

// current is a tenant's newest state, as fresh as Snapshot promises.
func (c *Catalog) current(ctx context.Context, t store.Tenant) (*state, error) {
	e := c.tenants.entry(t.Identity())
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != nil && c.o.Now().Sub(e.checked) < freshness {
		return e.state, nil
	}
	return c.refresh(ctx, t, e)
}

// newest is a tenant's newest state as the store has it now.
func (c *Catalog) newest(ctx context.Context, t store.Tenant) (*state, error) {
	e := c.tenants.entry(t.Identity())
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
	if (err != nil || mark.revision == 0) && !first && ctx.Err() == nil {
		e.state = nil // the tenant was deleted, which defining its tables tells
		return c.refresh(ctx, t, e)
	}
	if err != nil {
		return nil, err
	}
	if mark.revision == 0 {
		e.state = nil
		c.tenants.hold(t.Identity(), e, nil)
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
		c.tenants.hold(t.Identity(), e, next.snapshot)
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
	c.origins.kept.Remove(t.Identity())
	e := c.tenants.entry(t.Identity())
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == nil || e.state.mark.revision < s.mark.revision {
		e.state, e.checked = s, c.o.Now()
		c.tenants.hold(t.Identity(), e, s.snapshot)
	}
	c.builds.keep(s.snapshot)
}

// compiled is the snapshot of a committed state, which compiled when it was. Documents
// that are stored were checked when they were published: they need no schemas.
func (c *Catalog) compiled(ctx context.Context, s *state, former *state) (*Snapshot, error) {
	documents := s.effective()
	sum := digestOf(documents)
	if kept := c.kept(sum, s.mark.revision); kept != nil {
		return kept, nil
	}
	done, err := c.turns.load(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if kept := c.kept(sum, s.mark.revision); kept != nil {
		return kept, nil // another tenant's, made meanwhile
	}
	snapshot, problems, err := c.build(ctx, language{types: c.o.Types, kinds: c.o.Kinds}, s.mark.revision, documents, former)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		// Only a newer version of the program can hold against a revision what an
		// older one let pass.
		return nil, fmt.Errorf("compiling revision %d: %w", s.mark.revision, fault.All(fault.Internal, "catalog.invalid", problems))
	}
	c.builds.keep(snapshot)
	return snapshot, nil
}

// kept is a snapshot of the documents of a sum that is in use, or was lately; nil: there
// is none.
func (c *Catalog) kept(sum digest, revision int64) *Snapshot {
	s := c.builds.of(sum)
	if s == nil {
		s = c.tenants.of(sum)
	}
	if s == nil {
		return nil
	}
	return s.at(revision)
}

// checked is the language of changes.
func (c *Catalog) checked() language {
	return language{c.o.Types, c.o.Kinds, c.schemas, limits{MaxBytes, MaxFields, MaxParts}}
}

// build compiles documents, or takes a snapshot of the same documents that is in use.
// The caller has its turn.
func (c *Catalog) build(ctx context.Context, in language, revision int64, documents []metadata.Document, former *state) (*Snapshot, []*fault.Fault, error) {
	if kept := c.kept(digestOf(documents), revision); kept != nil {
		return kept, nil, nil
	}
	var before *Snapshot
	if former != nil {
		before = former.snapshot
	}
	snapshot, problems := build(ctx, in, revision, documents, before)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
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
// they require, all that are not optional if none is named. Fault "catalog.installed" (Conflict) if it has one,
// "catalog.unknown_package" (NotFound).
func (c *Catalog) Install(ctx context.Context, t store.Tenant, packages ...string) (*Snapshot, error) {
	target := &state{}
	if len(packages) == 0 {
		for _, set := range c.o.Packages {
			if !set.Package.Optional {
				packages = append(packages, set.Package.Name)
			}
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
	done, err := c.turns.draft(ctx, t.Name())
	if err != nil {
		return nil, err
	}
	defer done()
	snapshot, problems, err := c.build(ctx, c.checked(), 1, target.effective(), nil)
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
	if err := c.noteNew(ctx, t); err != nil {
		return nil, err
	}
	first := commitment{message: "Installed", changes: metadata.Diff(nil, target.effective()), work: c.o.Kinds.jobs(&Snapshot{}, snapshot)}
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

package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/sqlite"
	"formwork/engine/transfer"
	"formwork/metadata/fieldtype"
	"formwork/metadata/packages"
	"formwork/plugins/standard"
)

// storage says where the data is.
type storage struct {
	Data       string `help:"Folder of the SQLite files." default:"data" placeholder:"DIR"`
	Database   string `help:"MongoDB address (mongodb://…) instead of the folder." placeholder:"URI" env:"FORMWORK_DATABASE"`
	Standalone bool   `help:"Accept a MongoDB server without transactions."`
}

// make makes the folder of a store that is new. Whoever does not mean to make one has a
// name mistyped if it is not there.
func (s storage) make() error {
	if s.Database != "" {
		return nil
	}
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return fmt.Errorf("making the folder of the data: %w", err)
	}
	return nil
}

// open opens the store that is there.
func (s storage) open(ctx context.Context) (store.Store, error) {
	if s.Database == "" {
		if _, err := os.Stat(s.Data); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no folder %s; serve and tenant create make one", s.Data)
		}
		return sqlite.Open(s.Data, sqlite.Options{})
	}
	if !strings.HasPrefix(s.Database, "mongodb://") && !strings.HasPrefix(s.Database, "mongodb+srv://") {
		return nil, fmt.Errorf("--database begins with mongodb:// or mongodb+srv://; files are named with --data")
	}
	return mongo.Open(ctx, s.Database, mongo.Options{AllowStandalone: s.Standalone})
}

// engine is the platform put together, without HTTP.
type engine struct {
	store   store.Store
	types   *fieldtype.Registry
	catalog *catalog.Catalog
	records *record.Service
	auth    *auth.Service
	imports *transfer.Service
	jobs    *job.Runner
	ids     *id.Source
	now     func() time.Time
	log     *slog.Logger
}

// pollShared is how soon background work that another process of the same database
// asked for is noticed.
const pollShared = 5 * time.Second

// assemble puts the platform together over a store. Nothing of it opens a tenant.
func assemble(s store.Store, log *slog.Logger) *engine {
	e := &engine{store: s, types: standard.FieldTypes(), ids: id.NewSource(time.Now, randomNumber), now: time.Now, log: log}
	_, alone := s.(*sqlite.Store) // files are served by one process
	var poll time.Duration
	if !alone {
		poll = pollShared
	}
	e.jobs = job.NewRunner(job.Options{Tenant: s.Tenant, Tenants: s.Tenants, Now: e.now, Holder: holder(), Alone: alone, Poll: poll, Log: log})
	e.catalog = catalog.New(catalog.Options{Types: e.types, Packages: packages.All(), IDs: e.ids, Now: e.now, Tables: tables(), Wake: e.jobs.Wake})
	e.catalog.Register(e.jobs)
	e.records = record.New(record.Options{IDs: e.ids, Now: e.now})
	for kind, handler := range record.Handlers(e.records, e.catalog) {
		e.jobs.RegisterIn(laneOf(kind), kind, handler)
	}
	e.auth = auth.New(auth.Options{Store: s, Catalog: e.catalog, IDs: e.ids, Now: e.now, Random: rand.Reader, Log: log})
	e.imports = transfer.New(e.records, e.catalog, e.auth, e.ids, e.now, e.jobs.Wake)
	e.jobs.Register(transfer.JobKind, e.imports.Run)
	return e
}

// laneOf is the lane of a kind of jobs that records have: what a change of the
// configuration asks for happens in its order.
func laneOf(kind string) string {
	if kind == catalog.JobBackfill || kind == catalog.JobRollup {
		return catalog.Lane
	}
	return kind
}

// tables are those that the rooms of the engine keep in every tenant.
func tables() []store.Table {
	var all []store.Table
	for _, room := range [][]store.Table{record.Tables(), auth.Tables(), transfer.Tables()} {
		all = append(all, room...)
	}
	return all
}

// holder names this process among those that share a store.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%08x", host, os.Getpid(), randomNumber())
}

func randomNumber() uint32 {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // crypto/rand never fails
	}
	return binary.LittleEndian.Uint32(b[:])
}

// openEngine opens the store and puts the platform together.
func (s storage) openEngine(p *program) (*engine, error) {
	opened, err := s.open(p.ctx)
	if err != nil {
		return nil, err
	}
	return assemble(opened, newLog(p.log)), nil
}

func newLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// tenantSession is a tenant in the hands of a command, which may do everything.
type tenantSession struct {
	tenant  store.Tenant
	records *record.Session
}

// with opens the store, does something in one tenant, and closes the store.
func (s storage) with(p *program, tenant string, do func(*engine, *tenantSession) error) error {
	e, err := s.openEngine(p)
	if err != nil {
		return err
	}
	return errors.Join(e.in(p.ctx, tenant, do), e.store.Close())
}

func (e *engine) in(ctx context.Context, tenant string, do func(*engine, *tenantSession) error) error {
	t, err := e.store.Tenant(ctx, tenant)
	if err != nil {
		return err
	}
	snapshot, err := e.catalog.Snapshot(ctx, t)
	if err != nil {
		return err
	}
	return do(e, &tenantSession{tenant: t, records: e.records.As(t, snapshot, policy.System(tenant))})
}

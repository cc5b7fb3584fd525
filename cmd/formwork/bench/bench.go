package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/demo"
	"formwork/engine/id"
	"formwork/engine/store"
)

// House is the platform put together over a store in this process, without HTTP and
// background work.
type House interface {
	Store() store.Store
	// Snapshot is the configuration of a tenant.
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
	// CreateTenant makes a tenant with all packages and a user who may do everything.
	CreateTenant(ctx context.Context, name, email, password string) error
	Close() error
}

// Options of a measurement.
type Options struct {
	Recipe *Recipe
	// Open opens a folder, or a database if it is an address.
	Open func(ctx context.Context, storage string) (House, error)
	// Executable is the program that serves.
	Executable string
	// Beside is a program that is measured beside it; "" for none.
	Beside string
	// Database is the address of a database to measure; "" measures files in a folder
	// that is removed at the end.
	Database string
	// Standalone says that the database may be one without transactions.
	Standalone  bool
	Rows        int
	Length      time.Duration // of each operation
	Connections int
	Tenants     int // to start a server with
	Starts      int // of the server, to measure how long it takes
	Out         io.Writer
	Progress    func(text string)
}

// Names and the login of the tenants that are made and removed again.
const (
	served   = "bench-served"
	unserved = "bench-bare"
	admin    = "bench-admin@example.com"
)

// bench is a measurement under way.
type bench struct {
	Options
	dir      string // of everything
	password string
	admin    *client // may do everything
	user     *client // a user under the policies
	userID   string
	ids      []string // records of the user
	beside   *beside  // nil for none
}

// Run measures everything and prints a table.
func Run(ctx context.Context, o Options) (err error) {
	b := &bench{Options: o, password: fmt.Sprintf("Bench-%016x", rand.Uint64())}
	if b.dir, err = os.MkdirTemp("", "formwork-bench-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	r := &report{out: o.Out}
	r.head(o)
	if err := b.createTenants(ctx, r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.removeTenants(context.WithoutCancel(ctx))) }()
	if err := b.measureStart(ctx, r, "start to ready, 1 tenant", b.storage()); err != nil {
		return err
	}
	if err := b.withServer(ctx, "127.0.0.1:0", func(s *server) error {
		return b.withBeside(ctx, func() error { return b.measure(ctx, r, s) })
	}); err != nil {
		return err
	}
	if b.Database == "" && b.Tenants > 0 {
		if err := b.manyTenants(ctx, r); err != nil {
			return err
		}
	}
	r.end()
	return nil
}

// storage is what the store of the served tenant is opened with.
func (b *bench) storage() string {
	if b.Database != "" {
		return b.Database
	}
	return filepath.Join(b.dir, "served")
}

// flags are storage as arguments of the server.
func (b *bench) flags(storage string) []string {
	if strings.Contains(storage, "://") {
		if b.Standalone {
			return []string{"--standalone", "--database", storage}
		}
		return []string{"--database", storage}
	}
	return []string{"--data", storage}
}

// in opens a store for as long as do takes.
func (b *bench) in(ctx context.Context, storage string, do func(House) error) error {
	house, err := b.Open(ctx, storage)
	if err != nil {
		return err
	}
	return errors.Join(do(house), house.Close())
}

func (b *bench) createTenants(ctx context.Context, r *report) error {
	b.Progress("making tenants")
	if err := b.in(ctx, b.storage(), func(h House) error { return h.CreateTenant(ctx, served, admin, b.password) }); err != nil {
		return err
	}
	const several = 5
	return b.in(ctx, filepath.Join(b.dir, "tenants"), func(h House) error {
		var took []time.Duration
		for i := range several {
			began := time.Now()
			if err := h.CreateTenant(ctx, fmt.Sprintf("tenant-%d", i), admin, b.password); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		r.fact("make a tenant with all packages (files)", milliseconds(median(took)))
		return nil
	})
}

// removeTenants leaves nothing in a database.
func (b *bench) removeTenants(ctx context.Context) error {
	if b.Database == "" {
		return nil
	}
	return b.in(ctx, b.Database, func(h House) error {
		err := h.Store().Delete(ctx, served)
		names, failed := h.Store().Tenants(ctx)
		if err = errors.Join(err, failed); slices.Contains(names, unserved) {
			err = errors.Join(err, h.Store().Delete(ctx, unserved))
		}
		return err
	})
}

// measureStart starts servers and stops them.
func (b *bench) measureStart(ctx context.Context, r *report, what, storage string) error {
	b.Progress(what)
	var took []time.Duration
	var memory float64
	for i := range b.Starts {
		s, err := start(ctx, b.Executable, "127.0.0.1:0", b.flags(storage))
		if err != nil {
			return err
		}
		took = append(took, s.ready)
		if i == b.Starts-1 {
			pause(ctx, min(3*time.Second, b.Length))
			memory = s.memory()
		}
		if err := s.stop(); err != nil {
			return err
		}
	}
	r.fact(what, milliseconds(median(took)))
	r.fact(what+": memory when idle", fmt.Sprintf("%.0f MiB", memory))
	return nil
}

// withServer runs a server on the served tenant, with both users logged in.
func (b *bench) withServer(ctx context.Context, listen string, do func(*server) error) (err error) {
	s, err := start(ctx, b.Executable, listen, b.flags(b.storage()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if b.admin, err = newClient(s.base, "", b.Connections); err != nil {
		return err
	}
	if err := b.admin.login(ctx, served, admin, b.password); err != nil {
		return err
	}
	return do(s)
}

// fill makes the people and rows, and logs the first of the people in.
func (b *bench) fill(ctx context.Context, s *server) (Result, error) {
	loads := &loads{Remote: demo.Remote{Call: b.admin.call}, bench: b}
	began := time.Now()
	loader := demo.Loader{Target: loads, Recipe: b.Recipe.data, Seed: 1, Size: b.Rows, Now: began, Password: b.password,
		Progress: func(done, total int) { b.Progress(fmt.Sprintf("loading rows over HTTP: %d/%d", done, total)) }}
	if _, err := loader.Load(ctx); err != nil {
		return Result{}, err
	}
	var err error
	if b.user, err = newClient(s.base, "", b.Connections); err != nil {
		return Result{}, err
	}
	return bulk("bulk load (1 connection)", loads.took, loads.rows), b.user.login(ctx, served, b.Recipe.data.People[0].Email, b.password)
}

// loads is a target that measures and notes whose records are whose.
type loads struct {
	demo.Remote
	bench *bench
	rows  int // that were saved
	took  []time.Duration
}

// Save implements demo.Target.
func (l *loads) Save(ctx context.Context, object string, records []demo.Record) ([]id.ID, error) {
	rows := object == l.bench.Recipe.Object
	sent := time.Now()
	saved, err := l.Remote.Save(ctx, object, records)
	if err != nil {
		return nil, err
	}
	if !rows {
		if l.bench.userID == "" {
			l.bench.userID = saved[0].String() // the first of the people
		}
		return saved, nil
	}
	l.took = append(l.took, time.Since(sent))
	if beside := l.bench.beside; beside != nil {
		if err := beside.load(records); err != nil {
			return nil, err
		}
	}
	l.rows += len(records)
	for i, r := range records {
		if r.Data["owner"] == l.bench.userID {
			l.bench.ids = append(l.bench.ids, saved[i].String())
		}
	}
	return saved, nil
}

// bulk is what a load reached that took so long for each of its requests.
func bulk(name string, took []time.Duration, rows int) Result {
	var sum time.Duration
	for _, one := range took {
		sum += one
	}
	r := summary(name, took, sum, 0)
	r.PerSec = float64(rows) / sum.Seconds()
	return r
}

// pause waits, or less if there is no time any more.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

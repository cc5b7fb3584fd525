package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"formwork/engine/platform"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/secret"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/s3"
	"formwork/engine/store/sqlite"
	"formwork/metadata/fieldtype"
)

// storage says where the data is.
type storage struct {
	Data       string            `help:"Folder of the SQLite files." default:"data" placeholder:"DIR"`
	Database   string            `help:"MongoDB address (mongodb://…) instead of the folder." placeholder:"URI" env:"FORMWORK_DATABASE"`
	Standalone bool              `help:"Accept a MongoDB server without transactions."`
	Cells      map[string]string `name:"cell" help:"Another store to which tenants are moved: a folder or a MongoDB address. Once for each." placeholder:"NAME=PLACE" env:"FORMWORK_CELLS"`
	Blobs      string            `help:"Where the contents of files are kept instead of beside the data (s3://BUCKET/PREFIX?endpoint=URL)." placeholder:"URI" env:"FORMWORK_BLOBS"`
}

// make makes the folder of a store that is new. Whoever does not mean to make one has a
// name mistyped if it is not there.
func (s storage) make() error {
	for _, folder := range s.folders() {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("making the folder of the data: %w", err)
		}
	}
	return nil
}

// kind names the store, for the log; an address may hold a password.
func (s storage) kind() string {
	if s.Database != "" {
		return "mongodb"
	}
	return "sqlite"
}

// blobsKind names where the contents of files are, for the log.
func (s storage) blobsKind() string {
	if s.Blobs != "" {
		return "s3"
	}
	return s.kind()
}

// folder is the data folder, "" for a database.
func (s storage) folder() string {
	if s.Database != "" {
		return ""
	}
	return s.Data
}

// shared holds where several processes may serve the same tenants, and writes of one need not
// follow one another; files are served by one.
func (s storage) shared() bool {
	return s.Database != "" || slices.ContainsFunc(s.otherCells(), func(name string) bool { return s.cell(name).Database != "" })
}

// open opens the store that is there, with the place of its blobs.
func (s storage) open(p *program) (store.Store, error) {
	opened, err := s.openRows(p.ctx)
	if err != nil || s.Blobs == "" {
		return opened, err
	}
	blobs, err := s3.Open(p.ctx, s.Blobs, p.s3Credentials())
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return store.WithBlobs(opened, blobs), nil
}

// s3Credentials are who asks S3.
func (p *program) s3Credentials() s3.Credentials {
	return s3.Credentials{Key: p.getenv("AWS_ACCESS_KEY_ID"), Secret: p.getenv("AWS_SECRET_ACCESS_KEY"), Session: p.getenv("AWS_SESSION_TOKEN")}
}

// openOne opens the store that --data or --database name.
func (s storage) openOne(ctx context.Context) (store.Store, error) {
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

// engine is the platform in the hands of the commands.
type engine struct{ *platform.Platform }

// assemble puts the platform together over a store, which other processes use as well
// if it is shared. Without secrets, no field of that type takes a value.
func assemble(s store.Store, shared bool, o platform.Options) *engine {
	o.Store, o.Shared, o.Configurations = s, shared, forConfigurations(debug.SetMemoryLimit(-1))
	return &engine{platform.New(o)}
}

// secrets seals with the keys that the operator has given; nil if there are none.
func (p *program) secrets() (fieldtype.Sealer, error) {
	keys := p.getenv("FORMWORK_SECRET_KEY")
	if keys == "" {
		return nil, nil
	}
	ring, err := secret.Parse(keys, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("FORMWORK_SECRET_KEY: %w", err)
	}
	return ring, nil
}

// openEngine opens the store and puts the platform together.
func (s storage) openEngine(p *program) (*engine, error) {
	return s.openWith(p, platform.Options{Log: p.newLog(slog.LevelWarn)}) // what it does the command prints
}

// openWith is openEngine with some options.
func (s storage) openWith(p *program, o platform.Options) (_ *engine, err error) {
	if o.Secrets, err = p.secrets(); err != nil {
		return nil, err
	}
	opened, err := s.open(p)
	if err != nil {
		return nil, err
	}
	return assemble(opened, s.shared(), o), nil
}

// newLog is a log of what has at least a level, in the format that was asked for.
func (p *program) newLog(level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if p.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.log, options))
	}
	return slog.New(slog.NewTextHandler(p.log, options))
}

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
	return errors.Join(e.in(p.ctx, tenant, do), e.Store.Close())
}

func (e *engine) in(ctx context.Context, tenant string, do func(*engine, *tenantSession) error) error {
	t, err := e.Store.Tenant(ctx, tenant)
	if err != nil {
		return err
	}
	snapshot, err := e.Catalog.Snapshot(ctx, t)
	if err != nil {
		return err
	}
	return do(e, &tenantSession{tenant: t, records: e.Records.As(t, snapshot, policy.System(tenant))})
}

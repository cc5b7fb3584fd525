// Package auth answers who is calling: passwords, sessions and API keys. A user
// is a record of the object "user"; what proves that somebody is that user lives
// in tables of this package's own, which no record route reaches.
//
// Only hashes are stored, of passwords (argon2id) and of tokens (SHA-256). A token
// names its tenant, so that the tenant never comes from a request's body once
// somebody has logged in.
package auth

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// UserObject is the object whose records are the users.
const UserObject = "user"

const (
	// SessionLife is how long a session lives after it was last used.
	SessionLife = 12 * time.Hour
	// sessionCap ends a session however much it is used.
	sessionCap = 30 * 24 * time.Hour
	// slideEvery bounds how often the use of a session or key is written down.
	slideEvery = 5 * time.Minute
	// cacheLife is how long another process may still honour what was revoked here.
	cacheLife = time.Second
	// freeFailures is how many wrong passwords in a row have no consequence.
	freeFailures = 5
	// firstWait is how long an account is locked then; it doubles with each further failure.
	firstWait = time.Minute
	longWait  = time.Hour
)

// Snapshots gives the compiled configuration of a tenant.
type Snapshots interface {
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
}

// Options are what a Service needs. CacheSize is the number of tokens whose
// callers are remembered (default 10,000).
type Options struct {
	Store     store.Store
	Catalog   Snapshots
	IDs       *id.Source
	Now       func() time.Time
	Random    io.Reader
	Log       *slog.Logger
	CacheSize int
	// Cost is that of new password hashes; 19 MiB, 2 passes and 1 thread. Less is for
	// tests only.
	Cost Cost
}

// Service keeps passwords, sessions and keys. Safe for concurrent use.
type Service struct {
	store   store.Store
	catalog Snapshots
	ids     *id.Source
	now     func() time.Time
	random  io.Reader
	log     *slog.Logger
	callers *lru.Cache[digest, *entry]
	changes atomic.Uint64 // counts what was revoked, before it is forgotten
	cost    Cost
	decoy   string // a hash to check the passwords of unknown users against

	strangers, known *lane // where passwords are checked
}

// New makes a Service.
func New(o Options) *Service {
	if o.CacheSize <= 0 {
		o.CacheSize = 10_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Cost == (Cost{}) {
		o.Cost = usual
	}
	callers, err := lru.New[digest, *entry](o.CacheSize)
	if err != nil {
		panic(err) // only for a size below 1
	}
	s := &Service{store: o.Store, catalog: o.Catalog, ids: o.IDs, now: o.Now, random: o.Random, log: o.Log,
		callers: callers, cost: o.Cost, decoy: o.Cost.decoy()}
	s.strangers, s.known = lanes()
	return s
}

// Columns of this package's tables.
var (
	hashColumn        = query.Column{Name: "hash", Storage: fieldtype.Text}
	failuresColumn    = query.Column{Name: "failures", Storage: fieldtype.Int}
	lockedColumn      = query.Column{Name: "locked_until", Storage: fieldtype.Int}
	userColumn        = query.Column{Name: "user", Storage: fieldtype.Int}
	createdColumn     = query.Column{Name: "created_at", Storage: fieldtype.Int}
	usedColumn        = query.Column{Name: "used_at", Storage: fieldtype.Int}
	expiresColumn     = query.Column{Name: "expires_at", Storage: fieldtype.Int}
	revokedColumn     = query.Column{Name: "revoked_at", Storage: fieldtype.Int}
	nameColumn        = query.Column{Name: "name", Storage: fieldtype.Text}
	permissionsColumn = query.Column{Name: "permissions", Storage: fieldtype.List}
)

const (
	credentials = "_credential" // keyed by the user's id
	sessions    = "_session"
	keys        = "_key"
	devices     = "_device"
)

// Tables are the tables of this package; a tenant needs them before it is used.
func Tables() []store.Table {
	byHash := store.Index{Name: "hash", Columns: []store.IndexColumn{{Column: hashColumn}}, Unique: true}
	byUser := store.Index{Name: "user", Columns: []store.IndexColumn{{Column: userColumn}}}
	return []store.Table{
		{Name: credentials, Columns: []query.Column{hashColumn, failuresColumn, lockedColumn}},
		{Name: sessions, Columns: []query.Column{hashColumn, userColumn, createdColumn, usedColumn, expiresColumn},
			Indexes: []store.Index{byHash, byUser}},
		{Name: keys, Columns: []query.Column{hashColumn, nameColumn, permissionsColumn, userColumn, createdColumn,
			usedColumn, expiresColumn, revokedColumn}, Indexes: []store.Index{byHash, byUser}},
		{Name: devices, Columns: []query.Column{hashColumn, userColumn, usedColumn, expiresColumn, failuresColumn, lockedColumn},
			Indexes: []store.Index{byHash, byUser}},
	}
}

// row reads the one row that a filter selects; ok is false if there is none.
func row(ctx context.Context, r store.Reader, table string, filter query.Filter, columns ...query.Column) (found store.Found, ok bool, err error) {
	return store.First(ctx, r, query.Select{Table: table, Filter: filter}, columns...)
}

func integer(v any) int64 { n, _ := v.(int64); return n }
func text(v any) string   { s, _ := v.(string); return s }

// list reads a list of names, however its field keeps it.
func list(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case string:
		return []string{v}
	case json.RawMessage:
		var names []string
		if json.Unmarshal(v, &names) == nil {
			return names
		}
	}
	return nil
}

// instant is a stored time, nil for none.
func instant(found store.Found, c query.Column) *time.Time {
	if !found.Has(c) {
		return nil
	}
	t := found.Time(c)
	return &t
}

// Package platform puts the rooms of the engine together over a store: the one wiring
// that the program and the tests share. HTTP is not part of it.
package platform

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"formwork/engine/auth"
	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/collaboration"
	"formwork/engine/connection"
	"formwork/engine/demand"
	"formwork/engine/draft"
	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/form"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/live"
	"formwork/engine/mail"
	"formwork/engine/migration"
	"formwork/engine/outbox"
	"formwork/engine/printing"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/transfer"
	"formwork/engine/workspace"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/packages"
	"formwork/plugins"
	"formwork/plugins/standard"
	"formwork/workflows/approval"
	"formwork/workflows/fetch"
	"formwork/workflows/inquiry"
	"formwork/workflows/outside"
	"formwork/workflows/runner"
	"formwork/workflows/webhook"
)

// Options say over what the platform is put together. Zero values take the defaults
// named.
type Options struct {
	Store store.Store
	// Shared says that other processes work on the same store.
	Shared bool
	// Packages are those that can be installed; the built-in ones.
	Packages []metadata.PackageSet
	Now      func() time.Time // time.Now
	// Random is where ids, secrets and salts come from; crypto/rand. It is read
	// concurrently, and never fails.
	Random io.Reader
	// Plugins are what is added to the standard set.
	Plugins []plugins.Set
	// Files bound what is uploaded; file.DefaultLimits.
	Files file.Limits
	// SaveHooks are called, in order, before a record is saved or deleted, and before
	// those of Plugins.
	SaveHooks []record.SaveHook
	// Secrets seals the values of secret fields; nil: no such value is taken.
	Secrets fieldtype.Sealer
	// Address is where people reach the program, for links in mail; "": it is not known.
	Address string
	// Networks may be reached by requests of workflows besides the public one.
	Networks []netip.Prefix
	// RunsPerMinute is how many runs of workflows begin in a tenant within a minute, about, of those that events and the clock set
	// off; any.
	RunsPerMinute int
	// Roots are what certificates of outside systems come from; those of the machine.
	Roots *x509.CertPool
	// PasswordCost is the work that a new password takes; that of auth.
	PasswordCost auth.Cost
	// Memory is what requests hold of the memory together, of which mail that is fetched takes its share; nil: that is not bounded.
	Memory *budget.Budget
	// Builds are compiled configurations to share with other platforms of this
	// process that have the same Secrets and Plugins; some of its own.
	Builds *catalog.Builds
	// Configurations is about how many bytes the compiled configurations that are kept
	// ready may take together; that of catalog.
	Configurations int64
	Log            *slog.Logger // discarded
}

// Platform is the rooms of the engine, put together. Each is safe for concurrent use.
type Platform struct {
	Store   store.Store
	Types   *fieldtype.Registry
	IDs     *id.Source
	Now     func() time.Time
	Catalog *catalog.Catalog
	Records *record.Service
	Auth    *auth.Service
	Imports *transfer.Service
	Files   *file.Service
	// Workspace keeps what people keep for themselves.
	Workspace *workspace.Service
	// Drafts are changes of the configuration that are not published yet.
	Drafts *draft.Service
	// Jobs has a handler for every kind of job. It works while somebody has it Run.
	Jobs *job.Runner
	// Outbox gives the consumers of all plugins the events of records. It works while
	// somebody has it Run.
	Outbox *outbox.Dispatcher
	// Collaboration keeps comments and notifications.
	Collaboration *collaboration.Service
	// Workflows runs them.
	Workflows *runner.Runner
	Secrets   *connection.Secrets
	// Mail receives what is written to mailboxes, and Fetches fetches it.
	Mail    *mail.Inbox
	Fetches *fetch.Fetcher
	// Printer prints records.
	Printer *printing.Printer
	// Unsubscribing takes who wants no more of some of it.
	Unsubscribing *mail.Unsubscribing
	// Forms take what people outside send.
	Forms *form.Forms
	// Live tells who listens what happens to records; nothing runs until somebody does.
	Live *live.Hub
	// Uses counts what lists and aggregations ask of indexes; see FlushUses.
	Uses *demand.Uses
	Log  *slog.Logger

	rows store.Store // as it was given
}

// LongestTransaction is how long a transaction may go on where those of a tenant run side by
// side; MongoDB ends those that take longer than a minute.
const LongestTransaction = time.Minute + 5*time.Second

// New puts the platform together. It opens no tenant and starts nothing.
func New(o Options) *Platform {
	o = o.withDefaults()
	rows := o.Store
	o.Store = migration.Over(o.Store, migration.Steps(), o.Log)
	random := func() uint32 { return number(o.Random) }
	p := &Platform{rows: rows, Store: o.Store, Types: plugins.FieldTypes(o.Plugins...), IDs: id.NewSource(o.Now, random), Now: o.Now, Uses: demand.NewUses(o.Now), Log: o.Log}
	var transactions time.Duration
	var marks store.Marks
	if o.Shared {
		transactions, marks = LongestTransaction, o.Store.Marks()
	}
	name := holder(random())
	p.Jobs = job.NewRunner(job.Options{Tenant: o.Store.Tenant, Tenants: o.Store.Tenants, Now: o.Now, Holder: name, Alone: !o.Shared, Marks: marks, Log: o.Log})
	p.Outbox = outbox.New(outbox.Options{Tenant: o.Store.Tenant, Tenants: o.Store.Tenants, Marks: marks, IDs: p.IDs, Now: o.Now, Holder: name, Alone: !o.Shared, Log: o.Log})
	p.Catalog = catalog.New(catalog.Options{Types: p.Types, Kinds: plugins.Kinds(o.Plugins...), Packages: o.Packages, Tables: tables(), Binned: record.HasBinned, Configure: p.configure, IDs: p.IDs, Now: o.Now, Wake: p.wake, Builds: o.Builds, CacheBytes: o.Configurations, Transactions: transactions, Log: o.Log})
	p.Files = file.New(p.IDs, o.Now, o.Files, p.Jobs.Wake)
	p.Workspace = workspace.New(p.Catalog, p.IDs, o.Now)
	hooks := append([]record.SaveHook{p.Files.Attaching(), workspace.Leaving{}}, o.saveHooks()...)
	p.Auth = auth.New(auth.Options{Store: o.Store, Catalog: p.Catalog, IDs: p.IDs, Now: o.Now, Random: o.Random, Cost: o.PasswordCost, Log: o.Log})
	p.Records = record.New(record.Options{IDs: p.IDs, Now: o.Now, Committed: p.committed, Wake: p.Jobs.Wake, Transactions: transactions, SaveHooks: hooks, Users: p.Auth, Uses: p.Uses})
	p.Drafts = draft.New(p.Catalog, p.Records, p.Auth, p.IDs, o.Now)
	p.Collaboration = collaboration.New(p.Records, p.Auth, p.IDs, o.Now, p.committed)
	p.Live = live.New(live.Options{Snapshots: p.Catalog, Records: p.Records, Inboxes: p.Collaboration, Now: o.Now, Log: o.Log})
	p.Imports = transfer.New(p.Records, p.Catalog, p.Auth, p.IDs, o.Now, p.Jobs.Wake)
	p.Jobs.Register(slices.Concat(p.Catalog.Jobs(), record.Jobs(p.Records, p.Catalog), p.Outbox.Jobs(), p.Imports.Jobs(), p.Files.Jobs(p.Catalog))...)
	p.Secrets = connection.NewSecrets(o.Secrets, o.Now)
	p.Printer = printing.New()
	p.Mail = mail.NewInbox(mail.Options{Catalog: p.Catalog, Records: p.Records, Files: p.Files, Now: o.Now, Wake: p.Jobs.Wake,
		Bounced: func(ctx context.Context, tx store.Tx, message id.ID) (bool, error) {
			return p.Workflows.Bounced(ctx, tx, message)
		}})
	p.Unsubscribing = mail.NewUnsubscribing(p.Catalog, p.Records, mail.NewLinks(p.Secrets, o.Address), o.Now)
	p.Forms = form.New(p.Catalog, p.Records, p.Secrets, o.Now)
	reach := outside.Reach{Secrets: p.Secrets, Networks: o.Networks, Roots: o.Roots}
	p.Fetches = fetch.New(fetch.Options{Catalog: p.Catalog, Inbox: p.Mail, Reach: reach, Memory: o.Memory, IDs: p.IDs, Now: o.Now, Committed: p.Jobs.Wake, Log: o.Log})
	p.Workflows = runner.New(runner.Options{Types: plugins.Workflows(o.Plugins...), Catalog: p.Catalog, Records: p.Records, Callers: p.Auth, Notes: p.Collaboration, Files: p.Files, Printer: p.Printer, IDs: p.IDs, Now: o.Now,
		Reach: reach, Address: o.Address, PerMinute: o.RunsPerMinute, Wake: p.wake, Log: o.Log})
	p.Jobs.Register(slices.Concat(p.Workflows.Jobs(), p.Fetches.Jobs())...)
	p.Outbox.Register(p.Collaboration.Consumer(), p.Workflows.Consumer())
	host := plugins.Host{Records: p.Records, Catalog: p.Catalog, IDs: p.IDs, Now: o.Now, Log: o.Log}
	for _, set := range o.Plugins {
		if set.Consumers != nil {
			p.Outbox.Register(set.Consumers(host)...)
		}
		if set.Jobs != nil {
			p.Jobs.Register(set.Jobs(host)...)
		}
	}
	return p
}

// configure writes the records of a configuration.
func (p *Platform) configure(ctx context.Context, t store.Tenant, tx store.Tx, after *catalog.Snapshot, objects []string) error {
	return p.Records.Configure(ctx, t, tx, after, objects)
}

// wake says that jobs of a tenant were committed, or events with its configuration.
func (p *Platform) wake(tenant string) {
	p.Jobs.Wake(tenant)
	p.committed(tenant)
}

// committed says that changes of a tenant's records were committed.
func (p *Platform) committed(tenant string) {
	p.Outbox.Wake(tenant)
	if p.Live != nil { // it is made after those that it reads
		p.Live.Wake(tenant)
	}
}

// Run does background work until ctx ends: jobs, what consumers do, and what follows from the
// use of lists.
func (p *Platform) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { p.Jobs.Run(ctx) })
	all.Go(func() { p.Outbox.Run(ctx) })
	all.Go(func() { p.Workflows.Run(ctx) })
	all.Go(func() { p.Fetches.Run(ctx) })
	all.Go(func() { p.Uses.Run(ctx, p.keepUses, p.Log) })
	all.Wait()
}

// FlushUses has the uses of lists that are due counted in their tenants, and indexes made
// for what is used often. Run does so by itself.
func (p *Platform) FlushUses(ctx context.Context) { p.Uses.Flush(ctx, p.keepUses, p.Log) }

// keepUses counts uses in their tenant, if it is still the same one.
func (p *Platform) keepUses(ctx context.Context, tenant, identity string, uses []demand.Use) error {
	t, err := p.Store.Tenant(ctx, tenant)
	if err != nil || t.Identity() != identity {
		return err
	}
	return p.Catalog.KeepUses(ctx, t, uses)
}

// Spread has the records of a tenant, their history and the outbox spread over the machines
// of its store. It returns the tables that have to stay on one. Fault "mongo.not_sharded"
// (Invalid) where the store is on one machine.
func (p *Platform) Spread(ctx context.Context, tenant string) (kept []string, err error) {
	spreader, ok := p.rows.(store.Spreader)
	if !ok {
		return nil, fault.New(fault.Invalid, "mongo.not_sharded")
	}
	t, err := p.Store.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	snapshot, err := p.Catalog.Newest(ctx, t)
	if err != nil {
		return nil, err
	}
	by := record.Spread(snapshot)
	by[outbox.EventTable] = query.ID
	return spreader.Spread(ctx, tenant, by)
}

// saveHooks are all that are called before a record is saved.
func (o Options) saveHooks() []record.SaveHook {
	all := slices.Clone(o.SaveHooks)
	for _, set := range o.Plugins {
		all = append(all, set.SaveHooks...)
	}
	return all
}

func (o Options) withDefaults() Options {
	if o.Packages == nil {
		o.Packages = packages.All()
	}
	o.Plugins = append([]plugins.Set{standard.Set(o.Secrets)}, o.Plugins...)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// tables are those that the rooms of the engine keep in every tenant.
func tables() []store.Table {
	return slices.Concat(record.Tables(), auth.Tables(), transfer.Tables(), file.Tables(), workspace.Tables(), draft.Tables(), collaboration.Tables(), runner.Tables(), approval.Tables(), inquiry.Tables(), outside.Tables(), webhook.Tables(), connection.Tables(), mail.Tables(), fetch.Tables(), form.Tables())
}

// holder names this process, and this platform in it, among those that share a store.
func holder(random uint32) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%08x", host, os.Getpid(), random)
}

func number(random io.Reader) uint32 {
	var b [4]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic(err) // Options say that it never fails
	}
	return binary.LittleEndian.Uint32(b[:])
}

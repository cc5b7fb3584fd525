package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"

	"formwork/engine/api"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/metadata"
)

// configuration is a tenant's configuration, on a server that runs or in a store.
type configuration interface {
	// Own are the documents of the tenant's own layer.
	Own(ctx context.Context) ([]metadata.Document, error)
	Plan(ctx context.Context, change catalog.Change) (api.Plan, error)
	Apply(ctx context.Context, change catalog.Change) (api.Applied, error)
	// Revisions are the newest ones, the newest first.
	Revisions(ctx context.Context, limit int) ([]api.Revision, error)
	PlanRollback(ctx context.Context, back catalog.Restoration) (api.Plan, error)
	Rollback(ctx context.Context, back catalog.Restoration) (api.Applied, error)
	Packages(ctx context.Context) (api.Packages, error)
	PlanUpgrade(ctx context.Context, name string, wanted api.PackageUpgrade) (api.UpgradePlan, error)
	Upgrade(ctx context.Context, name string, wanted api.PackageUpgrade) (api.Applied, error)
	Close() error
}

// server is a server that runs.
type server struct {
	URL    string `help:"Address of a running server. Log in with FORMWORK_TOKEN, or FORMWORK_EMAIL and FORMWORK_PASSWORD." placeholder:"http://…" env:"FORMWORK_URL"`
	Tenant string `help:"Tenant; if none is named that of FORMWORK_TOKEN, or else main." env:"FORMWORK_TENANT"`
}

// tenant is the tenant that is meant where no token says so.
func (s server) tenant() string {
	if s.Tenant == "" {
		return firstTenant
	}
	return s.Tenant
}

// where says whose configuration is meant: that of a tenant on a server, if it has an
// address, else in a store.
type where struct {
	storage
	server
}

// configuration opens it.
func (w where) configuration(p *program) (configuration, error) {
	if w.URL != "" {
		c, err := w.connect(p)
		if err != nil {
			return nil, err
		}
		return &servedConfiguration{c}, nil
	}
	e, err := w.openEngine(p)
	if err != nil {
		return nil, err
	}
	t, err := e.Store.Tenant(p.ctx, w.tenant())
	if err != nil {
		return nil, errors.Join(err, e.Store.Close())
	}
	return &storedConfiguration{engine: e, tenant: t}, nil
}

// connect logs in to the server.
func (s server) connect(p *program) (*client, error) {
	base, err := url.Parse(s.URL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("--url (FORMWORK_URL) %q is no address of a server, such as http://127.0.0.1:8080", s.URL)
	}
	c := newClient(base)
	if c.token = p.getenv("FORMWORK_TOKEN"); c.token != "" {
		return c, s.tokenIsOf(p.ctx, c)
	}
	email, password := p.getenv("FORMWORK_EMAIL"), p.getenv("FORMWORK_PASSWORD")
	if email == "" || password == "" {
		return nil, fmt.Errorf("to log in to %s set FORMWORK_TOKEN, or FORMWORK_EMAIL and FORMWORK_PASSWORD", base.Host)
	}
	return c, c.login(p.ctx, email, password, s.tenant())
}

// tokenIsOf refuses a token of another tenant than the one that is meant: the token's
// would be worked on.
func (s server) tokenIsOf(ctx context.Context, c *client) error {
	if s.Tenant == "" {
		return nil
	}
	var me struct {
		Tenant string `json:"tenant"`
	}
	if err := c.call(ctx, "GET", "/me", nil, &me); err != nil {
		return fmt.Errorf("logging in with FORMWORK_TOKEN: %w", err)
	}
	if me.Tenant != s.Tenant {
		return fmt.Errorf("FORMWORK_TOKEN is of tenant %s, not of %s", me.Tenant, s.Tenant)
	}
	return nil
}

// storedConfiguration works on a store itself.
type storedConfiguration struct {
	engine *engine
	tenant store.Tenant
}

func (c *storedConfiguration) Own(ctx context.Context) ([]metadata.Document, error) {
	return c.engine.Catalog.Documents(ctx, c.tenant, catalog.Own)
}

func (c *storedConfiguration) Plan(ctx context.Context, change catalog.Change) (api.Plan, error) {
	plan, err := c.engine.Catalog.Plan(ctx, c.tenant, change)
	if err != nil {
		return api.Plan{}, err
	}
	return api.PlanOf(plan, fault.Languages[0]), nil
}

// Apply leaves the background work that a change makes necessary to the next server
// on this store.
func (c *storedConfiguration) Apply(ctx context.Context, change catalog.Change) (api.Applied, error) {
	result, err := c.engine.Catalog.Apply(ctx, c.tenant, change, 0)
	if err != nil {
		return api.Applied{}, err
	}
	return api.AppliedOf(result, fault.Languages[0]), nil
}

func (c *storedConfiguration) Packages(ctx context.Context) (api.Packages, error) {
	versions, err := c.engine.Catalog.Packages(ctx, c.tenant)
	if err != nil {
		return api.Packages{}, err
	}
	return api.PackagesOf(versions), nil
}

func (c *storedConfiguration) PlanUpgrade(ctx context.Context, name string, wanted api.PackageUpgrade) (api.UpgradePlan, error) {
	asked, err := wanted.UpgradeTo(name)
	if err != nil {
		return api.UpgradePlan{}, err
	}
	plan, err := c.engine.Catalog.PlanUpgrade(ctx, c.tenant, asked)
	if err != nil {
		return api.UpgradePlan{}, err
	}
	return api.UpgradePlanOf(plan, wanted.Decide, fault.Languages[0]), nil
}

// Upgrade leaves background work as Apply does.
func (c *storedConfiguration) Upgrade(ctx context.Context, name string, wanted api.PackageUpgrade) (api.Applied, error) {
	asked, err := wanted.UpgradeTo(name)
	if err != nil {
		return api.Applied{}, err
	}
	result, err := c.engine.Catalog.Upgrade(ctx, c.tenant, asked, 0)
	if err != nil {
		return api.Applied{}, err
	}
	return api.AppliedOf(result, fault.Languages[0]), nil
}

func (c *storedConfiguration) Close() error { return c.engine.Store.Close() }

// servedConfiguration asks a server.
type servedConfiguration struct{ *client }

func (c *servedConfiguration) Own(ctx context.Context) ([]metadata.Document, error) {
	var answer api.Documents
	if err := c.call(ctx, "GET", "/metadata?layer=own", nil, &answer); err != nil {
		return nil, err
	}
	var documents []metadata.Document
	for _, raw := range answer.Items {
		d, problems := metadata.Parse(raw)
		if len(problems) > 0 {
			return nil, fmt.Errorf("reading the server's documents: %w", problems[0])
		}
		documents = append(documents, d)
	}
	for _, key := range answer.Hidden {
		if !key.Valid() {
			return nil, fmt.Errorf("reading the server's documents: %q is no name of one", key.String())
		}
		documents = append(documents, metadata.Hide(key))
	}
	return documents, nil
}

func (c *servedConfiguration) Plan(ctx context.Context, change catalog.Change) (plan api.Plan, err error) {
	err = c.call(ctx, "POST", "/metadata/plan", change, &plan)
	return plan, err
}

func (c *servedConfiguration) Apply(ctx context.Context, change catalog.Change) (applied api.Applied, err error) {
	err = c.call(ctx, "POST", "/metadata/apply", change, &applied)
	return applied, err
}

func (c *servedConfiguration) Packages(ctx context.Context) (packages api.Packages, err error) {
	err = c.call(ctx, "GET", "/metadata/packages", nil, &packages)
	return packages, err
}

func (c *servedConfiguration) PlanUpgrade(ctx context.Context, name string, wanted api.PackageUpgrade) (plan api.UpgradePlan, err error) {
	err = c.call(ctx, "POST", "/metadata/packages/"+url.PathEscape(name)+"/plan", wanted, &plan)
	return plan, err
}

func (c *servedConfiguration) Upgrade(ctx context.Context, name string, wanted api.PackageUpgrade) (applied api.Applied, err error) {
	err = c.call(ctx, "POST", "/metadata/packages/"+url.PathEscape(name)+"/upgrade", wanted, &applied)
	return applied, err
}

func (c *servedConfiguration) Close() error { return nil }

// folder is a folder of documents.
type folder struct {
	Folder string `short:"f" name:"folder" help:"Folder of documents, <kind>/<name>.json." required:"" placeholder:"DIR" type:"path"`
}

func (f folder) documents() ([]metadata.Document, error) {
	if _, err := os.Stat(f.Folder); err != nil {
		return nil, fmt.Errorf("reading the documents: %w", err)
	}
	documents, problems := metadata.ReadFiles(os.DirFS(f.Folder))
	if err := fault.All(fault.Invalid, "catalog.invalid", problems); err != nil {
		return nil, err
	}
	return documents, nil
}

// changeTo is the change that gives the tenant's own layer the documents of a
// folder; with prune, those alone.
func changeTo(wanted, own []metadata.Document, prune bool) catalog.Change {
	var change catalog.Change
	had := map[metadata.Key]metadata.Document{}
	for _, d := range own {
		had[d.Key] = d
	}
	for _, d := range wanted {
		before, there := had[d.Key]
		delete(had, d.Key)
		switch {
		case there && string(before.Body) == string(d.Body):
		case d.Hides():
			change.Hide = append(change.Hide, d.Key)
		default:
			change.Documents = append(change.Documents, json.RawMessage(d.Body))
		}
	}
	if prune {
		for _, d := range own {
			switch _, left := had[d.Key]; {
			case !left:
			case d.Hides(): // a package's, which is to be seen again
				change.Documents = append(change.Documents, metadata.Canonical(map[string]any{"kind": d.Kind, "name": d.Name}))
			default:
				change.Delete = append(change.Delete, d.Key)
			}
		}
	}
	return change
}

package catalog

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
	"formwork/metadata"
)

// Layers of documents, as Documents takes them. Any other name is a package's.
const (
	Effective = ""       // what holds: all layers laid over each other
	Own       = ownLayer // the tenant's own alone
)

// Documents lists the documents of a layer at the newest revision, sorted by key.
// Those of Own are merge patches where a package has the key, and say null where
// they hide it; metadata.WriteFiles of them is an export, which ReadFiles and Apply
// bring back. Fault "catalog.unknown_package" (NotFound).
func (c *Catalog) Documents(ctx context.Context, t store.Tenant, layer string) ([]metadata.Document, error) {
	s, err := c.current(ctx, t)
	if err != nil {
		return nil, err
	}
	switch layer {
	case Effective:
		return s.effective(), nil
	case Own:
		return s.own, nil
	}
	for _, l := range s.packages {
		if l.name == layer {
			return l.documents, nil
		}
	}
	return nil, fault.New(fault.NotFound, "catalog.unknown_package", "package", layer)
}

// At lists the effective documents of a revision, sorted by key. Fault
// "catalog.no_revision" (NotFound).
func (c *Catalog) At(ctx context.Context, t store.Tenant, revision int64) ([]metadata.Document, error) {
	s, err := c.current(ctx, t)
	if err == nil && s.mark.revision != revision {
		s, err = c.stateAt(ctx, t, revision)
	}
	if err != nil {
		return nil, err
	}
	return s.effective(), nil
}

// Diff lists how the effective documents of two revisions differ. Fault
// "catalog.no_revision" (NotFound).
func (c *Catalog) Diff(ctx context.Context, t store.Tenant, from, to int64) ([]metadata.Change, error) {
	a, err := c.stateAt(ctx, t, from)
	if err != nil {
		return nil, err
	}
	b, err := c.stateAt(ctx, t, to)
	if err != nil {
		return nil, err
	}
	return metadata.Diff(a.effective(), b.effective()), nil
}

// Restoration asks for an older configuration.
type Restoration struct {
	To int64 `json:"to"` // a revision
	// Kind and Name restore one document; both empty restore everything, the
	// versions of packages included.
	Kind    string   `json:"kind,omitempty"`
	Name    string   `json:"name,omitempty"`
	Base    int64    `json:"base,omitempty"` // the revision that this was made for; 0: whatever is the newest
	Message string   `json:"message,omitempty"`
	Allow   []string `json:"allow,omitempty"` // what it may destroy, by the path of its impact
	// Author is as in Change.
	Author *policy.Caller `json:"-"`
}

// Rollback makes what held at an older revision hold again, as a new revision, with
// the checks and the faults of Apply; and "catalog.no_revision" (NotFound).
func (c *Catalog) Rollback(ctx context.Context, t store.Tenant, r Restoration, by id.ID) (*Result, error) {
	return c.retry(r.Base, func() (*Result, error) {
		base, done, err := c.begin(ctx, t)
		if err != nil {
			return nil, err
		}
		defer done()
		d, err := c.restoration(ctx, t, base, r)
		if err != nil {
			return nil, err
		}
		return c.make(ctx, t, d, r.Message, by)
	})
}

// PlanRollback tells what Rollback would do, and does nothing.
func (c *Catalog) PlanRollback(ctx context.Context, t store.Tenant, r Restoration) (*Plan, error) {
	base, done, err := c.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	defer done()
	d, err := c.restoration(ctx, t, base, r)
	if err != nil {
		return nil, err
	}
	if err := c.measure(ctx, t, d); err != nil {
		return nil, err
	}
	return &d.plan, nil
}

func (c *Catalog) restoration(ctx context.Context, t store.Tenant, base *state, r Restoration) (*draft, error) {
	if r.Base != 0 && r.Base != base.mark.revision {
		return nil, fault.New(fault.Conflict, "catalog.stale", "base", r.Base, "newest", base.mark.revision)
	}
	old, err := c.stateAt(ctx, t, r.To)
	if err != nil {
		return nil, err
	}
	if r.Kind == "" && r.Name == "" {
		return c.check(ctx, t, base, &state{packages: old.packages, own: old.own}, r.Allow, r.Author)
	}
	own, err := restored(base, old, metadata.Key{Kind: r.Kind, Name: r.Name})
	if err != nil {
		return nil, err
	}
	return c.check(ctx, t, base, &state{packages: base.packages, own: own}, r.Allow, r.Author)
}

// restored is the tenant's own layer with which one document is what it was.
func restored(base, old *state, key metadata.Key) ([]metadata.Document, error) {
	was, below := find(old.effective(), key), find(base.base(), key)
	if was == nil && find(base.effective(), key) == nil {
		return nil, fault.New(fault.NotFound, "catalog.unknown_document", "kind", key.Kind, "name", key.Name)
	}
	var own []metadata.Document
	for _, d := range base.own {
		if d.Key != key {
			own = append(own, d)
		}
	}
	if overlay, ok := metadata.Overlay(below, was); ok {
		own = append(own, overlay)
	}
	return sortedDocuments(own), nil
}

func find(documents []metadata.Document, key metadata.Key) *metadata.Document {
	for i := range documents {
		if documents[i].Key == key {
			return &documents[i]
		}
	}
	return nil
}
